namespace Backend.ParseCompat.Tests.Sessions;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class SessionTests
{
    private ParseApp _app = null!;

    [OneTimeSetUp]
    public async Task Start() => _app = await ParseApp.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _app.DisposeAsync();

    [Test]
    public async Task A_session_shows_its_user_and_how_it_came_to_be()
    {
        var (id, token) = await _app.SignUpAsync("holder");

        var session = await _app.JsonAsync("GET", "/parse/sessions/me", null, ParseApp.As(token));

        Assert.That(session.EnumerateObject().Select(p => p.Name), Is.EquivalentTo(["objectId", "createdAt", "updatedAt", "user", "sessionToken", "expiresAt", "createdWith"]));
        Assert.That(session.GetProperty("user").GetRawText(), Is.EqualTo($$"""{"__type":"Pointer","className":"_User","objectId":"{{id}}"}"""));
        Assert.That(session.GetProperty("expiresAt").GetProperty("iso").GetString(), Does.StartWith((DateTime.UtcNow.Year + 1).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        Assert.That(await _app.SendAsync("GET", "/parse/sessions/me"), Is.EqualTo("""400 {"code":209,"error":"Session token required."}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/sessions/me", null, ParseApp.As("r:none")), Is.EqualTo("""400 {"code":209,"error":"Session token not found."}"""));
    }

    [Test]
    public async Task A_user_finds_and_ends_his_own_sessions_only()
    {
        var (_, mine) = await _app.SignUpAsync("mine");
        var (_, other) = await _app.SignUpAsync("others");
        var otherId = (await _app.JsonAsync("GET", "/parse/sessions/me", null, ParseApp.As(other))).GetProperty("objectId").GetString();

        var found = await _app.JsonAsync("GET", "/parse/sessions", null, ParseApp.As(mine));
        var own = found.GetProperty("results")[0].GetProperty("objectId").GetString();

        Assert.That(found.GetProperty("results").GetArrayLength(), Is.EqualTo(1));
        Assert.That(await _app.SendAsync("GET", "/parse/sessions"), Is.EqualTo("""400 {"code":209,"error":"Invalid session token"}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/sessions/" + otherId, null, ParseApp.As(mine)), Is.EqualTo("""404 {"code":101,"error":"Object not found."}"""));
        Assert.That(await _app.SendAsync("DELETE", "/parse/sessions/" + otherId, null, ParseApp.As(mine)), Is.EqualTo("""404 {"code":101,"error":"Object not found for delete."}"""));
        Assert.That(await _app.SendAsync("DELETE", "/parse/sessions/" + own, null, ParseApp.As(mine)), Is.EqualTo("200 {}"));
        Assert.That(await _app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(mine)), Is.EqualTo("""400 {"code":209,"error":"Invalid session token"}"""));
    }

    [Test]
    public async Task A_user_makes_and_marks_a_session_but_not_what_the_server_says_of_it()
    {
        var (id, token) = await _app.SignUpAsync("maker");

        var made = await _app.JsonAsync("POST", "/parse/sessions", """{"note":"hall","user":{"__type":"Pointer","className":"_User","objectId":"other"},"sessionToken":"r:mine"}""", ParseApp.As(token));
        var path = "/parse/sessions/" + made.GetProperty("objectId").GetString();

        Assert.That(made.GetProperty("note").GetString(), Is.EqualTo("hall"));
        Assert.That(made.GetProperty("user").GetProperty("objectId").GetString(), Is.EqualTo(id));
        Assert.That(made.GetProperty("sessionToken").GetString(), Is.Not.EqualTo("r:mine"));
        Assert.That(await _app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(made.GetProperty("sessionToken").GetString()!)), Does.StartWith("200"));
        Assert.That(await _app.SendAsync("PUT", path, """{"note":"kitchen"}""", ParseApp.As(token)), Does.StartWith("200"));
        Assert.That(await _app.SendAsync("PUT", path, """{"sessionToken":"r:mine"}""", ParseApp.As(token)), Is.EqualTo("""400 {"code":105,"error":"Invalid key name: sessionToken"}"""));
        Assert.That(await _app.SendAsync("PUT", path, """{"ACL":{"*":{"read":true}}}""", ParseApp.As(token)), Is.EqualTo("""400 {"code":105,"error":"Cannot set ACL on a Session."}"""));
        Assert.That(await _app.SendAsync("POST", "/parse/sessions", "{}"), Is.EqualTo("""400 {"code":209,"error":"Session token required."}"""));
    }

    [Test]
    public async Task A_legacy_token_counts_everywhere_until_it_is_exchanged()
    {
        var (id, _) = await _app.SignUpAsync("old");
        await _app.Database.ExecuteAsync("update app.users set legacy_session_token = 'abcdefghijklmnopqrstuvwxy' where id = $1", id);

        Assert.That(await _app.SendAsync("GET", "/parse/users/me", null, ParseApp.As("abcdefghijklmnopqrstuvwxy")), Does.StartWith("200"));
        var session = await _app.JsonAsync("POST", "/parse/upgradeToRevocableSession", null, ParseApp.As("abcdefghijklmnopqrstuvwxy"));
        Assert.That(await _app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(session.GetProperty("sessionToken").GetString()!)), Does.StartWith("200"));
        Assert.That(await _app.SendAsync("GET", "/parse/users/me", null, ParseApp.As("abcdefghijklmnopqrstuvwxy")), Does.StartWith("400"));
        Assert.That(await _app.SendAsync("POST", "/parse/upgradeToRevocableSession"), Is.EqualTo("""404 {"code":101,"error":"invalid session"}"""));
        Assert.That(await _app.SendAsync("POST", "/parse/upgradeToRevocableSession", null, ParseApp.As("legacy")), Is.EqualTo("""400 {"code":209,"error":"invalid legacy session token"}"""));
    }
}
