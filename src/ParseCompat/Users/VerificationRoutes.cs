using System.Text.Json;
using Backend.Data.Accounts;
using Backend.ParseCompat.Hooks;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Users;

/// <summary><c>/verificationEmailRequest</c> and the pages that its mail leads to (contract 16.2, 16.3), in the manner of parse-server 7: by redirects.</summary>
internal sealed class VerificationRoutes(AccountService accounts, VerificationMails mails, TriggerRunner triggers, IOptions<ParseCompatOptions> options) : IRouteSource
{
    private readonly ParseCompatOptions _options = options.Value;
    private readonly string _pages = options.Value.PublicServerUrl.TrimEnd('/') + "/apps";

    /// <inheritdoc/>
    public void AddRoutes(RouteList routes)
    {
        routes.Map("POST", "/verificationEmailRequest", RequestAsync);
        routes.Map("GET", "/apps/:appId/verify_email", OpenLinkAsync, RouteRules.Open);
        routes.Map("POST", "/apps/:appId/resend_verification_email", ResendAsync, RouteRules.Open);
        routes.Map("GET", "/apps/verify_email_success.html", _ => new(AccountPages.AddressVerified()), RouteRules.Open);
        routes.Map("GET", "/apps/invalid_verification_link.html", ShowInvalidLink, RouteRules.Open);
        routes.Map("GET", "/apps/link_send_success.html", _ => new(AccountPages.LinkSent()), RouteRules.Open);
        routes.Map("GET", "/apps/link_send_fail.html", _ => new(AccountPages.LinkNotSent()), RouteRules.Open);
    }

    private async ValueTask<ParseResponse> RequestAsync(ParseRequest request)
    {
        var send = mails.Sender ?? throw PasswordResetRoutes.NoMail();
        if (request.Body.Get("email") is not { ValueKind: not (JsonValueKind.Null or JsonValueKind.False) } given || given is { ValueKind: JsonValueKind.String } text && text.ValueEquals(""))
            throw new ParseError(ErrorCode.EmailMissing, "you must provide an email");
        if (given.ValueKind != JsonValueKind.String)
            throw new ParseError(ErrorCode.InvalidEmailAddress, "you must provide a valid email string");
        var email = JsonText.Read(given);
        var outcome = await accounts.RequestVerificationAsync(email, null, send, request.Aborted);
        mails.Signal();
        return outcome switch
        {
            VerificationRequest.Sent or VerificationRequest.Off => ParseResponse.Empty,
            _ when _options.EmailVerifySuccessOnInvalidEmail => ParseResponse.Empty,
            VerificationRequest.AlreadyVerified => throw new ParseError(ErrorCode.OtherCause, $"Email {email} is already verified."),
            _ => throw new ParseError(ErrorCode.EmailNotFound, $"No user found with email {email}"),
        };
    }

    /// <summary>The name that mails from before the move carry beside the token is not needed; it only says whom a link belonged to that was opened before.</summary>
    private async ValueTask<ParseResponse> OpenLinkAsync(ParseRequest request)
    {
        CheckApplication(request);
        var username = request.QueryText("username") is { Length: > 0 } name ? name : null;
        if (request.QueryText("token") is not { Length: > 0 } token)
            return ParseResponse.Redirect(_pages + "/invalid_link.html");
        if (triggers.ConcernsSaves(ClassName.User))
            HookScope.Enter(request.Http);
        var verified = await accounts.VerifyEmailAsync(token, request.Aborted);
        if (verified is { IsVerified: true } || (verified is null && username is not null && await accounts.IsEmailVerifiedAsync(username, request.Aborted)))
            return ParseResponse.Redirect($"{_pages}/verify_email_success.html?username={Uri.EscapeDataString(verified?.Username ?? username ?? "")}");
        return ParseResponse.Redirect((verified?.Username ?? username) is { } whose
            ? $"{_pages}/invalid_verification_link.html?username={Uri.EscapeDataString(whose)}&appId={Uri.EscapeDataString(_options.ApplicationId)}"
            : _pages + "/invalid_link.html");
    }

    private async ValueTask<ParseResponse> ResendAsync(ParseRequest request)
    {
        CheckApplication(request);
        if (request.Body.GetText("username") is not { Length: > 0 } username)
            return ParseResponse.Redirect(_pages + "/invalid_link.html");
        var outcome = mails.Sender is { } send ? await accounts.RequestVerificationAsync(null, username, send, request.Aborted) : VerificationRequest.NoSuchUser;
        mails.Signal();
        return ParseResponse.Redirect(_pages + (outcome is VerificationRequest.Sent or VerificationRequest.Off ? "/link_send_success.html" : "/link_send_fail.html"));
    }

    private ValueTask<ParseResponse> ShowInvalidLink(ParseRequest request) => new(AccountPages.InvalidVerificationLink(
        $"{_pages}/{Uri.EscapeDataString(request.QueryText("appId") ?? _options.ApplicationId)}/resend_verification_email", request.QueryText("username") ?? ""));

    private void CheckApplication(ParseRequest request)
    {
        if (request["appId"] != _options.ApplicationId)
            throw ParseError.Unauthorized();
    }
}
