using Backend.Api.Admin;
using Backend.Api.V2.Problems;
using Backend.Data.Access;
using Backend.Data.Accounts;

namespace Backend.Api.V2.Callers;

/// <summary>
/// Reads <c>Authorization: Bearer</c> (RFC 6750): an access token of <c>/auth/token</c>, or the administrator's key. Without the header the
/// caller is anonymous; with one that is no good he is refused, never taken for anonymous.
/// </summary>
internal sealed class BearerMiddleware(RequestDelegate next, Tokens tokens, AdminAccess administrators)
{
    private const string Scheme = "Bearer ";

    /// <summary>Where tokens come from; a client may still send an old one along.</summary>
    private const string TokenPath = "/auth/token";

    public async Task InvokeAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (header.Length > 0 && !context.Request.Path.Value!.EndsWith(TokenPath, StringComparison.OrdinalIgnoreCase))
            context.SetCaller(await CallerAsync(context, header));
        await next(context);
    }

    private async ValueTask<Caller> CallerAsync(HttpContext context, string header)
    {
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            throw ProblemMapping.Unauthorized(expired: false);
        var token = header[Scheme.Length..].Trim();
        if (administrators.IsAdministrator(context, token))
            return Caller.Administrator;
        var found = await tokens.AuthenticateAsync(token, context.RequestAborted);
        return found.IsValid ? found.Caller : throw ProblemMapping.Unauthorized(found.State == SessionState.Expired);
    }
}
