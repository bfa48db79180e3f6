using System.Text.Json.Nodes;

namespace Backend.ParseCompat.Tests.Aggregates;

/// <summary>
/// A small evaluator of pipelines in memory, written from MongoDB's manual, to compare the compiled statements with. Values: null, double, string, bool,
/// lists and dictionaries; <see cref="Missing"/> is told from null.
/// </summary>
internal static class Oracle
{
    public static readonly object Missing = new();

    public static List<Dictionary<string, object?>> Run(IEnumerable<Dictionary<string, object?>> documents, JsonArray pipeline)
    {
        var current = documents.ToList();
        foreach (var stage in pipeline)
        {
            var (name, spec) = stage!.AsObject().First();
            current = name switch
            {
                "$match" => current.Where(d => Matches(d, spec!.AsObject())).ToList(),
                "$sort" => Sort(current, spec!.AsObject()),
                "$limit" => current.Take((int)spec!).ToList(),
                "$skip" => current.Skip((int)spec!).ToList(),
                "$addFields" => current.Select(d => Add(new(d), d, spec!.AsObject())).ToList(),
                "$project" => current.Select(d => Project(d, spec!.AsObject())).ToList(),
                "$unset" => current.Select(d => Without(d, (string)spec!)).ToList(),
                "$unwind" => current.SelectMany(d => Unwind(d, spec!.AsObject())).ToList(),
                "$group" => Group(current, spec!.AsObject()),
                "$count" => current.Count == 0 ? [] : [new() { [(string)spec!] = (double)current.Count }],
                _ => throw new InvalidOperationException(name),
            };
        }

        return current;
    }

    public static object? Read(JsonNode? node) => node switch
    {
        null => null,
        JsonArray a => a.Select(Read).ToList(),
        JsonObject o => o.ToDictionary(m => m.Key, m => Read(m.Value)),
        JsonValue v when v.TryGetValue<bool>(out var flag) => flag,
        JsonValue v when v.TryGetValue<string>(out var text) => text,
        _ => node.GetValue<double>(),
    };

