using System.Collections.Immutable;
using System.Security.Cryptography;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace Backend.Data.Accounts;

/// <summary>Sessions: who a token stands for, new ones, and their end.</summary>
public sealed class Sessions
{
    /// <summary>What the tokens of sessions begin with; older tokens, kept with their user, do not.</summary>
    public const string TokenPrefix = "r:";

    // A role holds its users and, over roles_roles, those of other roles; union ends where roles hold each other in a ring.
    private const string RolesOfUser = """
        array(
            with recursive held (id) as (
                select m.owning_id from app.roles_users m where m.related_id = s.user_id
                union
                select r.owning_id from held h join app.roles_roles r on r.related_id = h.id)
            select r.name from held h join app.roles r on r.id = h.id where r.name is not null order by r.name)
        """;

    private const string ByToken = $"""
        select s.id, s.user_id, s.token, s.expires_at, {RolesOfUser}
        from app.sessions s where s.token = $1 and not s.token_duplicate and s.user_id is not null
        """;

    // Two users with the same legacy token: it stands for neither.
    private const string ByLegacyToken = $"""
        {ByToken}
        union all
        select null, s.user_id, s.token, null, {RolesOfUser}
        from (select min(id) collate "C" as user_id, legacy_session_token as token from app.users where legacy_session_token = $1
              group by legacy_session_token having count(*) = 1) s
        limit 1
        """;

    private const string ById = $"""
        select s.id, s.user_id, s.token, s.expires_at, {RolesOfUser}
        from app.sessions s where s.id = $1 and s.user_id is not null
        """;

    private const string RolesOnly = $"select {RolesOfUser} from (select $1::text as user_id) s";

    private readonly NpgsqlDataSource _database;
    private readonly LiveCatalog _catalog;
    private readonly AccountCaches _caches;
    private readonly AccountsOptions _options;
    private readonly TimeProvider _time;

    internal Sessions(NpgsqlDataSource database, LiveCatalog catalog, AccountCaches caches, IOptions<AccountsOptions> options, TimeProvider time)
    {
        _database = database;
        _catalog = catalog;
        _caches = caches;
        _options = options.Value;
        _time = time;
    }

    /// <summary>Who a token stands for. Tokens without <see cref="TokenPrefix"/> may be legacy tokens, which have no session row and do not expire.</summary>
    public ValueTask<SessionLookup> FindAsync(string token, CancellationToken cancellationToken = default) =>
        FindAsync(AccountCaches.TokenKey(token), token.StartsWith(TokenPrefix, StringComparison.Ordinal) ? ByToken : ByLegacyToken, token, cancellationToken);

    /// <summary>The same by the session's id.</summary>
    public ValueTask<SessionLookup> FindByIdAsync(string sessionId, CancellationToken cancellationToken = default) =>
        FindAsync(AccountCaches.SessionKey(sessionId), ById, sessionId, cancellationToken);

