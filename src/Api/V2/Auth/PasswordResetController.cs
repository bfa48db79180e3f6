using Backend.Api.V2.Problems;
using Backend.Data;
using Backend.Data.Accounts;
using Backend.Jobs;
using Backend.Jobs.Mail;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Backend.Api.V2.Auth;

/// <summary>Password reset by mail: asking for the mail, the page behind its link, and setting the new password.</summary>
[ApiController]
[Route("api/v{version:apiVersion}/auth/password-reset")]
[Produces("application/json")]
[Tags("auth")]
internal sealed class PasswordResetController(AccountService accounts, JobQueue jobs, IOptions<AuthOptions> options, IOptions<MailOptions> mail) : ControllerBase
{
    /// <summary>Who wants a reset mail.</summary>
    /// <param name="Email">The account's e-mail address.</param>
    public sealed record ResetRequest(string? Email);

    /// <summary>A new password.</summary>
    /// <param name="Token">The token of the mail's link.</param>
    /// <param name="Password">The new password.</param>
    public sealed record NewPassword(string? Token, string? Password);

    /// <summary>Sends a mail with a link, if an account has this address; the answer does not tell.</summary>
    [HttpPost]
    [ProducesResponseType(StatusCodes.Status202Accepted)]
    public async Task<IActionResult> Ask([FromBody] ResetRequest request, CancellationToken cancellation)
    {
        if (!mail.Value.IsConfigured)
            throw new Problem(501, ProblemCodes.NotConfigured, "This service sends no mail", null, "The settings Mail:Host and Mail:From are missing.");
        if (string.IsNullOrEmpty(request.Email))
            throw new Problem(400, ProblemCodes.Value, "email is missing");
        var asked = await accounts.RequestPasswordResetAsync(request.Email,
            (reset, transaction, token) => jobs.EnqueueAsync(transaction, new PasswordResetMail(reset.Email, options.Value.ResetLink(reset.Token), reset.Username), token), cancellation);
        if (asked is not null)
            jobs.Signal();
        return Accepted();
    }

    /// <summary>Sets the new password. Every session of the account ends.</summary>
    [HttpPost("complete")]
    [Consumes("application/json")]
    [ProducesResponseType(StatusCodes.Status204NoContent)]
    public async Task<IActionResult> Complete([FromBody] NewPassword request, CancellationToken cancellation)
    {
        await accounts.CompletePasswordResetAsync(request.Token ?? "", request.Password ?? "", cancellation);
        return NoContent();
    }

    /// <summary>Our page behind the link.</summary>
    [HttpGet]
    [Produces("text/html")]
    [ApiExplorerSettings(IgnoreApi = true)]
    public async Task<IActionResult> Page([FromQuery] string? token, CancellationToken cancellation)
    {
        var owner = await accounts.FindResetTokenAsync(token ?? "", cancellation);
        return owner is null or { Expired: true } ? Html(AccountPage.Invalid, StatusCodes.Status404NotFound) : Html(AccountPage.Form(token!, owner.Username, null));
    }

    /// <summary>What our page sends.</summary>
    [HttpPost("page")]
    [Produces("text/html")]
    [Consumes("application/x-www-form-urlencoded")]
    [ApiExplorerSettings(IgnoreApi = true)]
    public async Task<IActionResult> Submit([FromForm] string? token, [FromForm] string? password, [FromForm] string? again, CancellationToken cancellation)
    {
        var owner = await accounts.FindResetTokenAsync(token ?? "", cancellation);
        if (owner is null or { Expired: true })
            return Html(AccountPage.Invalid, StatusCodes.Status404NotFound);
        if (string.IsNullOrEmpty(password) || password != again)
            return Html(AccountPage.Form(token!, owner.Username, "The two entries differ, or are empty."), StatusCodes.Status400BadRequest);
        try
        {
            await accounts.CompletePasswordResetAsync(token!, password, cancellation);
            return Html(AccountPage.Done);
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.InvalidValue)
        {
            return Html(AccountPage.Form(token!, owner.Username, "This password cannot be used."), StatusCodes.Status400BadRequest);
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.WeakPassword)
        {
            return Html(AccountPage.Form(token!, owner.Username, refusal.Message), StatusCodes.Status400BadRequest);
        }
        catch (Refusal refusal) when (refusal.Kind is RefusalKind.InvalidToken or RefusalKind.ExpiredToken)
        {
            return Html(AccountPage.Invalid, StatusCodes.Status404NotFound);
        }
    }

    private ContentResult Html(string page, int status = StatusCodes.Status200OK)
    {
        Response.Headers.CacheControl = "no-store";
        Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
        Response.Headers["Referrer-Policy"] = "no-referrer"; // the address holds the token
        Response.Headers.XContentTypeOptions = "nosniff";
        return new ContentResult { Content = page, ContentType = "text/html; charset=utf-8", StatusCode = status };
    }
}
