using System.Collections.Immutable;

namespace Backend.Data.Access;

/// <summary>On whose behalf rows are read and written (design section 6).</summary>
public sealed class Caller
{
    private string[]? _principals;

    private Caller(bool administrator, bool readOnly, string? userId, ImmutableArray<string> roles, string? sessionId, string? sessionToken)
    {
        IsAdministrator = administrator;
        IsReadOnly = readOnly;
        UserId = userId;
        Roles = roles;
        SessionId = sessionId;
        SessionToken = sessionToken;
    }

    /// <summary>Nobody in particular.</summary>
    public static Caller Anonymous { get; } = new(false, false, null, [], null, null);

    /// <summary>Somebody to whom no access rule applies.</summary>
    public static Caller Administrator { get; } = new(true, false, null, [], null, null);

    /// <summary>An administrator who may only read.</summary>
    public static Caller ReadOnlyAdministrator { get; } = new(true, true, null, [], null, null);

    /// <summary>A user with the names of all roles he has, inherited ones too.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.ReservedId"/>: access lists would take his id for a role's name.</exception>
    public static Caller User(string userId, ImmutableArray<string> roles, string? sessionId = null, string? sessionToken = null) =>
        RowAcl.IsUserId(userId) ? new(false, false, userId, roles, sessionId, sessionToken) : throw new Refusal(RefusalKind.ReservedId, "The user's id is a reserved one.");

    /// <summary>Whether access rules are skipped.</summary>
    public bool IsAdministrator { get; }

    /// <summary>Whether every write is refused.</summary>
    public bool IsReadOnly { get; }

    /// <summary>The user's id, or null.</summary>
    public string? UserId { get; }

    /// <summary>Names of the user's roles, inherited ones too.</summary>
    public ImmutableArray<string> Roles { get; }

    /// <summary>The id of the session row behind the request, or null.</summary>
    public string? SessionId { get; }

    /// <summary>The token of that session, or null.</summary>
    public string? SessionToken { get; }

    /// <summary>The user's id and <c>role:Name</c> of his roles, as they stand in access lists; empty for an anonymous caller.</summary>
    public string[] Principals => _principals ??= UserId is null ? [] : [UserId, .. Roles.Select(r => RowAcl.RolePrefix + r)];

    /// <summary>Whether the caller goes by this principal.</summary>
    public bool Is(string principal) => principal == RowAcl.Everybody || Array.IndexOf(Principals, principal) >= 0;
}
