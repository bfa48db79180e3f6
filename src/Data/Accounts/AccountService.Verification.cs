using Backend.Data.Access;
using Backend.Data.Rows;
using Dapper;
using Npgsql;

namespace Backend.Data.Accounts;

/// <summary>A mail address that is to be verified.</summary>
/// <param name="UserId">The user.</param>
/// <param name="Email">Where the mail goes.</param>
/// <param name="Username">The user's name.</param>
/// <param name="Token">The token for the link: 25 letters and digits.</param>
public sealed record EmailVerification(string UserId, string Email, string? Username, string Token);

/// <summary>Enqueues the mail of a verification in the transaction that writes its token.</summary>
public delegate Task VerificationSender(EmailVerification verification, NpgsqlTransaction transaction, CancellationToken cancellation);

/// <summary>What became of a link in a verification mail.</summary>
/// <param name="Username">Whose address it is.</param>
/// <param name="IsVerified">False: the token's time is over, or an interceptor refused.</param>
public sealed record VerifiedAddress(string? Username, bool IsVerified);

/// <summary>What became of a wish for another verification mail.</summary>
public enum VerificationRequest
{
    /// <summary>A mail is on its way.</summary>
    Sent,

    /// <summary>There is no such user, or he has no address.</summary>
    NoSuchUser,

    /// <summary>His address is verified already.</summary>
    AlreadyVerified,

    /// <summary>There is such a user, but addresses are not verified here: no mail is sent.</summary>
    Off,
}

/// <content>Whether a mail address is the user's: a token that is sent there comes back.</content>
public sealed partial class AccountService
{
    private const int VerifyTokenLength = 25;

    /// <summary>Marks the address as verified that a token was sent to. The token is used up. To interceptors it is a change of the user by an administrator; one that
    /// they refuse leaves the token as it was, and is answered as one whose time is over.</summary>
    /// <returns>Null: nobody has such a token, or addresses are not verified at all.</returns>
    public async Task<VerifiedAddress?> VerifyEmailAsync(string token, CancellationToken cancellation = default)
    {
        if (!_options.VerifyEmails || !IsResetToken(token))
            return null;
        if (await FindVerifyTokenAsync(token, cancellation) is not { } owner)
            return null;
        if (owner.Expired)
            return new(owner.Username, false);
        try
        {
            var guard = new TokenGuard("update app.users set email_verify_token = null, email_verify_token_expires_at = null where id = @UserId and email_verify_token = @token",
                new { owner.UserId, token });
            await ChangeAsync(owner.UserId, new AccountChanges { EmailVerified = true }, new ChangeSet { Guard = guard }, Caller.Administrator, cancellation);
            return new(owner.Username, true);
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.InvalidToken)
        {
            return null;
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.Rejected)
        {
            return new(owner.Username, false);
        }
    }

    private async Task<ResetTokenOwner?> FindVerifyTokenAsync(string token, CancellationToken cancellation)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        // A token from before there was an end has none: with one now, it is over.
        return await connection.QueryFirstOrDefaultAsync<ResetTokenOwner>(new CommandDefinition("""
            select id as userId, username, @ends and email_verify_token_expires_at > @now is not true as expired from app.users where email_verify_token = @token limit 1
            """, new { token, ends = _options.VerifyTokenLength > TimeSpan.Zero, now = _time.GetUtcNow().UtcDateTime }, cancellationToken: cancellation));
    }

    /// <summary>Whether the user of this name has verified his address.</summary>
    public async Task<bool> IsEmailVerifiedAsync(string username, CancellationToken cancellation = default)
    {
        if (!UserFields.IsStorable(username))
            return false;
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select exists (select from app.users where username = @username and email_verified)",
            new { username }, cancellationToken: cancellation));
    }

    /// <summary>Sends the verification mail again, to the user with this address or, when it is null, of this name.</summary>
    public async Task<VerificationRequest> RequestVerificationAsync(string? email, string? username, VerificationSender send, CancellationToken cancellation = default)
    {
        if (!UserFields.IsStorable(email ?? "") || !UserFields.IsStorable(username ?? ""))
            return VerificationRequest.NoSuchUser;
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var user = await connection.QueryFirstOrDefaultAsync<ToVerify>(new CommandDefinition($"""
            select id, username, email, coalesce(email_verified, false) as isVerified, email_verify_token as token, email_verify_token_expires_at as expiresAt
            from app.users where {(email is null ? "username = @username" : "email = @email")} and email <> ''
            order by username_duplicate or email_duplicate, created_at, id limit 1 for no key update
            """, new { email, username }, cancellationToken: cancellation));
        if (user is null)
            return VerificationRequest.NoSuchUser;
        if (user.IsVerified)
            return VerificationRequest.AlreadyVerified;
        if (!_options.VerifyEmails)
            return VerificationRequest.Off;
        var isReused = _options.ReuseVerifyToken && user.Token is not null && user.ExpiresAt > _time.GetUtcNow().UtcDateTime;
        var verification = new EmailVerification(user.Id, user.Email, user.Username, isReused ? user.Token! : RowId.New(VerifyTokenLength));
        if (!isReused)
            await StoreVerificationAsync(connection, verification, keepVerified: false);
        await send(verification, transaction, cancellation);
        await transaction.CommitAsync(CancellationToken.None);
        return VerificationRequest.Sent;
    }

    /// <summary>Within a write that named the address: a new token, and the mail.</summary>
    private async Task BeginVerificationAsync(RowTransaction transaction, string userId, VerificationSender? send, bool keepVerified, CancellationToken cancellation)
    {
        if (!_options.VerifyEmails || send is null)
            return;
        var connection = transaction.Connection;
        var (email, username) = await connection.QuerySingleAsync<(string? Email, string? Username)>("select email, username from app.users where id = @userId", new { userId });
        if (string.IsNullOrEmpty(email))
            return;
        var verification = new EmailVerification(userId, email, username, RowId.New(VerifyTokenLength));
        await StoreVerificationAsync(connection, verification, keepVerified);
        await send(verification, transaction.Transaction, cancellation);
    }

    private Task StoreVerificationAsync(NpgsqlConnection connection, EmailVerification verification, bool keepVerified) => connection.ExecuteAsync("""
        update app.users set email_verify_token = @Token, email_verify_token_expires_at = @expiresAt,
            email_verified = case when @keepVerified then email_verified else false end
        where id = @UserId
        """, new
    {
        verification.Token,
        verification.UserId,
        keepVerified,
        expiresAt = _options.VerifyTokenLength > TimeSpan.Zero ? (_time.GetUtcNow() + _options.VerifyTokenLength).UtcDateTime : (DateTime?)null,
    });

    private sealed record ToVerify
    {
        public required string Id { get; init; }

        public string? Username { get; init; }

        public required string Email { get; init; }

        public bool IsVerified { get; init; }

        public string? Token { get; init; }

        public DateTime? ExpiresAt { get; init; }
    }
}
