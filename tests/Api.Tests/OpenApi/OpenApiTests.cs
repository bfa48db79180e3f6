using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Testing;

namespace Backend.Api.Tests.OpenApi;

internal sealed class OpenApiTests
{
    private static readonly string Committed = Repository.File("tests", "Api.Tests", "OpenApi", "v2.json");
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private ApiHost _api = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _api = await ApiHost.StartAsync();
        await _api.Catalog.CreateTableAsync("Team", [new("name", FieldKind.Text) { Required = true }], null);
        await _api.Catalog.CreateTableAsync("GameScore",
        [
            new("score", FieldKind.Number), new("playerName", FieldKind.Text), new("cheat", FieldKind.Boolean), new("playedAt", FieldKind.Timestamp), new("blob", FieldKind.Bytes),
            new("stats", FieldKind.Object), new("tags", FieldKind.Array), new("picture", FieldKind.File), new("team", FieldKind.Reference, "Team"),
            new("place", FieldKind.Point), new("area", FieldKind.Polygon), new("fans", FieldKind.Relation, "_User"), new("order", FieldKind.Number),
        ], null);
        await _api.Catalog.CreateTableAsync("Hidden", [new("n", FieldKind.Number)], new TablePermissions { Find = PermissionRule.Nobody });
    }

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    /// <summary>A change of the contract shows up in a diff. After a wanted one run the test with UPDATE_OPENAPI=1 and commit the file.</summary>
    [Test]
    public async Task The_document_of_a_sample_catalog_is_the_committed_one()
    {
        using var answer = await _api.GetAsync("/swagger/v2/swagger.json");
        Assert.That(answer.Status, Is.EqualTo(200));
        var document = JsonNode.Parse(answer.Text)!.ToJsonString(Indented) + "\n";
        if (Environment.GetEnvironmentVariable("UPDATE_OPENAPI") == "1")
            await File.WriteAllTextAsync(Committed, document);
        Assert.That(document, Is.EqualTo(await File.ReadAllTextAsync(Committed)));
    }

    [Test]
    public async Task Each_reference_leads_somewhere_and_each_operation_has_an_id_of_its_own()
    {
        using var answer = await _api.GetAsync("/swagger/v2/swagger.json");
        var schemas = answer.Json.GetProperty("components").GetProperty("schemas");
        foreach (var reference in References(answer.Json))
            Assert.That(schemas.TryGetProperty(reference["#/components/schemas/".Length..], out _), reference);
        var ids = answer.Json.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject()).Where(o => o.Value.ValueKind == JsonValueKind.Object)
            .Select(o => o.Value.GetProperty("operationId").GetString()).ToList();
        Assert.That(ids, Is.Unique.And.Not.Empty);
    }

    [Test]
    public async Task A_table_and_a_field_appear_at_once_and_hidden_ones_never()
    {
        using var before = await _api.GetAsync("/swagger/v2/swagger.json");
        Assert.That(before.Text, Does.Not.Contain("/rows/Hidden").And.Not.Contain("/rows/installations").And.Not.Contain("sessionToken").And.Not.Contain("assword_hash"));
        Assert.That(before.Json.GetProperty("components").GetProperty("schemas").GetProperty("users").GetProperty("properties").TryGetProperty("email", out _), Is.False);
        await using var other = await ApiHost.StartAsync();
        await other.Catalog.CreateTableAsync("Fresh", [new("first", FieldKind.Number)], null);
        await other.Catalog.EnsureAsync("Fresh", [new("second", FieldKind.Text)]);
        using var after = await other.GetAsync("/swagger/v2/swagger.json");
        Assert.That(after.Json.GetProperty("components").GetProperty("schemas").GetProperty("Fresh").GetProperty("properties").TryGetProperty("second", out _));
    }

    [Test]
    public async Task The_page_needs_nothing_from_elsewhere()
    {
        using var page = await _api.GetAsync("/swagger/index.html");
        Assert.That(page.Status, Is.EqualTo(200));
        Assert.That(page.Text, Does.Not.Contain("https://").And.Not.Contain("http://"));
        using var script = await _api.GetAsync("/swagger/swagger-ui-bundle.js");
        Assert.That(script.Status, Is.EqualTo(200));
    }

    private static IEnumerable<string> References(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(p => p.Name == "$ref" ? [p.Value.GetString()!] : References(p.Value)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(References),
        _ => [],
    };
}
