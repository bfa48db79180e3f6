using Backend.ParseCompat.Tests.Hooks;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.ParseCompat.Tests.Users;

/// <summary>The rules for passwords (contract 16.4), and how names, addresses and ids are written.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class PasswordRulesTests
{
    private const string Policy = """400 {"code":142,"error":"Password does not meet the Password Policy requirements."}""";

    [Test]
    public async Task A_new_password_keeps_the_rules_however_it_is_set()
    {
        await using var app = await ParseApp.StartAsync(("Passwords:Pattern", "^(?=.*[0-9]).{6,}$"), ("Passwords:ForbidUsername", "true"), ("Passwords:History", "3"),
            ("Mail:Host", "127.0.0.1"), ("Mail:From", "app@example.com"));
        Assert.That(await app.SendAsync("POST", "/parse/users", """{"username":"ann","password":"short1"}"""), Does.StartWith("201"));
        Assert.That(await app.SendAsync("POST", "/parse/users", """{"username":"bob","password":"no digits"}"""), Is.EqualTo(Policy));
        Assert.That(await app.SendAsync("POST", "/parse/users", """{"username":"bob","password":"1 bob 2 bob"}"""),
            Is.EqualTo("""400 {"code":142,"error":"Password cannot contain your username."}"""));

        var user = await app.JsonAsync("POST", "/parse/login", """{"username":"ann","password":"short1"}""");
        var path = "/parse/users/" + user.GetProperty("objectId").GetString();
        Task<string> SetAsync(string password) => app.SendAsync("PUT", path, $$"""{"password":"{{password}}"}""", ParseApp.Master);
        Assert.That(await SetAsync("none"), Is.EqualTo(Policy));
        Assert.That(await SetAsync("1ann12"), Does.Contain("cannot contain your username"));
        const string Repeated = """400 {"code":142,"error":"New password should not be the same as last 3 passwords."}""";
        Assert.That(await SetAsync("short1"), Is.EqualTo(Repeated));
        Assert.That(await SetAsync("short2"), Does.StartWith("200"));
        Assert.That(await SetAsync("short3"), Does.StartWith("200"));
        Assert.That(await SetAsync("short1"), Is.EqualTo(Repeated));
        Assert.That(await SetAsync("short4"), Does.StartWith("200"));

        await using var connection = new NpgsqlConnection(app.Database.ConnectionString);
        await connection.ExecuteAsync("update app.users set reset_token = 'token'");
        foreach (var (password, error) in new[] { ("none", "Password does not meet"), ("short3", "New password should not be"), ("1ann12", "cannot contain your username") })
        {
            Assert.That(await app.SendAsync("POST", "/parse/apps/app/request_password_reset", $$"""{"token":"token","username":"ann","new_password":"{{password}}"}""", "X-Requested-With: XMLHttpRequest"),
                Does.StartWith("400 {\"code\":-1").And.Contain(error));
        }

        // The oldest of four is free again.
        Assert.That(await SetAsync("short1"), Does.StartWith("200"));
    }

    [Test]
    public async Task A_rule_that_no_setting_can_say_is_a_beforeSave_hooks_which_sees_every_new_password()
    {
        await using var app = await ParseApp.StartAsync(("Mail:Host", "127.0.0.1"), ("Mail:From", "app@example.com"));
        await using var receiver = await HookReceiver.StartAsync();
        var url = receiver.Answer("/rule", body => (string?)body["object"]!["password"] is { } password && password.Distinct().Count() < 4 ? """{"error":"too dull"}"""
            : """{"success":{"checked":true}}""");
        await app.JsonAsync("POST", "/parse/hooks/triggers", $$"""{"className":"_User","triggerName":"beforeSave","url":"{{url}}"}""", ParseApp.Master);
        const string Dull = """400 {"code":141,"error":"too dull"}""";

        Assert.That(await app.SendAsync("POST", "/parse/users", """{"username":"ann","password":"aaaaaa"}"""), Is.EqualTo(Dull));
        var (id, token) = await app.SignUpAsync("ann", "abcdef");
        Assert.That(await app.SendAsync("POST", "/parse/login", """{"username":"ann","password":"abcdef"}"""), Does.StartWith("200").And.Contain("\"checked\":true"),
            "name and password stay, although the hook's answer does not name them");
        Assert.That(await app.SendAsync("PUT", "/parse/users/" + id, """{"password":"bbbbbb"}""", ParseApp.As(token)), Is.EqualTo(Dull));
        Assert.That(await app.SendAsync("PUT", "/parse/users/" + id, """{"password":"bbbbbb"}""", ParseApp.Master), Is.EqualTo(Dull));
        Assert.That(await app.SendAsync("POST", "/parse/batch", $$"""{"transaction":true,"requests":[{"method":"PUT","path":"/parse/users/{{id}}","body":{"password":"cc"} }]}""", ParseApp.As(token)), Is.EqualTo(Dull));

        await using var connection = new NpgsqlConnection(app.Database.ConnectionString);
        await connection.ExecuteAsync("update app.users set reset_token = 'token'");
        Task<string> ResetAsync(string password) => app.SendAsync("POST", "/parse/apps/app/request_password_reset",
            $$"""{"token":"token","username":"ann","new_password":"{{password}}"}""", "X-Requested-With: XMLHttpRequest");
        Assert.That(await ResetAsync("dddddd"), Is.EqualTo("""400 {"code":-1,"error":"too dull"}"""));
        Assert.That(await app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(token)), Does.StartWith("200"));
        Assert.That(await ResetAsync("defghi"), Does.StartWith("200"));
        Assert.That(await ResetAsync("defghij"), Does.StartWith("400").And.Contain("token is invalid"), "it works once");
        Assert.That(await app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(token)), Does.Contain("\"code\":209"));
        Assert.That(await app.SendAsync("POST", "/parse/login", """{"username":"ann","password":"defghi"}"""), Does.StartWith("200"));
    }

    [Test]
    public void A_function_as_a_setting_stops_the_start_with_what_to_do_instead() =>
        Assert.That(async () => await ParseApp.StartAsync(("Passwords:ValidatorCallback", "p => p.length > 8")),
            Throws.TypeOf<OptionsValidationException>().With.Message.Contains("Passwords:Pattern"));

    [Test]
    public async Task A_password_that_is_too_old_logs_nobody_in()
    {
        await using var app = await ParseApp.StartAsync(("Passwords:MaxAge", "1.00:00:00"));
        await app.SignUpAsync("ann");
        const string LogIn = """{"username":"ann","password":"secret"}""";
        Assert.That(await app.SendAsync("POST", "/parse/login", LogIn), Does.StartWith("200"));
        await using var connection = new NpgsqlConnection(app.Database.ConnectionString);

        await connection.ExecuteAsync("update app.users set password_changed_at = now() - interval '25 hours'");
        Assert.That(await app.SendAsync("POST", "/parse/login", LogIn), Is.EqualTo("""404 {"code":101,"error":"Your password has expired. Please reset your password."}"""));
        Assert.That(await app.SendAsync("POST", "/parse/verifyPassword", LogIn), Does.StartWith("200"));

        // Imported ones begin to age with their first use.
        await connection.ExecuteAsync("update app.users set password_changed_at = null");
        Assert.That(await app.SendAsync("POST", "/parse/login", LogIn), Does.StartWith("200"));
        Assert.That(await connection.ExecuteScalarAsync<bool>("select password_changed_at > now() - interval '1 minute' from app.users"), Is.True);
    }

    [Test]
    public async Task Names_and_addresses_in_small_letters_are_found_in_any()
    {
        await using var app = await ParseApp.StartAsync(("Accounts:LowercaseUsernames", "true"), ("Accounts:LowercaseEmails", "true"), ("Rows:IdLength", "20"));
        var made = await app.JsonAsync("POST", "/parse/users", """{"username":"Ann","password":"secret","email":"Ann@Example.com"}""");
        var id = made.GetProperty("objectId").GetString()!;
        Assert.That(id, Has.Length.EqualTo(20));
        Assert.That((await app.JsonAsync("POST", "/parse/classes/Thing", "{}")).GetProperty("objectId").GetString(), Has.Length.EqualTo(20));

        async Task<string> NamesAsync()
        {
            var row = await app.JsonAsync("GET", "/parse/users/" + id, null, ParseApp.Master);
            return $"{row.GetProperty("username")} {row.GetProperty("email")}";
        }

        Assert.That(await NamesAsync(), Is.EqualTo("ann ann@example.com"));
        foreach (var name in new[] { "ANN", "ann", "aNN@example.COM" })
            Assert.That(await app.SendAsync("POST", "/parse/login", $$"""{"username":"{{name}}","password":"secret"}"""), Does.StartWith("200"), name);
        await app.JsonAsync("PUT", "/parse/users/" + id, """{"username":"Anna","email":"ANNA@example.com"}""", ParseApp.Master);
        Assert.That(await NamesAsync(), Is.EqualTo("anna anna@example.com"));

        // Who was there before the setting keeps his capitals.
        await using var connection = new NpgsqlConnection(app.Database.ConnectionString);
        await connection.ExecuteAsync("update app.users set username = 'Anna'");
        Assert.That(await app.SendAsync("POST", "/parse/login", """{"username":"Anna","password":"secret"}"""), Does.StartWith("200"));
    }

    [Test]
    public async Task A_reset_link_may_work_until_it_is_used_and_be_sent_twice()
    {
        await using var app = await ParseApp.StartAsync(("Accounts:ReuseResetToken", "true"), ("ParseCompat:ResetPasswordSuccessOnInvalidEmail", "false"),
            ("Mail:Host", "127.0.0.1"), ("Mail:From", "app@example.com"));
        await app.JsonAsync("POST", "/parse/users", """{"username":"ann","password":"secret","email":"a@example.com"}""");
        await using var connection = new NpgsqlConnection(app.Database.ConnectionString);
        Task<string?> TokenAsync() => connection.ExecuteScalarAsync<string?>("select reset_token from app.users");

        Assert.That(await app.SendAsync("POST", "/parse/requestPasswordReset", """{"email":"b@example.com"}"""), Is.EqualTo("""400 {"code":205,"error":"A user with that email does not exist."}"""));
        await app.JsonAsync("POST", "/parse/requestPasswordReset", """{"email":"a@example.com"}""");
        var first = await TokenAsync();
        await app.JsonAsync("POST", "/parse/requestPasswordReset", """{"email":"a@example.com"}""");
        Assert.That(await TokenAsync(), Is.EqualTo(first).And.Not.Null);

        await using var other = await ParseApp.StartAsync(app.Database, ("Accounts:ResetTokenLength", "00:00:00"), ("Mail:Host", "127.0.0.1"), ("Mail:From", "app@example.com"));
        await other.JsonAsync("POST", "/parse/requestPasswordReset", """{"email":"a@example.com"}""");
        Assert.That(await connection.ExecuteScalarAsync<bool>("select reset_token is not null and reset_token_expires_at is null from app.users"), Is.True);
    }

    [TestCase("Passwords:Pattern", "(", "Passwords:Pattern is no regular expression.")]
    [TestCase("Passwords:History", "21", "Passwords:History must be between 0 and 20.")]
    [TestCase("Passwords:MaxAge", "-1.00:00:00", "Passwords:MaxAge must be 0 (of any age) or more.")]
    [TestCase("Rows:IdLength", "5", "Rows:IdLength must be between 10 and 64.")]
    public void A_wrong_setting_stops_the_start_with_a_sentence(string name, string value, string sentence) =>
        Assert.That(async () => await ParseApp.StartAsync((name, value)), Throws.TypeOf<OptionsValidationException>().With.Message.Contains(sentence));
}
