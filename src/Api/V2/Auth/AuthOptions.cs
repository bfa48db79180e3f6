namespace Backend.Api.V2.Auth;

/// <summary>Section <c>Auth</c>.</summary>
internal sealed class AuthOptions
{
    public const string Section = "Auth";

    /// <summary>
    /// The absolute address under which clients reach this API, without a path. Links in mails are made from it and never from a request's Host
    /// header, which is the client's to choose.
    /// </summary>
    public string PublicUrl { get; set; } = "http://localhost:8080";

    /// <summary>The app's own page on which a user chooses a new password; it gets <c>?token=…</c>. Empty: our page.</summary>
    public string ResetUrl { get; set; } = "";

    public string? Mistake()
    {
        if (!IsHttp(PublicUrl))
            return "Auth:PublicUrl must be an absolute http or https address.";
        return ResetUrl.Length > 0 && !IsHttp(ResetUrl) ? "Auth:ResetUrl must be an absolute http or https address." : null;
    }

    /// <summary>The link of a reset mail.</summary>
    public string ResetLink(string token)
    {
        var page = ResetUrl.Length > 0 ? ResetUrl : PublicUrl.TrimEnd('/') + "/api/v2/auth/password-reset";
        return $"{page}{(page.Contains('?') ? '&' : '?')}token={Uri.EscapeDataString(token)}";
    }

    /// <summary>The link of a verification mail.</summary>
    public string VerifyLink(string token) => $"{PublicUrl.TrimEnd('/')}/api/v2/auth/verification?token={Uri.EscapeDataString(token)}";

    private static bool IsHttp(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";
}
