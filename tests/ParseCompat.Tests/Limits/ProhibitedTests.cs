namespace Backend.ParseCompat.Tests.Limits;

public sealed class ProhibitedTests
{
    [Test]
    public async Task Words_that_could_pollute_objects_are_refused_in_writes()
    {
        await using var app = await ParseApp.StartAsync();
        var id = (await app.JsonAsync("POST", "/parse/classes/Thing", """{"o":{}}""")).GetProperty("objectId").GetString();
        foreach (var (method, path, body, keyword) in new[]
        {
            ("POST", "classes/Thing", """{"o":{"_bsontype":"Code","code":"x"}}""", """{"key":"_bsontype","value":"Code"}"""),
            ("POST", "classes/Thing", """{"o":[{"deep":[{"constructor":1}]}]}""", """{"key":"constructor"}"""),
            ("POST", "classes/Thing", """{"o":{"a":1,"b":{"c\u006fnstructor":1}}}""", """{"key":"constructor"}"""),
            ("PUT", "classes/Thing/" + id, """{"o.__proto__.x":1}""", """{"key":"__proto__"}"""),
            ("PUT", "classes/Thing/" + id, """{"o":{"__op":"Add","objects":[{"constructor":{}}]}}""", """{"key":"constructor"}"""),
            ("POST", "installations", """{"installationId":"a","deviceType":"ios","o":{"__proto__":1}}""", """{"key":"__proto__"}"""),
            ("POST", "users", """{"username":"a","password":"b","o":{"__proto__":1}}""", """{"key":"__proto__"}"""),
            ("POST", "roles", """{"name":"a","ACL":{},"o":{"__proto__":1}}""", """{"key":"__proto__"}"""),
        })
        {
            var error = System.Text.Json.JsonSerializer.Deserialize<System.Text.Json.JsonElement>((await app.SendAsync(method, "/parse/" + path, body)).AsSpan(4));
            Assert.That(error.GetProperty("error").GetString(), Is.EqualTo($"Prohibited keyword in request data: {keyword}."), body);
            Assert.That(error.GetProperty("code").GetInt32(), Is.EqualTo(105));
        }

        // The word as a value is harmless.
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", """{"o":{"a":"constructor","b":"Code"}}"""), Does.StartWith("201"));
    }

    [Test]
    public async Task The_words_are_a_setting()
    {
        await using var app = await ParseApp.StartAsync(
            ("ParseCompat:KeywordDenylist:0:Key", "a[K]ey"), ("ParseCompat:KeywordDenylist:0:Value", "aValue[123]*"), ("ParseCompat:KeywordDenylist:1", "bare"),
            ("ParseCompat:KeywordDenylist:2:Value", "^bad$"));
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", """{"o":[{"aKey":"aValue321"}]}"""), Does.Contain("""{\"key\":\"a[K]ey\",\"value\":\"aValue[123]*\"}.""").Or.Contain("u0022"));
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", """{"o":{"bare":1}}"""), Does.StartWith("400"));
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", """{"o":["good","bad"]}"""), Does.StartWith("400"));
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", """{"o":{"aKey":"other","constructor":1}}"""), Does.StartWith("201"));
    }

    [Test]
    public async Task With_a_list_of_routes_clients_can_use_no_other()
    {
        await using var app = await ParseApp.StartAsync(("ParseCompat:RouteAllowList:0", "classes/Open(/.*)?"), ("ParseCompat:RouteAllowList:1", "batch"));
        Assert.That(await app.SendAsync("POST", "/parse/classes/Open", "{}"), Does.StartWith("201"));
        Assert.That(await app.SendAsync("GET", "/parse/classes/Opened"), Is.EqualTo("""400 {"code":119,"error":"Route not allowed by routeAllowList: GET classes/Opened"}"""));
        Assert.That(await app.SendAsync("GET", "/parse/classes/Opened", null, ParseApp.Master), Does.StartWith("200"));
        Assert.That(await app.SendAsync("GET", "/parse/health"), Does.StartWith("200"));
        Assert.That(await app.SendAsync("POST", "/parse/batch", """{"requests":[{"method":"POST","path":"/parse/classes/Open","body":{}},{"method":"GET","path":"/parse/users"}]}"""),
            Is.EqualTo("""400 {"code":119,"error":"Route not allowed by routeAllowList: GET users"}"""));
    }

    [Test]
    public async Task The_security_check_names_weak_settings()
    {
        await using var app = await ParseApp.StartAsync();
        Assert.That(await app.SendAsync("GET", "/parse/security"), Does.StartWith("403"));
        Assert.That(await app.SendAsync("GET", "/parse/security", null, ParseApp.Master), Does.StartWith("409 {\"error\":\"Enable Parse Server option"));
        await using var checking = await ParseApp.StartAsync(app.Database, ("ParseCompat:Security:EnableCheck", "true"), ("ParseCompat:AllowClientClassCreation", "false"));
        var report = (await checking.JsonAsync("GET", "/parse/security", null, ParseApp.Master)).GetProperty("report");
        Assert.That(report.GetProperty("version").GetString(), Is.EqualTo("1.0.0"));
        Assert.That(report.GetProperty("state").GetString(), Is.EqualTo("fail"));
        var checks = report.GetProperty("groups").EnumerateArray().SelectMany(g => g.GetProperty("checks").EnumerateArray())
            .ToDictionary(c => c.GetProperty("title").GetString()!, c => c.GetProperty("state").GetString());
        Assert.That(checks["Secure master key"], Is.EqualTo("fail"));
        Assert.That(checks["Client class creation disabled"], Is.EqualTo("success"));
        Assert.That((await checking.JsonAsync("GET", "/parse/serverInfo", null, ParseApp.Master)).GetProperty("features").GetProperty("settings").GetProperty("securityCheck").GetBoolean());
    }
}
