using System.Text.Json;
using Backend.Data;
using Backend.Data.Accounts;
using Backend.Jobs;
using Backend.Jobs.Mail;
using Backend.ParseCompat.Hooks;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Users;

/// <summary><c>/requestPasswordReset</c> and the pages that its mail leads to (contract 16.1, 16.3), in the manner of parse-server 7: by redirects.</summary>
internal sealed class PasswordResetRoutes(AccountService accounts, TriggerRunner triggers, JobQueue jobs, IOptions<MailOptions> mail, IOptions<ParseCompatOptions> options) : IRouteSource
{
    private readonly string _applicationId = options.Value.ApplicationId;
    private readonly string _pages = options.Value.PublicServerUrl.TrimEnd('/') + "/apps";

    /// <inheritdoc/>
    public void AddRoutes(RouteList routes)
    {
        routes.Map("POST", "/requestPasswordReset", RequestAsync);
        routes.Map("GET", "/apps/:appId/request_password_reset", OpenLinkAsync, RouteRules.Open);
        routes.Map("POST", "/apps/:appId/request_password_reset", CompleteAsync, RouteRules.Open);
        routes.Map("GET", "/apps/choose_password", ChoosePassword, RouteRules.Open);
        routes.Map("GET", "/apps/password_reset_success.html", _ => new(AccountPages.Success()), RouteRules.Open);
        routes.Map("GET", "/apps/invalid_link.html", _ => new(AccountPages.InvalidLink()), RouteRules.Open);
    }

    private async ValueTask<ParseResponse> RequestAsync(ParseRequest request)
    {
        if (!mail.Value.IsConfigured)
            throw NoMail();

        if (request.Body.Get("email") is not { ValueKind: not (JsonValueKind.Null or JsonValueKind.False) } given || given is { ValueKind: JsonValueKind.String } text && text.ValueEquals(""))
            throw new ParseError(ErrorCode.EmailMissing, "you must provide an email");
        if (given.ValueKind != JsonValueKind.String)
            throw new ParseError(ErrorCode.InvalidEmailAddress, "you must provide a valid email string");

        if (triggers.Find(ClassName.User, Triggers.BeforePasswordResetRequest) is not null)
            HookScope.Enter(request);

        // The mail is enqueued with the token or not at all; whether there is such a user is not told, unless the settings say so.
        var reset = await accounts.RequestPasswordResetAsync(JsonText.Read(given), (reset, transaction, cancellation) => jobs.EnqueueAsync(transaction,
            new PasswordResetMail(reset.Email, $"{_pages}/{Uri.EscapeDataString(_applicationId)}/request_password_reset?token={reset.Token}", reset.Username), cancellation),
            request.Aborted);
        if (reset is null && !options.Value.ResetPasswordSuccessOnInvalidEmail)
            throw new ParseError(ErrorCode.EmailNotFound, "A user with that email does not exist.");
        jobs.Signal();
        return ParseResponse.Empty;
    }

    /// <summary>Links of mails from before the move carry <c>username=</c> as well: it is not needed, the token says whose it is.</summary>
    private async ValueTask<ParseResponse> OpenLinkAsync(ParseRequest request)
    {
        CheckApplication(request);
        if (request.QueryText("token") is not { Length: > 0 } token || await accounts.FindResetTokenAsync(token, request.Aborted) is not { Expired: false } owner)
            return ParseResponse.Redirect(_pages + "/invalid_link.html");
        return ParseResponse.Redirect(ChoosePasswordLink(token, owner.Username ?? "", null));
    }

    private ValueTask<ParseResponse> ChoosePassword(ParseRequest request)
    {
        string Text(string name) => request.QueryText(name) ?? "";
        var application = Text("id") is { Length: > 0 } id ? id : _applicationId;
        if (application != _applicationId)
            throw ParseError.Unauthorized();
        return new(AccountPages.ChoosePassword($"{_pages}/{Uri.EscapeDataString(application)}/request_password_reset", Text("token"), Text("username"), Text("app"), Text("error")));
    }

    private async ValueTask<ParseResponse> CompleteAsync(ParseRequest request)
    {
        CheckApplication(request);
        var isScript = request.Http.Request.Headers.XRequestedWith == "XMLHttpRequest";
        var (username, token, password) = (request.Body.GetText("username") ?? "", request.Body.GetText("token") ?? "", request.Body.GetText("new_password") ?? "");
        if (!isScript && (token.Length == 0 || password.Length == 0))
            return ParseResponse.Redirect(_pages + "/invalid_link.html");
        if (username.Length == 0 && isScript)
            throw new ParseError(ErrorCode.UsernameMissing, "Missing username");
        if (token.Length == 0)
            throw new ParseError(ErrorCode.OtherCause, "Missing token");
        if (password.Length == 0)
            throw new ParseError(ErrorCode.PasswordMissing, "Missing password");
        // To a trigger it is a change of the user by the master key, as it was.
        if (triggers.ConcernsSaves(ClassName.User))
            HookScope.Enter(request.Http);
        try
        {
            await accounts.CompletePasswordResetAsync(token, password, request.Aborted);
        }
        catch (Refusal refusal) when (Explain(refusal) is { } error)
        {
            return isScript ? throw new ParseError(ErrorCode.OtherCause, error) : ParseResponse.Redirect(ChoosePasswordLink(token, username, error));
        }

        return isScript
            ? ParseResponse.Json(200, static writer => writer.WriteStringValue("Password successfully reset"))
            : ParseResponse.Redirect($"{_pages}/password_reset_success.html?username={Uri.EscapeDataString(username)}");
    }

    /// <summary>No mail can be sent.</summary>
    public static ParseError NoMail() => new(ErrorCode.InternalServerError,
        "An appName, publicServerURL, and emailAdapter are required for password reset and email verification functionality.");

    private static string? Explain(Refusal refusal) => refusal.Kind switch
    {
        RefusalKind.InvalidToken => "Failed to reset password: username / email / token is invalid",
        RefusalKind.ExpiredToken => "The password reset link has expired",
        RefusalKind.WeakPassword or RefusalKind.Rejected => refusal.Message,
        RefusalKind.InvalidValue => "This password cannot be used.",
        _ => null,
    };

    private string ChoosePasswordLink(string token, string username, string? error)
    {
        var (name, key, application, app) = (Uri.EscapeDataString(username), Uri.EscapeDataString(token), Uri.EscapeDataString(_applicationId), Uri.EscapeDataString(mail.Value.AppName));
        return error is null
            ? $"{_pages}/choose_password?token={key}&id={application}&username={name}&app={app}"
            : $"{_pages}/choose_password?username={name}&token={key}&id={application}&error={Uri.EscapeDataString(error)}&app={app}";
    }

    private void CheckApplication(ParseRequest request)
    {
        if (request["appId"] != _applicationId)
            throw ParseError.Unauthorized();
    }
}
