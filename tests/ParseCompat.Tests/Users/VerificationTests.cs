using Dapper;
using Npgsql;

namespace Backend.ParseCompat.Tests.Users;

[TestFixture]
internal sealed class VerificationTests
{
    private const string Ann = """{"username":"ann","password":"pw","email":"ann@example.com"}""";
    private ParseApp _app = null!;

    [TearDown]
    public async Task Stop() => await _app.DisposeAsync();

    [Test]
    public async Task An_address_is_verified_by_the_link_that_was_sent_to_it()
    {
        await StartAsync();
        var made = await _app.JsonAsync("POST", "/parse/users", Ann);
        var user = "/parse/users/" + made.GetProperty("objectId").GetString();
        Assert.That(made.TryGetProperty("sessionToken", out _), "a session begins unless a verified address is asked for");
        Assert.That((await _app.JsonAsync("GET", user, null, ParseApp.Master)).GetProperty("emailVerified").GetBoolean(), Is.False);

        var token = await TokenAsync("ann");
        Assert.That(token, Has.Length.EqualTo(25));
        Assert.That(await MailsAsync(), Is.EqualTo(new[] { $"http://host/parse/apps/app/verify_email?token={token}" }));

        Assert.That(await GoAsync($"/parse/apps/app/verify_email?token=no&username=ann"), Does.EndWith("/apps/invalid_verification_link.html?username=ann&appId=app"));
        Assert.That(await GoAsync("/parse/apps/app/verify_email?username=ann&token[$regex]="), Does.EndWith("/apps/invalid_link.html"));
        Assert.That(await GoAsync("/parse/apps/app/verify_email?token=no"), Does.EndWith("/apps/invalid_link.html"));
        Assert.That(await GoAsync($"/parse/apps/app/verify_email?token={token}"), Is.EqualTo("http://host/parse/apps/verify_email_success.html?username=ann"));
        Assert.That((await _app.JsonAsync("GET", user, null, ParseApp.Master)).GetProperty("emailVerified").GetBoolean());
        Assert.That(await TokenAsync("ann"), Is.Null, "a token works once");
        Assert.That(await GoAsync($"/parse/apps/app/verify_email?token={token}&username=ann"), Does.Contain("verify_email_success"), "who clicks twice has verified");

        var session = made.GetProperty("sessionToken").GetString()!;
        await _app.JsonAsync("PUT", user, """{"email":"new@example.com"}""", ParseApp.As(session));
        Assert.That((await _app.JsonAsync("GET", user, null, ParseApp.Master)).GetProperty("emailVerified").GetBoolean(), Is.False);
        Assert.That(await MailsAsync(), Has.Length.EqualTo(2));
    }

    [Test]
    public async Task A_user_with_an_address_that_is_not_verified_can_be_kept_out()
    {
        await StartAsync(("Accounts:RequireVerifiedEmail", "true"));
        Assert.That((await _app.JsonAsync("POST", "/parse/users", Ann)).TryGetProperty("sessionToken", out _), Is.False);
        const string LogIn = """{"username":"ann","password":"pw"}""";
        Assert.That(await _app.SendAsync("POST", "/parse/login", LogIn), Is.EqualTo("""400 {"code":205,"error":"User email is not verified."}"""));
        Assert.That(await _app.SendAsync("POST", "/parse/verifyPassword", LogIn), Does.Contain("\"code\":205"));
        Assert.That(await _app.SendAsync("POST", "/parse/login", """{"username":"ann","password":"no"}"""), Does.Contain("\"code\":101"), "whether a password is right is told first");
        Assert.That(await _app.SendAsync("POST", "/parse/verifyPassword", """{"username":"ann","password":"pw","ignoreEmailVerification":true}""", ParseApp.Master), Does.StartWith("200"));
        Assert.That((await _app.JsonAsync("POST", "/parse/users", """{"authData":{"anonymous":{"id":"1"}}}""")).TryGetProperty("sessionToken", out _), "whom a provider vouches for");

        await GoAsync($"/parse/apps/app/verify_email?token={await TokenAsync("ann")}");
        Assert.That(await _app.SendAsync("POST", "/parse/login", LogIn), Does.StartWith("200"));
    }

    [Test]
    public async Task A_sign_up_can_be_answered_with_an_error_although_the_user_is_made()
    {
        await StartAsync(("Accounts:RequireVerifiedEmail", "true"), ("ParseCompat:PreventSignupWithUnverifiedEmail", "true"));
        Assert.That(await _app.SendAsync("POST", "/parse/users", Ann), Is.EqualTo("""400 {"code":205,"error":"User email is not verified."}"""));
        Assert.That(await TokenAsync("ann"), Is.Not.Null);
    }

