using System.Text;
using System.Text.Encodings.Web;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Users;

/// <summary>The pages behind the links of mails (contract 16.3). They need no script, and tell nobody where their reader came from.</summary>
internal static class AccountPages
{
    private static readonly KeyValuePair<string, string>[] Headers =
    [
        new("Cache-Control", "no-store"),
        new("Referrer-Policy", "no-referrer"),
        new("X-Content-Type-Options", "nosniff"),
        new("X-Frame-Options", "DENY"),
        new("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"),
    ];

    /// <summary>The form for a new password.</summary>
    /// <param name="action">Where it is sent.</param>
    /// <param name="token">The reset token.</param>
    /// <param name="username">Whose password it is.</param>
    /// <param name="app">What the app is called, or empty.</param>
    /// <param name="error">What was wrong with the last attempt, or empty.</param>
    public static ParseResponse ChoosePassword(string action, string token, string username, string app, string error) => Page("Reset your password", $"""
        <h1>Reset your password{(app.Length > 0 ? " for " + Encode(app) : "")}</h1>
        {(error.Length > 0 ? $"<p class=\"error\" role=\"alert\">{Encode(error)}</p>" : "")}
        <form method="post" action="{Encode(action)}">
          <label for="password">New password{(username.Length > 0 ? " for " + Encode(username) : "")}</label>
          <input id="password" name="new_password" type="password" autocomplete="new-password" required autofocus>
          <input name="username" type="hidden" value="{Encode(username)}">
          <input name="token" type="hidden" value="{Encode(token)}">
          <button>Change password</button>
        </form>
        """);

    /// <summary>It worked.</summary>
    public static ParseResponse Success() => Page("Password changed", "<h1>Your password has been changed</h1>\n<p>You can log in with it now.</p>");

    /// <summary>A link that is none, or none any more.</summary>
    public static ParseResponse InvalidLink() => Page("Invalid link", "<h1>This link does not work</h1>\n<p>It was used before, has expired, or is not complete. Ask for a new one.</p>");

    /// <summary>The address is the user's.</summary>
    public static ParseResponse AddressVerified() => Page("Address confirmed", "<h1>Your address is confirmed</h1>\n<p>Thank you.</p>");

    /// <summary>A verification link that is none, or none any more, with a button for another one when it is known whose it was.</summary>
    /// <param name="action">Where the wish for another one is sent.</param>
    /// <param name="username">Whose it was, or empty.</param>
    public static ParseResponse InvalidVerificationLink(string action, string username) => Page("Invalid link", $"""
        <h1>This link does not work</h1>
        <p>It was used before, has expired, or is not complete.</p>
        {(username.Length == 0 ? "" : $"<form method=\"post\" action=\"{Encode(action)}\"><input name=\"username\" type=\"hidden\" value=\"{Encode(username)}\"><button>Send another one</button></form>")}
        """);

    /// <summary>Another link is on its way.</summary>
    public static ParseResponse LinkSent() => Page("Link sent", "<h1>A new link has been sent</h1>\n<p>Look into your mail.</p>");

    /// <summary>There was nobody to send it to.</summary>
    public static ParseResponse LinkNotSent() => Page("No link sent", "<h1>No link could be sent</h1>\n<p>There is no such account, or its address is confirmed already.</p>");

    private static ParseResponse Page(string title, string body) => ParseResponse.Raw(200, "text/html; charset=utf-8", Encoding.UTF8.GetBytes($$"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{Encode(title)}}</title>
        <style>
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 26em; margin: 3em auto; padding: 0 1em; color: #222; }
        label, input, button { display: block; width: 100%; box-sizing: border-box; margin: .4em 0; }
        input, button { font: inherit; padding: .5em; }
        .error { color: #b00020; }
        </style>
        </head>
        <body>
        {{body}}
        </body>
        </html>

        """), Headers);

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
