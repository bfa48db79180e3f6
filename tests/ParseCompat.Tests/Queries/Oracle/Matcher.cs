using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Backend.ParseCompat.Tests.Queries.Oracle;

/// <summary>Contract appendix C in memory: which documents a where finds, and in which order. Written from the contract, not from the compiler.</summary>
internal static class Matcher
{
    private static readonly JsonNode Missing = JsonValue.Create("missing");

    public static bool Matches(JsonObject document, JsonObject where) => where.All(condition => condition.Key switch
    {
        "$or" => condition.Value!.AsArray().Any(w => Matches(document, w!.AsObject())),
        "$and" => condition.Value!.AsArray().All(w => Matches(document, w!.AsObject())),
        "$nor" => !condition.Value!.AsArray().Any(w => Matches(document, w!.AsObject())),
        _ => MatchesKey(document, condition.Key.Split('.'), condition.Value),
    });

    /// <summary>Type by type: nothing, numbers, texts, objects, arrays, booleans, dates.</summary>
    public static int Compare(JsonNode? a, JsonNode? b)
    {
        var byRank = Rank(a).CompareTo(Rank(b));
        if (byRank != 0 || a is null || b is null)
            return byRank;
        return Rank(a) switch
        {
            1 => Number(a).CompareTo(Number(b)),
            2 => string.CompareOrdinal((string)a!, (string)b!),
            5 => ((bool)a).CompareTo((bool)b),
            6 => string.CompareOrdinal((string)a["iso"]!, (string)b["iso"]!),
            _ => 0,
        };
    }

    /// <summary>What a document is sorted by: of an array the smallest element ascending, the largest descending.</summary>
    public static JsonNode? SortKey(JsonObject document, string key, bool descending)
    {
        var values = Elements(document, key.Split('.')).Where(e => e is not JsonArray).Select(e => ReferenceEquals(e, Missing) ? null : e).ToList();
        values.Sort(Compare);
        return values.Count == 0 ? null : values[descending ? ^1 : 0];
    }

    private static bool MatchesKey(JsonObject document, string[] path, JsonNode? condition)
    {
        var elements = Elements(document, path).ToList();
        if (condition is not JsonObject operators || !operators.Any(o => o.Key.StartsWith('$')))
            return Equal(elements, condition);
        return operators.All(o => o.Key switch
        {
            "$eq" => Equal(elements, o.Value),
            "$ne" => !Equal(elements, o.Value),
            "$in" => o.Value!.AsArray().Any(v => Equal(elements, v)),
            "$nin" => !o.Value!.AsArray().Any(v => Equal(elements, v)),
            "$exists" => (bool)o.Value! == elements.Any(e => !ReferenceEquals(e, Missing)),
            "$all" => o.Value!.AsArray() is { Count: > 0 } all && all.All(v => Equal(elements, v)),
            "$containedBy" => !elements.OfType<JsonArray>().Where(a => !elements.OfType<JsonArray>().Any(b => b.Contains(a)))
                .Any(a => a.Any(e => !o.Value!.AsArray().Any(v => JsonNode.DeepEquals(Plain(v), Plain(e))))),
            "$regex" => elements.Any(e => IsText(e) && Regex.IsMatch((string)e!, Regex.Replace((string)o.Value!, @"\\Q(.*?)\\E", "$1"), (string?)operators["$options"] == "i" ? RegexOptions.IgnoreCase : RegexOptions.None)),
            "$options" => true,
            _ when path is ["by"] => elements.Any(e => e is JsonObject && Pointed(o.Value) is { } to && Holds(o.Key, string.CompareOrdinal(Pointed(e), to))),
            _ => elements.Any(e => !ReferenceEquals(e, Missing) && e is not null && Rank(e) == Rank(o.Value) && Rank(e) is 1 or 2 or 5 or 6 && Holds(o.Key, Compare(e, o.Value))),
        });
    }

    // A pointer column's order is that of class and id (contract 9.2), and a bare id stands for one to the column's class.
    private static string? Pointed(JsonNode? value) => value switch
    {
        JsonObject pointer when (string?)pointer["__type"] == "Pointer" => $"{pointer["className"]}${pointer["objectId"]}",
        _ => IsText(value) ? "Author$" + value : null,
    };

    private static bool Holds(string comparison, int order) => comparison switch
    {
        "$lt" => order < 0,
        "$lte" => order <= 0,
        "$gt" => order > 0,
        _ => order >= 0,
    };

    private static bool Equal(List<JsonNode?> elements, JsonNode? value) => value is null
        ? elements.Any(e => e is null || ReferenceEquals(e, Missing))
        : elements.Any(e => e is not null && !ReferenceEquals(e, Missing) && JsonNode.DeepEquals(Plain(e), Plain(value)));

    /// <summary>The value at a path and, of an array, its elements; through arrays of objects; a number is a position and a key.</summary>
    private static IEnumerable<JsonNode?> Elements(JsonNode? value, ReadOnlyMemory<string> path)
    {
        if (path.IsEmpty)
            return value is JsonArray elements ? elements.Prepend(value) : [value];
        var step = path.Span[0];
        switch (value)
        {
            case JsonObject obj:
                return obj.TryGetPropertyValue(step, out var inner) ? Elements(inner, path[1..]) : [Missing];
            case JsonArray array:
                var found = array.OfType<JsonObject>().SelectMany(e => Elements(e, path));
                return int.TryParse(step, out var position) && position < array.Count && (path.Length == 1 || array[position] is JsonObject or JsonArray)
                    ? found.Concat(Elements(array[position], path[1..]))
                    : found;
            default:
                return [Missing];
        }
    }

    private static IEnumerable<JsonNode?> Elements(JsonObject document, string[] path) => Elements(document, path.AsMemory());

    // Numbers are doubles, however they were written.
    private static JsonNode? Plain(JsonNode? value) => value is JsonValue && value.GetValueKind() == JsonValueKind.Number ? JsonValue.Create(Number(value)) : value;

    private static double Number(JsonNode value) => double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture);

    private static bool IsText(JsonNode? value) => value is JsonValue && !ReferenceEquals(value, Missing) && value.GetValueKind() == JsonValueKind.String;

    private static int Rank(JsonNode? value) => value switch
    {
        null => 0,
        JsonArray => 4,
        JsonObject obj => (string?)obj["__type"] == "Date" ? 6 : 3,
        _ => value.GetValueKind() switch
        {
            JsonValueKind.Number => 1,
            JsonValueKind.String => 2,
            _ => 5,
        },
    };
}