    [Test]
    public async Task Another_mail_can_be_asked_for()
    {
        await StartAsync(("Accounts:VerifyTokenLength", "01:00:00"));
        await _app.JsonAsync("POST", "/parse/users", Ann);
        var first = await TokenAsync("ann");
        const string Path = "/parse/verificationEmailRequest";

        Assert.That(await _app.SendAsync("POST", Path, """{"email":"ann@example.com"}"""), Is.EqualTo("200 {}"));
        Assert.That(await TokenAsync("ann"), Is.Not.EqualTo(first));
        Assert.That(await MailsAsync(), Has.Length.EqualTo(2));
        Assert.That(await _app.SendAsync("POST", Path, "{}"), Is.EqualTo("""400 {"code":204,"error":"you must provide an email"}"""));
        Assert.That(await _app.SendAsync("POST", Path, """{"email":1}"""), Is.EqualTo("""400 {"code":125,"error":"you must provide a valid email string"}"""));
        Assert.That(await _app.SendAsync("POST", Path, """{"email":"no@example.com"}"""), Is.EqualTo("""400 {"code":205,"error":"No user found with email no@example.com"}"""));

        using (var again = await _app.PostFormAsync("/parse/apps/app/resend_verification_email", new() { ["username"] = "ann" }))
            Assert.That(again.Headers.Location!.OriginalString, Does.EndWith("/apps/link_send_success.html"));
        using (var none = await _app.PostFormAsync("/parse/apps/app/resend_verification_email", new() { ["username"] = "no" }))
            Assert.That(none.Headers.Location!.OriginalString, Does.EndWith("/apps/link_send_fail.html"));
        using (var foreign = await _app.PostFormAsync("/parse/apps/other/resend_verification_email", new() { ["username"] = "ann" }))
            Assert.That((int)foreign.StatusCode, Is.EqualTo(403));

        await ExecuteAsync("update app.users set email_verify_token_expires_at = now() - interval '1 second'");
        Assert.That(await GoAsync($"/parse/apps/app/verify_email?token={await TokenAsync("ann")}"), Does.Contain("/apps/invalid_verification_link.html?username=ann"));
        await ExecuteAsync("update app.users set email_verify_token_expires_at = null");
        Assert.That(await GoAsync($"/parse/apps/app/verify_email?token={await TokenAsync("ann")}"), Does.Contain("/apps/invalid_verification_link.html?username=ann"), "from before links ended");
        await ExecuteAsync("update app.users set email_verified = true");
        Assert.That(await _app.SendAsync("POST", Path, """{"email":"ann@example.com"}"""), Is.EqualTo("""400 {"code":-1,"error":"Email ann@example.com is already verified."}"""));
        foreach (var page in new[] { "verify_email_success", "invalid_verification_link", "link_send_success", "link_send_fail" })
            Assert.That(await _app.SendAsync("GET", $"/parse/apps/{page}.html?username=%3Cb%3E"), Does.StartWith("200 <!DOCTYPE html>").And.Not.Contain("<b>"));
    }

    [Test]
    public async Task Where_addresses_are_not_verified_a_known_one_is_answered_well_and_gets_no_mail()
    {
        await StartAsync(("Accounts:VerifyEmails", "false"));
        await _app.JsonAsync("POST", "/parse/users", Ann);
        const string Path = "/parse/verificationEmailRequest";

        Assert.That(await _app.SendAsync("POST", Path, """{"email":"ann@example.com"}"""), Is.EqualTo("200 {}"));
        Assert.That(await _app.SendAsync("POST", Path, """{"email":"no@example.com"}"""), Is.EqualTo("""400 {"code":205,"error":"No user found with email no@example.com"}"""));
        using (var again = await _app.PostFormAsync("/parse/apps/app/resend_verification_email", new() { ["username"] = "ann" }))
            Assert.That(again.Headers.Location!.OriginalString, Does.EndWith("/apps/link_send_success.html"));
        Assert.That(await MailsAsync(), Is.Empty);
        await ExecuteAsync("update app.users set email_verified = true");
        Assert.That(await _app.SendAsync("POST", Path, """{"email":"ann@example.com"}"""), Is.EqualTo("""400 {"code":-1,"error":"Email ann@example.com is already verified."}"""));
    }

    [Test]
    public async Task A_mail_may_carry_the_same_link_and_say_nothing_of_who_has_an_account()
    {
        await StartAsync(("Accounts:VerifyTokenLength", "01:00:00"), ("Accounts:ReuseVerifyToken", "true"), ("ParseCompat:EmailVerifySuccessOnInvalidEmail", "true"));
        await _app.JsonAsync("POST", "/parse/users", Ann);
        var first = await TokenAsync("ann");
        Assert.That(await _app.SendAsync("POST", "/parse/verificationEmailRequest", """{"email":"ann@example.com"}"""), Is.EqualTo("200 {}"));
        Assert.That(await TokenAsync("ann"), Is.EqualTo(first));
        Assert.That(await MailsAsync(), Has.Length.EqualTo(2));
        Assert.That(await _app.SendAsync("POST", "/parse/verificationEmailRequest", """{"email":"no@example.com"}"""), Is.EqualTo("200 {}"));
    }

