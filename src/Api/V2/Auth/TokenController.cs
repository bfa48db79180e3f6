using Backend.Api.V2.Problems;
using Backend.Data;
using Backend.Data.Accounts;
using Backend.Data.Limits;
using Microsoft.AspNetCore.Mvc;

namespace Backend.Api.V2.Auth;

/// <summary>
/// The OAuth 2.0 token endpoint (RFC 6749): <c>password</c>, <c>refresh_token</c>, and the exchange of a session token of the old dialect for
/// tokens of this one (RFC 8693), by which an updated app stays logged in.
/// </summary>
[ApiController]
[Route("api/v{version:apiVersion}/auth")]
[Produces("application/json")]
[Tags("auth")]
internal sealed class TokenController(Tokens tokens, TimeProvider time) : ControllerBase
{
    private const string ExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
    private const string AccessTokenType = "urn:ietf:params:oauth:token-type:access_token";

    /// <summary>Gets tokens. A refresh token works once: one that comes a second time ends its session.</summary>
    [HttpPost("token")]
    [Consumes("application/x-www-form-urlencoded")]
    [ProducesResponseType<TokenAnswer>(StatusCodes.Status200OK)]
    public async Task<TokenAnswer> Token([FromForm] TokenRequest request, CancellationToken cancellation)
    {
        Response.Headers.CacheControl = "no-store";
        try
        {
            return request.GrantType switch
            {
                "password" => TokenAnswer.Of(await LogInAsync(request, cancellation), time),
                "refresh_token" => TokenAnswer.Of(await tokens.RefreshAsync(Need(request.RefreshToken, "refresh_token"), cancellation), time),
                ExchangeGrant => TokenAnswer.Of(await ExchangeAsync(request, cancellation), time, AccessTokenType),
                null or "" => throw Invalid("invalid_request", "grant_type is missing."),
                _ => throw Invalid("unsupported_grant_type", "grant_type must be password, refresh_token or the token exchange of RFC 8693."),
            };
        }
        catch (Refusal refusal)
        {
            throw Refused(refusal);
        }
    }

    /// <summary>Ends the session behind a refresh token (RFC 7009). An unknown token is no error.</summary>
    [HttpPost("revoke")]
    [Consumes("application/x-www-form-urlencoded")]
    [ProducesResponseType(StatusCodes.Status200OK)]
    public async Task Revoke([FromForm] string? token, CancellationToken cancellation) => await tokens.RevokeAsync(Need(token, "token"), cancellation);

    private Task<TokenPair> LogInAsync(TokenRequest request, CancellationToken cancellation) => tokens.LogInAsync(
        new Credentials
        {
            Username = Need(request.Username, "username"),
            Password = Need(request.Password, "password"),
            Address = ClientAddress.Counted(HttpContext.Connection.RemoteIpAddress),
        },
        SessionRequests.Of("login", request.InstallationId), cancellation);

    private async Task<TokenPair> ExchangeAsync(TokenRequest request, CancellationToken cancellation)
    {
        if (Need(request.SubjectTokenType, "subject_token_type") != AccessTokenType)
            throw Invalid("invalid_request", $"subject_token_type must be {AccessTokenType}.");
        return await tokens.ExchangeAsync(Need(request.SubjectToken, "subject_token"), cancellation);
    }

    private static string Need(string? value, string name) => string.IsNullOrEmpty(value) ? throw Invalid("invalid_request", $"{name} is missing.") : value;

    private static Problem Invalid(string error, string message) => new(400, error, message) { OAuthError = error };

    /// <summary>A grant that is no good is invalid_grant with 400 (RFC 6749 section 5.2), whichever of its parts is wrong.</summary>
    private static Problem Refused(Refusal refusal)
    {
        var problem = ProblemMapping.Of(refusal, authenticated: false)!;
        var isGrant = refusal.Kind is RefusalKind.InvalidCredentials or RefusalKind.InvalidToken or RefusalKind.ExpiredToken or RefusalKind.InvalidSession
            or RefusalKind.ExpiredSession or RefusalKind.EmailNotVerified or RefusalKind.ExpiredPassword or RefusalKind.AccountLocked or RefusalKind.InvalidValue
            or RefusalKind.Rejected;
        var status = problem.Status is StatusCodes.Status401Unauthorized or StatusCodes.Status422UnprocessableEntity ? StatusCodes.Status400BadRequest : problem.Status;
        return new Problem(status, problem.Code, refusal.Message)
        {
            OAuthError = isGrant ? "invalid_grant" : status >= 500 || status == StatusCodes.Status429TooManyRequests ? "temporarily_unavailable" : "invalid_request",
            Headers = [.. problem.Headers.Where(h => h.Key != "WWW-Authenticate")],
        };
    }
}
