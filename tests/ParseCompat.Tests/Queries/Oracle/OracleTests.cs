using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Backend.ParseCompat.Tests.Queries.Oracle;

/// <summary>Conditions and orders that nobody thought of, answered by the server and by a matcher in memory alike.</summary>
[TestFixture]
public sealed class OracleTests
{
    private const int Documents = 120;
    private const int Conditions = 2500;

    private ParseServer _server = null!;
    private List<JsonObject> _documents = null!;
    private Generator _generator = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        TestContext.Out.WriteLine($"Seed {Seed.Value}");
        _generator = new Generator(new Random(Seed.Value));
        _server = await ParseServer.StartAsync();
        _documents = [.. Enumerable.Range(0, Documents).Select(_generator.Document)];
        // One document that has every field, so that all of them exist with their types.
        await _server.CreateAsync("Thing", """
            {"n":-1,"num":1,"text":"x","on":true,"when":{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"},"by":{"__type":"Pointer","className":"Author","objectId":"author0000"},"arr":[],"tags":[],
             "likes":[],"objs":[],"o":{},"mix":1}
            """);
        foreach (var chunk in _documents.Chunk(40))
        {
            var requests = chunk.Select(d =>
            {
                var body = d.DeepClone().AsObject();
                body.Remove("mix");
                return (JsonNode)new JsonObject { ["method"] = "POST", ["path"] = "/parse/classes/Thing", ["body"] = body };
            });
            var (status, answers) = await _server.CallAsync("POST", "/batch", new JsonObject { ["requests"] = new JsonArray([.. requests]) }.ToJsonString(), master: true);
            Assert.That((status, answers!.AsArray().Count(a => a!["success"] is not null)), Is.EqualTo((200, chunk.Length)), answers!.ToJsonString());
        }

        await MixAsync();
        await _server.CallAsync("DELETE", "/classes/Thing/" + (await _server.FindAsync("Thing", """{"n":-1}""", "objectId")), master: true);
    }

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    [Test]
    [CancelAfter(120_000)]
    public async Task Generated_conditions_find_what_the_matching_rules_say(CancellationToken cancellation)
    {
        var conditions = new ConcurrentQueue<JsonObject>(Enumerable.Range(0, Conditions).Select(_ => _generator.Where()));
        var failures = new ConcurrentQueue<string>();
        using var client = Client();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            while (conditions.TryDequeue(out var where))
            {
                var expected = string.Join(',', _documents.Where(d => Matcher.Matches(d, where)).Select(d => (int)d["n"]!));
                var found = await FindAsync(client, where, "n", cancellation);
                if (found != expected)
                    failures.Enqueue($"{where.ToJsonString()}\n  expected {expected}\n  but was  {found}");
            }
        }));

        Assert.That(failures, Is.Empty, $"Seed {Seed.Value}: {failures.Count} of {Conditions}\n{string.Join('\n', failures.Take(12))}");
    }

    [Test]
    public async Task Orders_are_those_of_the_types_and_of_the_elements()
    {
        using var client = Client();
        Assert.Multiple(async () =>
        {
            foreach (var key in Generator.SortKeys)
            {
                foreach (var descending in new[] { false, true })
                {
                    var sorted = _documents.OrderBy(d => Matcher.SortKey(d, key, descending), Comparer<JsonNode?>.Create((a, b) => Matcher.Compare(a, b) * (descending ? -1 : 1))).ToList();
                    // Of objects only the place among the other types is promised.
                    var expected = string.Join(',', sorted.Where(d => IsOrdered(d, key, descending)).Select(d => (int)d["n"]!));
                    var found = (await FindAsync(client, [], (descending ? "-" : "") + key + ",n", default)).Split(',');
                    Assert.That(string.Join(',', found.Where(n => IsOrdered(_documents[int.Parse(n)], key, descending))), Is.EqualTo(expected), $"{key} {(descending ? "descending" : "ascending")} {string.Join(" ", found.Select(n => n + ":" + Matcher.SortKey(_documents[int.Parse(n)], key, descending)?.ToJsonString()))}");
                }
            }
        });
    }

    private static bool IsOrdered(JsonObject document, string key, bool descending) => Matcher.SortKey(document, key, descending) is not JsonObject value || value["iso"] is not null;

    private async Task<string> FindAsync(HttpClient client, JsonObject where, string order, CancellationToken cancellation)
    {
        var body = new JsonObject { ["_method"] = "GET", ["where"] = where.DeepClone(), ["order"] = order, ["limit"] = 1000, ["keys"] = "n" };
        using var response = await client.PostAsync("/parse/classes/Thing", new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"), cancellation);
        var text = await response.Content.ReadAsStringAsync(cancellation);
        return response.IsSuccessStatusCode ? string.Join(',', JsonNode.Parse(text)!["results"]!.AsArray().Select(r => (int)r!["n"]!)) : text;
    }

    private HttpClient Client()
    {
        var client = new HttpClient { BaseAddress = new Uri(_server.Address) };
        client.DefaultRequestHeaders.Add("X-Parse-Application-Id", "app");
        client.DefaultRequestHeaders.Add("X-Parse-REST-API-Key", "rest");
        return client;
    }

    /// <summary>A field of numbers that old rows have of every type: clients cannot write such rows, imports do.</summary>
    private async Task MixAsync()
    {
        await _server.Services.GetRequiredService<LiveCatalog>().MarkRestAsync("Thing", ["mix"]);
        var pool = _server.Services.GetRequiredService<NpgsqlDataSource>();
        foreach (var document in _documents)
        {
            if (!document.TryGetPropertyValue("mix", out var value))
                continue;
            var isNumber = value is JsonValue && value.GetValueKind() == System.Text.Json.JsonValueKind.Number;
            await using var command = pool.CreateCommand("update app.thing set mix = $2, rest = case when $3::jsonb is null then rest else coalesce(rest, '{}') || jsonb_build_object('mix', $3::jsonb) end where n = $1");
            command.Parameters.Add(new NpgsqlParameter { Value = (double)(int)document["n"]! });
            command.Parameters.Add(new NpgsqlParameter { Value = isNumber ? double.Parse(value!.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture) : DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Double });
            command.Parameters.Add(new NpgsqlParameter { Value = isNumber ? DBNull.Value : InRest(value), NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
            await command.ExecuteNonQueryAsync();
        }
    }

    private static string InRest(JsonNode? value) => value is JsonObject date && (string?)date["__type"] == "Date"
        ? Encoding.UTF8.GetString(RestJson.ToBytes(Value.Of(DateTime.Parse((string)date["iso"]!, null, System.Globalization.DateTimeStyles.AdjustToUniversal))))
        : value?.ToJsonString() ?? "null";
}