    /// <summary>A text that equal values share, for comparing results.</summary>
    public static string Text(object? value) => value switch
    {
        null => "null",
        double d => (d == 0 ? 0 : d).ToString("R", System.Globalization.CultureInfo.InvariantCulture),
        string s => '"' + s + '"',
        bool b => b ? "true" : "false",
        List<object?> l => "[" + string.Join(",", l.Select(Text)) + "]",
        Dictionary<string, object?> o => "{" + string.Join(",", o.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => m.Key + ":" + Text(m.Value))) + "}",
        _ => "missing",
    };

    private static object? Get(object? value, ReadOnlySpan<string> steps)
    {
        if (steps.IsEmpty)
            return value;
        switch (value)
        {
            case Dictionary<string, object?> o:
                return o.TryGetValue(steps[0], out var inner) ? Get(inner, steps[1..]) : Missing;
            case List<object?> l:
                var found = new List<object?>();
                foreach (var element in l)
                {
                    if (element is Dictionary<string, object?> or List<object?> && Get(element, steps) is var got && got != Missing)
                        found.Add(got);
                }

                return found;
            default:
                return Missing;
        }
    }

    private static IEnumerable<object?> Reach(object? value, string[] steps)
    {
        if (steps.Length == 0)
            return value is List<object?> list ? list.Prepend(value) : [value];
        return value switch
        {
            Dictionary<string, object?> o => Reach(o.TryGetValue(steps[0], out var inner) ? inner : Missing, steps[1..]),
            List<object?> l => l.OfType<Dictionary<string, object?>>().SelectMany(e => Reach(e, steps)),
            _ => [Missing],
        };
    }

    private static bool Matches(Dictionary<string, object?> document, JsonObject conditions) => conditions.All(c => c.Key switch
    {
        "$or" => c.Value!.AsArray().Any(i => Matches(document, i!.AsObject())),
        "$and" => c.Value!.AsArray().All(i => Matches(document, i!.AsObject())),
        "$expr" => Truth(Evaluate(document, c.Value)),
        _ => c.Value is JsonObject operators && operators.First().Key[0] == '$'
            ? operators.All(o => Meets(Reach(document, c.Key.Split('.')).ToList(), o.Key, o.Value))
            : Meets(Reach(document, c.Key.Split('.')).ToList(), "$eq", c.Value),
    });

    private static bool Meets(List<object?> values, string name, JsonNode? operand)
    {
        switch (name)
        {
            case "$eq": return operand is null ? values.Exists(v => v is null || v == Missing) : values.Exists(v => Same(v, Read(operand)));
            case "$ne": return !Meets(values, "$eq", operand);
            case "$in": return operand!.AsArray().Any(o => Meets(values, "$eq", o));
            case "$nin": return !Meets(values, "$in", operand);
            case "$exists": return values.Exists(v => v != Missing) == (bool)operand!;
            case "$size": return values[0] is List<object?> l && l.Count == (double)operand!;
            default:
                var wanted = Read(operand);
                return values.Exists(v => Rank(v) == Rank(wanted) && Compare(v, wanted) is var c && name switch { "$lt" => c < 0, "$lte" => c <= 0, "$gt" => c > 0, _ => c >= 0 });
        }
    }

    private static bool Same(object? a, object? b) => Rank(a) == Rank(b) && Compare(a, b) == 0;

    private static int Rank(object? value) => value switch { null => 1, double => 2, string => 3, Dictionary<string, object?> => 4, List<object?> => 5, bool => 8, _ => 0 };

    private static int Compare(object? a, object? b)
    {
        if (Rank(a) != Rank(b))
            return Rank(a).CompareTo(Rank(b));
        switch (a)
        {
            case double d: return d.CompareTo((double)b!);
            case string s: return string.CompareOrdinal(s, (string)b!);
            case bool f: return f.CompareTo((bool)b!);
            case List<object?> l:
                var m = (List<object?>)b!;
                for (var i = 0; i < Math.Min(l.Count, m.Count); i++)
                {
                    if (Compare(l[i], m[i]) is var c && c != 0)
                        return c;
                }

                return l.Count.CompareTo(m.Count);
            default: return string.CompareOrdinal(Text(a), Text(b));
        }
    }

    private static List<Dictionary<string, object?>> Sort(List<Dictionary<string, object?>> documents, JsonObject keys)
    {
        IOrderedEnumerable<Dictionary<string, object?>>? sorted = null;
        foreach (var (key, direction) in keys)
        {
            var steps = key.Split('.');
            var descending = (int)direction! < 0;
            var comparer = Comparer<object?>.Create(Compare);
            object? By(Dictionary<string, object?> d)
            {
                var value = Get(d, steps);
                if (value is List<object?> list && list.Count > 0)
                    value = descending ? list.Order(comparer).Last() : list.Order(comparer).First();
                return value is List<object?> ? Missing : value == Missing ? null : value;
            }

            sorted = (sorted, descending) switch
            {
                (null, true) => documents.OrderByDescending(By, comparer),
                (null, false) => documents.OrderBy(By, comparer),
                (_, true) => sorted.ThenByDescending(By, comparer),
                _ => sorted.ThenBy(By, comparer),
            };
        }

        return [.. sorted!];
    }

    private static Dictionary<string, object?> Add(Dictionary<string, object?> target, Dictionary<string, object?> source, JsonObject fields)
    {
        foreach (var (name, value) in fields)
        {
            var computed = Evaluate(source, value);
            if (computed == Missing)
                target.Remove(name);
            else
                target[name] = computed;
        }

        return target;
    }

    private static Dictionary<string, object?> Project(Dictionary<string, object?> document, JsonObject spec)
    {
        var kept = new Dictionary<string, object?>();
        foreach (var (name, value) in spec)
        {
            if (value is JsonValue flag && flag.TryGetValue<int>(out var keep))
            {
                if (keep == 1 && document.TryGetValue(name, out var old))
                    kept[name] = old;
            }
            else if (Evaluate(document, value) is var computed && computed != Missing)
            {
                kept[name] = computed;
            }
        }

        return kept;
    }

    private static Dictionary<string, object?> Without(Dictionary<string, object?> document, string name)
    {
        var rest = new Dictionary<string, object?>(document);
        rest.Remove(name);
        return rest;
    }

    private static IEnumerable<Dictionary<string, object?>> Unwind(Dictionary<string, object?> document, JsonObject spec)
    {
        var name = ((string)spec["path"]!)[1..];
        var preserve = (bool?)spec["preserveNullAndEmptyArrays"] ?? false;
        var value = Get(document, [name]);
        switch (value)
        {
            case List<object?> { Count: > 0 } list:
                foreach (var element in list)
                    yield return new(document) { [name] = element };
                break;
            case List<object?> when preserve:
                yield return Without(document, name);
                break;
            case List<object?>:
                break;
            default:
                if (preserve || (value is not null && value != Missing))
                    yield return document;
                break;
        }
    }

    private static List<Dictionary<string, object?>> Group(List<Dictionary<string, object?>> documents, JsonObject spec)
    {
        var groups = new List<Dictionary<string, object?>>();
        foreach (var group in documents.GroupBy(d => Evaluate(d, spec["_id"]) is var key && key == Missing ? "null" : Text(key)))
        {
            var key = Evaluate(group.First(), spec["_id"]);
            var result = new Dictionary<string, object?> { ["_id"] = key == Missing ? null : key };
            foreach (var (name, accumulator) in spec)
            {
                if (name == "_id")
                    continue;
                var (op, operand) = accumulator!.AsObject().First();
                var values = group.Select(d => op == "$count" ? null : Evaluate(d, operand)).ToList();
                var numbers = values.OfType<double>().ToList();
                var some = values.Where(v => v is not null && v != Missing).ToList();
                result[name] = op switch
                {
                    "$sum" => numbers.Sum(),
                    "$avg" => numbers.Count == 0 ? null : numbers.Average(),
                    "$min" => some.Count == 0 ? null : some.Min(Comparer<object?>.Create(Compare)),
                    "$max" => some.Count == 0 ? null : some.Max(Comparer<object?>.Create(Compare)),
                    "$first" => values[0] == Missing ? null : values[0],
                    "$last" => values[^1] == Missing ? null : values[^1],
                    "$push" => values.Where(v => v != Missing).ToList(),
                    "$count" => (double)values.Count,
                    _ => throw new InvalidOperationException(op),
                };
            }

            groups.Add(result);
        }

        return groups;
    }

    private static bool Truth(object? value) => value switch { null => false, bool b => b, double d => d != 0, _ => value != Missing };

    private static object? Evaluate(Dictionary<string, object?> document, JsonNode? expression)
    {
        if (expression is JsonValue literal && literal.TryGetValue<string>(out var text))
            return text.StartsWith('$') ? Get(document, text[1..].Split('.')) : text;
        if (expression is JsonArray items)
            return items.Select(i => Evaluate(document, i) is var v && v == Missing ? null : v).ToList();
        if (expression is not JsonObject obj)
            return Read(expression);
        if (obj.Count == 0 || obj.First().Key[0] != '$')
        {
            return obj.Select(m => KeyValuePair.Create(m.Key, Evaluate(document, m.Value))).Where(m => m.Value != Missing).ToDictionary();
        }

        var (name, operand) = obj.First();
        var arguments = operand is JsonArray list ? list.Select(a => Evaluate(document, a)).ToList() : [Evaluate(document, operand)];
        var (a, b) = (arguments[0], arguments.Count > 1 ? arguments[1] : null);
        var hasNull = arguments.Exists(v => v is null || v == Missing);
        return name switch
        {
            "$add" => hasNull ? null : arguments.Sum(v => (double)v!),
            "$multiply" => hasNull ? null : arguments.Aggregate(1d, (x, v) => x * (double)v!),
            "$subtract" => hasNull ? null : (double)a! - (double)b!,
            "$concat" => hasNull ? null : string.Concat(arguments.Select(v => (string)v!)),
            "$toUpper" => hasNull ? "" : ((string)a!).ToUpperInvariant(),
            "$ifNull" => arguments.Find(v => v is not null && v != Missing) ?? arguments[^1],
            "$cond" => Truth(a) ? b : arguments[2],
            "$and" => arguments.TrueForAll(Truth),
            "$or" => arguments.Exists(Truth),
            "$not" => !Truth(a),
            "$eq" => Compare(a, b) == 0,
            "$ne" => Compare(a, b) != 0,
            "$lt" => Compare(a, b) < 0,
            "$lte" => Compare(a, b) <= 0,
            "$gt" => Compare(a, b) > 0,
            "$gte" => Compare(a, b) >= 0,
            "$isArray" => a is List<object?>,
            "$type" => a switch { null => "null", double d => d == Math.Floor(d) ? "int" : "double", string => "string", bool => "bool", List<object?> => "array", Dictionary<string, object?> => "object", _ => "missing" },
            _ => throw new InvalidOperationException(name),
        };
    }
}
