using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.ParseCompat.Tests.Hooks;

namespace Backend.ParseCompat.Tests.OldClients;

/// <summary>One test for every line of contract 30.3: behaviours to keep because an SDK depends on them.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class DependedBehaviourTests
{
    private const string Note = "/parse/classes/Note";
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "files-" + Guid.NewGuid().ToString("N"));
    private ParseApp _app = null!;
    private string _target = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _app = await OldClientApp.StartAsync(_folder);
        _target = (await _app.JsonAsync("POST", "/parse/classes/Target", """{"name":"t"}""")).GetProperty("objectId").GetString()!;
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _app.DisposeAsync();
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public async Task Line_01_the_body_of_a_success_is_an_object_and_of_a_batch_an_array()
    {
        var id = await CreateAsync("{}");
        foreach (var (method, path, body) in new[]
        {
            ("POST", Note, "{}"), ("PUT", $"{Note}/{id}", "{}"), ("GET", $"{Note}/{id}", null), ("GET", Note, null), ("DELETE", $"{Note}/{id}", null),
            ("POST", "/parse/logout", "{}"), ("POST", "/parse/events/AppOpened", "{}"), ("GET", "/parse/config", null), ("GET", "/parse/health", null),
        })
        {
            Assert.That((await _app.JsonAsync(method, path, body)).ValueKind, Is.EqualTo(JsonValueKind.Object), path);
        }

        Assert.That((await _app.JsonAsync("POST", "/parse/batch", """{"requests":[]}""")).ValueKind, Is.EqualTo(JsonValueKind.Array));
    }

    [Test]
    public async Task Line_02_every_refusal_has_the_key_error_and_no_success_has()
    {
        foreach (var (method, path, body, headers) in new (string, string, string?, string[])[]
        {
            ("GET", Note + "/none", null, []), ("POST", Note, "{", []), ("POST", Note, "1", []), ("POST", Note, """{"a b":1}""", []), ("POST", "/parse/login", "{}", []),
            ("GET", Note, null, ["X-Parse-Session-Token: r:no"]), ("GET", Note, null, ["X-Parse-Master-Key: mk", "X-Parse-Maintenance-Key: no", "X-Parse-Session-Token: x"]),
            ("GET", "/parse/schemas", null, []), ("POST", "/parse/functions/none", "{}", []), ("POST", "/parse/files/a%2Fb", "x", []), ("PUT", "/parse/users/x", "{}", []),
            ("GET", "/parse/files/other/x", null, []), ("POST", "/parse/batch", "{}", []), ("GET", "/parse/%zz", null, []),
        })
        {
            using var answer = await _app.RequestAsync(method, path, body, headers);
            var json = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject();
            if (answer.IsSuccessStatusCode)
                Assert.That(json.ContainsKey("error"), Is.False, path);
            else
                Assert.That(json["error"]?.GetValueKind(), Is.EqualTo(JsonValueKind.String), path);
        }
    }

    [Test]
    public async Task Line_03_a_new_user_is_201_and_a_known_one_200()
    {
        const string Body = """{"authData":{"anonymous":{"id":"line-3"}}}""";
        Assert.That(await _app.SendAsync("POST", "/parse/users", Body), Does.StartWith("201"));
        Assert.That(await _app.SendAsync("POST", "/parse/users", Body), Does.StartWith("200"));
    }

    [Test]
    public async Task Line_04_an_update_says_updatedAt_and_a_create_createdAt_and_objectId()
    {
        var made = await _app.JsonAsync("POST", Note, """{"n":1}""");
        Assert.That(made.EnumerateObject().Select(p => p.Name), Is.EquivalentTo(["objectId", "createdAt"]));
        var id = made.GetProperty("objectId").GetString();
        foreach (var body in new[] { "{}", """{"n":2}""", """{"n":{"__op":"Delete"}}""" })
            Assert.That((await _app.JsonAsync("PUT", $"{Note}/{id}", body)).EnumerateObject().Select(p => p.Name), Is.EqualTo(["updatedAt"]), body);
    }

    [Test]
    public async Task Line_05_results_is_there_when_it_is_empty_and_count_is_a_number()
    {
        Assert.That(await _app.SendAsync("GET", """/parse/classes/GameScore?where={"score":-1}"""), Is.EqualTo("""200 {"results":[]}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/classes/GameScore?count=1&limit=0"), Is.EqualTo("""200 {"results":[],"count":3}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/classes/NeverMade"), Is.EqualTo("""200 {"results":[]}"""));
    }

    [Test]
    public async Task Line_06_an_included_object_says_what_it_is()
    {
        var id = await CreateAsync($$"""{"target":{"__type":"Pointer","className":"Target","objectId":"{{_target}}"} }""");
        var target = (await _app.JsonAsync("GET", $"{Note}/{id}?include=target")).GetProperty("target");
        Assert.That((target.GetProperty("__type").GetString(), target.GetProperty("className").GetString(), target.GetProperty("objectId").GetString()),
            Is.EqualTo(("Object", "Target", _target)));
    }

    [Test]
    public async Task Line_07_209_is_a_bad_session_alone_and_an_installation_that_is_gone_101()
    {
        Assert.That(await _app.SendAsync("GET", Note, null, ParseApp.As("r:no")), Is.EqualTo("""400 {"code":209,"error":"Invalid session token"}"""));
        Assert.That(await _app.SendAsync("PUT", "/parse/installations/gone", """{"badge":1}"""), Does.StartWith("""404 {"code":101"""));
        Assert.That(await _app.SendAsync("PUT", "/parse/installations/gone", """{"deviceType":"ios"}"""), Does.StartWith("""404 {"code":101"""));
        Assert.That(await _app.SendAsync("POST", "/parse/installations", """{"deviceType":"ios"}"""), Does.StartWith("""400 {"code":135"""));
        foreach (var (path, body) in new[] { ("/parse/login", """{"username":"x","password":"y"}"""), ("/parse/functions/none", "{}"), ("/parse/users", "{}") })
            Assert.That(await _app.SendAsync("POST", path, body), Does.Not.Contain("\"code\":209"), path);
    }

    [Test]
    public async Task Line_08_a_functions_value_stands_under_result()
    {
        await using var code = await HookReceiver.StartAsync();
        var url = code.Answer("/hello", """{"success":{"a":1}}""");
        Assert.That(await _app.SendAsync("POST", "/parse/hooks/functions", $$"""{"functionName":"hello","url":"{{url}}"}""", ParseApp.Master), Does.StartWith("200"));
        Assert.That(await _app.SendAsync("POST", "/parse/functions/hello", "{}"), Is.EqualTo("""200 {"result":{"a":1}}"""));
    }

    [Test]
    public async Task Line_09_Location_is_the_public_address()
    {
        using var answer = await _app.RequestAsync("POST", Note, "{}");
        var id = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync()).GetProperty("objectId").GetString();
        Assert.That(answer.Headers.Location!.OriginalString, Is.EqualTo("http://host/parse/classes/Note/" + id));
    }

    [TestCase("""{"limit":"2","skip":"1","count":"1","order":"score","_method":"GET"}""")]
    [TestCase("""{"limit":2,"skip":1,"count":1,"order":"score","_method":"GET"}""")]
    public async Task Line_10_numbers_may_be_texts(string body)
    {
        var found = await _app.JsonAsync("POST", "/parse/classes/GameScore", body);
        Assert.That(found.GetProperty("results").EnumerateArray().Select(r => r.GetProperty("score").GetInt32()), Is.EqualTo([1100, 1337]));
        Assert.That(found.GetProperty("count").GetInt32(), Is.EqualTo(3));
    }

    [Test]
    public async Task Line_11_a_POST_may_say_JSON_and_bring_nothing()
    {
        using var connection = await RawConnection.OpenAsync(_app.Address);
        KeyValuePair<string, string>[] headers = [new("X-Parse-Application-Id", "app"), new("X-Parse-Client-Key", "ck"), new("Content-Type", "application/json")];
        Assert.That((await connection.SendAsync("POST", "/parse/logout", headers, [])).Text, Is.EqualTo("{}"));
        Assert.That((await connection.SendAsync("POST", "/parse/logout", headers, null)).Text, Is.EqualTo("{}"), "without a length");
        Assert.That((await connection.SendAsync("POST", Note, headers, [])).Status, Is.EqualTo(201));
    }

    [Test]
    public async Task Line_12_a_relation_shows_on_every_row_with_its_class()
    {
        var with = await CreateAsync($$"""{"related":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Target","objectId":"{{_target}}"}]} }""");
        var without = await CreateAsync("{}");
        foreach (var id in new[] { with, without })
        {
            Assert.That((await _app.JsonAsync("GET", $"{Note}/{id}")).GetProperty("related").GetRawText(), Is.EqualTo("""{"__type":"Relation","className":"Target"}"""));
            var found = await _app.JsonAsync("GET", $$"""{{Note}}?where={"objectId":"{{id}}"}""");
            Assert.That(found.GetProperty("results")[0].GetProperty("related").GetProperty("className").GetString(), Is.EqualTo("Target"));
        }
    }

    [TestCase("GET")]
    [TestCase("get")]
    [TestCase("Get")]
    public async Task Line_13_the_override_is_read_in_any_case(string method) =>
        Assert.That((await _app.JsonAsync("POST", "/parse/classes/GameScore", $$"""{"limit":1,"_method":"{{method}}"}""")).GetProperty("results").GetArrayLength(), Is.EqualTo(1));

    [Test]
    public async Task Line_14_an_object_has_no_keys_but_its_own()
    {
        var id = await CreateAsync("""{"n":1}""");
        var row = await _app.JsonAsync("GET", $"{Note}/{id}?keys=n");
        Assert.That(row.EnumerateObject().Select(p => p.Name), Is.EquivalentTo(["n", "objectId", "createdAt", "updatedAt"]));
    }

    [Test]
    public async Task Line_15_a_save_echoes_nothing_that_the_client_set()
    {
        var made = await _app.JsonAsync("POST", Note, """{"n":1,"text":"x"}""");
        Assert.That(made.EnumerateObject().Select(p => p.Name), Is.EquivalentTo(["objectId", "createdAt"]));
        var changed = await _app.JsonAsync("PUT", $"{Note}/{made.GetProperty("objectId").GetString()}", """{"n":{"__op":"Increment","amount":1},"text":"y"}""");
        Assert.That(changed.EnumerateObject().Select(p => p.Name), Is.EquivalentTo(["n", "updatedAt"]));
    }

    [Test]
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    public async Task Line_16_a_connection_is_kept_and_TLS_serves_who_names_no_host()
    {
        using (var connection = await RawConnection.OpenAsync(_app.Address))
        {
            for (var i = 0; i < 3; i++)
                Assert.That((await connection.SendAsync("GET", "/parse/health", [], null)).Status, Is.EqualTo(200));
        }

        await using var nginx = await OldTlsServer.StartAsync(_app.Address);
        // Android 4.4 knows no suite with GCM.
        foreach (var (name, suite) in new[]
        {
            ("", TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256), ("app.example", TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
            ("", TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA), ("app.example", TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA),
        })
        {
            using var client = new System.Net.Sockets.TcpClient();
            await client.ConnectAsync("127.0.0.1", nginx.Port);
            await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = name,
                EnabledSslProtocols = SslProtocols.Tls12,
                CipherSuitesPolicy = new CipherSuitesPolicy([suite]),
            });
            await tls.WriteAsync(Encoding.ASCII.GetBytes("GET /parse/health HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n\r\n"));
            using var reader = new StreamReader(tls);
            Assert.That(await reader.ReadToEndAsync(), Does.Contain("""{"status":"ok"}"""), $"server name '{name}', {suite}");
        }
    }

    private async Task<string> CreateAsync(string body) => (await _app.JsonAsync("POST", Note, body)).GetProperty("objectId").GetString()!;
}
