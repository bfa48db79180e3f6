using Backend.Data.Access;
using Backend.Data.Rows;
using Dapper;
using Npgsql;

namespace Backend.Data.Accounts;

/// <content>Changes of an account.</content>
public sealed partial class AccountService
{
    /// <summary>Changes a user's row and account. Every update of a user's row goes through here.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="changes">Changes of the account. A new password ends all sessions; the user himself gets one new session, and a reset that was
    /// asked for is void. A new address is not verified.</param>
    /// <param name="fields">Changes of the row. In an access list the user himself is always added, unless an administrator sets it.</param>
    /// <param name="caller">On whose behalf.</param>
    /// <param name="cancellation">Cancels until the change is written.</param>
    /// <param name="ifVersion">Only if the row still has this version.</param>
    /// <param name="shared">The transaction to write in, which is committed elsewhere; null: one of its own.</param>
    /// <exception cref="Refusal"><see cref="RefusalKind.NotFound"/>: no user whom the caller may change; and as for a sign-up.</exception>
    public async Task<ChangedAccount> ChangeAsync(string userId, AccountChanges changes, ChangeSet fields, Caller caller, CancellationToken cancellation = default,
        uint? ifVersion = null, ISharedTransaction? shared = null)
    {
        var users = await UsersAsync(cancellation);
        if (!UserFields.IsStorable(userId))
            throw new Refusal(RefusalKind.NotFound, "No such user.", users.Origin) { Operation = Operation.Update };
        Put(users, fields, changes.Username, changes.Email, changes.EmailVerified, caller);
        if (changes.Password is "")
            throw new Refusal(RefusalKind.InvalidValue, "An empty password.", users.Origin, UserFields.PasswordField);
        if (fields.Acl is { } acl && !caller.IsAdministrator)
            fields.Acl = WithOwner(acl, userId);

        // The right to change the row is checked before the time for a hash is spent, not only with the change itself.
        var save = await _rows.BeginSaveAsync(users, userId, fields, caller, insert: false, checkRow: changes.Password is not null, cancellation, changes.Password);
        Lower(users, fields);
        if (UserFields.Username(fields) is { HasValue: true, Value: null or "" })
            throw new Refusal(RefusalKind.InvalidValue, "A username is needed.", users.Origin, UserFields.UsernameField);
        var email = UserFields.Email(fields);
        if (save.NewPassword is { } password)
            await CheckPasswordAsync(password, UserFields.Username(fields).Value, userId, cancellation);
        var hash = save.NewPassword is null ? null : await _passwords.HashAsync(save.NewPassword, cancellation);

        WriteResult row;
        NewSession? session = null;
        UInt128[] ended = [];
        await using (var own = shared is null ? await _rows.BeginAsync(cancellation) : null)
        {
            var transaction = own ?? await shared!.EnterAsync();
            var connection = transaction.Connection;
            if (fields.Guard is { } guard)
                await guard.EnterAsync(transaction, cancellation);
            await ReserveAsync(connection, users, fields, userId, cancellation);
            var isOtherAddress = email.HasValue && await IsOtherAddressAsync(connection, userId, email.Value);
            row = await _rows.ChangeAsync(users, userId, fields, caller, transaction, cancellation, ifVersion);
            if (isOtherAddress)
                await ForgetAddressAsync(connection, userId, keepVerified: UserFields.Names(fields, UserFields.EmailVerifiedField));
            if (email is { HasValue: true, Value: not null })
                await BeginVerificationAsync(transaction, userId, changes.Verify, UserFields.Names(fields, UserFields.EmailVerifiedField), cancellation);
            await SetIdentitiesAsync(connection, users, userId, changes.Identities, changes.Unlinked);
            if (hash is not null)
            {
                ended = await SetPasswordAsync(connection, userId, hash, endSessions: !changes.KeepsSessions);
                if (!caller.IsAdministrator && caller.UserId == userId)
                    session = await _sessions.CreateAsync(connection, userId, changes.Session, CancellationToken.None);
            }

            if (changes.Internals is { } internals)
                await SetInternalsAsync(connection, userId, internals, caller);
            await (own is null ? shared!.CommitAsync() : own.CommitAsync(CancellationToken.None));
        }

        _sessions.Forget(ended);
        await _rows.EndSaveAsync(save, row, cancellation);
        return new(row, session);
    }

    /// <summary>Locks the row, so that the answer holds until the commit.</summary>
    private static Task<bool> IsOtherAddressAsync(NpgsqlConnection connection, string userId, string? email) => connection.ExecuteScalarAsync<bool>(
        "select email is distinct from @email from app.users where id = @userId for no key update", new { userId, email });

    /// <summary>
    /// With another address the old one's verification and the reset link that went to it are void. After the change itself, whose row version
    /// counts.
    /// </summary>
    private static Task ForgetAddressAsync(NpgsqlConnection connection, string userId, bool keepVerified) => connection.ExecuteAsync("""
        update app.users set email_verified = case when email_verified and not @keepVerified then false else email_verified end, email_verify_token = null,
            email_verify_token_expires_at = null, reset_token = null, reset_token_expires_at = null
        where id = @userId
        """, new { userId, keepVerified });

    /// <returns>What is to be forgotten of the ended sessions after the commit.</returns>
    private async Task<UInt128[]> SetPasswordAsync(NpgsqlConnection connection, string userId, string hash, bool endSessions)
    {
        await connection.ExecuteAsync($"""
            update app.users set password_hash = @hash, password_changed_at = case when @Ages then now() end, reset_token = null, reset_token_expires_at = null,
                password_history = case when @History = 0 then password_history
                    else (password_history || password_hash)[greatest(1, cardinality(password_history) + 3 - @History):] end
                {(endSessions ? ", legacy_session_token = null" : "")}
            where id = @userId
            """, new { userId, hash, _rules.History, _rules.Ages });
        if (!endSessions)
            return [];
        var ended = await connection.QueryAsync<(string Id, string? Token)>("delete from app.sessions where user_id = @userId returning id, token", new { userId });
        return [.. ended.SelectMany(s => s.Token is null ? [AccountCaches.SessionKey(s.Id)] : new[] { AccountCaches.SessionKey(s.Id), AccountCaches.TokenKey(s.Token) })];
    }
}
