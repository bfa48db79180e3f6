using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Backend.Api.Admin;

/// <summary>Tells an administrator by his key and his address. Bearer tokens of v2 and the pages' HTTP Basic both ask here.</summary>
internal sealed class AdminAccess
{
    private readonly AdminOptions _options;
    private readonly byte[] _keyHash;

    public AdminAccess(IOptions<AdminOptions> options)
    {
        _options = options.Value;
        _keyHash = SHA256.HashData(Encoding.UTF8.GetBytes(_options.Key));
    }

    /// <summary>Whether there is an administrator at all.</summary>
    public bool IsConfigured => _options.Key.Length > 0;

    /// <summary>Whether this request comes from where an administrator may be, and the key it shows is his.</summary>
    public bool IsAdministrator(HttpContext context, string? key) => IsAllowedAddress(context) && IsKey(key);

    /// <summary>Whether the request comes from where an administrator may be.</summary>
    public bool IsAllowedAddress(HttpContext context)
    {
        // What is left in this header came from a proxy that Network:KnownProxies does not name, so the address is that proxy's:
        // behind one on this machine every client would look like this machine.
        if (context.Request.Headers.ContainsKey("X-Forwarded-For") || context.Request.Headers.ContainsKey("Forwarded"))
            return false;
        return context.Connection.RemoteIpAddress is { } address && _options.Allows(Plain(address));
    }

    /// <summary>Whether this is the key. How long that takes depends on neither.</summary>
    public bool IsKey([NotNullWhen(true)] string? key) =>
        IsConfigured && key is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(key)), _keyHash);

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
