namespace Backend.ParseCompat.Tests.Roles;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class RoleTests
{
    private ParseApp _app = null!;

    [OneTimeSetUp]
    public async Task Start() => _app = await ParseApp.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _app.DisposeAsync();

    [TestCase("""{"ACL":{}}""", """400 {"code":111,"error":"name is required."}""")]
    [TestCase("""{"name":"r"}""", """400 {"code":111,"error":"ACL is required."}""")]
    public async Task A_role_needs_a_name_and_an_access_list(string body, string answer) =>
        Assert.That(await _app.SendAsync("POST", "/parse/roles", body), Is.EqualTo(answer));

    [Test]
    public async Task Neither_can_be_taken_away_and_a_name_is_unique()
    {
        var id = (await _app.JsonAsync("POST", "/parse/roles", """{"name":"unique","ACL":{"*":{"read":true,"write":true}}}""")).GetProperty("objectId").GetString();

        Assert.That(await _app.SendAsync("PUT", "/parse/roles/" + id, """{"name":{"__op":"Delete"}}"""), Is.EqualTo("""400 {"code":111,"error":"name is required."}"""));
        Assert.That(await _app.SendAsync("PUT", "/parse/roles/" + id, """{"ACL":{"__op":"Delete"}}"""), Is.EqualTo("""400 {"code":111,"error":"ACL is required."}"""));
        Assert.That(await _app.SendAsync("POST", "/parse/classes/_Role", """{"name":"unique","ACL":{}}"""),
            Is.EqualTo("""400 {"code":137,"error":"A duplicate value for a field with unique values was provided"}"""));
    }

    [Test]
    public async Task The_users_of_a_role_have_the_rights_of_the_roles_that_contain_it_at_the_next_request()
    {
        var (id, token) = await _app.SignUpAsync("member");
        var outer = (await _app.JsonAsync("POST", "/parse/roles", """{"name":"outer","ACL":{}}""", ParseApp.Master)).GetProperty("objectId").GetString();
        var inner = (await _app.JsonAsync("POST", "/parse/roles", """{"name":"inner","ACL":{}}""", ParseApp.Master)).GetProperty("objectId").GetString();
        var secret = (await _app.JsonAsync("POST", "/parse/classes/Secret", """{"ACL":{"role:outer":{"read":true}}}""")).GetProperty("objectId").GetString();
        Assert.That(await _app.SendAsync("GET", "/parse/classes/Secret/" + secret, null, ParseApp.As(token)), Does.StartWith("404"));

        await _app.JsonAsync("PUT", "/parse/roles/" + outer, Relate("roles", "AddRelation", "_Role", inner), ParseApp.Master);
        await _app.JsonAsync("PUT", "/parse/roles/" + inner, Relate("users", "AddRelation", "_User", id), ParseApp.Master);
        Assert.That(await _app.SendAsync("GET", "/parse/classes/Secret/" + secret, null, ParseApp.As(token)), Does.StartWith("200"));

        await _app.JsonAsync("PUT", "/parse/roles/" + inner, Relate("users", "RemoveRelation", "_User", id), ParseApp.Master);
        Assert.That(await _app.SendAsync("GET", "/parse/classes/Secret/" + secret, null, ParseApp.As(token)), Does.StartWith("404"));
    }

    private static string Relate(string field, string operation, string className, string? id) =>
        $$$"""{"{{{field}}}":{"__op":"{{{operation}}}","objects":[{"__type":"Pointer","className":"{{{className}}}","objectId":"{{{id}}}"}]}}""";
}
