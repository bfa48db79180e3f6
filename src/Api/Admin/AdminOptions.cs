using System.Net;

namespace Backend.Api.Admin;

/// <summary>Section <c>Admin</c>: who is an administrator (design section 6).</summary>
internal sealed class AdminOptions
{
    public const string Section = "Admin";

    /// <summary>Shorter ones could be guessed.</summary>
    public const int ShortestKey = 32;

    /// <summary>What an administrator shows: as bearer token on v2, as password of HTTP Basic on the pages. Empty: there is no administrator.</summary>
    public string Key { get; set; } = "";

    /// <summary>Addresses and networks (<c>10.0.0.0/24</c>) from which the key is accepted. Empty: from this machine alone.</summary>
    public string[] AllowedAddresses { get; set; } = [];

    public string? Mistake() =>
        Key.Length is > 0 and < ShortestKey ? $"Admin:Key must have {ShortestKey} characters or more."
        : Key.Any(c => c is <= ' ' or > '~') ? "Admin:Key must consist of ASCII characters without spaces."
        : AllowedAddresses.All(a => Network(a) is not null) ? null
        : "Admin:AllowedAddresses must hold IP addresses or networks (10.0.0.0/24).";

    public bool Allows(IPAddress address) => AllowedAddresses.Length == 0
        ? IPAddress.IsLoopback(address)
        : AllowedAddresses.Any(a => Network(a)!.Value.Contains(address));

    private static IPNetwork? Network(string text)
    {
        if (IPAddress.TryParse(text, out var address))
            return new IPNetwork(address, address.GetAddressBytes().Length * 8);
        return IPNetwork.TryParse(text, out var network) ? network : null;
    }
}
