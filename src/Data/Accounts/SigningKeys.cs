using System.Collections.Frozen;
using System.Security.Cryptography;
using Backend.Data.Rows;
using Dapper;
using Microsoft.IdentityModel.Tokens;
using Npgsql;

namespace Backend.Data.Accounts;

/// <summary>
/// The keys that access tokens are signed with: rows that all processes share. The first process that needs one makes it; a new one takes over
/// after <see cref="SigningTime"/>, and an old one goes when nothing it signed can be valid any more.
/// </summary>
internal sealed class SigningKeys(NpgsqlDataSource database, TimeProvider time) : IDisposable
{
    private const long LockKey = 0x7369_676e_6b65_7973;   // "signkeys"
    private static readonly TimeSpan SigningTime = TimeSpan.FromDays(30);
    private static readonly TimeSpan VerifyingTime = SigningTime + TimeSpan.FromDays(2);
    private static readonly TimeSpan LoadPause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _loading = new(1);
    private volatile Keys _keys = new(FrozenDictionary<string, SymmetricSecurityKey>.Empty, null, default, default);

    /// <summary>The key to sign with now.</summary>
    public async ValueTask<SecurityKey> CurrentAsync(CancellationToken cancellationToken)
    {
        var keys = _keys;
        if (keys.Newest is null || keys.NewestAt + SigningTime <= time.GetUtcNow())
            keys = await LoadAsync(make: true, force: true, cancellationToken);
        return keys.Newest!;
    }

    /// <summary>The key that a token names, or null.</summary>
    public async ValueTask<SecurityKey?> FindAsync(string id, CancellationToken cancellationToken)
    {
        // A name that is not known may be another process's new key; asked at most once a second, whatever names strangers invent.
        if (!_keys.ById.TryGetValue(id, out var key))
            (await LoadAsync(make: false, force: false, cancellationToken)).ById.TryGetValue(id, out key);
        return key;
    }

    public void Dispose() => _loading.Dispose();

    private async Task<Keys> LoadAsync(bool make, bool force, CancellationToken cancellationToken)
    {
        await _loading.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            if (!force && now < _keys.LoadedAt + LoadPause)
                return _keys;
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            if (make)
                await MakeAsync(connection, now, cancellationToken);
            var rows = (await connection.QueryAsync<KeyRow>(new CommandDefinition(
                "select id, secret, created_at as createdAt from app.signing_keys order by created_at desc, id", cancellationToken: cancellationToken))).AsList();
            var byId = rows.ToFrozenDictionary(r => r.Id, r => new SymmetricSecurityKey(r.Secret) { KeyId = r.Id }, StringComparer.Ordinal);
            return _keys = new(byId, rows.Count > 0 ? byId[rows[0].Id] : null, rows.Count > 0 ? rows[0].CreatedAt : default, now);
        }
        finally
        {
            _loading.Release();
        }
    }

    private static async Task MakeAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("select pg_advisory_xact_lock(@LockKey)", new { LockKey }, cancellationToken: cancellationToken));
        await connection.ExecuteAsync(new CommandDefinition("""
            insert into app.signing_keys (id, secret, created_at)
            select @id, @secret, @now where not exists (select from app.signing_keys where created_at > @youngEnough);
            delete from app.signing_keys where created_at < @tooOld
            """, new
        {
            id = RowId.New(),
            secret = RandomNumberGenerator.GetBytes(32),
            now = now.UtcDateTime,
            youngEnough = (now - SigningTime).UtcDateTime,
            tooOld = (now - VerifyingTime).UtcDateTime,
        }, cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
    }

    private sealed record KeyRow(string Id, byte[] Secret, DateTime CreatedAt);

    private sealed record Keys(FrozenDictionary<string, SymmetricSecurityKey> ById, SecurityKey? Newest, DateTimeOffset NewestAt, DateTimeOffset LoadedAt);
}
