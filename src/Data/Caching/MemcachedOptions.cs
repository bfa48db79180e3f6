using System.ComponentModel.DataAnnotations;

namespace Backend.Data.Caching;

/// <summary>The memcached servers: section <c>Memcached</c>. With none configured the cache is always empty.</summary>
public sealed class MemcachedOptions : IValidatableObject
{
    /// <summary>The section's name.</summary>
    public const string Section = "Memcached";

    /// <summary>Servers as <c>host:port</c>, the same list in the same spelling for every process: it decides which server has which key.</summary>
    public IList<string> Servers { get; } = [];

    /// <summary>How long an answer may take. A server that is slower counts as down.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:00:10")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest pause between two attempts to reach a server that is down.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan LongestPause { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Larger values are not kept, in bytes. The servers' own limit is 1 MB with its overhead, if not set otherwise (<c>-I</c>).</summary>
    [Range(1024, 128 * 1024 * 1024)]
    public int MaxValueBytes { get; set; } = 1_000_000;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var server in Servers)
        {
            if (!TryParse(server, out _, out _))
                yield return new ValidationResult($"Memcached:Servers has \"{server}\": a server is host:port.", [nameof(Servers)]);
        }
    }

    internal static bool TryParse(string server, out string host, out int port)
    {
        var colon = server.LastIndexOf(':');
        host = colon > 0 ? server[..colon].Trim('[', ']') : "";
        port = 0;
        return host.Length > 0 && int.TryParse(server.AsSpan(colon + 1), System.Globalization.NumberStyles.None, null, out port) && port is > 0 and < 65536;
    }
}