    /// <summary>The names of a user's roles, inherited ones too. Access lists of the roles themselves play no part.</summary>
    public async ValueTask<ImmutableArray<string>> RolesOfAsync(string userId, CancellationToken cancellationToken = default)
    {
        if (_caches.Usable && _caches.Roles.TryGet(userId, out var roles))
            return roles;
        var usable = _caches.Usable;
        var stamp = _caches.Roles.Stamp;
        await using var command = _database.CreateCommand(RolesOnly);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = userId });
        roles = [.. (string[])(await command.ExecuteScalarAsync(cancellationToken))!];
        if (usable && _caches.Usable)
            _caches.Roles.Add(userId, roles, stamp);
        return roles;
    }

    /// <summary>Makes a session for a user. Older ones of the same user and installation end.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.NotFound"/>: no such user.</exception>
    public async Task<NewSession> CreateAsync(string userId, SessionRequest request, CancellationToken cancellationToken = default)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellationToken);
        return await CreateAsync(connection, userId, request, cancellationToken);
    }

    /// <summary>Makes a session in a transaction, with which it begins to count.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.NotFound"/>: no such user.</exception>
    public Task<NewSession> CreateAsync(RowTransaction transaction, string userId, SessionRequest request, CancellationToken cancellationToken = default) =>
        CreateAsync(transaction.Connection, userId, request, cancellationToken);

    /// <summary>Ends the caller's session; the answer comes after it has ended. A session that is gone already is no error.</summary>
    public async Task LogOutAsync(Caller caller, CancellationToken cancellationToken = default)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellationToken);
        await EndAsync(connection, caller, cancellationToken);
    }

    /// <summary>Ends a session by its id. One that is gone already is no error.</summary>
    internal async Task EndAsync(string sessionId, CancellationToken cancellationToken)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellationToken);
        if (await connection.ExecuteAsync(new CommandDefinition("delete from app.sessions where id = @sessionId", new { sessionId }, cancellationToken: cancellationToken)) > 0)
            ForgetAll();
    }

    /// <summary>Gives the bearer of a legacy token a session in its place. The bearer of a session's token gets another session beside it.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.InvalidSession"/>: the legacy token was taken back meanwhile.</exception>
    public async Task<NewSession> UpgradeAsync(Caller caller, SessionRequest request, CancellationToken cancellationToken = default)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (caller.SessionId is null && !await EndAsync(connection, caller, cancellationToken))
            throw new Refusal(RefusalKind.InvalidSession, "The legacy token is not valid any more.");
        var session = await CreateAsync(connection, caller.UserId!, request, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return session;
    }

    /// <summary>
    /// Drops what this process remembers of sessions and roles. After a write of users, sessions or roles by other means than this class: its next
    /// request then need not wait for its own notification, as the other processes' do.
    /// </summary>
    public void ForgetAll()
    {
        _caches.Sessions.Clear();
        _caches.Roles.Clear();
    }

    /// <summary>Drops what this process remembers of sessions that have ended.</summary>
    internal void Forget(UInt128[] keys) => _caches.Sessions.Remove(keys);

    /// <summary>Makes a session within the transaction of a connection.</summary>
    internal async Task<NewSession> CreateAsync(NpgsqlConnection connection, string userId, SessionRequest request, CancellationToken cancellationToken)
    {
        if (!UserFields.IsStorable(userId))
            throw new Refusal(RefusalKind.NotFound, "No such user.");
        if (!UserFields.IsStorable(request.InstallationId ?? "") || !UserFields.IsStorable(request.CreatedWith ?? ""))
            throw new Refusal(RefusalKind.InvalidValue, "A session holds no U+0000 and no half surrogate pairs.");
        // Two statements, not one with a "with": the trigger that tells of the deleted ones would see the inserted one, too.
        if (request.InstallationId is { } installation)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "delete from app.sessions where user_id = @userId and installation_id = @installation", new { userId, installation }, cancellationToken: cancellationToken));
        }

        var session = new NewSession(RowId.New(), TokenPrefix + RandomNumberGenerator.GetHexString(32, lowercase: true), userId, default,
            _options.SessionLength > TimeSpan.Zero ? Milliseconds(_time.GetUtcNow() + _options.SessionLength) : null);
        await using var command = new NpgsqlCommand("""
            insert into app.sessions (id, user_id, token, expires_at, created_with, installation_id, restricted)
            values ($1, $2, $3, $4, $5, $6, $7) returning created_at
            """, connection);
        command.Parameters.Add(new() { Value = session.Id });
        command.Parameters.Add(new() { Value = userId });
        command.Parameters.Add(new() { Value = session.Token });
        command.Parameters.Add(new() { Value = session.ExpiresAt ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new() { Value = request.CreatedWith ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new() { Value = request.InstallationId ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = request.Restricted ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Boolean });
        try
        {
            return session with { CreatedAt = (DateTime)(await command.ExecuteScalarAsync(cancellationToken))! };
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            throw new Refusal(RefusalKind.NotFound, "No such user.");
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InvalidTextRepresentation or PostgresErrorCodes.UntranslatableCharacter)
        {
            throw new Refusal(RefusalKind.InvalidValue, "How the session came to be is no JSON that can be stored.");
        }
    }

    private async ValueTask<SessionLookup> FindAsync(UInt128 key, string sql, string value, CancellationToken cancellationToken)
    {
        // An entry of the cache is not older than its last invalidation, and the listener is not further behind than the wire.
        if (_caches.Usable && _caches.Sessions.TryGet(key, out var session))
        {
            if (session.IsExpired(_time.GetUtcNow()))
                return new(SessionState.Expired);
            await ExtendAsync(session, key, cancellationToken);
            return new(SessionState.Valid, session.With(await RolesOfAsync(session.UserId, cancellationToken)));
        }

        if (!UserFields.IsStorable(value))
            return new(SessionState.Unknown);
        var usable = _caches.Usable;
        var (sessionStamp, roleStamp) = (_caches.Sessions.Stamp, _caches.Roles.Stamp);
        if (await ReadAsync(sql, value, cancellationToken) is not var (found, roles))
            return new(SessionState.Unknown);
        session = found;
        if (usable && _caches.Usable)
        {
            _caches.Sessions.Add(key, session, sessionStamp);
            _caches.Roles.Add(session.UserId, roles, roleStamp);
        }

        if (session.IsExpired(_time.GetUtcNow()))
            return new(SessionState.Expired);
        await ExtendAsync(session, key, cancellationToken);
        return new(SessionState.Valid, session.With(roles));
    }

    private async Task<(CachedSession Session, ImmutableArray<string> Roles)?> ReadAsync(string sql, string value, CancellationToken cancellationToken)
    {
        await using var command = _database.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        return (new CachedSession(reader.IsDBNull(0) ? null : reader.GetString(0), reader.GetString(1), reader.IsDBNull(2) ? "" : reader.GetString(2),
            reader.IsDBNull(3) ? null : reader.GetDateTime(3)), [.. reader.GetFieldValue<string[]>(4)]);
    }

    /// <summary>Once in half a session's time: the whole time again.</summary>
    private async ValueTask ExtendAsync(CachedSession session, UInt128 key, CancellationToken cancellationToken)
    {
        if (_catalog.Current.WritesClosed || !_options.ExtendSessionsOnUse || session is not { Id: { } id, ExpiresAt: { } end } || end - _time.GetUtcNow().UtcDateTime > _options.SessionLength / 2)
            return;
        try
        {
            await ProlongAsync(id, end, cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == WriteSwitch.RefusedState)
        {
            // Closed at this moment: the session is as good as it was.
            return;
        }

        _caches.Sessions.Remove([key]);
    }

    private async Task ProlongAsync(string id, DateTime end, CancellationToken cancellationToken)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "update app.sessions set expires_at = @until, updated_at = date_trunc('milliseconds', now()) where id = @id and expires_at = @end",
            new { id, end, until = Milliseconds(_time.GetUtcNow() + _options.SessionLength) }, cancellationToken: cancellationToken));
    }

    private async Task<bool> EndAsync(NpgsqlConnection connection, Caller caller, CancellationToken cancellationToken)
    {
        var ended = caller switch
        {
            { SessionId: { } id } => await connection.ExecuteAsync(new CommandDefinition("delete from app.sessions where id = @id", new { id }, cancellationToken: cancellationToken)),
            { UserId: { } id, SessionToken: { } token } => await connection.ExecuteAsync(new CommandDefinition(
                "update app.users set legacy_session_token = null where id = @id and legacy_session_token = @token", new { id, token }, cancellationToken: cancellationToken)),
            _ => 0,
        };

        // This process need not wait for its own notification.
        UInt128[] keys = [.. caller.SessionId is { } session ? [AccountCaches.SessionKey(session)] : Array.Empty<UInt128>(),
            .. caller.SessionToken is { } t ? [AccountCaches.TokenKey(t)] : Array.Empty<UInt128>()];
        _caches.Sessions.Remove(keys);
        return ended > 0;
    }

    private static DateTime Milliseconds(DateTimeOffset time) => new(time.UtcTicks - time.UtcTicks % TimeSpan.TicksPerMillisecond, DateTimeKind.Utc);
}
