using System.Text.Json;
using Backend.Testing;

namespace Backend.ParseCompat.Tests.Users;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class UserTests
{
    private ParseApp _app = null!;

    [OneTimeSetUp]
    public async Task Start() => _app = await ParseApp.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _app.DisposeAsync();

    [Test]
    public async Task A_sign_up_answers_id_time_and_token()
    {
        using var response = await _app.RequestAsync("POST", "/parse/users", """{"username":"ann","password":"secret","email":"ann@example.com","city":"Bonn"}""");
        var user = JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync());
        var id = user.GetProperty("objectId").GetString();

        Assert.That((int)response.StatusCode, Is.EqualTo(201));
        Assert.That(response.Headers.Location, Is.EqualTo(new Uri("http://host/parse/users/" + id)));
        Assert.That(Keys(user), Is.EquivalentTo(["objectId", "createdAt", "sessionToken"]));
        Assert.That(user.GetProperty("sessionToken").GetString(), Does.Match("^r:[0-9a-f]{32}$"));

        var me = await _app.JsonAsync("GET", "/parse/users/me", null, ParseApp.As(user.GetProperty("sessionToken").GetString()!));
        Assert.That(Keys(me), Is.EquivalentTo(["objectId", "createdAt", "updatedAt", "username", "email", "city", "ACL", "sessionToken"]));
        Assert.That(me.GetProperty("ACL").GetRawText(), Is.EqualTo($$$"""{"{{{id}}}":{"read":true,"write":true}}"""));
    }

    [TestCase("""{"password":"x"}""", """400 {"code":200,"error":"bad or missing username"}""")]
    [TestCase("""{"username":"","password":"x"}""", """400 {"code":200,"error":"bad or missing username"}""")]
    [TestCase("""{"username":7,"password":"x"}""", """400 {"code":200,"error":"bad or missing username"}""")]
    [TestCase("""{"username":"u"}""", """400 {"code":201,"error":"password is required"}""")]
    [TestCase("""{"username":"u","password":""}""", """400 {"code":201,"error":"password is required"}""")]
    [TestCase("""{"username":"u","password":"x","email":"nobody"}""", """400 {"code":125,"error":"Email address format is invalid."}""")]
    [TestCase("""{"username":"u","password":"x","emailVerified":true}""", """400 {"code":119,"error":"Clients aren't allowed to manually update email verification."}""")]
    [TestCase("""{"username":"u","password":"x","authData":null}""", """400 {"code":252,"error":"This authentication method is unsupported."}""")]
    [TestCase("""{"authData":{"nobody":{"id":"1"}}}""", """400 {"code":252,"error":"This authentication method is unsupported."}""")]
    [TestCase("""{"authData":{"anonymous":{}}}""", """400 {"code":252,"error":"This authentication method is unsupported."}""")]
    public async Task A_bad_sign_up_says_what_is_wrong(string body, string answer)
    {
        Assert.That(await _app.SendAsync("POST", "/parse/users", body), Is.EqualTo(answer));
        Assert.That(await _app.SendAsync("POST", "/parse/classes/_User", body), Is.EqualTo(answer));
    }

    [Test]
    public async Task An_address_that_nobody_filled_in_is_taken_as_it_is_by_one_user()
    {
        await using var app = await ParseApp.StartAsync();
        var user = await app.JsonAsync("POST", "/parse/users", """{"username":"una","password":"x","email":""}""");
        var me = ParseApp.As(user.GetProperty("sessionToken").GetString()!);

        Assert.That((await app.JsonAsync("GET", "/parse/users/me", null, me)).GetProperty("email").GetString(), Is.Empty);
        Assert.That(await app.SendAsync("POST", "/parse/users", """{"username":"due","password":"x","email":""}"""), Is.EqualTo("""400 {"code":203,"error":"Account already exists for this email address."}"""));
        Assert.That(await app.SendAsync("POST", "/parse/login", """{"email":"","password":"x"}"""), Does.StartWith("400 {\"code\":200"));
        var path = "/parse/users/" + user.GetProperty("objectId").GetString();
        Assert.That(await app.SendAsync("PUT", path, """{"email":"una@example.com"}""", me), Does.StartWith("200 "));
        Assert.That(await app.SendAsync("PUT", path, """{"email":""}""", me), Does.StartWith("200 "));
    }

    [Test]
    public async Task A_name_or_address_is_taken_whatever_its_capitals()
    {
        await _app.SendAsync("POST", "/parse/users", """{"username":"Taken","password":"x","email":"taken@example.com"}""");

        Assert.That(await _app.SendAsync("POST", "/parse/users", """{"username":"taken","password":"x"}"""),
            Is.EqualTo("""400 {"code":202,"error":"Account already exists for this username."}"""));
        Assert.That(await _app.SendAsync("POST", "/parse/users", """{"username":"other","password":"x","email":"TAKEN@example.com"}"""),
            Is.EqualTo("""400 {"code":203,"error":"Account already exists for this email address."}"""));
    }

    [TestCase("POST", "/parse/login", """{"username":"lora","password":"secret"}""")]
    [TestCase("GET", "/parse/login?username=lora&password=secret", null)]
    [TestCase("POST", "/parse/login", """{"email":"lora@example.com","password":"secret"}""")]
    [TestCase("POST", "/parse/login", """{"username":"lora@example.com","password":"secret"}""")]
    [TestCase("POST", "/parse/login", """{"username":"lora","password":"secret","_method":"GET"}""")]
    public async Task A_log_in_answers_the_whole_user_with_a_new_token(string method, string path, string? body)
    {
        await using var app = await ParseApp.StartAsync();
        await app.SendAsync("POST", "/parse/users", """{"username":"lora","password":"secret","email":"lora@example.com"}""");

        var user = await app.JsonAsync(method, path, body);

        Assert.That(Keys(user), Is.EquivalentTo(["objectId", "createdAt", "updatedAt", "username", "email", "ACL", "sessionToken"]));
        var session = await app.JsonAsync("GET", "/parse/sessions/me", null, ParseApp.As(user.GetProperty("sessionToken").GetString()!));
        Assert.That(session.GetProperty("createdWith").GetRawText().Replace(" ", "", StringComparison.Ordinal), Is.EqualTo("""{"action":"login","authProvider":"password"}"""));
    }

    [TestCase("{}", """400 {"code":200,"error":"username/email is required."}""")]
    [TestCase("""{"username":"ann"}""", """400 {"code":201,"error":"password is required."}""")]
    [TestCase("""{"username":"nobody","password":"x"}""", """404 {"code":101,"error":"Invalid username/password."}""")]
    [TestCase("""{"username":{"$ne":1},"password":"x"}""", """404 {"code":101,"error":"Invalid username/password."}""")]
    public async Task A_bad_log_in_says_what_is_wrong(string body, string answer)
    {
        Assert.That(await _app.SendAsync("POST", "/parse/login", body), Is.EqualTo(answer));
        Assert.That(await _app.SendAsync("POST", "/parse/verifyPassword", body), Is.EqualTo(answer));
    }

    [Test]
    public async Task Who_has_no_token_is_nobody()
    {
        Assert.That(await _app.SendAsync("GET", "/parse/users/me"), Is.EqualTo("""400 {"code":209,"error":"Invalid session token"}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/users/me", null, ParseApp.As("r:nothing")), Is.EqualTo("""400 {"code":209,"error":"Invalid session token"}"""));
        Assert.That(await _app.SendAsync("POST", "/parse/logout"), Is.EqualTo("200 {}"));
    }

    [Test]
    public async Task A_token_is_refused_by_the_other_process_after_the_log_out()
    {
        await using var other = await _app.StartAnotherAsync();
        var (_, token) = await _app.SignUpAsync("leaver");
        Assert.That(await other.SendAsync("GET", "/parse/users/me", null, ParseApp.As(token)), Does.StartWith("200"));

        Assert.That(await _app.SendAsync("POST", "/parse/logout", null, ParseApp.As(token)), Is.EqualTo("200 {}"));

        Assert.That(await _app.SendAsync("POST", "/parse/logout", null, ParseApp.As(token)), Is.EqualTo("""400 {"code":209,"error":"Invalid session token"}"""));
        await Patience.UntilAsync(async () => !(await other.SendAsync("GET", "/parse/users/me", null, ParseApp.As(token))).StartsWith("200", StringComparison.Ordinal), "the token is good still");
        Assert.That(await other.SendAsync("GET", "/parse/users/me", null, ParseApp.As(token)), Is.EqualTo("""400 {"code":209,"error":"Invalid session token"}"""));
    }

    [Test]
    public async Task Others_may_neither_change_nor_delete_a_user()
    {
        var (id, _) = await _app.SignUpAsync("victim");
        var (_, token) = await _app.SignUpAsync("attacker");

        Assert.That(await _app.SendAsync("PUT", "/parse/users/" + id, """{"city":"Rome"}"""), Is.EqualTo($$"""400 {"code":206,"error":"Cannot modify user {{id}}."}"""));
        Assert.That(await _app.SendAsync("PUT", "/parse/users/" + id, """{"city":"Rome"}""", ParseApp.As(token)), Is.EqualTo("""400 {"code":206,"error":"Insufficient auth."}"""));
        Assert.That(await _app.SendAsync("PUT", "/parse/users/" + id, """{"password":"mine"}""", ParseApp.As(token)), Is.EqualTo("""400 {"code":206,"error":"Insufficient auth."}"""));
        Assert.That(await _app.SendAsync("DELETE", "/parse/users/" + id), Is.EqualTo("""400 {"code":206,"error":"Insufficient auth to delete user"}"""));
        Assert.That(await _app.SendAsync("DELETE", "/parse/users/" + id, null, ParseApp.As(token)), Is.EqualTo("""400 {"code":206,"error":"Insufficient auth."}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/users/" + id, null, ParseApp.As(token)), Is.EqualTo("""404 {"code":101,"error":"Object not found."}"""));
    }

    [Test]
    public async Task A_new_password_ends_all_sessions_and_gives_the_user_a_new_one()
    {
        var (id, token) = await _app.SignUpAsync("changer");
        var second = (await _app.JsonAsync("POST", "/parse/login", """{"username":"changer","password":"secret"}""")).GetProperty("sessionToken").GetString()!;

        var changed = await _app.JsonAsync("PUT", "/parse/users/" + id, """{"password":"better"}""", ParseApp.As(token));

        Assert.That(Keys(changed), Is.EquivalentTo(["updatedAt", "sessionToken"]));
        foreach (var old in new[] { token, second })
            Assert.That(await _app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(old)), Does.StartWith("400"));
        Assert.That(await _app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(changed.GetProperty("sessionToken").GetString()!)), Does.StartWith("200"));
        Assert.That(await _app.SendAsync("POST", "/parse/login", """{"username":"changer","password":"secret"}"""), Does.StartWith("404"));
        Assert.That(await _app.SendAsync("POST", "/parse/login", """{"username":"changer","password":"better"}"""), Does.StartWith("200"));

        var byMaster = await _app.JsonAsync("PUT", "/parse/users/" + id, """{"password":"best"}""", ParseApp.Master);
        Assert.That(Keys(byMaster), Is.EquivalentTo(["updatedAt"]));
    }

    [Test]
    public async Task A_user_deletes_himself_and_his_token_is_worth_nothing()
    {
        var (id, token) = await _app.SignUpAsync("goer");

        Assert.That(await _app.SendAsync("DELETE", "/parse/users/" + id, null, ParseApp.As(token)), Is.EqualTo("200 {}"));
        await Patience.UntilAsync(async () => !(await _app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(token))).StartsWith("200", StringComparison.Ordinal), "the token is good still");
        Assert.That(await _app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(token)), Is.EqualTo("""400 {"code":209,"error":"Invalid session token"}"""));
    }

    [Test]
    public async Task Nobody_but_the_user_and_the_master_key_sees_an_address()
    {
        var mine = await _app.JsonAsync("POST", "/parse/users", """{"username":"shown","password":"x","email":"shown@example.com","ACL":{"*":{"read":true}}}""");
        var id = mine.GetProperty("objectId").GetString()!;
        var (_, other) = await _app.SignUpAsync("looker");

        Assert.That(Keys(await _app.JsonAsync("GET", "/parse/users/" + id)), Does.Not.Contain("email"));
        Assert.That(Keys(await _app.JsonAsync("GET", "/parse/users/" + id, null, ParseApp.As(other))), Does.Not.Contain("email").And.Not.Contain("sessionToken"));
        Assert.That(Keys(await _app.JsonAsync("GET", "/parse/users/" + id, null, ParseApp.As(mine.GetProperty("sessionToken").GetString()!))), Does.Contain("email").And.Contain("sessionToken"));
        Assert.That(Keys(await _app.JsonAsync("GET", "/parse/users/" + id, null, ParseApp.Master)), Does.Contain("email"));
        Assert.That(await _app.SendAsync("GET", """/parse/users?where={"email":"shown@example.com"}"""),
            Is.EqualTo("""400 {"code":119,"error":"This user is not allowed to query email on class _User"}"""));
        Assert.That((await _app.JsonAsync("GET", $$$"""/parse/users/{{{id}}}""", null, ParseApp.Master)).GetProperty("ACL").GetRawText(),
            Is.EqualTo($$$"""{"*":{"read":true},"{{{id}}}":{"read":true,"write":true}}"""));
    }

    [Test]
    public async Task The_master_key_logs_in_as_anybody()
    {
        var (id, _) = await _app.SignUpAsync("impersonated");

        var user = await _app.JsonAsync("POST", "/parse/loginAs", $$"""{"userId":"{{id}}"}""", ParseApp.Master);

        Assert.That(await _app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(user.GetProperty("sessionToken").GetString()!)), Does.StartWith("200"));
        Assert.That(await _app.SendAsync("POST", "/parse/loginAs", $$"""{"userId":"{{id}}"}"""), Is.EqualTo("""400 {"code":119,"error":"master key is required"}"""));
        Assert.That(await _app.SendAsync("POST", "/parse/loginAs", """{"userId":"nobody"}""", ParseApp.Master), Is.EqualTo("""404 {"code":101,"error":"user not found"}"""));
        Assert.That(await _app.SendAsync("POST", "/parse/loginAs", "{}", ParseApp.Master), Is.EqualTo("""400 {"code":162,"error":"userId must not be empty, null, or undefined"}"""));
    }

    [Test]
    public async Task An_anonymous_user_signs_up_comes_back_and_becomes_a_real_one()
    {
        const string Anonymous = """{"authData":{"anonymous":{"id":"0000-01"}}}""";
        var first = await _app.RequestAsync("POST", "/parse/users", Anonymous);
        var made = JsonSerializer.Deserialize<JsonElement>(await first.Content.ReadAsStringAsync());
        var id = made.GetProperty("objectId").GetString()!;
        Assert.That((int)first.StatusCode, Is.EqualTo(201));
        Assert.That(Keys(made), Is.EquivalentTo(["objectId", "createdAt", "username", "sessionToken", "authDataResponse"]));
        Assert.That(made.GetProperty("username").GetString(), Has.Length.EqualTo(25));

        var second = await _app.RequestAsync("POST", "/parse/users", Anonymous);
        var again = JsonSerializer.Deserialize<JsonElement>(await second.Content.ReadAsStringAsync());
        Assert.That((int)second.StatusCode, Is.EqualTo(200));
        Assert.That(second.Headers.Location, Is.EqualTo(new Uri("http://host/parse/users/" + id)));
        Assert.That(again.GetProperty("objectId").GetString(), Is.EqualTo(id));
        Assert.That(again.GetProperty("authData").GetRawText().Replace(" ", "", StringComparison.Ordinal), Is.EqualTo("""{"anonymous":{"id":"0000-01"}}"""));
        Assert.That(again.GetProperty("sessionToken").GetString(), Is.Not.EqualTo(made.GetProperty("sessionToken").GetString()));

        var upgraded = await _app.JsonAsync("PUT", "/parse/users/" + id, """{"username":"bob2","password":"y","authData":{"anonymous":null}}""", ParseApp.As(again.GetProperty("sessionToken").GetString()!));
        Assert.That(Keys(upgraded), Does.Contain("updatedAt").And.Contain("sessionToken"));
        var user = await _app.JsonAsync("POST", "/parse/login", """{"username":"bob2","password":"y"}""");
        Assert.That(Keys(user), Does.Not.Contain("authData"));
        Assert.That(await _app.SendAsync("POST", "/parse/users", Anonymous), Does.StartWith("201"));
    }

    [Test]
    public async Task An_identity_belongs_to_one_user()
    {
        await _app.SendAsync("POST", "/parse/users", """{"authData":{"anonymous":{"id":"0000-02"}}}""");
        var (id, token) = await _app.SignUpAsync("linker");

        Assert.That(await _app.SendAsync("PUT", "/parse/users/" + id, """{"authData":{"anonymous":{"id":"0000-02"}}}""", ParseApp.As(token)),
            Is.EqualTo("""400 {"code":208,"error":"this auth is already used"}"""));
        Assert.That(await _app.SendAsync("PUT", "/parse/users/" + id, """{"authData":{"anonymous":{"id":"0000-03"}}}""", ParseApp.As(token)), Does.StartWith("200"));
        Assert.That(await _app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(token)), Does.Contain("0000-03"));
    }

    private static IEnumerable<string> Keys(JsonElement json) => json.EnumerateObject().Select(p => p.Name);
}
