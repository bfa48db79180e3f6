using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Broadcast;
using Backend.Data.Caching;
using Microsoft.Extensions.Options;

namespace Backend.Data.Accounts;

/// <summary>
/// What this process remembers of sessions and of users' roles. Triggers tell every change on channel <c>accounts</c> (migration 0010). While the
/// listener is down nothing is remembered and nothing believed.
/// </summary>
internal sealed class AccountCaches
{
    private const string Channel = "accounts";

    private readonly Listener _listener;

    public AccountCaches(Listener listener, IOptions<AccountsOptions> options)
    {
        _listener = listener;
        Sessions = new(options.Value.CacheSize);
        Roles = new(options.Value.CacheSize);
        listener.Subscribe(Channel, Hear, Clear, _ =>
        {
            Clear();
            return Task.CompletedTask;
        });
    }

    /// <summary>Sessions by <see cref="TokenKey"/> and <see cref="SessionKey"/>.</summary>
    public BoundedCache<UInt128, CachedSession> Sessions { get; }

    /// <summary>Names of the roles of a user, inherited ones too.</summary>
    public BoundedCache<string, ImmutableArray<string>> Roles { get; }

    /// <summary>Whether the caches may be read and filled.</summary>
    public bool Usable => _listener.IsConnected;

    /// <summary>The key of a token, as the triggers make it (<c>app.cache_key</c>).</summary>
    public static UInt128 TokenKey(string token) => Key("token:", token);

    /// <summary>The key of a session's id, as the triggers make it.</summary>
    public static UInt128 SessionKey(string id) => Key("session:", id);

    private static UInt128 Key(string kind, string value)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(kind + value), hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    private void Clear()
    {
        Sessions.Clear();
        Roles.Clear();
    }

    private void Hear(string payload)
    {
        switch (payload)
        {
            case ['s', '*']:
                Sessions.Clear();
                break;
            case ['s', .. var keys]:
                Sessions.Remove([.. keys.Split(',').Select(k => UInt128.Parse(k, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))]);
                break;
            case ['r', '[', ..]:
                Roles.Remove(JsonSerializer.Deserialize<string[]>(payload.AsSpan(1))!);
                break;
            default:
                Clear();
                break;
        }
    }
}

/// <summary>A session as it is remembered, with the caller made of it last.</summary>
internal sealed class CachedSession(string? id, string userId, string token, DateTime? expiresAt)
{
    private Caller? _caller;

    public string? Id => id;

    public string UserId => userId;

    public DateTime? ExpiresAt => expiresAt;

    public bool IsExpired(DateTimeOffset now) => expiresAt is { } end && end <= now.UtcDateTime;

    /// <summary>The caller with these roles. The same object as long as they are the same array.</summary>
    public Caller With(ImmutableArray<string> roles)
    {
        var caller = _caller;
        return caller is not null && caller.Roles == roles ? caller : _caller = Caller.User(userId, roles, id, token);
    }
}
