using System.Text.Json;

namespace Backend.ParseCompat.Tests.Schemas;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class SchemaRoutesTests
{
    private const string Defaults = """
        "fields":{"objectId":{"type":"String"},"createdAt":{"type":"Date"},"updatedAt":{"type":"Date"},
        """;

    private const string PublicPermissions = """
        "ACL":{"type":"ACL"}},"classLevelPermissions":{"find":{"*":true},"count":{"*":true},"get":{"*":true},"create":{"*":true},"update":{"*":true},"delete":{"*":true},"addField":{"*":true},"protectedFields":{"*":[]}}}
        """;

    private ParseApp _app = null!;

    [OneTimeSetUp]
    public async Task Start() => _app = await ParseApp.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _app.DisposeAsync();

    [Test]
    public async Task A_class_is_made_with_fields_and_shown()
    {
        const string Expected = """{"className":"Made",""" + Defaults + """
            "s":{"type":"String","required":true},"owner":{"type":"Pointer","targetClass":"_User"},"d":{"type":"Number","defaultValue":5},
            """ + PublicPermissions;
        var made = await Send("POST", "/parse/schemas", """{"className":"Made","fields":{"s":{"type":"String","required":true},"owner":{"type":"Pointer","targetClass":"_User"},"d":{"type":"Number","defaultValue":5}}}""");

        Assert.That(made, Is.EqualTo("200 " + Expected));
        Assert.That(await Send("GET", "/parse/schemas/Made"), Is.EqualTo("200 " + Expected));
    }

    [Test]
    public async Task Fields_are_added_and_dropped_in_one_request()
    {
        await Send("POST", "/parse/schemas/Changed", """{"fields":{"a":{"type":"String"},"p":{"type":"GeoPoint"}}}""");

        Assert.That(await Send("PUT", "/parse/schemas/Changed", """{"fields":{"p":{"__op":"Delete"},"q":{"type":"GeoPoint"},"r":{"type":"Relation","targetClass":"Made"}}}"""), Is.EqualTo(
            """200 {"className":"Changed",""" + Defaults + """
            "a":{"type":"String"},"q":{"type":"GeoPoint"},"r":{"type":"Relation","targetClass":"Made"},
            """ + PublicPermissions));
    }

    [Test]
    public async Task An_empty_list_stands_for_no_fields_and_no_indexes_as_PHP_writes_them()
    {
        await Send("POST", "/parse/schemas/Listed", """{"fields":[],"indexes":[]}""");
        await Send("PUT", "/parse/schemas/Listed", """{"className":"Listed","fields":{"a":{"type":"String"}},"indexes":[]}""");

        Assert.That(await Send("PUT", "/parse/schemas/Listed", """{"className":"Listed","fields":[],"indexes":{"by_a":{"a":1}}}"""),
            Does.StartWith("200 ").And.Contain("\"a\":{\"type\":\"String\"}").And.Contain("\"by_a\":{\"a\":1}"));
        Assert.That(await Send("PUT", "/parse/schemas/Listed", """{"fields":["q"]}"""), Is.EqualTo("""400 {"code":105,"error":"invalid field name: 0"}"""));
        Assert.That(await Send("PUT", "/parse/schemas/Listed", """{"fields":5}"""), Is.EqualTo("""400 {"code":107,"error":"invalid JSON"}"""));
    }

    [Test]
    public async Task Users_and_roles_are_there_from_the_start_and_nothing_else()
    {
        await using var app = await ParseApp.StartAsync();
        var schemas = await app.JsonAsync("GET", "/parse/schemas", null, ParseApp.Master);

        Assert.That(schemas.GetProperty("results").EnumerateArray().Select(s => s.GetProperty("className").GetString()), Is.EquivalentTo(["_User", "_Role"]));
        Assert.That(schemas.GetProperty("results").EnumerateArray().First(s => s.GetProperty("className").GetString() == "_User").GetProperty("fields").EnumerateObject().Select(f => f.Name),
            Is.EquivalentTo(["objectId", "createdAt", "updatedAt", "username", "password", "email", "emailVerified", "authData", "ACL"]));
    }

