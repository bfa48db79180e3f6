using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Backend.Data.Caching;
using Microsoft.Extensions.Caching.Distributed;

namespace Backend.Data.Limits;

/// <summary>How often something has happened in its window.</summary>
/// <param name="Count">How often, this time included.</param>
/// <param name="Resets">When the window ends, UTC.</param>
public readonly record struct RateCount(long Count, DateTime Resets);

/// <summary>
/// Counts requests per key and window of time, for all processes in memcached; while its server is down or none is configured, each process counts for
/// itself. A window begins with the first request that is counted.
/// </summary>
public sealed class RateCounter(MemcachedClient cache, TimeProvider time)
{
    private const int MostLocal = 100_000;
    private readonly ConcurrentDictionary<string, LocalWindow> _local = new(StringComparer.Ordinal);

    /// <summary>Counts one more.</summary>
    /// <param name="key">What is counted; any text.</param>
    /// <param name="window">How long a window lasts.</param>
    /// <param name="cancellation">Cancels.</param>
    public async ValueTask<RateCount> CountAsync(string key, TimeSpan window, CancellationToken cancellation = default)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var life = window + TimeSpan.FromSeconds(1); // memcached counts in whole seconds
        if (await BeginAsync($"rate {key}", now, window, life, cancellation) is { } begin
            && await cache.IncrementAsync(string.Create(CultureInfo.InvariantCulture, $"rate {key} {begin.Ticks}"), 1, life, cancellation) is { } count)
        {
            return new RateCount(count, begin + window);
        }

        return CountHere(key, now, window);
    }

    /// <summary>When the key's window began, this moment at the latest; null: the server is down.</summary>
    private async ValueTask<DateTime?> BeginAsync(string key, DateTime now, TimeSpan window, TimeSpan life, CancellationToken cancellation)
    {
        var stored = await cache.GetAsync(key, cancellation);
        if (Read(stored) is { } begun && begun + window > now)
            return begun;
        var begin = Encoding.ASCII.GetBytes(now.Ticks.ToString(CultureInfo.InvariantCulture));
        if (stored is not null)
        {
            await cache.SetAsync(key, begin, new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = life }, cancellation);
            return now;
        }

        return await cache.AddAsync(key, begin, life, cancellation) switch
        {
            true => now,
            false => Read(await cache.GetAsync(key, cancellation)) ?? now, // another process began at the same moment
            null => null,
        };
    }

    private static DateTime? Read(byte[]? text) => text is not null && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
        && ticks <= DateTime.MaxValue.Ticks ? new DateTime(ticks, DateTimeKind.Utc) : null;

    private RateCount CountHere(string key, DateTime now, TimeSpan window)
    {
        if (_local.Count >= MostLocal)
        {
            foreach (var (old, counted) in _local)
            {
                if (counted.Ends <= now)
                    _local.TryRemove(old, out _);
            }

            // Still full within one window is a flood of made-up keys: they share one count.
            if (_local.Count >= MostLocal && !_local.ContainsKey(key))
                key = "";
        }

        var next = _local.AddOrUpdate(key, _ => new LocalWindow(1, now + window), (_, old) => old.Ends <= now ? new LocalWindow(1, now + window) : old with { Count = old.Count + 1 });
        return new RateCount(next.Count, next.Ends);
    }

    private sealed record LocalWindow(long Count, DateTime Ends);
}
