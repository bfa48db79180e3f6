using System.Text.RegularExpressions;
using Dapper;

namespace Backend.Data.Accounts;

/// <content>The rules for passwords (contract 16.4).</content>
public sealed partial class AccountService
{
    /// <summary>Longer than any password takes that is worth its time.</summary>
    private static readonly TimeSpan PatternTime = TimeSpan.FromMilliseconds(250);

    private readonly PasswordOptions _rules;
    private readonly Regex? _pattern;

    /// <summary>A pattern for new passwords.</summary>
    /// <exception cref="ArgumentException">It is no regular expression.</exception>
    internal static Regex CompilePattern(string pattern) => new(pattern, RegexOptions.CultureInvariant, PatternTime);

    /// <summary>Checks a new password against the rules.</summary>
    /// <param name="password">The password.</param>
    /// <param name="username">The name that the user has from now on; null: the one he has.</param>
    /// <param name="userId">The user; null: he is being made.</param>
    /// <param name="cancellation">Cancels the check.</param>
    /// <exception cref="Refusal"><see cref="RefusalKind.WeakPassword"/>.</exception>
    private async Task CheckPasswordAsync(string password, string? username, string? userId, CancellationToken cancellation)
    {
        if (_pattern is not null && !Matches(_pattern, password))
            throw Weak(_rules.PatternMessage);
        if (!_rules.ForbidUsername && (_rules.History == 0 || userId is null))
            return;
        var known = userId is null ? null : await ReadPasswordsAsync(userId, cancellation);
        if (_rules.ForbidUsername && (username ?? known?.Username) is { Length: > 0 } name && password.Contains(name, StringComparison.Ordinal))
            throw Weak("Password cannot contain your username.");
        if (_rules.History == 0 || known is null)
            return;
        foreach (var hash in known.PasswordHistory.TakeLast(_rules.History - 1).Append(known.PasswordHash))
        {
            if (hash is not null && await _passwords.VerifyAsync(password, hash, cancellation))
                throw Weak($"New password should not be the same as last {_rules.History} passwords.");
        }
    }

    /// <summary>Refuses a password that is too old to log in with. One of which nobody knows how old it is begins to age now.</summary>
    private async Task CheckAgeAsync(UserToLogIn user, CancellationToken cancellation)
    {
        if (!_rules.Ages)
            return;
        if (user.PasswordChangedAt is { } changedAt)
        {
            if (changedAt + _rules.MaxAge < _time.GetUtcNow().UtcDateTime)
                throw new Refusal(RefusalKind.ExpiredPassword, "The password has expired.");
            return;
        }

        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition("update app.users set password_changed_at = now() where id = @Id and password_changed_at is null",
            new { user.Id }, cancellationToken: cancellation));
    }

    private async Task<KnownPasswords?> ReadPasswordsAsync(string userId, CancellationToken cancellation)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        return await connection.QueryFirstOrDefaultAsync<KnownPasswords>(new CommandDefinition(
            "select username, password_hash as passwordHash, password_history as passwordHistory from app.users where id = @userId", new { userId }, cancellationToken: cancellation));
    }

    private static bool Matches(Regex pattern, string password)
    {
        try
        {
            return pattern.IsMatch(password);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }

    private static Refusal Weak(string message) => new(RefusalKind.WeakPassword, message, field: UserFields.PasswordField);

    private sealed record KnownPasswords
    {
        public string? Username { get; init; }

        public string? PasswordHash { get; init; }

        public string[] PasswordHistory { get; init; } = [];
    }
}