    [Test]
    public async Task Only_the_answer_to_a_change_shows_what_the_server_protects_by_itself()
    {
        await using var app = await ParseApp.StartAsync();
        var changed = await app.JsonAsync("PUT", "/parse/schemas/_User", """{"fields":{"city":{"type":"String"}}}""", ParseApp.Master);
        var read = await app.JsonAsync("GET", "/parse/schemas/_User", null, ParseApp.Master);

        Assert.That(Protected(changed), Is.EqualTo("""{"*":["email"]}"""));
        Assert.That(Protected(read), Is.EqualTo("""{"*":[]}"""));
    }

    [Test]
    public async Task Indexes_are_declared_listed_and_dropped()
    {
        await Send("POST", "/parse/schemas/Indexed", """{"fields":{"a":{"type":"String"}}}""");

        Assert.That(Indexes(await _app.JsonAsync("PUT", "/parse/schemas/Indexed", """{"indexes":{"byA":{"a":1}}}""", ParseApp.Master)), Is.EqualTo("""{"_id_":{"_id":1},"byA":{"a":1}}"""));
        Assert.That(await Send("PUT", "/parse/schemas/Indexed", """{"indexes":{"byA":{"a":1}}}"""), Is.EqualTo("""400 {"code":102,"error":"Index byA exists, cannot update."}"""));
        Assert.That(await Send("PUT", "/parse/schemas/Indexed", """{"indexes":{"byB":{"b":1}}}"""), Is.EqualTo("""400 {"code":102,"error":"Field b does not exist, cannot add index."}"""));
        Assert.That(await Send("PUT", "/parse/schemas/Indexed", """{"indexes":{"byB":{"__op":"Delete"}}}"""), Is.EqualTo("""400 {"code":102,"error":"Index byB does not exist, cannot delete."}"""));
        Assert.That(Indexes(await _app.JsonAsync("PUT", "/parse/schemas/Indexed", """{"indexes":{"byA":{"__op":"Delete"}}}""", ParseApp.Master)), Is.EqualTo("""{"_id_":{"_id":1}}"""));
    }