    [Test]
    public async Task The_maintenance_key_sees_tokens_and_nobody_sees_hashes()
    {
        await StartAsync(("ParseCompat:MaintenanceKey", "mt"));
        await _app.JsonAsync("POST", "/parse/users", Ann);
        var seen = (await _app.JsonAsync("GET", "/parse/classes/_User", null, "X-Parse-Maintenance-Key: mt")).GetProperty("results")[0];
        Assert.That(seen.GetProperty("_email_verify_token").GetString(), Is.EqualTo(await TokenAsync("ann")));
        Assert.That(seen.TryGetProperty("_hashed_password", out _), Is.False);
        Assert.That(await _app.SendAsync("GET", "/parse/classes/_User", null, ParseApp.Master), Does.Not.Contain("_email_verify_token"));
    }

    [Test]
    public async Task The_maintenance_key_writes_tokens_and_counters_and_nobody_else_does()
    {
        await StartAsync(("ParseCompat:MaintenanceKey", "mt"));
        var id = (await _app.JsonAsync("POST", "/parse/users", Ann)).GetProperty("objectId").GetString();
        const string Changes = """
            {"_email_verify_token":"abc","_email_verify_token_expires_at":"2040-01-01T00:00:00.000Z","_perishable_token":"def",
             "_perishable_token_expires_at":{"__type":"Date","iso":"2040-01-02T00:00:00.000Z"},"_failed_login_count":3,"_account_lockout_expires_at":"2040-01-03T00:00:00.000Z"}
            """;
        Assert.That(await _app.SendAsync("PUT", "/parse/users/" + id, Changes, ParseApp.Master), Does.StartWith("400 {\"code\":105"));
        Assert.That(await _app.SendAsync("PUT", "/parse/users/" + id, Changes, "X-Parse-Maintenance-Key: mt"), Does.StartWith("200 "));
        Assert.That(await _app.SendAsync("PUT", "/parse/users/" + id, """{"_failed_login_count":"x"}""", "X-Parse-Maintenance-Key: mt"), Does.StartWith("400 {\"code\":111"));
        Assert.That(await _app.SendAsync("PUT", "/parse/users/" + id, """{"_hashed_password":"x"}""", "X-Parse-Maintenance-Key: mt"), Does.StartWith("400 {\"code\":105"));

        async Task<string> SeenAsync() => (await _app.JsonAsync("GET", "/parse/users/" + id, null, "X-Parse-Maintenance-Key: mt")).EnumerateObject()
            .Where(p => p.Name.StartsWith('_')).Select(p => p.Value.ValueKind == System.Text.Json.JsonValueKind.Object ? p.Value.GetProperty("iso").GetString()![..10] : p.Value.ToString())
            .Aggregate((a, b) => a + " " + b);
        Assert.That(await SeenAsync(), Is.EqualTo("abc 2040-01-01 def 2040-01-02 2040-01-03 3"));
        await _app.JsonAsync("PUT", "/parse/users/" + id, """{"_perishable_token":{"__op":"Delete"},"_perishable_token_expires_at":null,"_failed_login_count":0}""", "X-Parse-Maintenance-Key: mt");
        Assert.That(await SeenAsync(), Is.EqualTo("abc 2040-01-01 2040-01-03 0"));
    }

    [Test]
    public async Task Without_mail_verification_is_refused_at_start() =>
        Assert.That(async () => _app = await ParseApp.StartAsync(("Accounts:VerifyEmails", "true")), Throws.Exception.With.Message.Contains("Accounts:VerifyEmails"));

    private async Task StartAsync(params (string, string?)[] settings) =>
        _app = await ParseApp.StartAsync([("Accounts:VerifyEmails", "true"), ("Mail:Host", "127.0.0.1"), ("Mail:From", "app@example.com"), .. settings]);

    private async Task<string> GoAsync(string path)
    {
        using var answer = await _app.RequestAsync("GET", path);
        Assert.That((int)answer.StatusCode, Is.EqualTo(302), path);
        return answer.Headers.Location!.OriginalString;
    }

    private async Task<string?> TokenAsync(string username)
    {
        await using var connection = new NpgsqlConnection(_app.Database.ConnectionString);
        return await connection.ExecuteScalarAsync<string?>("select email_verify_token from app.users where username = @username", new { username });
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_app.Database.ConnectionString);
        await connection.ExecuteAsync(sql);
    }

    /// <summary>The links of the mails that wait to be sent: jobs do not run here.</summary>
    private async Task<string[]> MailsAsync()
    {
        await using var connection = new NpgsqlConnection(_app.Database.ConnectionString);
        return [.. await connection.QueryAsync<string>("select arguments::json ->> 'link' from jobs.outbox where job = 'mail.email-verification' order by id")];
    }
}
