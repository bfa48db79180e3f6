using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Aggregation;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Values;
using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Aggregates;

/// <summary>
/// Reads MongoDB's query language as <c>$match</c> has it: unlike in a <c>where</c>, arrays and objects may be compared as wholes. A text under a Date field is
/// a date, a bare id under a Pointer field a pointer to its class.
/// </summary>
internal sealed partial class ConditionReader(PipelineLimits limits, DocumentNames names, ImmutableHashSet<string> variables)
{
    /// <summary>Reads conditions on documents.</summary>
    /// <exception cref="ParseError">102: an unknown operator, or a wrong operand.</exception>
    public Condition Read(JsonElement conditions, int depth = 0)
    {
        if (conditions.ValueKind != JsonValueKind.Object)
            throw ExpressionReader.Bad("the match filter must be an expression in an object");
        var all = ImmutableArray.CreateBuilder<Condition>();
        foreach (var part in conditions.EnumerateObject())
        {
            limits.CountNode(depth);
            switch (part.Name)
            {
                case "$and": all.Add(new Condition.AllOf(List(part, depth))); break;
                case "$or": all.Add(new Condition.AnyOf(List(part, depth))); break;
                case "$nor": all.Add(new Condition.Not(new Condition.AnyOf(List(part, depth)))); break;
                case "$expr": all.Add(new Condition.Holds(new ExpressionReader(limits, names, variables).Read(part.Value, depth + 1))); break;
                case "$comment": break;
                default:
                    if (part.Name.StartsWith('$'))
                        throw ExpressionReader.Bad($"unknown top level operator: {part.Name}");
                    var path = names.Path(part.Name);
                    all.Add(ReadValue(path, path.Length == 1 ? names.FieldOf(path[0]) : null, IsNested(path), part.Value, depth));
                    break;
            }
        }

        return all.Count == 1 ? all[0] : new Condition.AllOf(all.ToImmutable());
    }

    private bool IsNested(ImmutableArray<string> path) => path.Length > 1 || names.FieldOf(path[0]) is { Kind: FieldKind.Array or FieldKind.Object };

    private ImmutableArray<Condition> List(JsonProperty part, int depth)
    {
        if (part.Value.ValueKind != JsonValueKind.Array || part.Value.GetArrayLength() == 0)
            throw ExpressionReader.Bad($"{part.Name} must be a nonempty array");
        return [.. part.Value.EnumerateArray().Select(c => Read(c, depth + 1))];
    }

    private Condition ReadValue(ImmutableArray<string> path, Field? field, bool isNested, JsonElement value, int depth) =>
        IsOperators(value) ? ReadOperators(path, field, isNested, value, depth) : new Condition.In(path, [Constant(field, isNested, value)]);