    [TestCase("POST", "/parse/schemas", "{}", """400 {"code":135,"error":"POST /schemas needs a class name."}""")]
    [TestCase("POST", "/parse/schemas/A", """{"className":"B"}""", """400 {"code":103,"error":"Class name mismatch between B and A."}""")]
    [TestCase("POST", "/parse/schemas/_User", "{}", """400 {"code":103,"error":"Class _User already exists."}""")]
    [TestCase("POST", "/parse/schemas/1A", "{}", """400 {"code":103,"error":"Invalid classname: 1A, classnames can only have alphanumeric characters and _, and must start with an alpha character "}""")]
    [TestCase("POST", "/parse/schemas/A1", """{"fields":{"0f":{"type":"String"}}}""", """400 {"code":105,"error":"invalid field name: 0f"}""")]
    [TestCase("POST", "/parse/schemas/A1", """{"fields":{"objectId":{"type":"String"}}}""", """400 {"code":136,"error":"field objectId cannot be added"}""")]
    [TestCase("POST", "/parse/schemas/_Installation", """{"fields":{"badge":{"type":"Number"}}}""", """400 {"code":136,"error":"field badge cannot be added"}""")]
    [TestCase("POST", "/parse/schemas/A1", """{"fields":{"f":{"type":"Foo"}}}""", """400 {"code":111,"error":"invalid field type: Foo"}""")]
    [TestCase("POST", "/parse/schemas/A1", """{"fields":{"f":{"type":"Pointer"}}}""", """400 {"code":135,"error":"type Pointer needs a class name"}""")]
    [TestCase("POST", "/parse/schemas/A1", """{"fields":{"f":{"type":7}}}""", """400 {"code":107,"error":"invalid JSON"}""")]
    [TestCase("POST", "/parse/schemas/A1", """{"fields":{"f":{"type":"Relation","targetClass":"B","required":true}}}""", """400 {"code":111,"error":"The 'required' option is not applicable for Relation<B>"}""")]
    [TestCase("POST", "/parse/schemas/A1", """{"fields":{"f":{"type":"String","defaultValue":1}}}""", """400 {"code":111,"error":"schema mismatch for A1.f default value; expected String but got Number"}""")]
    [TestCase("POST", "/parse/schemas/A1", """{"fields":{"g1":{"type":"GeoPoint"},"g2":{"type":"GeoPoint"}}}""", """400 {"code":111,"error":"currently, only one GeoPoint field may exist in an object. Adding g2 when g1 already exists."}""")]
    [TestCase("GET", "/parse/schemas/Missing", null, """400 {"code":103,"error":"Class Missing does not exist."}""")]
    [TestCase("PUT", "/parse/schemas/Missing", "{}", """400 {"code":103,"error":"Class Missing does not exist."}""")]
    [TestCase("PUT", "/parse/schemas/_User", """{"fields":{"username":{"type":"Number"}}}""", """400 {"code":255,"error":"Field username exists, cannot update."}""")]
    [TestCase("PUT", "/parse/schemas/_User", """{"fields":{"nope":{"__op":"Delete"}}}""", """400 {"code":255,"error":"Field nope does not exist, cannot delete."}""")]
    [TestCase("PUT", "/parse/schemas/_User", """{"fields":{"email":{"__op":"Delete"}}}""", """400 {"code":136,"error":"field email cannot be changed"}""")]
    [TestCase("PUT", "/parse/schemas/_User", """{"classLevelPermissions":{"find":{"*":1}}}""", """400 {"code":107,"error":"'1' is not a valid value for class level permissions find:*:1"}""")]
    [TestCase("PUT", "/parse/schemas/_User", """{"classLevelPermissions":"abc"}""", """400 {"code":107,"error":"0 is not a valid operation for class level permissions"}""")]
    [TestCase("PUT", "/parse/schemas/_User", """{"classLevelPermissions":[{}]}""", """400 {"code":107,"error":"0 is not a valid operation for class level permissions"}""")]
    [TestCase("DELETE", "/parse/schemas/Missing", null, "200 {}")]
    [TestCase("DELETE", "/parse/schemas/_GlobalConfig", null, """400 {"code":103,"error":"Invalid classname: _GlobalConfig, classnames can only have alphanumeric characters and _, and must start with an alpha character "}""")]
    [TestCase("DELETE", "/parse/purge/Missing", null, "200 {}")]
    public async Task A_fault_is_named(string method, string path, string? body, string answer) => Assert.That(await Send(method, path, body), Is.EqualTo(answer));

    [Test]
    public async Task A_field_that_is_said_not_to_be_required_is_shown_so()
    {
        await Send("POST", "/parse/schemas/Stated", """{"fields":{"a":{"type":"String","required":false,"defaultValue":"x"},"b":{"type":"Number"}}}""");
        Assert.That(await FieldAsync("Stated", "a"), Is.EqualTo("""{"type":"String","required":false,"defaultValue":"x"}"""));
        await Send("PUT", "/parse/schemas/Stated", """{"fields":{"a":{"type":"String","required":true},"b":{"type":"Number","required":false}}}""");
        Assert.That(await FieldAsync("Stated", "a"), Is.EqualTo("""{"type":"String","required":true}"""));
        Assert.That(await FieldAsync("Stated", "b"), Is.EqualTo("""{"type":"Number","required":false}"""));
    }

    [TestCase("1234", "{}")]
    [TestCase("true", "{}")]
    [TestCase("[]", "{}")]
    [TestCase("0", """{"*":true}""")]
    [TestCase("false", """{"*":true}""")]
    [TestCase("\"\"", """{"*":true}""")]
    [TestCase("null", """{"*":true}""")]
    public async Task Permissions_that_are_no_object_open_nothing_and_those_that_JavaScript_takes_for_false_are_none(string permissions, string find)
    {
        var name = $"Loose{Guid.NewGuid():N}";
        await Send("POST", "/parse/schemas/" + name, "{}");
        var schema = await _app.JsonAsync("PUT", "/parse/schemas/" + name, $$"""{"classLevelPermissions":{{permissions}}}""", ParseApp.Master);

        Assert.That(schema.GetProperty("classLevelPermissions").GetProperty("find").GetRawText(), Is.EqualTo(find));
    }

