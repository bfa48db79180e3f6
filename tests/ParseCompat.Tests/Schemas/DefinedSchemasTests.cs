using System.Text.Json;
using Backend.Testing;

namespace Backend.ParseCompat.Tests.Schemas;

/// <summary>Classes that a file defines, as the old server's option <c>schema</c> did.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class DefinedSchemasTests
{
    private const string Closed = """{"find":{},"count":{},"get":{},"create":{},"update":{},"delete":{},"addField":{},"protectedFields":{}}""";

    [Test]
    public async Task Classes_are_made_and_changed_as_they_are_defined()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using (var app = await StartAsync(database, """
            {"definitions":[{"className":"Test","fields":{"a":{"type":"String","required":true,"defaultValue":"x"},"b":{"type":"Number"},"objectId":{"type":"String"}},
              "indexes":{"byB":{"b":1},"_id_":{"_id":1}},"classLevelPermissions":{"find":{"*":true},"addField":{"*":true}}},{"className":"Bare"}]}
            """))
        {
            var test = await SchemaAsync(app, "Test");
            Assert.That(Fields(test), Is.EqualTo("""ACL:{"type":"ACL"} a:{"type":"String","required":true,"defaultValue":"x"} b:{"type":"Number"}"""));
            Assert.That(test.GetProperty("indexes").GetProperty("byB").GetRawText(), Is.EqualTo("""{"b":1}"""));
            Assert.That(test.GetProperty("classLevelPermissions").GetRawText(), Is.EqualTo(Closed.Replace("\"find\":{}", "\"find\":{\"*\":true}", StringComparison.Ordinal)));
            Assert.That((await SchemaAsync(app, "Bare")).GetProperty("classLevelPermissions").GetRawText(), Is.EqualTo(Closed));
        }

        await using (var app = await StartAsync(database, """
            {"definitions":[{"className":"Test","fields":{"a":{"type":"String"},"b":{"type":"String"},"c":{"type":"Date"}},"indexes":{"byB":{"b":-1}}}]}
            """))
        {
            var test = await SchemaAsync(app, "Test");
            Assert.That(Fields(test), Is.EqualTo("""ACL:{"type":"ACL"} a:{"type":"String"} b:{"type":"Number"} c:{"type":"Date"}"""), "another type stays");
            Assert.That(test.GetProperty("indexes").GetProperty("byB").GetRawText(), Is.EqualTo("""{"b":-1}"""));
            Assert.That((await SchemaAsync(app, "Bare")).GetProperty("className").GetString(), Is.EqualTo("Bare"), "no class is dropped");
        }

        await using (var app = await StartAsync(database, """{"deleteExtraFields":true,"recreateModifiedFields":true,"definitions":[{"className":"Test","fields":{"b":{"type":"String"}}}]}"""))
        {
            var test = await SchemaAsync(app, "Test");
            Assert.That(Fields(test), Is.EqualTo("""ACL:{"type":"ACL"} b:{"type":"String"}"""));
            Assert.That(test.GetProperty("indexes").TryGetProperty("byB", out _), Is.False);
        }
    }

    [Test]
    public async Task Locked_schemas_are_changed_by_the_file_alone()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var app = await StartAsync(database, """{"lockSchemas":true,"definitions":[{"className":"Test"}]}""");
        const string Refused = """400 {"code":119,"error":"Cannot perform this operation when schemas options is used."}""";

        Assert.That(await app.SendAsync("POST", "/parse/schemas/Other", "{}", ParseApp.Master), Is.EqualTo(Refused));
        Assert.That(await app.SendAsync("PUT", "/parse/schemas/_User", "{}", ParseApp.Master), Is.EqualTo(Refused));
        Assert.That(await NamesAsync(app), Is.EquivalentTo(["_User", "_Role", "_Session", "Test"]));
        Assert.That(await app.SendAsync("DELETE", "/parse/schemas/_User", null, ParseApp.Master), Is.EqualTo("200 {}"));
        Assert.That(await NamesAsync(app), Is.EquivalentTo(["_Role", "_Session", "Test"]));
        await app.SignUpAsync("ann");
        Assert.That(await NamesAsync(app), Is.EquivalentTo(["_User", "_Role", "_Session", "Test"]), "used again, shown again");
    }

    [TestCase("""{"definitions":{}}""", "ParseCompat:SchemaFile: \"definitions\" must be an array of schemas.")]
    [TestCase("""{"definitions":[{"className":"A"},{"className":"A"}]}""", "ParseCompat:SchemaFile defines the class A twice.")]
    [TestCase("""{"definitions":[{"className":"A","fields":{"f":{"type":"Foo"}}}]}""", "ParseCompat:SchemaFile: the class A cannot be made as it is defined: invalid field type: Foo")]
    [TestCase("nonsense", "ParseCompat:SchemaFile names")]
    public async Task A_fault_in_the_file_stops_the_start(string json, string message)
    {
        await using var database = await TestDatabase.CreateAsync();

        Assert.That(async () => await StartAsync(database, json), Throws.Exception.With.Message.StartsWith(message));
    }

    private static async Task<ParseApp> StartAsync(TestDatabase database, string json)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, json);
            return await ParseApp.StartAsync(database, ("ParseCompat:SchemaFile", file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Task<JsonElement> SchemaAsync(ParseApp app, string name) => app.JsonAsync("GET", "/parse/schemas/" + name, null, ParseApp.Master);

    private static async Task<IEnumerable<string?>> NamesAsync(ParseApp app) =>
        (await app.JsonAsync("GET", "/parse/schemas", null, ParseApp.Master)).GetProperty("results").EnumerateArray().Select(s => s.GetProperty("className").GetString());

    private static string Fields(JsonElement schema) => string.Join(' ', schema.GetProperty("fields").EnumerateObject()
        .Where(f => f.Name is not ("objectId" or "createdAt" or "updatedAt")).OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => $"{f.Name}:{f.Value.GetRawText()}"));
}
