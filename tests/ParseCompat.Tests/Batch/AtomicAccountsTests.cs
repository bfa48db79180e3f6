namespace Backend.ParseCompat.Tests.Batch;

public sealed class AtomicAccountsTests
{
    [Test]
    public async Task Users_and_roles_are_written_with_other_objects_or_none_of_them_is()
    {
        await using var app = await ParseApp.StartAsync(("Accounts:PrivateUsers", "false"));
        const string good = """
            {"transaction":true,"requests":[
              {"method":"POST","path":"/parse/classes/Thing","body":{"n":1,"fresh":true}},
              {"method":"POST","path":"/parse/users","body":{"username":"ann","password":"secret","level":3}},
              {"method":"POST","path":"/parse/roles","body":{"name":"Editors","ACL":{"*":{"read":true}}}},
              {"method":"POST","path":"/parse/classes/_User","body":{"username":"bob","password":"secret"}}]}
            """;
        var results = await app.JsonAsync("POST", "/parse/batch", good);
        Assert.That(results.GetArrayLength(), Is.EqualTo(4));
        Assert.That(results[1].GetProperty("success").GetProperty("sessionToken").GetString(), Does.StartWith("r:"));
        Assert.That(await app.SendAsync("POST", "/parse/login", """{"username":"bob","password":"secret"}"""), Does.StartWith("200"));

        // The third fails: its name is taken. The rest is not there, and can be sent again.
        const string bad = """
            {"transaction":true,"requests":[
              {"method":"POST","path":"/parse/classes/Thing","body":{"n":2}},
              {"method":"POST","path":"/parse/users","body":{"username":"cid","password":"secret"}},
              {"method":"POST","path":"/parse/users","body":{"username":"ann","password":"secret"}}]}
            """;
        Assert.That(await app.SendAsync("POST", "/parse/batch", bad), Is.EqualTo("""400 {"code":202,"error":"Account already exists for this username."}"""));
        Assert.That(await app.SendAsync("POST", "/parse/login", """{"username":"cid","password":"secret"}"""), Does.StartWith("404"));
        Assert.That((await app.JsonAsync("GET", """/parse/classes/Thing?where={"n":2}""")).GetProperty("results").GetArrayLength(), Is.Zero);

        var id = results[1].GetProperty("success").GetProperty("objectId").GetString();
        var token = results[1].GetProperty("success").GetProperty("sessionToken").GetString()!;
        var change = $$"""
            {"transaction":true,"requests":[
              {"method":"PUT","path":"/parse/users/{{id}}","body":{"password":"other","level":{"__op":"Increment","amount":1} } },
              {"method":"PUT","path":"/parse/classes/Thing/nothing","body":{"n":1} }]}
            """;
        Assert.That(await app.SendAsync("POST", "/parse/batch", change, ParseApp.As(token)), Does.Contain("\"code\":101"));
        Assert.That(await app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(token)), Does.StartWith("200"), "the password is the old one and the session lives");
        var alone = $$"""{"transaction":true,"requests":[{"method":"PUT","path":"/parse/users/{{id}}","body":{"password":"other"} }]}""";
        Assert.That(await app.SendAsync("POST", "/parse/batch", alone, ParseApp.As(token)), Does.StartWith("200"));
        Assert.That(await app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(token)), Does.Contain("\"code\":209"));
        Assert.That(await app.SendAsync("POST", "/parse/login", """{"username":"ann","password":"other"}"""), Does.StartWith("200"));
    }
}
