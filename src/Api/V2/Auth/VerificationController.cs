using Backend.Api.V2.Problems;
using Backend.Data.Accounts;
using Microsoft.AspNetCore.Mvc;

namespace Backend.Api.V2.Auth;

/// <summary>Whether an e-mail address is its user's: the page behind the link of the mail, and the wish for another mail.</summary>
[ApiController]
[Route("api/v{version:apiVersion}/auth/verification")]
[Produces("application/json")]
[Tags("auth")]
internal sealed class VerificationController(AccountService accounts, VerificationMails mails) : ControllerBase
{
    /// <summary>Who wants another mail.</summary>
    /// <param name="Email">The account's e-mail address.</param>
    public sealed record MailRequest(string? Email);

    /// <summary>Sends the mail once more, if an account has this address and has not verified it; the answer does not tell.</summary>
    [HttpPost]
    [Consumes("application/json")]
    [ProducesResponseType(StatusCodes.Status202Accepted)]
    public async Task<IActionResult> Ask([FromBody] MailRequest request, CancellationToken cancellation)
    {
        var send = mails.Sender ?? throw new Problem(501, ProblemCodes.NotConfigured, "This service sends no mail", null, "The settings Mail:Host and Mail:From are missing.");
        if (string.IsNullOrEmpty(request.Email))
            throw new Problem(400, ProblemCodes.Value, "email is missing");
        if (await accounts.RequestVerificationAsync(request.Email, null, send, cancellation) == VerificationRequest.Sent)
            mails.Signal();
        return Accepted();
    }

    /// <summary>Our page behind the link.</summary>
    [HttpGet]
    [Produces("text/html")]
    [ApiExplorerSettings(IgnoreApi = true)]
    public async Task<IActionResult> Open([FromQuery] string? token, CancellationToken cancellation)
    {
        var isVerified = await accounts.VerifyEmailAsync(token ?? "", cancellation) is { IsVerified: true };
        Response.Headers.CacheControl = "no-store";
        Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
        Response.Headers["Referrer-Policy"] = "no-referrer"; // the address holds the token
        Response.Headers.XContentTypeOptions = "nosniff";
        return new ContentResult
        {
            Content = isVerified ? AccountPage.Verified : AccountPage.Invalid,
            ContentType = "text/html; charset=utf-8",
            StatusCode = isVerified ? StatusCodes.Status200OK : StatusCodes.Status404NotFound,
        };
    }
}
