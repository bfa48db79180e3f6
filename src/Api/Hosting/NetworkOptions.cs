using System.Net;

namespace Backend.Api.Hosting;

/// <summary>Section <c>Network</c>: who stands between the clients and this process.</summary>
internal sealed class NetworkOptions
{
    public const string Section = "Network";

    /// <summary>
    /// Addresses (<c>10.0.0.7</c>) and networks (<c>10.0.0.0/24</c>) of the proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.
    /// Empty: nobody's, since a client can send these headers as well.
    /// </summary>
    public string[] KnownProxies { get; set; } = [];

    /// <summary>The largest request body in bytes, also after inflating a gzip body.</summary>
    public long MaxBodyBytes { get; set; } = 20 * 1024 * 1024;

    public IEnumerable<IPAddress> ProxyAddresses => KnownProxies.Where(p => !p.Contains('/')).Select(IPAddress.Parse);

    public IEnumerable<IPNetwork> ProxyNetworks => KnownProxies.Where(p => p.Contains('/')).Select(p => IPNetwork.Parse(p));

    public bool IsValid => MaxBodyBytes > 0 && KnownProxies.All(p => p.Contains('/') ? IPNetwork.TryParse(p, out _) : IPAddress.TryParse(p, out _));
}
