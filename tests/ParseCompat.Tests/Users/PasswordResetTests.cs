using Backend.Testing;

namespace Backend.ParseCompat.Tests.Users;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class PasswordResetTests
{
    [Test]
    public async Task A_mail_leads_to_a_page_that_sets_a_new_password_once()
    {
        await using var sink = new SmtpSink();
        await using var app = await ParseApp.StartAsync(("Jobs:Enabled", "true"), ("Mail:Host", "127.0.0.1"), ("Mail:Port", sink.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ("Mail:From", "app@example.com"), ("Mail:Security", "None"));
        var user = await app.JsonAsync("POST", "/parse/users", """{"username":"forgetful","password":"old","email":"forgetful@example.com"}""");
        var token = user.GetProperty("sessionToken").GetString()!;

        Assert.That(await app.SendAsync("POST", "/parse/requestPasswordReset", """{"email":"forgetful@example.com"}"""), Is.EqualTo("200 {}"));
        var mail = await sink.ReceiveAsync();
        Assert.That(mail.To, Does.Contain("forgetful@example.com"));
        var link = System.Text.RegularExpressions.Regex.Match(mail.Text, @"http://host(/parse/apps/app/request_password_reset\?token=[A-Za-z0-9]{25})").Groups[1].Value;

        // Mails from before the move had the username in their links.
        using var opened = await app.RequestAsync("GET", link + "&username=whoever");
        Assert.That((int)opened.StatusCode, Is.EqualTo(302));
        var choose = opened.Headers.Location!.PathAndQuery;
        Assert.That(choose, Does.StartWith("/parse/apps/choose_password?token=").And.Contain("&username=forgetful"));
        var page = await app.SendAsync("GET", choose);
        Assert.That(page, Does.Contain("New password for forgetful").And.Contain("action=\"http://host/parse/apps/app/request_password_reset\""));

        var resetToken = link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..];
        using var done = await app.PostFormAsync("/parse/apps/app/request_password_reset", new() { ["token"] = resetToken, ["username"] = "forgetful", ["new_password"] = "new" });
        Assert.That(done.Headers.Location, Is.EqualTo(new Uri("http://host/parse/apps/password_reset_success.html?username=forgetful")));
        Assert.That(await app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(token)), Does.StartWith("400"));
        Assert.That(await app.SendAsync("POST", "/parse/login", """{"username":"forgetful","password":"new"}"""), Does.StartWith("200"));

        using var again = await app.PostFormAsync("/parse/apps/app/request_password_reset", new() { ["token"] = resetToken, ["username"] = "forgetful", ["new_password"] = "newer" });
        Assert.That(again.Headers.Location!.Query, Does.Contain("error=Failed%20to%20reset%20password"));
        Assert.That(await app.SendAsync("POST", "/parse/apps/app/request_password_reset", $$"""{"token":"{{resetToken}}","username":"forgetful","new_password":"x"}""", "X-Requested-With: XMLHttpRequest"),
            Is.EqualTo("""400 {"code":-1,"error":"Failed to reset password: username / email / token is invalid"}"""));
    }

    [Test]
    public async Task A_bad_request_says_what_is_wrong_and_nothing_about_who_exists()
    {
        await using var app = await ParseApp.StartAsync(("Mail:Host", "127.0.0.1"), ("Mail:From", "app@example.com"), ("Mail:Security", "None"));

        Assert.That(await app.SendAsync("POST", "/parse/requestPasswordReset", "{}"), Is.EqualTo("""400 {"code":204,"error":"you must provide an email"}"""));
        Assert.That(await app.SendAsync("POST", "/parse/requestPasswordReset", """{"email":7}"""), Is.EqualTo("""400 {"code":125,"error":"you must provide a valid email string"}"""));
        Assert.That(await app.SendAsync("POST", "/parse/requestPasswordReset", """{"email":"nobody@example.com"}"""), Is.EqualTo("200 {}"));
        Assert.That(await app.SendAsync("GET", "/parse/apps/other/request_password_reset?token=x"), Is.EqualTo("""403 {"error":"unauthorized"}"""));
        using var invalid = await app.RequestAsync("GET", "/parse/apps/app/request_password_reset?token=x");
        Assert.That(invalid.Headers.Location, Is.EqualTo(new Uri("http://host/parse/apps/invalid_link.html")));
        Assert.That(await app.SendAsync("GET", "/parse/apps/invalid_link.html"), Does.StartWith("200 <!DOCTYPE html>"));
        Assert.That(await app.SendAsync("GET", "/parse/apps/choose_password?error=%3Cscript%3E"), Does.Contain("&lt;script&gt;").And.Not.Contain("<script>"));
    }

    [Test]
    public async Task Without_a_mail_server_the_answer_says_so()
    {
        await using var app = await ParseApp.StartAsync();

        Assert.That(await app.SendAsync("POST", "/parse/requestPasswordReset", """{"email":"a@example.com"}"""), Is.EqualTo(
            """500 {"code":1,"error":"An appName, publicServerURL, and emailAdapter are required for password reset and email verification functionality."}"""));
    }
}
