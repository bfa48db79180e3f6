using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using Backend.Data.Caching;
using Microsoft.Extensions.Options;

namespace Backend.Data.Accounts;

/// <summary>How many wrong passwords are taken: section <c>LoginLimits</c>. 0: any number.</summary>
public sealed class LoginLimitsOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "LoginLimits";

    /// <summary>For one account from one address.</summary>
    [Range(0, int.MaxValue)]
    public int PerAccountAndAddress { get; set; } = 20;

    /// <summary>For one account from anywhere. High: whoever reaches it locks the user out.</summary>
    [Range(0, int.MaxValue)]
    public int PerAccount { get; set; } = 200;

    /// <summary>From one address. High: a mobile carrier has thousands of users behind one.</summary>
    [Range(0, int.MaxValue)]
    public int PerAddress { get; set; } = 1000;

    /// <summary>The time in which they are counted.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan Window { get; set; } = TimeSpan.FromMinutes(10);
}

/// <summary>
/// Counts wrong passwords per account and address for all processes in memcached; while its server is down, each process counts for itself.
/// What is right costs nothing. Guesses that run at once are limited by the password hasher's queue.
/// </summary>
internal sealed class LoginLimits(MemcachedClient cache, IOptions<LoginLimitsOptions> options, TimeProvider time)
{
    private const int MostLocal = 100_000;

    private readonly LoginLimitsOptions _options = options.Value;
    private volatile LocalCounts _local = new(0);

    /// <summary>Refuses a log-in when too many before it were wrong.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.LimitExceeded"/>.</exception>
    public async Task CheckAsync(string account, string? address, CancellationToken cancellationToken)
    {
        var window = Window();
        var limits = Limits(account, address, window);
        var counts = await Task.WhenAll(limits.Select(l => CountAsync(l.Key, window, cancellationToken)));
        for (var i = 0; i < limits.Count; i++)
        {
            if (counts[i] >= limits[i].Most)
                throw new Refusal(RefusalKind.LimitExceeded, "Too many log-ins with a wrong password.") { Until = EndOf(window) };
        }
    }

    /// <summary>Counts a wrong password.</summary>
    public async Task FailedAsync(string account, string? address)
    {
        var window = Window();
        await Task.WhenAll(Limits(account, address, window).Select(async limit =>
        {
            if (await cache.IncrementAsync(limit.Key, 1, _options.Window) is null)
                Local(window).Increment(limit.Key);
        }));
    }

    private async Task<long> CountAsync(string key, long window, CancellationToken cancellationToken)
    {
        var local = Local(window).Get(key);
        return await cache.GetAsync(key, cancellationToken) is { } text && long.TryParse(Encoding.ASCII.GetString(text), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count + local
            : local;
    }

    private List<(string Key, int Most)> Limits(string account, string? address, long window)
    {
        var limits = new List<(string, int)>(3);
        if (_options.PerAccount > 0)
            limits.Add(($"login {window} account {account}", _options.PerAccount));
        if (_options.PerAccountAndAddress > 0 && address is not null)
            limits.Add(($"login {window} both {address} {account}", _options.PerAccountAndAddress));
        if (_options.PerAddress > 0 && address is not null)
            limits.Add(($"login {window} address {address}", _options.PerAddress));
        return limits;
    }

    private long Window() => time.GetUtcNow().UtcTicks / _options.Window.Ticks;

    private DateTime EndOf(long window) => new((window + 1) * _options.Window.Ticks, DateTimeKind.Utc);

    private LocalCounts Local(long window)
    {
        var local = _local;
        return local.Window == window ? local : _local = new(window);
    }

    private sealed class LocalCounts(long window)
    {
        private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);

        public long Window => window;

        public int Get(string key) => _counts.GetValueOrDefault(key);

        public void Increment(string key)
        {
            // More names than that within one window are a flood, and the limit per address has been reached.
            if (_counts.Count < MostLocal || _counts.ContainsKey(key))
                _counts.AddOrUpdate(key, 1, (_, n) => n + 1);
        }
    }
}
