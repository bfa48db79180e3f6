using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Aggregation;
using Backend.Data.Values;
using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Aggregates;

/// <summary>Reads MongoDB's expressions. An operator that is not here is refused by its name, never ignored.</summary>
internal sealed class ExpressionReader(PipelineLimits limits, DocumentNames names, ImmutableHashSet<string> variables)
{
    /// <summary>No variables but the built-in ones.</summary>
    public static ImmutableHashSet<string> NoVariables { get; } = ImmutableHashSet.Create<string>(StringComparer.Ordinal);

    /// <summary>Reads an expression.</summary>
    /// <exception cref="ParseError">102: an unknown operator or variable, or wrong arguments.</exception>
    public Expression Read(JsonElement json, int depth = 0)
    {
        limits.CountNode(depth);
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                return ReadText(JsonText.Read(json));
            case JsonValueKind.Array:
                var items = json.EnumerateArray().Select(e => Read(e, depth + 1)).ToImmutableArray();
                return new Expression.Array(items);
            case JsonValueKind.Object:
                return ReadObject(json, depth);
            default:
                return Literal(json);
        }
    }

    /// <summary>A constant.</summary>
    public static Expression Literal(JsonElement json) => new Expression.Literal(ExtendedJson.ToDocument(ExtendedJson.ReadValue(json, isNested: false)));

    /// <summary>A refusal.</summary>
    public static ParseError Bad(string message) => new(ErrorCode.InvalidQuery, message);

    private Expression ReadText(string text)
    {
        if (!text.StartsWith('$'))
            return new Expression.Literal(ExtendedJson.ToDocument(Value.Of(text)));
        if (!text.StartsWith("$$", StringComparison.Ordinal))
        {
            return text.Length == 1 ? throw Bad("'$' by itself is not a valid FieldPath") : new Expression.Path(null, names.Path(text[1..]));
        }

        var dot = text.IndexOf('.', StringComparison.Ordinal);
        var name = dot < 0 ? text[2..] : text[2..dot];
        switch (name)
        {
            case "ROOT" or "CURRENT": return new Expression.Path(null, dot < 0 ? [] : names.Path(text[(dot + 1)..]));
            case "REMOVE": return Expression.Missing;
            case "NOW": return new Expression.Call(Function.Now, []);
        }

        if (!variables.Contains(name))
            throw Bad($"Use of undefined variable: {name}");
        return new Expression.Path(name, dot < 0 ? [] : [.. text[(dot + 1)..].Split('.')]);
    }

    private Expression ReadObject(JsonElement json, int depth)
    {
        if (ExtendedJson.Read(json) is { } extended)
            return new Expression.Literal(ExtendedJson.ToDocument(extended));
        if (json.TryGetProperty("__type", out var type) && type.ValueKind == JsonValueKind.String && JsonText.Read(type) is "Date" or "Pointer" or "Bytes" or "File" or "GeoPoint")
            return Literal(json);
        var members = ImmutableArray.CreateBuilder<KeyValuePair<string, Expression>>();
        string? operatorName = null;
        foreach (var member in json.EnumerateObject())
        {
            if (member.Name.StartsWith('$'))
                operatorName = member.Name;
        }

        if (operatorName is not null)
        {
            if (json.EnumerateObject().Count() != 1)
                throw Bad($"an object representing an expression must have exactly one field: {operatorName}");
            return ReadOperator(operatorName, json.GetProperty(operatorName), depth);
        }

        foreach (var member in json.EnumerateObject())
        {
            if (member.Name.Contains('.', StringComparison.Ordinal))
                throw Bad($"FieldPath field names may not contain '.': {member.Name}");
            members.Add(new(member.Name, Read(member.Value, depth + 1)));
        }

        return new Expression.Object(members.ToImmutable());
    }

    private Expression ReadOperator(string name, JsonElement operand, int depth)
    {
        switch (name)
        {
            case "$literal": return Literal(operand);
            case "$expr": return Read(operand, depth + 1);
            case "$cond": return Cond(operand, depth);
            case "$switch": return Switch(operand, depth);
            case "$let": return Let(operand, depth);
            case "$map":
                var mapped = Name(operand, "as") ?? "this";
                return new Expression.Map(Required(operand, name, "input", depth), mapped, With(mapped).Required(operand, name, "in", depth));
            case "$filter":
                var filtered = Name(operand, "as") ?? "this";
                return new Expression.Filter(Required(operand, name, "input", depth), filtered, With(filtered).Required(operand, name, "cond", depth), Optional(operand, "limit", depth));
            case "$reduce":
                return new Expression.Reduce(Required(operand, name, "input", depth), Required(operand, name, "initialValue", depth), With("value", "this").Required(operand, name, "in", depth));
            case "$regexMatch":
                var (input, pattern) = Regex(name, operand, depth);
                return new Expression.Matches(input, pattern);
            case "$regexFind" or "$regexFindAll":
                var (text, sought) = Regex(name, operand, depth);
                return new Expression.Finds(text, sought, Groups(sought.Expression), All: name == "$regexFindAll");
            case "$unsetField":
                return new Expression.Call(Function.SetField, [Required(operand, name, "field", depth), Required(operand, name, "input", depth), Expression.Missing]);
            case "$sortArray": return new Expression.Call(Function.SortArray, [Required(operand, name, "input", depth), new Expression.Literal(SortBy(operand))]);
            case "$getField":
                return operand.ValueKind == JsonValueKind.Object && operand.TryGetProperty("field", out var field)
                    ? new Expression.Call(Function.GetField, [Optional(operand, "input", depth) ?? Expression.Root, Read(field, depth + 1)])
                    : new Expression.Call(Function.GetField, [Expression.Root, Read(operand, depth + 1)]);
        }

        if (!Operator.All.TryGetValue(name, out var found))
            throw Bad($"Unrecognized expression '{name}'");
        return new Expression.Call(found.Function, Arguments(name, found, operand, depth));
    }

    private ImmutableArray<Expression?> Arguments(string name, Operator found, JsonElement operand, int depth)
    {
        if (found.Names.Length > 0 && operand.ValueKind == JsonValueKind.Object && operand.TryGetProperty(found.Names[0], out _))
        {
            foreach (var member in operand.EnumerateObject())
            {
                if (!found.Names.Contains(member.Name))
                    throw Bad($"Unrecognized argument to {name}: {member.Name}");
            }

            var named = found.Names.Select(n => Optional(operand, n, depth)).ToImmutableArray();
            if (named.Count(a => a is not null) < found.Least || named.Take(found.Least).Any(a => a is null))
                throw Bad($"{name} requires {string.Join(", ", found.Names.Take(found.Least))}");
            return named;
        }

        if (found.Names.Length > 2)
            throw Bad($"{name} needs an object with {found.Names[0]}");
        var arguments = operand.ValueKind == JsonValueKind.Array
            ? operand.EnumerateArray().Select(e => (Expression?)Read(e, depth + 1)).ToImmutableArray()
            : found is { Least: 0, Most: 0 } ? [] : [Read(operand, depth + 1)];
        if (arguments.Length < found.Least || arguments.Length > found.Most)
            throw Bad($"Expression {name} takes {(found.Least == found.Most ? "exactly" : "at least")} {found.Least} arguments. {arguments.Length} were passed in.");
        // Two arguments of $slice are the array and how many; three have the start between them, which is how the function takes them too.
        return arguments;
    }

    private Expression.Choose Cond(JsonElement operand, int depth)
    {
        if (operand.ValueKind == JsonValueKind.Array && operand.GetArrayLength() == 3)
            return new([new(Read(operand[0], depth + 1), Read(operand[1], depth + 1))], Read(operand[2], depth + 1));
        if (operand.ValueKind != JsonValueKind.Object)
            throw Bad("Expression $cond takes exactly 3 arguments.");
        return new([new(Required(operand, "$cond", "if", depth), Required(operand, "$cond", "then", depth))], Required(operand, "$cond", "else", depth));
    }

    private Expression.Choose Switch(JsonElement operand, int depth)
    {
        if (operand.ValueKind != JsonValueKind.Object || !operand.TryGetProperty("branches", out var branches) || branches.ValueKind != JsonValueKind.Array || branches.GetArrayLength() == 0)
            throw Bad("$switch requires at least one branch.");
        return new([.. branches.EnumerateArray().Select(b => KeyValuePair.Create(Required(b, "$switch", "case", depth + 1), Required(b, "$switch", "then", depth + 1)))],
            Optional(operand, "default", depth));
    }

    private Expression.Let Let(JsonElement operand, int depth)
    {
        if (operand.ValueKind != JsonValueKind.Object || !operand.TryGetProperty("vars", out var vars) || vars.ValueKind != JsonValueKind.Object)
            throw Bad("Missing 'vars' parameter to $let");
        var values = vars.EnumerateObject().Select(v => KeyValuePair.Create(v.Name, Read(v.Value, depth + 1))).ToImmutableArray();
        return new(values, With([.. values.Select(v => v.Key)]).Required(operand, "$let", "in", depth));
    }

    private (Expression Input, Data.Query.TextPattern Pattern) Regex(string name, JsonElement operand, int depth)
    {
        if (operand.ValueKind != JsonValueKind.Object || !operand.TryGetProperty("regex", out var regex) || regex.ValueKind != JsonValueKind.String || JsonText.Read(regex).StartsWith('$'))
            throw Bad($"{name} needs 'regex' to be a constant string");
        var options = operand.TryGetProperty("options", out var given) && given.ValueKind == JsonValueKind.String ? JsonText.Read(given) : "";
        return (Required(operand, name, "input", depth), PatternTranslator.Translate(JsonText.Read(regex), options));
    }

    /// <summary>How many groups a translated pattern captures.</summary>
    private static int Groups(string pattern)
    {
        var (groups, isInSet) = (0, false);
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '\\':
                    i++;
                    break;
                case '[' when !isInSet:
                    isInSet = true;
                    if (i + 1 < pattern.Length && pattern[i + 1] == '^')
                        i++;
                    if (i + 1 < pattern.Length && pattern[i + 1] == ']')
                        i++;
                    break;
                case '[' when i + 1 < pattern.Length && pattern[i + 1] is ':' or '.' or '=':
                    i = Math.Max(i, pattern.IndexOf(pattern[i + 1] + "]", i + 2, StringComparison.Ordinal) + 1);
                    break;
                case ']':
                    isInSet = false;
                    break;
                case '(' when !isInSet && !(i + 1 < pattern.Length && pattern[i + 1] == '?'):
                    groups++;
                    break;
                default:
                    break;
            }
        }

        return groups;
    }

    private static byte[] SortBy(JsonElement operand)
    {
        if (!operand.TryGetProperty("sortBy", out var by))
            throw Bad("$sortArray requires 'sortBy'");
        if (by.ValueKind == JsonValueKind.Number)
            return by.GetDouble() == -1 ? "-1"u8.ToArray() : "1"u8.ToArray();
        if (by.ValueKind != JsonValueKind.Object)
            throw Bad("$sortArray needs 'sortBy' to be 1, -1 or an object");
        return JsonSerializer.SerializeToUtf8Bytes(by.EnumerateObject()
            .Select(k => new object[] { k.Name.Split('.'), k.Value.ValueKind == JsonValueKind.Number && k.Value.GetDouble() == -1 ? -1 : 1 }).ToArray());
    }

    private ExpressionReader With(params string[] more) => new(limits, names, variables.Union(more));

    private static string? Name(JsonElement operand, string key) =>
        operand.ValueKind == JsonValueKind.Object && operand.TryGetProperty(key, out var name) && name.ValueKind == JsonValueKind.String ? JsonText.Read(name) : null;

    private Expression? Optional(JsonElement operand, string key, int depth) => operand.TryGetProperty(key, out var value) ? Read(value, depth + 1) : null;

    private Expression Required(JsonElement operand, string name, string key, int depth) =>
        operand.ValueKind == JsonValueKind.Object && operand.TryGetProperty(key, out var value) ? Read(value, depth + 1) : throw Bad($"Missing '{key}' parameter to {name}");
}
