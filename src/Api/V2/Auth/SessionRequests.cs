using Backend.Api.V2.Problems;
using Backend.Api.V2.Rows.Planning;
using Backend.Data.Accounts;

namespace Backend.Api.V2.Auth;

/// <summary>What v2's sessions say about themselves.</summary>
internal static class SessionRequests
{
    public static SessionRequest Of(string action, string? installationId)
    {
        if (installationId is { Length: > Limits.MaxIdLength } || (installationId is not null && !WrittenValue.IsPlain(installationId)))
            throw new Problem(400, ProblemCodes.Value, "The installation id is not one.");
        return new SessionRequest
        {
            CreatedWith = $$"""{"action":"{{action}}","authProvider":"password"}""",
            InstallationId = string.IsNullOrEmpty(installationId) ? null : installationId,
        };
    }
}