    [Test]
    public async Task A_purge_takes_the_rows_and_what_was_remembered_of_them()
    {
        await using var app = await ParseApp.StartAsync();
        await using var other = await app.StartAnotherAsync();
        var (id, token) = await app.SignUpAsync("ann");
        await app.JsonAsync("POST", "/parse/roles", $$$"""{"name":"Staff","ACL":{"*":{"read":true}},"users":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"_User","objectId":"{{{id}}}"}]}}""", ParseApp.Master);
        var secret = (await app.JsonAsync("POST", "/parse/classes/Secret", """{"ACL":{"role:Staff":{"read":true}}}""", ParseApp.Master)).GetProperty("objectId").GetString();
        foreach (var process in new[] { app, other })
            Assert.That(await process.SendAsync("GET", "/parse/classes/Secret/" + secret, null, ParseApp.As(token)), Does.StartWith("200"));

        Assert.That(await app.SendAsync("DELETE", "/parse/purge/_Role", null, ParseApp.Master), Is.EqualTo("200 {}"));
        Assert.That(await app.SendAsync("GET", "/parse/classes/Secret/" + secret, null, ParseApp.As(token)), Does.StartWith("404"));
        Assert.That(() => other.SendAsync("GET", "/parse/classes/Secret/" + secret, null, ParseApp.As(token)), Does.StartWith("404").After(2000, 50));
        Assert.That(await app.SendAsync("DELETE", "/parse/purge/_Session", null, ParseApp.Master), Is.EqualTo("200 {}"));
        Assert.That(await app.SendAsync("GET", "/parse/users/me", null, ParseApp.As(token)), Is.EqualTo("""400 {"code":209,"error":"Invalid session token"}"""));
        Assert.That(await app.SendAsync("DELETE", "/parse/schemas/Secret", null, ParseApp.Master),
            Is.EqualTo("""400 {"code":255,"error":"Class Secret is not empty, contains 1 objects, cannot drop schema."}"""));
        await app.SendAsync("DELETE", "/parse/purge/Secret", null, ParseApp.Master);
        Assert.That(await app.SendAsync("DELETE", "/parse/schemas/Secret", null, ParseApp.Master), Is.EqualTo("200 {}"));
    }

    [Test]
    public async Task A_system_class_that_was_made_or_emptied_is_listed_until_it_is_deleted()
    {
        await using var app = await ParseApp.StartAsync();
        Task<string> Ask(string method, string path, string? body = null) => app.SendAsync(method, "/parse" + path, body, ParseApp.Master);
        async Task<bool> IsListed(string name) => (await Ask("GET", "/schemas")).Contains($"\"className\":\"{name}\"", StringComparison.Ordinal);

        Assert.That(await IsListed("_Product"), Is.False);
        Assert.That(await Ask("DELETE", "/purge/_Product"), Is.EqualTo("200 {}"));
        Assert.That(await IsListed("_Product"), Is.False, "nobody has used it");
        Assert.That(await Ask("POST", "/schemas/_Product", "{}"), Does.StartWith("200"));
        Assert.That(await IsListed("_Product"), Is.True);
        Assert.That(await Ask("POST", "/schemas/_Product", "{}"), Is.EqualTo("""400 {"code":103,"error":"Class _Product already exists."}"""));
        await Ask("DELETE", "/schemas/_Product");
        Assert.That(await IsListed("_Product"), Is.False);

        await Ask("POST", "/installations", """{"deviceType":"ios","installationId":"i"}""");
        await Ask("DELETE", "/purge/_Installation");
        Assert.That(await IsListed("_Installation"), Is.True);
        await Ask("DELETE", "/schemas/_Role");
        Assert.That(await IsListed("_Role"), Is.False);
        await Ask("POST", "/schemas/_Role", "{}");
        Assert.That(await IsListed("_Role"), Is.True);
    }

