using System.ComponentModel.DataAnnotations;

namespace Backend.Data.Accounts;

/// <summary>How accounts behave: section <c>Accounts</c>.</summary>
public sealed class AccountsOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Accounts";

    /// <summary>How long a new session lasts; zero: for ever.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "36500.00:00:00", ErrorMessage = "Accounts:SessionLength must be 0 (for ever) or more.")]
    public TimeSpan SessionLength { get; set; } = TimeSpan.FromDays(365);

    /// <summary>Whether a new user who brings no access list of his own can be read by himself alone. Otherwise everybody can read him.</summary>
    public bool PrivateUsers { get; set; } = true;

    /// <summary>Whether setting a new password by a reset ends all sessions of the user.</summary>
    public bool RevokeSessionsOnPasswordReset { get; set; } = true;

    /// <summary>Whether a mail with a link is sent to a new address, to see whether it is the user's. Needs mail.</summary>
    public bool VerifyEmails { get; set; }

    /// <summary>How long such a link works; zero: for ever.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    public TimeSpan VerifyTokenLength { get; set; }

    /// <summary>Whether a further mail carries the same link as the one before, as long as that works.</summary>
    public bool ReuseVerifyToken { get; set; }

    /// <summary>Whether a user whose address is not verified may not log in with his password. Counts only with <see cref="VerifyEmails"/>.</summary>
    public bool RequireVerifiedEmail { get; set; }

    /// <summary>Whether a session that is used in the second half of its time gets its whole time again.</summary>
    public bool ExtendSessionsOnUse { get; set; }

    /// <summary>How long a password reset link works; zero: until it is used.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00", ErrorMessage = "Accounts:ResetTokenLength must be 0 (until it is used) or more.")]
    public TimeSpan ResetTokenLength { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Whether a further reset mail carries the same link as the one before, as long as that works.</summary>
    public bool ReuseResetToken { get; set; }

    /// <summary>Whether usernames are stored in small letters. Who logs in may write them as he likes.</summary>
    public bool LowercaseUsernames { get; set; }

    /// <summary>Whether e-mail addresses are stored in small letters.</summary>
    public bool LowercaseEmails { get; set; }

    /// <summary>After how many wrong passwords in a row an account is locked; 0: never.</summary>
    [Range(0, 999, ErrorMessage = "Accounts:LockoutThreshold must be between 0 (never) and 999.")]
    public int LockoutThreshold { get; set; }

    /// <summary>For how long an account is locked.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "69.10:38:59", ErrorMessage = "Accounts:LockoutLength must be between 1 second and 99,999 minutes.")]
    public TimeSpan LockoutLength { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether a completed password reset unlocks the account.</summary>
    public bool UnlockOnPasswordReset { get; set; } = true;

    /// <summary>How long an access token of v2 works before it has to be refreshed. The session behind it can end earlier.</summary>
    [Range(typeof(TimeSpan), "00:00:30", "1.00:00:00")]
    public TimeSpan AccessTokenLength { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long a refresh token works.</summary>
    [Range(typeof(TimeSpan), "00:10:00", "3650.00:00:00")]
    public TimeSpan RefreshTokenLength { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How many sessions, and how many users' roles, each process remembers.</summary>
    [Range(100, 10_000_000)]
    public int CacheSize { get; set; } = 100_000;
}
