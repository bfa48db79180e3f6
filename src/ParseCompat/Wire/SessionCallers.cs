using Backend.Data.Access;
using Backend.Data.Accounts;

namespace Backend.ParseCompat.Wire;

/// <summary>The users behind session tokens (contract 2.4).</summary>
internal sealed class SessionCallers(Data.Accounts.Sessions sessions) : ICallerSource
{
    /// <inheritdoc/>
    public async ValueTask<Caller> ResolveAsync(string sessionToken, CancellationToken cancellation)
    {
        var lookup = await sessions.FindAsync(sessionToken, cancellation);
        if (lookup.IsValid)
            return lookup.Caller;
        throw lookup.State == SessionState.Expired
            ? new ParseError(ErrorCode.InvalidSessionToken, "Session token is expired.")
            : ParseError.InvalidSessionToken();
    }
}