    [Test]
    public async Task The_master_key_is_required() =>
        Assert.That(await _app.SendAsync("GET", "/parse/schemas"), Is.EqualTo("""403 {"error":"unauthorized: master key is required"}"""));

    private Task<string> Send(string method, string path, string? body = null) => _app.SendAsync(method, path, body, ParseApp.Master);

    private async Task<string> FieldAsync(string className, string field) =>
        (await _app.JsonAsync("GET", "/parse/schemas/" + className, null, ParseApp.Master)).GetProperty("fields").GetProperty(field).GetRawText();

    private static string Protected(JsonElement schema) => schema.GetProperty("classLevelPermissions").GetProperty("protectedFields").GetRawText();

    [Test]
    public async Task Of_changes_of_a_schema_that_meet_in_two_processes_one_is_made_and_the_others_hear_why_not()
    {
        await using var other = await _app.StartAnotherAsync();
        for (var round = 0; round < 5; round++)
        {
            var name = $"Met{round}";
            await Send("POST", $"/parse/schemas/{name}", """{"fields":{"a":{"type":"String"},"b":{"type":"String"}}}""");

            // The first declared indexes bring the one of the key along, which all of them would declare.
            var made = await AtOnceAsync(i => """{"indexes":{"byN":{"a":1}}}""".Replace("byN", $"by{i}", StringComparison.Ordinal));
            Assert.That(made, Has.All.StartWith("200 "));
            await AssertOneAsync("""{"indexes":{"same":{"a":1,"b":-1}}}""", """400 {"code":102,"error":"Index same exists, cannot update."}""");
            await AssertOneAsync("""{"indexes":{"same":{"__op":"Delete"}}}""", """400 {"code":102,"error":"Index same does not exist, cannot delete."}""");
            await AssertOneAsync("""{"fields":{"b":{"__op":"Delete"}}}""", """400 {"code":255,"error":"Field b does not exist, cannot delete."}""");
            var typed = await AtOnceAsync(i => i % 2 == 0 ? """{"fields":{"c":{"type":"String"}}}""" : """{"fields":{"c":{"type":"Number"}}}""");
            Assert.That(typed.Count(a => a.StartsWith("200 ", StringComparison.Ordinal)), Is.EqualTo(2), string.Join("\n", typed));
            Assert.That(typed.Where(a => !a.StartsWith("200 ", StringComparison.Ordinal)), Has.All.EqualTo("""400 {"code":255,"error":"Field c exists, cannot update."}"""));

            async Task AssertOneAsync(string body, string refusal)
            {
                var answers = await AtOnceAsync(_ => body);
                Assert.That(answers.Count(a => a.StartsWith("200 ", StringComparison.Ordinal)), Is.EqualTo(1), string.Join("\n", answers));
                Assert.That(answers.Where(a => !a.StartsWith("200 ", StringComparison.Ordinal)), Has.All.EqualTo(refusal));
            }

            Task<string[]> AtOnceAsync(Func<int, string> body) =>
                Task.WhenAll(Enumerable.Range(0, 4).Select(i => (i < 2 ? _app : other).SendAsync("PUT", $"/parse/schemas/{name}", body(i), ParseApp.Master)));
        }

        // A class with its index: whole, or not at all.
        var classes = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => (i < 2 ? _app : other)
            .SendAsync("POST", "/parse/schemas/MetClass", """{"fields":{"a":{"type":"String"}},"indexes":{"byA":{"a":1}}}""", ParseApp.Master)));
        Assert.That(classes.Where(a => a.StartsWith("200 ", StringComparison.Ordinal)), Has.One.Contains("\"indexes\":{\"byA\":{\"a\":1}}"));
        Assert.That(classes.Where(a => !a.StartsWith("200 ", StringComparison.Ordinal)), Has.Exactly(3).EqualTo("""400 {"code":103,"error":"Class MetClass already exists."}"""));
    }

    private static string Indexes(JsonElement schema) => schema.GetProperty("indexes").GetRawText();
}
