using System.Text.Json.Nodes;

namespace Backend.ParseCompat.Tests.Queries.Oracle;

/// <summary>Documents and conditions on them, from a seed.</summary>
internal sealed class Generator(Random random)
{
    public static readonly string[] SortKeys = ["num", "text", "on", "when", "arr", "tags", "o.x", "o.list.m", "o.list.0", "mix", "gone", "by"];

    private static readonly string[] Texts = ["", "a", "B", "ab", "b", "é", "Z", "a\nb", "1", "zz top"];
    private static readonly string[] Paths =
    [
        "num", "text", "on", "when", "by", "arr", "tags", "mix", "gone", "o.x", "o.y", "o.x.z", "o.list", "o.list.m", "o.list.0", "o.list.1.m", "o.list.m.k", "o.0", "objs", "arr.0", "arr.1", "arr.k", "arr.k.0",
        "mix.k", "objs.m", "objs.m.k", "objs.0.m", "likes",
    ];

    private static readonly string[] Patterns = ["a", "^a", "^$", "b$", "[A-Z]", "^\\Qa\\E", "o.*p"];

    /// <summary>A document as a client saves it. What stands under <c>mix</c> is put where no column holds it.</summary>
    public JsonObject Document(int number)
    {
        var document = new JsonObject { ["n"] = number };
        Maybe(document, "num", () => Number());
        Maybe(document, "text", () => Text());
        Maybe(document, "on", () => random.Next(2) == 0);
        Maybe(document, "when", Date);
        Maybe(document, "by", Pointer, mayBeNull: false);
        Maybe(document, "arr", () => Array(() => Inner(1)));
        Maybe(document, "tags", () => Array(() => Text()));
        Maybe(document, "likes", () => Array(Pointer));
        Maybe(document, "objs", () => Array(() => Part()));
        Maybe(document, "o", () =>
        {
            var inner = new JsonObject();
            Maybe(inner, "x", () => Inner(2));
            Maybe(inner, "y", () => Inner(1));
            Maybe(inner, "0", () => Number());
            Maybe(inner, "list", () => random.Next(4) == 0 ? Inner(1) : Array(() => random.Next(4) == 0 ? Scalar() : Part()));
            return inner;
        });
        Maybe(document, "mix", () => random.Next(4) switch
        {
            0 => Array(() => Inner(1)),
            1 => new JsonObject { ["k"] = Scalar() },
            2 => Date(),
            _ => Scalar(),
        });
        return document;
    }

    public JsonObject Where(int depth = 0)
    {
        var where = new JsonObject();
        for (var i = random.Next(3) == 0 ? 2 : 1; i > 0; i--)
        {
            if (depth < 2 && random.Next(6) == 0)
                where[Pick("$or", "$and", "$nor")] = new JsonArray([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Where(depth + 1))]);
            else if (Pick(Paths) is var path)
                where[path] = Condition(path);
        }

        return where;
    }

    private JsonNode? Condition(string path)
    {
        if (random.Next(5) == 0)
            return Value(path, direct: true);
        var condition = new JsonObject();
        for (var i = random.Next(4) == 0 ? 2 : 1; i > 0; i--)
        {
            var name = Pick("$eq", "$ne", "$in", "$nin", "$lt", "$lte", "$gt", "$gte", "$exists", "$all", "$containedBy", "$regex");
            condition[name] = name switch
            {
                "$in" or "$nin" or "$all" or "$containedBy" => new JsonArray([.. Enumerable.Range(0, random.Next(5)).Select(_ => Value(path, name == "$all" ? null : false))]),
                "$exists" => random.Next(2) == 0,
                "$regex" => Pick(Patterns),
                _ => Value(path, false),
            };
            if (name == "$regex" && random.Next(3) == 0)
                condition["$options"] = "i";
        }

        return condition;
    }

    /// <summary>Mostly of the type that stands there. Plain objects only where they may be compared: with elements of arrays, and in $all (null).</summary>
    private JsonNode? Value(string path, bool? direct) => random.Next(8) switch
    {
        0 => null,
        1 or 2 => Scalar(),
        3 when direct is null || (direct == false && path is "arr" or "tags" or "likes" or "objs") => Part(),
        4 when path is "by" or "likes" => Pointer(),
        _ => path switch
        {
            "when" => Date(),
            "by" or "likes" => Pointer(),
            "text" or "tags" => Text(),
            _ => Scalar(),
        },
    };

    private void Maybe(JsonObject into, string key, Func<JsonNode?> value, bool mayBeNull = true)
    {
        switch (random.Next(8))
        {
            case 0: break;
            case 1 when mayBeNull: into[key] = null; break;
            default: into[key] = value(); break;
        }
    }

    private JsonNode? Inner(int depth) => random.Next(6) switch
    {
        0 => null,
        1 when depth > 0 => Array(() => Inner(depth - 1)),
        2 when depth > 0 => new JsonObject { ["k"] = Inner(depth - 1), ["z"] = Scalar() },
        3 => Date(),
        _ => Scalar(),
    };

    private JsonObject Part()
    {
        var part = new JsonObject();
        Maybe(part, "m", () => random.Next(5) == 0 ? new JsonObject { ["k"] = Scalar() } : Scalar());
        return part;
    }

    private JsonArray Array(Func<JsonNode?> element) => [.. Enumerable.Range(0, random.Next(4)).Select(_ => element())];

    private JsonNode Scalar() => random.Next(4) switch
    {
        0 => Text(),
        1 => random.Next(2) == 0,
        _ => Number(),
    };

    private JsonNode Number() => Pick<JsonNode>(0, 1, 2, -1, 1.5, 1e15).DeepClone();

    private JsonNode Text() => Pick(Texts);

    private JsonObject Date() => new() { ["__type"] = "Date", ["iso"] = $"202{random.Next(3)}-01-01T00:00:00.000Z" };

    private JsonObject Pointer() => new() { ["__type"] = "Pointer", ["className"] = "Author", ["objectId"] = "author000" + random.Next(3) };

    private T Pick<T>(params T[] values) => values[random.Next(values.Length)];
}
