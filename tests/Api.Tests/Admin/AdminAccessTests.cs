using System.Net;
using Backend.Api.Admin;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Backend.Api.Tests.Admin;

[Parallelizable(ParallelScope.All)]
internal sealed class AdminAccessTests
{
    private const string Key = "0123456789abcdef0123456789ABCDEF";

    [TestCase("127.0.0.1", true)]
    [TestCase("::1", true)]
    [TestCase("::ffff:127.0.0.1", true)]
    [TestCase("10.0.0.7", false)]
    [TestCase("2001:db8::1", false)]
    public void The_key_is_accepted_from_this_machine_alone_by_default(string address, bool expected) =>
        Assert.That(Access().IsAdministrator(From(address), Key), Is.EqualTo(expected));

    [TestCase("10.0.0.7", true)]
    [TestCase("::ffff:10.0.0.7", true)]
    [TestCase("192.0.2.1", true)]
    [TestCase("192.0.2.2", false)]
    [TestCase("127.0.0.1", false)]
    public void Configured_addresses_replace_this_machine(string address, bool expected) =>
        Assert.That(Access("10.0.0.0/24", "192.0.2.1").IsAdministrator(From(address), Key), Is.EqualTo(expected));

    [TestCase("X-Forwarded-For")]
    [TestCase("Forwarded")]
    public void A_proxy_that_is_not_known_does_not_make_its_clients_local(string header)
    {
        var context = From("127.0.0.1");
        context.Request.Headers[header] = "192.0.2.1";

        Assert.That(Access().IsAdministrator(context, Key), Is.False);
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("0123456789abcdef0123456789ABCDEf")]
    [TestCase("0123456789abcdef0123456789ABCDEF0")]
    public void Another_key_is_not_the_key(string? key) => Assert.That(Access().IsAdministrator(From("127.0.0.1"), key), Is.False);

    [Test]
    public void Without_a_key_there_is_no_administrator()
    {
        var access = new AdminAccess(Options.Create(new AdminOptions()));

        Assert.That(access.IsConfigured, Is.False);
        Assert.That(access.IsAdministrator(From("127.0.0.1"), ""), Is.False);
    }

    [TestCase("", null)]
    [TestCase(Key, null)]
    [TestCase("0123456789abcdef0123456789ABCDE", "Admin:Key")]
    [TestCase("0123456789abcdef 0123456789ABCDEF", "Admin:Key")]
    public void A_key_that_could_be_guessed_is_refused_at_start(string key, string? mistake) =>
        Assert.That(new AdminOptions { Key = key }.Mistake(), mistake is null ? Is.Null : Does.Contain(mistake));

    [TestCase("10.0.0.0/24", null)]
    [TestCase("localhost", "Admin:AllowedAddresses")]
    [TestCase("10.0.0.0/33", "Admin:AllowedAddresses")]
    public void Addresses_that_are_none_are_refused_at_start(string address, string? mistake) =>
        Assert.That(new AdminOptions { AllowedAddresses = [address] }.Mistake(), mistake is null ? Is.Null : Does.Contain(mistake));

    private static AdminAccess Access(params string[] allowed) => new(Options.Create(new AdminOptions { Key = Key, AllowedAddresses = allowed }));

    private static DefaultHttpContext From(string address) => new() { Connection = { RemoteIpAddress = IPAddress.Parse(address) } };
}
