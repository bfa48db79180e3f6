using System.Text.Json.Nodes;
using Backend.Testing;

namespace Backend.ParseCompat.Tests.Aggregates;

/// <summary>Made-up pipelines answered by the server and by <see cref="Oracle"/>.</summary>
[TestFixture]
public sealed class GeneratedPipelinesTests
{
    private const int Pipelines = 250;
    private const string Complete = """{"n":0,"num":1,"alt":0.5,"txt":"a","on":true,"arr":[1,2],"o":{"x":1,"l":[{"m":1}]}}""";
    private static readonly string[] Fields = ["num", "alt", "txt", "on", "arr", "o.x", "o.l.m", "missing"];

    [Test]
    public async Task The_statement_answers_as_the_pipeline_in_memory()
    {
        var seed = Seed.Value;
        var random = new Random(seed);
        await using var server = await ParseServer.StartAsync();
        var documents = new List<Dictionary<string, object?>>();
        for (var i = 0; i < 40; i++)
        {
            // The first row has every field: null alone makes none.
            var row = i == 0 ? (JsonObject)JsonNode.Parse(Complete)! : Row(random, i);
            await server.CreateAsync("Made", row.ToJsonString());
            documents.Add((Dictionary<string, object?>)Oracle.Read(JsonNode.Parse(row.ToJsonString()))!);
        }

        for (var i = 0; i < Pipelines; i++)
        {
            var pipeline = JsonNode.Parse(Pipeline(random, out var ordered).ToJsonString())!.AsArray();
            var expected = Oracle.Run(documents, pipeline).Select(d => Oracle.Text(d)).ToList();
            var (status, body) = await server.CallAsync("GET", "/aggregate/Made?rawFieldNames=true&pipeline=" + Uri.EscapeDataString(pipeline.ToJsonString()), null, master: true);
            Assert.That(status, Is.EqualTo(200), $"seed {seed}: {pipeline.ToJsonString()} {body?.ToJsonString()} {string.Join('\n', server.Errors)}");
            var actual = body!["results"]!.AsArray().Select(r => Oracle.Text(Oracle.Read(r))).ToList();
            if (!ordered)
            {
                expected.Sort(StringComparer.Ordinal);
                actual.Sort(StringComparer.Ordinal);
            }

            Assert.That(actual, Is.EqualTo(expected), $"seed {seed}: {pipeline.ToJsonString()}");
        }
    }

