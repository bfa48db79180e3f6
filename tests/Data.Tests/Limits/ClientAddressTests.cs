using System.Net;
using Backend.Data.Limits;

namespace Backend.Data.Tests.Limits;

internal sealed class ClientAddressTests
{
    [TestCase("192.0.2.7", "192.0.2.7")]
    [TestCase("::ffff:192.0.2.7", "192.0.2.7")]
    [TestCase("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    [TestCase("2001:db8:1:2::1", "2001:db8:1:2::/64")]
    [TestCase("2001:db8:1:3::1", "2001:db8:1:3::/64")]
    [TestCase("fe80::1%2", "fe80::/64")]
    [TestCase(null, null)]
    public void A_client_counts_as_its_address_or_its_network(string? address, string? counted) =>
        Assert.That(ClientAddress.Counted(address is null ? null : IPAddress.Parse(address)), Is.EqualTo(counted));
}
