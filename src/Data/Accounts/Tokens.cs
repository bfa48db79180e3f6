using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Npgsql;

namespace Backend.Data.Accounts;

/// <summary>An access token and the refresh token that gets the next one.</summary>
/// <param name="AccessToken">A signed JWT; opaque to clients.</param>
/// <param name="AccessExpiresAt">Its end, UTC.</param>
/// <param name="RefreshToken">43 characters of base64url; usable once.</param>
/// <param name="RefreshExpiresAt">Its end, UTC.</param>
/// <param name="UserId">The user.</param>
/// <param name="SessionId">The session behind both: when it ends, they do.</param>
public sealed record TokenPair(string AccessToken, DateTime AccessExpiresAt, string RefreshToken, DateTime RefreshExpiresAt, string UserId, string SessionId);

/// <summary>
/// Access and refresh tokens (design section 10). Behind every token stands a session row: it is looked up with each use, so an ended session ends
/// its tokens at once, in every process.
/// </summary>
public sealed class Tokens
{
    private const string Issuer = "backend";
    private const string SessionClaim = "sid";

    private readonly NpgsqlDataSource _database;
    private readonly SigningKeys _keys;
    private readonly Sessions _sessions;
    private readonly AccountService _accounts;
    private readonly AccountsOptions _options;
    private readonly TimeProvider _time;
    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false, SetDefaultTimesOnTokenCreation = false };

    internal Tokens(NpgsqlDataSource database, SigningKeys keys, Sessions sessions, AccountService accounts, IOptions<AccountsOptions> options, TimeProvider time)
    {
        _database = database;
        _keys = keys;
        _sessions = sessions;
        _accounts = accounts;
        _options = options.Value;
        _time = time;
    }

    /// <summary>Logs in and gives tokens for the new session.</summary>
    /// <exception cref="Refusal">As <see cref="AccountService.LogInAsync"/>.</exception>
    public async Task<TokenPair> LogInAsync(Credentials credentials, SessionRequest session, CancellationToken cancellation = default)
    {
        var loggedIn = await _accounts.LogInAsync(credentials, session, cancellation);
        return await IssueAsync(loggedIn.Session!, cancellation);
    }

    /// <summary>Tokens for a session.</summary>
    public async Task<TokenPair> IssueAsync(NewSession session, CancellationToken cancellation = default)
    {
        var key = await _keys.CurrentAsync(cancellation);
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        return await IssueAsync(connection, key, session.UserId, session.Id, session.ExpiresAt, cancellation);
    }

    /// <summary>
    /// Tokens in exchange for a session's token (RFC 8693): the same session stands behind them. The bearer of a legacy token, which has no session,
    /// gets one.
    /// </summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.InvalidSession"/>, <see cref="RefusalKind.ExpiredSession"/>.</exception>
    public async Task<TokenPair> ExchangeAsync(string sessionToken, CancellationToken cancellation = default)
    {
        var found = await _sessions.FindAsync(sessionToken, cancellation);
        if (!found.IsValid)
        {
            throw found.State == SessionState.Expired
                ? new Refusal(RefusalKind.ExpiredSession, "The session has expired.")
                : new Refusal(RefusalKind.InvalidSession, "No session has this token.");
        }

        if (found.Caller.SessionId is not { } id)
            return await IssueAsync(await _sessions.CreateAsync(found.Caller.UserId!, new() { CreatedWith = """{"action":"upgrade"}""" }, cancellation), cancellation);
        var key = await _keys.CurrentAsync(cancellation);
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        var end = await connection.ExecuteScalarAsync<DateTime?>(new CommandDefinition("select expires_at from app.sessions where id = @id", new { id }, cancellationToken: cancellation));
        try
        {
            return await IssueAsync(connection, key, found.Caller.UserId!, id, end, cancellation);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            throw new Refusal(RefusalKind.InvalidSession, "The session was ended meanwhile.");
        }
    }

    /// <summary>New tokens for a refresh token, which is used up. One that comes a second time was copied by somebody: its session ends.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.InvalidToken"/>: unknown, used, or its session has ended;
    /// <see cref="RefusalKind.ExpiredToken"/>.</exception>
    public async Task<TokenPair> RefreshAsync(string refreshToken, CancellationToken cancellation = default)
    {
        // Before the connection is taken: making a key takes one itself.
        var key = await _keys.CurrentAsync(cancellation);
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var row = await connection.QueryFirstOrDefaultAsync<RefreshRow>(new CommandDefinition("""
            select r.session_id as sessionId, s.user_id as userId, r.expires_at as expiresAt, s.expires_at as sessionExpiresAt, r.used_at is not null as used
            from app.refresh_tokens r join app.sessions s on s.id = r.session_id where r.hash = @hash for update of r
            """, new { hash = HashOf(refreshToken) }, cancellationToken: cancellation));
        if (row is null || row.UserId is null)
            throw new Refusal(RefusalKind.InvalidToken, "Unknown refresh token.");
        if (row.Used)
        {
            await connection.ExecuteAsync("delete from app.sessions where id = @SessionId", row);
            await transaction.CommitAsync(CancellationToken.None);
            _sessions.ForgetAll();
            throw new Refusal(RefusalKind.InvalidToken, "The refresh token was used before; its session has ended.");
        }

        var now = _time.GetUtcNow().UtcDateTime;
        if (row.ExpiresAt <= now || row.SessionExpiresAt <= now)
            throw new Refusal(RefusalKind.ExpiredToken, "The refresh token has expired.");
        await connection.ExecuteAsync("update app.refresh_tokens set used_at = now() where hash = @hash", new { hash = HashOf(refreshToken) });
        var pair = await IssueAsync(connection, key, row.UserId, row.SessionId, row.SessionExpiresAt, CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        return pair;
    }

    /// <summary>Ends the session behind a refresh token. An unknown one is no error (RFC 7009).</summary>
    public async Task RevokeAsync(string refreshToken, CancellationToken cancellation = default)
    {
        string? session;
        await using (var connection = await _database.OpenConnectionAsync(cancellation))
        {
            session = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
                "select session_id from app.refresh_tokens where hash = @hash", new { hash = HashOf(refreshToken) }, cancellationToken: cancellation));
        }

        if (session is not null)
            await _accounts.EndSessionAsync(session, () => _sessions.EndAsync(session, cancellation), cancellation);
    }

    /// <summary>Who bears an access token: its signature, its time, and the session behind it are checked.</summary>
    public async ValueTask<SessionLookup> AuthenticateAsync(string accessToken, CancellationToken cancellation = default)
    {
        if (!_handler.CanReadToken(accessToken))
            return new(SessionState.Unknown);
        JsonWebToken readOnly;
        try
        {
            readOnly = new JsonWebToken(accessToken);
        }
        catch (ArgumentException)
        {
            return new(SessionState.Unknown);
        }

        if (string.IsNullOrEmpty(readOnly.Kid) || await _keys.FindAsync(readOnly.Kid, cancellation) is not { } key)
            return new(SessionState.Unknown);
        var result = await _handler.ValidateTokenAsync(readOnly, new TokenValidationParameters
        {
            IssuerSigningKey = key,
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            ValidIssuer = Issuer,
            ValidateAudience = false,
            LifetimeValidator = (_, expires, _, _) => expires > _time.GetUtcNow().UtcDateTime,
        });
        if (!result.IsValid)
            return new(result.Exception is SecurityTokenInvalidLifetimeException ? SessionState.Expired : SessionState.Unknown);
        var token = (JsonWebToken)result.SecurityToken;
        var found = await _sessions.FindByIdAsync(token.GetClaim(SessionClaim).Value, cancellation);
        return found.IsValid && found.Caller.UserId != token.Subject ? new(SessionState.Unknown) : found;
    }

    private async Task<TokenPair> IssueAsync(NpgsqlConnection connection, SecurityKey key, string userId, string sessionId, DateTime? sessionEnd, CancellationToken cancellation)
    {
        var now = Seconds(_time.GetUtcNow().UtcDateTime);
        var accessEnd = Earlier(now + _options.AccessTokenLength, sessionEnd);
        var refreshEnd = Earlier(now + _options.RefreshTokenLength, sessionEnd);
        var refreshToken = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        await connection.ExecuteAsync(new CommandDefinition("insert into app.refresh_tokens (hash, session_id, expires_at) values (@hash, @sessionId, @refreshEnd)",
            new { hash = HashOf(refreshToken), sessionId, refreshEnd }, cancellationToken: cancellation));
        var accessToken = _handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            IssuedAt = now,
            Expires = accessEnd,
            Claims = new Dictionary<string, object> { [JwtRegisteredClaimNames.Sub] = userId, [SessionClaim] = sessionId },
            SigningCredentials = new SigningCredentials(key, SecurityAlgorithms.HmacSha256),
        });
        return new(accessToken, accessEnd, refreshToken, refreshEnd, userId, sessionId);
    }

    private static byte[] HashOf(string refreshToken) => SHA256.HashData(Encoding.UTF8.GetBytes(refreshToken));

    private static DateTime Earlier(DateTime end, DateTime? sessionEnd) => sessionEnd < end ? sessionEnd.Value : end;

    /// <summary>JWTs hold whole seconds.</summary>
    private static DateTime Seconds(DateTime time) => new(time.Ticks - time.Ticks % TimeSpan.TicksPerSecond, DateTimeKind.Utc);

    private sealed record RefreshRow
    {
        public required string SessionId { get; init; }

        public string? UserId { get; init; }

        public DateTime ExpiresAt { get; init; }

        public DateTime? SessionExpiresAt { get; init; }

        public bool Used { get; init; }
    }
}
