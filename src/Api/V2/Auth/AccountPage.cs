using System.Net;

namespace Backend.Api.V2.Auth;

/// <summary>The pages behind links in mails, on which a user chooses a new password or sees that his address is verified: plain HTML, no script.</summary>
internal static class AccountPage
{
    public static string Done { get; } = Page("Your password has changed", "<p>You can log in with it now.</p>");

    public static string Verified { get; } = Page("Your address is verified", "<p>You can close this page.</p>");

    public static string Invalid { get; } = Page("This link does not work any more", "<p>It was used, or its time is over. Ask for a new one in the app.</p>");

    public static string Form(string token, string? username, string? mistake) => Page("Choose a new password", $"""
        {(username is null ? "" : $"<p>Account: <b>{WebUtility.HtmlEncode(username)}</b></p>")}
        {(mistake is null ? "" : $"<p class=\"mistake\" role=\"alert\">{WebUtility.HtmlEncode(mistake)}</p>")}
        <form method="post" action="/api/v2/auth/password-reset/page">
        <input type="hidden" name="token" value="{WebUtility.HtmlEncode(token)}">
        <label>New password <input type="password" name="password" autocomplete="new-password" required autofocus></label>
        <label>Once more <input type="password" name="again" autocomplete="new-password" required></label>
        <button>Change password</button>
        </form>
        """);

    private static string Page(string title, string content) => $$"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{title}}</title>
        <style>
        body { font: 1rem/1.5 system-ui, sans-serif; max-width: 24rem; margin: 10vh auto; padding: 0 1rem; color: #222; }
        h1 { font-size: 1.3rem; }
        label { display: block; margin: 1rem 0; }
        input { display: block; width: 100%; box-sizing: border-box; padding: .5rem; font: inherit; }
        button { padding: .5rem 1rem; font: inherit; }
        .mistake { color: #a00; }
        </style>
        </head>
        <body>
        <h1>{{title}}</h1>
        {{content}}
        </body>
        </html>
        """;
}