    private static bool IsOperators(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object || ExtendedJson.Read(value) is not null)
            return false;
        foreach (var part in value.EnumerateObject())
            return part.Name.StartsWith('$');
        return false;
    }

    private Condition ReadOperators(ImmutableArray<string> path, Field? field, bool isNested, JsonElement operators, int depth)
    {
        var all = ImmutableArray.CreateBuilder<Condition>();
        foreach (var part in operators.EnumerateObject())
        {
            limits.CountNode(depth);
            if (part.Name != "$options" && part.Name != "$comment")
                all.Add(ReadOperator(path, field, isNested, part.Name, part.Value, operators, depth));
        }

        return all.Count == 1 ? all[0] : new Condition.AllOf(all.ToImmutable());
    }

    private Condition ReadOperator(ImmutableArray<string> path, Field? field, bool isNested, string name, JsonElement operand, JsonElement all, int depth)
    {
        switch (name)
        {
            case "$eq": return new Condition.In(path, [Constant(field, isNested, operand)]);
            case "$ne": return new Condition.Not(new Condition.In(path, [Constant(field, isNested, operand)]));
            case "$in": return new Condition.In(path, Constants(field, isNested, name, operand));
            case "$nin": return new Condition.Not(new Condition.In(path, Constants(field, isNested, name, operand)));
            case "$lt": return new Condition.Compare(path, Comparison.Less, Constant(field, isNested, operand));
            case "$lte": return new Condition.Compare(path, Comparison.LessOrEqual, Constant(field, isNested, operand));
            case "$gt": return new Condition.Compare(path, Comparison.Greater, Constant(field, isNested, operand));
            case "$gte": return new Condition.Compare(path, Comparison.GreaterOrEqual, Constant(field, isNested, operand));
            case "$exists":
                var exists = new Condition.Exists(path);
                return new Parameter("", operand).IsTruthy ? exists : new Condition.Not(exists);
            case "$not":
                if (!IsOperators(operand))
                    throw ExpressionReader.Bad("$not needs a regex or a document");
                return new Condition.Not(ReadOperators(path, field, isNested, operand, depth + 1));
            case "$all":
                var wanted = Constants(field, isNested, name, operand);
                return wanted.IsEmpty ? new Condition.AnyOf([]) : new Condition.AllOf([.. wanted.Select(w => new Condition.In(path, [w]))]);
            case "$size":
                return operand.ValueKind == JsonValueKind.Number ? new Condition.Size(path, operand.GetDouble()) : throw ExpressionReader.Bad("$size needs a number");
            case "$type": return new Condition.OfType(path, Types(operand));
            case "$mod":
                if (operand.ValueKind != JsonValueKind.Array || operand.GetArrayLength() != 2 || operand.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.Number))
                    throw ExpressionReader.Bad("malformed mod, needs to be an array of two numbers");
                return Math.Truncate(operand[0].GetDouble()) == 0
                    ? throw ExpressionReader.Bad("divisor cannot be 0")
                    : new Condition.Remainder(path, Math.Truncate(operand[0].GetDouble()), Math.Truncate(operand[1].GetDouble()));
            case "$regex": return new Condition.Matches(path, Pattern(operand, all));
            case "$geoWithin" or "$geoIntersects": return ReadPlace(path, field, name, operand);
            case "$elemMatch":
                if (operand.ValueKind != JsonValueKind.Object)
                    throw ExpressionReader.Bad("$elemMatch needs an Object");
                var inner = IsOperators(operand) && !IsLogical(operand)
                    ? ReadOperators([], null, true, operand, depth + 1)
                    : new ConditionReader(limits, new DocumentNames(null, []), variables).Read(operand, depth + 1);
                return new Condition.AnyElement(path, inner);
            default:
                throw ExpressionReader.Bad($"unknown operator: {name}");
        }
    }

    private static bool IsLogical(JsonElement operand) => operand.EnumerateObject().First().Name is "$and" or "$or" or "$nor" or "$expr";

    private static TextPattern Pattern(JsonElement regex, JsonElement all)
    {
        if (regex.ValueKind != JsonValueKind.String)
            throw ExpressionReader.Bad("$regex has to be a string");
        var options = all.TryGetProperty("$options", out var given)
            ? given.ValueKind == JsonValueKind.String ? JsonText.Read(given) : throw ExpressionReader.Bad("$options has to be a string")
            : "";
        return PatternTranslator.Translate(JsonText.Read(regex), options);
    }

    private static ImmutableArray<Value> Constants(Field? field, bool isNested, string name, JsonElement list) => list.ValueKind == JsonValueKind.Array
        ? [.. list.EnumerateArray().Select(e => Constant(field, isNested, e))]
        : throw ExpressionReader.Bad($"{name} needs an array");

    private static Value Constant(Field? field, bool isNested, JsonElement json)
    {
        var value = ExtendedJson.ReadValue(json, isNested);
        if (value.Kind != ValueKind.Text || field is null)
            return value;
        return field.Kind switch
        {
            FieldKind.Timestamp => WireDate.Parse(value.AsText) is { } instant ? Value.Timestamp(instant) : value,
            FieldKind.Reference when !value.AsText.Contains('$', StringComparison.Ordinal) => Value.Of($"{field.Target}${value.AsText}"),
            _ => value,
        };
    }

    private static ImmutableArray<string> Types(JsonElement operand)
    {
        var types = ImmutableArray.CreateBuilder<string>();
        foreach (var type in operand.ValueKind == JsonValueKind.Array ? operand.EnumerateArray().AsEnumerable() : [operand])
        {
            var name = type.ValueKind switch
            {
                JsonValueKind.String => JsonText.Read(type),
                JsonValueKind.Number => type.GetDouble() switch
                {
                    1 => "double",
                    2 => "string",
                    3 => "object",
                    4 => "array",
                    5 => "binData",
                    7 => "objectId",
                    8 => "bool",
                    9 => "date",
                    10 => "null",
                    16 => "int",
                    18 => "long",
                    19 => "decimal",
                    var other => other.ToString(System.Globalization.CultureInfo.InvariantCulture),
                },
                _ => "",
            };
            switch (name)
            {
                // Every number is a double here; a whole one may have been an integer there.
                case "number" or "double" or "int" or "long":
                    types.AddRange("int", "double");
                    break;
                case "string" or "object" or "array" or "binData" or "bool" or "date" or "null":
                    types.Add(name);
                    break;
                case "objectId" or "decimal" or "timestamp" or "regex" or "javascript" or "minKey" or "maxKey" or "symbol" or "undefined" or "dbPointer":
                    break;
                default:
                    throw ExpressionReader.Bad($"Unknown type name alias: {name}");
            }
        }

        return types.ToImmutable();
    }
}
