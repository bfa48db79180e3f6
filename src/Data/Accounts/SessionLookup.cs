using System.Diagnostics.CodeAnalysis;
using Backend.Data.Access;

namespace Backend.Data.Accounts;

/// <summary>What a session token is worth.</summary>
public enum SessionState
{
    /// <summary>No session has it (any more), or the session's user is missing.</summary>
    Unknown,

    /// <summary>The session has ended by its time.</summary>
    Expired,

    /// <summary>The session lives.</summary>
    Valid,
}

/// <summary>The answer to a look-up of a session.</summary>
/// <param name="State">What it is worth.</param>
/// <param name="Caller">When it is valid: its user with his roles. The session id is null for a legacy token, which has no session row.</param>
public readonly record struct SessionLookup(SessionState State, Caller? Caller = null)
{
    /// <summary>Whether there is a caller.</summary>
    [MemberNotNullWhen(true, nameof(Caller))]
    public bool IsValid => State == SessionState.Valid;
}
