using Backend.Data.Access;
using Dapper;
using Npgsql;

namespace Backend.Data.Accounts;

/// <summary>What is kept of an account and shown to nobody but those who maintain the service: tokens and counters. Hashes are shown to nobody at all.</summary>
public sealed record AccountInternals
{
    /// <summary>The user.</summary>
    public required string Id { get; init; }

    /// <summary>The token in a verification mail.</summary>
    public string? VerifyToken { get; init; }

    /// <summary>Until when the verification token works, UTC; null: for ever.</summary>
    public DateTime? VerifyTokenExpiresAt { get; init; }

    /// <summary>The token in a password reset mail.</summary>
    public string? ResetToken { get; init; }

    /// <summary>Until when the reset token works, UTC; null: until it is used.</summary>
    public DateTime? ResetTokenExpiresAt { get; init; }

    /// <summary>Wrong passwords in a row.</summary>
    public int FailedLoginCount { get; init; }

    /// <summary>Until when the account is locked, UTC.</summary>
    public DateTime? LockoutExpiresAt { get; init; }
}

/// <summary>New values of <see cref="AccountInternals"/>; what is absent stays.</summary>
public sealed record AccountInternalChanges
{
    /// <summary>See <see cref="AccountInternals.VerifyToken"/>.</summary>
    public Optional<string?> VerifyToken { get; init; }

    /// <summary>See <see cref="AccountInternals.VerifyTokenExpiresAt"/>.</summary>
    public Optional<DateTime?> VerifyTokenExpiresAt { get; init; }

    /// <summary>See <see cref="AccountInternals.ResetToken"/>.</summary>
    public Optional<string?> ResetToken { get; init; }

    /// <summary>See <see cref="AccountInternals.ResetTokenExpiresAt"/>.</summary>
    public Optional<DateTime?> ResetTokenExpiresAt { get; init; }

    /// <summary>See <see cref="AccountInternals.FailedLoginCount"/>.</summary>
    public Optional<int> FailedLoginCount { get; init; }

    /// <summary>See <see cref="AccountInternals.LockoutExpiresAt"/>.</summary>
    public Optional<DateTime?> LockoutExpiresAt { get; init; }
}

/// <content>Internals.</content>
public sealed partial class AccountService
{
    /// <summary>The internals of users, by id.</summary>
    public async Task<IReadOnlyDictionary<string, AccountInternals>> ReadInternalsAsync(IReadOnlyCollection<string> userIds, CancellationToken cancellation = default)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        var found = await connection.QueryAsync<AccountInternals>(new CommandDefinition("""
            select id, email_verify_token as verifyToken, email_verify_token_expires_at as verifyTokenExpiresAt, reset_token as resetToken,
                reset_token_expires_at as resetTokenExpiresAt,
                failed_login_count as failedLoginCount, lockout_expires_at as lockoutExpiresAt
            from app.users where id = any(@ids)
            """, new { ids = userIds.ToArray() }, cancellationToken: cancellation));
        return found.ToDictionary(u => u.Id, StringComparer.Ordinal);
    }

    /// <summary>Overwrites internals, after whatever else the change made of them.</summary>
    private static async Task SetInternalsAsync(NpgsqlConnection connection, string userId, AccountInternalChanges changes, Caller caller)
    {
        if (!caller.IsAdministrator || caller.IsReadOnly)
            throw new Refusal(RefusalKind.PermissionDenied, "Internals of accounts are not for clients to write.");
        var values = new DynamicParameters(new { userId });
        var sets = new List<string>();
        Set("email_verify_token", changes.VerifyToken);
        Set("email_verify_token_expires_at", changes.VerifyTokenExpiresAt);
        Set("reset_token", changes.ResetToken);
        Set("reset_token_expires_at", changes.ResetTokenExpiresAt);
        Set("failed_login_count", changes.FailedLoginCount);
        Set("lockout_expires_at", changes.LockoutExpiresAt);
        if (sets.Count > 0)
            await connection.ExecuteAsync($"update app.users set {string.Join(", ", sets)} where id = @userId", values);

        void Set<T>(string column, Optional<T> value)
        {
            if (!value.HasValue)
                return;
            sets.Add($"{column} = @{column}");
            values.Add(column, value.Value);
        }
    }
}
