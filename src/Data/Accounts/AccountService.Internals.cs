using Dapper;

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

    /// <summary>Wrong passwords in a row.</summary>
    public int FailedLoginCount { get; init; }

    /// <summary>Until when the account is locked, UTC.</summary>
    public DateTime? LockoutExpiresAt { get; init; }
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
                failed_login_count as failedLoginCount, lockout_expires_at as lockoutExpiresAt
            from app.users where id = any(@ids)
            """, new { ids = userIds.ToArray() }, cancellationToken: cancellation));
        return found.ToDictionary(u => u.Id, StringComparer.Ordinal);
    }
}
