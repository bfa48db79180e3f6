using System.Collections.Immutable;
using System.Text.Json;
using Backend.Api.V2.Callers;
using Backend.Api.V2.Problems;
using Backend.Api.V2.Rows;
using Backend.Api.V2.Rows.Planning;
using Backend.Api.V2.Rows.Requests;
using Backend.Api.V2.Rows.Writing;
using Backend.Data.Access;
using Backend.Data.Accounts;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Microsoft.AspNetCore.Mvc;

namespace Backend.Api.V2.Auth;

/// <summary>Accounts: sign-up, log-out, and the caller's own account.</summary>
[ApiController]
[Route("api/v{version:apiVersion}/auth")]
[Produces("application/json")]
[Tags("auth")]
internal sealed class AccountController(LiveCatalog liveCatalog, RowStore rows, AccountService accounts, Tokens tokens, VerificationMails mails, TimeProvider time,
    IConfiguration configuration)
    : ControllerBase
{
    /// <summary>
    /// Makes an account and logs it in. The body is <c>username</c>, <c>password</c>, perhaps <c>email</c> and <c>installationId</c>, and any fields
    /// of <c>/rows/users</c>.
    /// </summary>
    [HttpPost("sign-up")]
    [ProducesResponseType<TokenAnswer>(StatusCodes.Status201Created)]
    public async Task<IActionResult> SignUp(CancellationToken cancellation)
    {
        var users = (await liveCatalog.GetAsync(cancellation)).Users!;
        var body = await AccountBody.ReadAsync(Request, users, isInsert: true, cancellation);
        var signedUp = await accounts.SignUpAsync(
            new SignUp
            {
                Username = body.Username.Value,
                Password = body.Password,
                Email = body.Email.Value,
                Session = SessionRequests.Of("signup", body.InstallationId),
                Verify = mails.Sender,
            }, body.Fields, HttpContext.Caller(), cancellation);
        mails.Signal();
        Response.Headers.CacheControl = "no-store";
        var location = $"{Request.PathBase}/api/v2/rows/users/{Uri.EscapeDataString(signedUp.Row.Id)}";
        // Who must verify his address first gets no tokens yet.
        return signedUp.Session is { } session ? Created(location, TokenAnswer.Of(await tokens.IssueAsync(session, cancellation), time)) : Created(location, null);
    }

    /// <summary>Ends the session behind the bearer token, with all its tokens, everywhere.</summary>
    [HttpPost("log-out")]
    [ProducesResponseType(StatusCodes.Status204NoContent)]
    public async Task<IActionResult> LogOut(CancellationToken cancellation)
    {
        await accounts.LogOutAsync(Need(), cancellation);
        return NoContent();
    }

    /// <summary>The caller's own account.</summary>
    [HttpGet("user")]
    public async Task Me(CancellationToken cancellation)
    {
        var caller = Need();
        var catalog = await liveCatalog.GetAsync(cancellation);
        await WriteUserAsync(catalog, caller, null, cancellation);
    }

    /// <summary>
    /// Changes the caller's own account: <c>username</c>, <c>email</c>, <c>password</c> and fields of <c>/rows/users</c>. A new password ends all
    /// sessions; the answer then holds new tokens.
    /// </summary>
    [HttpPatch("user")]
    public async Task Change(CancellationToken cancellation)
    {
        var caller = Need();
        var catalog = await liveCatalog.GetAsync(cancellation);
        var body = await AccountBody.ReadAsync(Request, catalog.Users!, isInsert: false, cancellation);
        var changed = await accounts.ChangeAsync(caller.UserId!, new AccountChanges
        {
            Username = body.Username,
            Email = body.Email,
            Password = body.Password,
            Session = SessionRequests.Of("login", body.InstallationId),
            Verify = mails.Sender,
        }, body.Fields, caller, cancellation, ETags.IfMatch(Request));
        mails.Signal();
        await WriteUserAsync(catalog, caller, changed.Session is null ? null : await tokens.IssueAsync(changed.Session, cancellation), cancellation);
    }

    private Caller Need() => HttpContext.Caller() is { UserId: not null } caller
        ? caller
        : throw new Problem(401, ProblemCodes.Anonymous, "A user's bearer token is needed.") { Headers = [new("WWW-Authenticate", "Bearer")] };

    private async Task WriteUserAsync(CatalogSnapshot catalog, Caller caller, TokenPair? pair, CancellationToken cancellation)
    {
        var plan = new RowsPlanner(catalog).Plan(catalog.Users!, new RowsRequest());
        var row = await rows.GetAsync(catalog.Users!, caller.UserId!, caller, new RowQuery { Table = catalog.Users!, WithVersion = true }, cancellation)
            ?? throw RowReads.NotFound(catalog.Users!, caller.UserId!);
        Response.Headers.CacheControl = "no-store";
        Response.Headers.ETag = ETags.Of(row.Version);
        Response.ContentType = Representation.Json;
        using var output = new HeldBackBody(Response);
        await using var json = new Utf8JsonWriter(output, RowWriter.Options);
        json.WriteStartObject();
        json.WritePropertyName("user");
        new RowWriter(plan.Outputs, stripNulls: false, new FileUrls(Request, configuration)).Write(json, row, EmbeddedRows.None);
        json.WritePropertyName("roles");
        JsonSerializer.Serialize(json, caller.Roles.Order(StringComparer.Ordinal).ToImmutableArray());
        if (pair is not null)
        {
            json.WritePropertyName("tokens");
            JsonSerializer.Serialize(json, TokenAnswer.Of(pair, time));
        }

        json.WriteEndObject();
        json.Flush();
        await output.FinishAsync(isHead: false, cancellation);
    }
}
