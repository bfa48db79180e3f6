using Backend.Data.Access;
using Backend.Data.Rows;

namespace Backend.Data.Accounts;

/// <summary>A value that may be absent, where null is a value.</summary>
public readonly record struct Optional<T>(T Value)
{
    /// <summary>Whether there is one.</summary>
    public bool HasValue { get; } = true;

    /// <summary>A value.</summary>
    public static implicit operator Optional<T>(T value) => new(value);
}

/// <summary>A new account. Its other fields and its access list come in a change set, where username and e-mail address may stand as well.</summary>
public sealed record SignUp
{
    /// <summary>The new row's id; null: a random one.</summary>
    public string? Id { get; init; }

    /// <summary>The name to log in with.</summary>
    public string? Username { get; init; }

    /// <summary>The password.</summary>
    public string? Password { get; init; }

    /// <summary>The e-mail address, or none.</summary>
    public string? Email { get; init; }

    /// <summary>Whether the address is known to be the user's; administrators alone may say so.</summary>
    public bool? EmailVerified { get; init; }

    /// <summary>How the user is known to other providers. With one he needs no password.</summary>
    public IReadOnlyList<Identity> Identities { get; init; } = [];

    /// <summary>The session to begin; null: none. None begins before the address is verified, if that is asked of users with a password.</summary>
    public SessionRequest? Session { get; init; }

    /// <summary>Enqueues the mail that asks whether the address is the user's; null: it is not asked.</summary>
    public VerificationSender? Verify { get; init; }
}

/// <summary>An account that was made.</summary>
/// <param name="Row">Its row.</param>
/// <param name="Session">Its first session, when one was asked for.</param>
public sealed record SignedUp(WriteResult Row, NewSession? Session);

/// <summary>
/// Who wants to log in. With both names they must be one user's; a username alone may be the e-mail address. Compared exactly.
/// </summary>
public sealed record Credentials
{
    /// <summary>Username, or e-mail address.</summary>
    public string? Username { get; init; }

    /// <summary>E-mail address.</summary>
    public string? Email { get; init; }

    /// <summary>The password.</summary>
    public required string Password { get; init; }

    /// <summary>Whether a user whose address is not verified may log in although others may not.</summary>
    public bool IgnoreVerification { get; init; }

    /// <summary>Whether the password may be older than passwords may become: for a question that logs nobody in.</summary>
    public bool IgnoreAge { get; init; }

    /// <summary>The client's IP address, for the limits on wrong passwords; null: not limited by address.</summary>
    public string? Address { get; init; }
}

/// <summary>A successful log-in.</summary>
/// <param name="UserId">The user.</param>
/// <param name="Caller">The user as a caller, with whom his row is read.</param>
/// <param name="Session">The new session, when one was asked for.</param>
public sealed record LoggedIn(string UserId, Caller Caller, NewSession? Session);

/// <summary>Changes of an account beside its row's other fields, which come in a change set (username and e-mail address may stand there as well).</summary>
public sealed record AccountChanges
{
    /// <summary>The new username.</summary>
    public Optional<string?> Username { get; init; }

    /// <summary>The new e-mail address; null removes it.</summary>
    public Optional<string?> Email { get; init; }

    /// <summary>The new password; null: unchanged.</summary>
    public string? Password { get; init; }

    /// <summary>Whether the address is known to be the user's; administrators alone may say so.</summary>
    public bool? EmailVerified { get; init; }

    /// <summary>Identities to store; those of the same provider are replaced.</summary>
    public IReadOnlyList<Identity> Identities { get; init; } = [];

    /// <summary>Providers whose identities are to be removed.</summary>
    public IReadOnlyList<string> Unlinked { get; init; } = [];

    /// <summary>Enqueues the mail that asks whether an address that was named is the user's; null: it is not asked.</summary>
    public VerificationSender? Verify { get; init; }

    /// <summary>What is kept of the account beside its row, to be overwritten by who maintains the service; null: nothing.</summary>
    public AccountInternalChanges? Internals { get; init; }

    /// <summary>What the session holds that a user gets in exchange for all others when he changes his own password.</summary>
    public SessionRequest Session { get; init; } = new();

    /// <summary>Whether a new password leaves the sessions alone.</summary>
    internal bool KeepsSessions { get; init; }
}

/// <summary>An account that was changed.</summary>
/// <param name="Row">Its row.</param>
/// <param name="Session">After the user changed his own password: his one session from now on.</param>
public sealed record ChangedAccount(WriteResult Row, NewSession? Session);

/// <summary>A password reset that was asked for.</summary>
/// <param name="UserId">The user.</param>
/// <param name="Email">Where the mail goes.</param>
/// <param name="Username">The user's name.</param>
/// <param name="Token">The token for the link: 25 letters and digits.</param>
/// <param name="ExpiresAt">Until when it works, UTC; null: until it is used.</param>
public sealed record PasswordReset(string UserId, string Email, string? Username, string Token, DateTime? ExpiresAt);

/// <summary>Whose reset token it is.</summary>
/// <param name="UserId">The user.</param>
/// <param name="Username">His name.</param>
/// <param name="Expired">Whether its time is over.</param>
public sealed record ResetTokenOwner(string UserId, string? Username, bool Expired);