    private static JsonObject Row(Random random, int i)
    {
        var row = new JsonObject { ["n"] = i };
        Maybe(random, row, "num", () => random.Next(-3, 4));
        Maybe(random, row, "alt", () => random.Next(0, 8) / 2.0);
        Maybe(random, row, "txt", () => new[] { "a", "B", "ab", "", "é" }[random.Next(5)]);
        Maybe(random, row, "on", () => random.Next(2) == 0);
        Maybe(random, row, "arr", () => new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Atom(random))]));
        Maybe(random, row, "o", () =>
        {
            var inner = new JsonObject();
            Maybe(random, inner, "x", () => random.Next(3));
            Maybe(random, inner, "l", () => new JsonArray([.. Enumerable.Range(0, random.Next(3)).Select(_ => (JsonNode)new JsonObject { ["m"] = random.Next(3) })]));
            return inner;
        });
        return row;
    }

    private static void Maybe(Random random, JsonObject target, string name, Func<JsonNode> value)
    {
        switch (random.Next(6))
        {
            case 0: break;
            case 1: target[name] = null; break;
            default: target[name] = value(); break;
        }
    }

    private static JsonNode? Atom(Random random) => random.Next(8) switch { 0 => null, 1 => "a", 2 => true, _ => random.Next(-2, 4) };

    private static JsonArray Pipeline(Random random, out bool ordered)
    {
        var stages = new JsonArray();
        ordered = true;
        if (random.Next(2) == 0)
            stages.Add(Stage("$match", Condition(random, 0)));
        stages.Add(Stage("$sort", new JsonObject { ["n"] = 1 }));
        var isGrouped = false;
        for (var count = random.Next(1, 5); count > 0; count--)
        {
            if (isGrouped)
            {
                stages.Add(random.Next(2) == 0
                    ? Stage("$match", new JsonObject { ["c"] = new JsonObject { ["$gte"] = random.Next(4) } })
                    : Stage("$addFields", new JsonObject { ["d"] = new JsonObject { ["$add"] = new JsonArray("$c", "$s") } }));
                continue;
            }

            switch (random.Next(9))
            {
                case 0: stages.Add(Stage("$match", Condition(random, 0))); break;
                case 1: stages.Add(Stage("$addFields", new JsonObject { ["num"] = Number(random, 0), ["z" + count] = Expression(random, 0) })); break;
                case 2: stages.Add(Stage("$sort", new JsonObject { [new[] { "num", "alt", "txt", "arr", "o.x", "on" }[random.Next(6)]] = random.Next(2) == 0 ? 1 : -1 })); break;
                case 3: stages.Add(Stage("$limit", random.Next(1, 30))); break;
                case 4: stages.Add(Stage("$skip", random.Next(0, 10))); break;
                case 5: stages.Add(Stage("$unwind", new JsonObject { ["path"] = "$arr", ["preserveNullAndEmptyArrays"] = random.Next(2) == 0 })); break;
                case 6: stages.Add(Stage("$unset", Fields[random.Next(5)])); break;
                default:
                    stages.Add(Stage("$group", Group(random)));
                    isGrouped = true;
                    ordered = false;
                    break;
            }
        }

        // Keys that the made-up rows do not have (ids, times) are left out in the end.
        if (!isGrouped)
        {
            stages.Add(Stage("$addFields", new JsonObject { ["v"] = Expression(random, 0) }));
            stages.Add(Stage("$project", new JsonObject { ["_id"] = 0, ["n"] = 1, ["num"] = 1, ["alt"] = 1, ["txt"] = 1, ["on"] = 1, ["arr"] = 1, ["o"] = 1, ["z1"] = 1, ["z2"] = 1, ["v"] = 1 }));
        }

        return stages;
    }

    private static JsonObject Group(Random random)
    {
        var key = random.Next(4) switch
        {
            0 => null,
            1 => (JsonNode)"$txt",
            2 => "$num",
            _ => new JsonObject { ["a"] = "$on", ["b"] = Expression(random, 1) },
        };
        var value = "$" + Fields[random.Next(Fields.Length)];
        return new JsonObject
        {
            ["_id"] = key,
            ["c"] = new JsonObject { ["$count"] = new JsonObject() },
            ["s"] = new JsonObject { ["$sum"] = random.Next(2) == 0 ? "$num" : Number(random, 0) },
            ["a"] = new JsonObject { ["$avg"] = "$alt" },
            ["lo"] = new JsonObject { ["$min"] = value },
            ["hi"] = new JsonObject { ["$max"] = value },
            ["f"] = new JsonObject { ["$first"] = value },
            ["l"] = new JsonObject { ["$last"] = value },
            ["p"] = new JsonObject { ["$push"] = value },
        };
    }

    private static JsonObject Condition(Random random, int depth)
    {
        if (depth < 2 && random.Next(5) == 0)
            return new JsonObject { [random.Next(2) == 0 ? "$or" : "$and"] = new JsonArray(Condition(random, depth + 1), Condition(random, depth + 1)) };
        if (random.Next(6) == 0)
            return new JsonObject { ["$expr"] = Boolean(random, 0) };
        var field = Fields[random.Next(Fields.Length)];
        JsonNode? condition = random.Next(8) switch
        {
            0 => Atom(random),
            1 => new JsonObject { ["$ne"] = Atom(random) },
            2 => new JsonObject { ["$in"] = new JsonArray(Atom(random), Atom(random)) },
            3 => new JsonObject { ["$nin"] = new JsonArray(Atom(random), Atom(random)) },
            4 => new JsonObject { ["$exists"] = random.Next(2) == 0 },
            5 => new JsonObject { ["$gte"] = random.Next(-2, 4), ["$lt"] = random.Next(0, 5) },
            6 => new JsonObject { ["$gt"] = "a" },
            _ => new JsonObject { ["$lte"] = random.Next(-2, 4) },
        };
        return new JsonObject { [field] = condition };
    }

    private static JsonNode? Number(Random random, int depth) => (depth > 2 ? 0 : random.Next(6)) switch
    {
        0 => "$num",
        1 => "$alt",
        2 => random.Next(-2, 3),
        3 => new JsonObject { ["$add"] = new JsonArray(Number(random, depth + 1), Number(random, depth + 1)) },
        4 => new JsonObject { ["$multiply"] = new JsonArray(Number(random, depth + 1), Number(random, depth + 1)) },
        _ => new JsonObject { ["$cond"] = new JsonArray(Boolean(random, depth + 1), Number(random, depth + 1), Number(random, depth + 1)) },
    };

    private static JsonNode? Boolean(Random random, int depth) => (depth > 2 ? 0 : random.Next(4)) switch
    {
        0 or 1 => new JsonObject { [new[] { "$eq", "$ne", "$lt", "$lte", "$gt", "$gte" }[random.Next(6)]] = new JsonArray("$" + Fields[random.Next(Fields.Length)], random.Next(2) == 0 ? "$num" : Atom(random)) },
        2 => new JsonObject { ["$not"] = new JsonArray(Boolean(random, depth + 1)) },
        _ => new JsonObject { [random.Next(2) == 0 ? "$and" : "$or"] = new JsonArray(Boolean(random, depth + 1), "$" + Fields[random.Next(Fields.Length)]) },
    };

    private static JsonNode? Expression(Random random, int depth) => random.Next(depth > 1 ? 4 : 8) switch
    {
        0 => "$" + Fields[random.Next(Fields.Length)],
        1 => Number(random, depth),
        2 => Boolean(random, depth),
        3 => new JsonObject { ["$type"] = "$" + Fields[random.Next(Fields.Length)] },
        4 => new JsonObject { ["$ifNull"] = new JsonArray("$" + Fields[random.Next(Fields.Length)], Expression(random, depth + 1)) },
        5 => new JsonObject { ["$concat"] = new JsonArray("$txt", "-") },
        6 => new JsonObject { ["k"] = Expression(random, depth + 1), ["m"] = "$missing" },
        _ => new JsonArray(Expression(random, depth + 1), "$missing"),
    };

    private static JsonObject Stage(string name, JsonNode? spec) => new() { [name] = spec };
}
