namespace Backend.Data;

/// <summary>Why a request was refused.</summary>
public enum RefusalKind
{
    /// <summary>The table's permissions do not let the caller do it.</summary>
    PermissionDenied,

    /// <summary>The table's permissions ask for a user and there is none.</summary>
    AuthenticationRequired,

    /// <summary>The caller may only read.</summary>
    ReadOnly,

    /// <summary>No such row, or not one that the caller may see or change.</summary>
    NotFound,

    /// <summary>A value that must be unique is taken; <see cref="Refusal.Field"/> names the field when it is known.</summary>
    Duplicate,

    /// <summary>The filter names a field that is hidden from the caller.</summary>
    ProtectedFilter,

    /// <summary>The order names a field that is hidden from the caller.</summary>
    ProtectedSort,

    /// <summary>A field exists with another type; <see cref="Refusal.Expected"/> is what it is.</summary>
    TypeMismatch,

    /// <summary>A required field has no value.</summary>
    RequiredField,

    /// <summary>The statement ran into its time limit.</summary>
    Timeout,

    /// <summary>The row was changed by somebody else since the caller read it.</summary>
    PreconditionFailed,

    /// <summary>A limit of the service was passed; the message names it.</summary>
    LimitExceeded,

    /// <summary>The table would have more fields than writes of rows may bring it to.</summary>
    TooManyFields,

    /// <summary>A value that cannot be what it should be; the message says why.</summary>
    InvalidValue,

    /// <summary>A regular expression that the database does not understand.</summary>
    InvalidPattern,

    /// <summary>The service is too busy right now; try again.</summary>
    Busy,

    /// <summary>Two writes met and the database chose the other; try again.</summary>
    Conflict,

    /// <summary>No such account, or not its password; which of the two is not said.</summary>
    InvalidCredentials,

    /// <summary>Too many wrong passwords: the account is locked until <see cref="Refusal.Until"/>.</summary>
    AccountLocked,

    /// <summary>A new password that the rules for passwords do not allow; the message, made for the user, says which.</summary>
    WeakPassword,

    /// <summary>The right password, but too old: it has to be reset.</summary>
    ExpiredPassword,

    /// <summary>The user must verify his e-mail address before he may log in.</summary>
    EmailNotVerified,

    /// <summary>A token for a reset, verification or refresh that is unknown or was used.</summary>
    InvalidToken,

    /// <summary>Such a token whose time is over.</summary>
    ExpiredToken,

    /// <summary>A user whose id reads like a role's name in access lists: he gets no rights at all.</summary>
    ReservedId,

    /// <summary>A session token that no session has.</summary>
    InvalidSession,

    /// <summary>The token of a session whose time is over.</summary>
    ExpiredSession,

    /// <summary>An expression that cannot be computed: an unknown variable, or a value of a type that an operator does not take; the message names the operator.</summary>
    InvalidExpression,

    /// <summary>Nothing can be written for a while, because the rows follow another database; reads go on.</summary>
    WritesClosed,

    /// <summary>A business rule (an interceptor) said no; the message is its own, <see cref="Refusal.Code"/> and <see cref="Refusal.Detail"/> what it added.</summary>
    Rejected,
}

/// <summary>
/// An expected refusal of a request: thrown where the rule is known, turned into status and body in one place per dialect.
/// The message is plain and safe to log; dialects write their own.
/// </summary>
public sealed class Refusal(RefusalKind kind, string message, string? table = null, string? field = null) : Exception(message)
{
    /// <summary>Why.</summary>
    public RefusalKind Kind { get; } = kind;

    /// <summary><see cref="Catalog.Table.Origin"/> of the table concerned, when there is one.</summary>
    public string? Table { get; } = table;

    /// <summary>The field concerned, when there is one.</summary>
    public string? Field { get; } = field;

    /// <summary>The operation that was refused, when there is one.</summary>
    public Access.Operation? Operation { get; init; }

    /// <summary>The number that a business rule gave its refusal, when it gave one.</summary>
    public int? Code { get; init; }

    /// <summary>What a business rule said where that is more than a text: JSON.</summary>
    public string? Detail { get; init; }

    /// <summary>When it ends, for a locked account or a limit that was passed; UTC.</summary>
    public DateTime? Until { get; init; }

    /// <summary>The field as the catalog has it, for a type mismatch.</summary>
    public Catalog.Field? Expected { get; init; }

    /// <summary>The field as the request would have it, for a type mismatch.</summary>
    public Catalog.FieldSpec? Actual { get; init; }
}
