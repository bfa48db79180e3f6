using Backend.Data.Access;
using Backend.Data.Rows;
using Dapper;
using Npgsql;

namespace Backend.Data.Accounts;

/// <content>Password resets by mail.</content>
public sealed partial class AccountService
{
    private const int ResetTokenLength = 25;

    private const string AddresseeSql = """
        select id, username, reset_token as token, reset_token_expires_at as expiresAt from app.users
        where email = any(@addresses) or (username = any(@names) and coalesce(email, '') = '')
        order by email is not distinct from @address desc, coalesce(email = any(@addresses), false) desc, username_duplicate or email_duplicate, created_at, id
        limit 1
        """;

    /// <summary>Makes a reset token for the user with this e-mail address, or without one but with this username. A token before it is void.</summary>
    /// <param name="address">The address.</param>
    /// <param name="inTransaction">Called in the transaction: enqueues the mail.</param>
    /// <param name="cancellation">Cancels until the token is written.</param>
    /// <returns>Null: there is no such user. Callers should answer the same in both cases.</returns>
    /// <exception cref="Refusal"><see cref="RefusalKind.Rejected"/>: a business rule said no.</exception>
    public async Task<PasswordReset?> RequestPasswordResetAsync(string address, Func<PasswordReset, NpgsqlTransaction, CancellationToken, Task> inTransaction,
        CancellationToken cancellation = default)
    {
        if (!UserFields.IsStorable(address))
            return null;
        await AskBeforeResetAsync(address, cancellation);
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var user = await connection.QueryFirstOrDefaultAsync<Addressee>(new CommandDefinition(AddresseeSql + " for no key update", AddresseeValues(address), cancellationToken: cancellation));
        if (user is not { } found)
            return null;
        var now = _time.GetUtcNow().UtcDateTime;
        var reset = _options.ReuseResetToken && found is { Token: { } token, ExpiresAt: { } end } && end > now
            ? new PasswordReset(found.Id, address, found.Username, token, end)
            : new PasswordReset(found.Id, address, found.Username, RowId.New(ResetTokenLength), _options.ResetTokenLength > TimeSpan.Zero ? now + _options.ResetTokenLength : null);
        await connection.ExecuteAsync(new CommandDefinition(
            "update app.users set reset_token = @Token, reset_token_expires_at = @ExpiresAt where id = @UserId", reset, cancellationToken: cancellation));
        await inTransaction(reset, transaction, cancellation);
        await transaction.CommitAsync(CancellationToken.None);
        return reset;
    }

    /// <summary>Whose reset token this is; null: nobody's.</summary>
    public async Task<ResetTokenOwner?> FindResetTokenAsync(string token, CancellationToken cancellation = default)
    {
        if (!IsResetToken(token))
            return null;
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        // Imported tokens may have no end.
        return await connection.QueryFirstOrDefaultAsync<ResetTokenOwner>(new CommandDefinition("""
            select id as userId, username, coalesce(reset_token_expires_at <= @now, false) as expired from app.users where reset_token = @token limit 1
            """, new { token, now = _time.GetUtcNow().UtcDateTime }, cancellationToken: cancellation));
    }

    /// <summary>
    /// Sets a new password by a reset token, which is used up. Ends the user's sessions and unlocks the account, if the settings say so. To interceptors it is
    /// a change of the user by an administrator.
    /// </summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.InvalidToken"/>, <see cref="RefusalKind.ExpiredToken"/>,
    /// <see cref="RefusalKind.InvalidValue"/> (password), <see cref="RefusalKind.WeakPassword"/>, <see cref="RefusalKind.Busy"/>.</exception>
    public async Task CompletePasswordResetAsync(string token, string newPassword, CancellationToken cancellation = default)
    {
        var owner = await FindResetTokenAsync(token, cancellation) ?? throw new Refusal(RefusalKind.InvalidToken, "No such reset token.");
        if (owner.Expired)
            throw new Refusal(RefusalKind.ExpiredToken, "The reset token has expired.");
        if (newPassword.Length == 0)
            throw new Refusal(RefusalKind.InvalidValue, "An empty password.", field: UserFields.PasswordField);

        // The token may have been used while the hash was made.
        var guard = new TokenGuard("""
            update app.users set reset_token = null, reset_token_expires_at = null,
                failed_login_count = case when @unlock then 0 else failed_login_count end,
                lockout_expires_at = case when @unlock then null else lockout_expires_at end
            where id = @UserId and reset_token = @token
            """, new { owner.UserId, token, unlock = _options.UnlockOnPasswordReset });
        await ChangeAsync(owner.UserId, new AccountChanges { Password = newPassword, KeepsSessions = !_options.RevokeSessionsOnPasswordReset },
            new ChangeSet { Guard = guard }, Caller.Administrator, cancellation);
    }

    private object AddresseeValues(string address) =>
        new { address, addresses = Spellings(address, _options.LowercaseEmails), names = Spellings(address, _options.LowercaseUsernames) };

    private sealed record Addressee
    {
        public required string Id { get; init; }

        public string? Username { get; init; }

        public string? Token { get; init; }

        public DateTime? ExpiresAt { get; init; }
    }

    private static bool IsResetToken(string token) => token.Length > 0 && UserFields.IsStorable(token);
}
