using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Backend.Data.Caching;

/// <summary>
/// The shared cache: memcached behind <see cref="IDistributedCache"/>, as EnyimMemcachedCore would be, with the two commands more that counting needs.
/// A server that is down is an empty one: nothing here throws because of it. Keys may be any text: they are hashed.
/// </summary>
public sealed class MemcachedClient : IDistributedCache, IDisposable
{
    private static readonly TimeSpan LongestRelative = TimeSpan.FromDays(30);

    private readonly MemcachedServer[] _servers;
    private readonly HashRing _ring;
    private readonly MemcachedOptions _options;
    private readonly TimeProvider _time;

    /// <summary>Makes a client; connections are made when they are needed.</summary>
    public MemcachedClient(IOptions<MemcachedOptions> options, TimeProvider time, ILogger<MemcachedClient> logger)
    {
        _options = options.Value;
        _time = time;
        _servers = [.. _options.Servers.Select(s => new MemcachedServer(s, _options, time, logger))];
        _ring = new HashRing([.. _options.Servers]);
    }

    /// <inheritdoc/>
    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        var (server, name) = Place(key);
        if (server is null)
            return null;
        var reply = await server.SendAsync(Request($"mg {name} v f"), token);
        if (reply.Kind != ReplyKind.Value)
            return null;
        // The flags hold a sliding life in seconds: reading renews it.
        if (reply.Flags > 0)
            _ = await server.SendAsync(Request($"mg {name} T{reply.Flags}"), token);
        return reply.Value;
    }

    /// <inheritdoc/>
    public async Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default) =>
        await StoreAsync(key, value, options, "", token);

    /// <summary>Stores a value only if the key has none. False: it has one; null: the server is down.</summary>
    public async Task<bool?> AddAsync(string key, byte[] value, TimeSpan life, CancellationToken token = default) =>
        await StoreAsync(key, value, new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = life }, " ME", token) switch
        {
            ReplyKind.Done => true,
            ReplyKind.NotStored => false,
            _ => null,
        };

    /// <summary>
    /// Adds to a count and returns it. A missing one begins at <paramref name="amount"/> and lives for <paramref name="life"/>, whatever is
    /// added later. A negative amount takes away, not below zero, and makes nothing: the answer is then 0. Null: the server is down.
    /// </summary>
    public async Task<long?> IncrementAsync(string key, long amount, TimeSpan life, CancellationToken token = default)
    {
        var (server, name) = Place(key);
        if (server is null)
            return null;
        var command = amount >= 0
            ? string.Create(CultureInfo.InvariantCulture, $"ma {name} v MI D{amount} N{Seconds(life)} J{amount}")
            : string.Create(CultureInfo.InvariantCulture, $"ma {name} v MD D{-amount}");
        var reply = await server.SendAsync(Request(command), token);
        return reply.Kind switch
        {
            ReplyKind.Value when long.TryParse(reply.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) => count,
            ReplyKind.Missing => 0,
            _ => null,
        };
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(string key, CancellationToken token = default)
    {
        var (server, name) = Place(key);
        if (server is not null)
            _ = await server.SendAsync(Request($"md {name}"), token);
    }

    /// <inheritdoc/>
    public async Task RefreshAsync(string key, CancellationToken token = default)
    {
        var (server, name) = Place(key);
        if (server is not null && await server.SendAsync(Request($"mg {name} f v"), token) is { Kind: ReplyKind.Value, Flags: > 0 and var flags })
            _ = await server.SendAsync(Request($"mg {name} T{flags}"), token);
    }

    /// <inheritdoc/>
    public byte[]? Get(string key) => GetAsync(key).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => SetAsync(key, value, options).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public void Remove(string key) => RemoveAsync(key).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public void Refresh(string key) => RefreshAsync(key).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var server in _servers)
            server.Dispose();
    }

    private async Task<ReplyKind> StoreAsync(string key, byte[] value, DistributedCacheEntryOptions options, string mode, CancellationToken token)
    {
        var (server, name) = Place(key);
        if (server is null)
            return ReplyKind.Down;
        var life = LifeOf(options);
        if (life <= TimeSpan.Zero || value.Length > _options.MaxValueBytes)
        {
            // What cannot be kept must not leave an older value in its place.
            if (mode.Length == 0)
                _ = await server.SendAsync(Request($"md {name}"), token);
            return ReplyKind.NotStored;
        }

        var sliding = options.SlidingExpiration is { } slide ? string.Create(CultureInfo.InvariantCulture, $" F{Seconds(slide)}") : "";
        var time = life is { } l ? string.Create(CultureInfo.InvariantCulture, $" T{Seconds(l)}") : "";
        var head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"ms {name} {value.Length}{time}{sliding}{mode}\r\n"));
        return (await server.SendAsync([.. head, .. value, (byte)'\r', (byte)'\n'], token)).Kind;
    }

    /// <summary>Null: for ever. Sliding wins when both are given, as with EnyimMemcachedCore.</summary>
    private TimeSpan? LifeOf(DistributedCacheEntryOptions options) =>
        options.SlidingExpiration ?? options.AbsoluteExpirationRelativeToNow ?? options.AbsoluteExpiration - _time.GetUtcNow();

    /// <summary>Whole seconds, at least one; beyond 30 days memcached takes the number for an instant.</summary>
    private long Seconds(TimeSpan life) =>
        life > LongestRelative ? (_time.GetUtcNow() + life).ToUnixTimeSeconds() : Math.Max(1, (long)Math.Ceiling(life.TotalSeconds));

    private (MemcachedServer? Server, string Name) Place(string key)
    {
        if (_servers.Length == 0)
            return (null, "");
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
        return (_servers[_ring.Find(BinaryPrimitives.ReadUInt64BigEndian(hash))], Base64Url.EncodeToString(hash));
    }

    private static byte[] Request(string line) => Encoding.ASCII.GetBytes(line + "\r\n");
}
