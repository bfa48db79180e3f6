using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Values;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <summary>What a plan of conditions needs besides the conditions.</summary>
/// <param name="Catalog">The catalog.</param>
/// <param name="Caller">On whose behalf they run.</param>
/// <param name="MayReadMissing">Whether a class that does not exist reads as empty; else it is refused.</param>
/// <param name="Special">Conditions on keys that are no fields (<c>authData.x.id</c>); null when the key is an ordinary one.</param>
/// <param name="Now">What relative times count from.</param>
/// <param name="Cancellation">Ends with the request.</param>
internal sealed record PlanContext(CatalogSnapshot Catalog, Caller Caller, bool MayReadMissing,
    Func<Table, string, JsonElement, ValueTask<Filter?>> Special, DateTimeOffset Now, CancellationToken Cancellation)
{
    /// <summary>Told each inner query, with its class, before it is planned; may refuse it. Null: nobody wants to know.</summary>
    public Func<string, JsonElement, ValueTask>? BeforeInner { get; init; }
}

/// <summary>
/// Turns <c>where</c> into Data's filter: names to fields, JSON to values, with the errors of contract 9.3 to 9.7. A field that the class
/// does not have is missing in every row.
/// </summary>
internal sealed partial class WherePlanner(PlanContext context)
{
    private const int MaxDepth = 64;

    /// <summary>Plans the conditions on a class's rows.</summary>
    /// <exception cref="ParseError">102, 105, 107: what the conditions cannot be.</exception>
    public ValueTask<Filter> PlanAsync(Table table, JsonElement where) => PlanAsync(table, where, 0);

    /// <summary>The field or place that a key names; null when the class has no such field.</summary>
    public static FieldPath? Resolve(Table table, string key)
    {
        switch (key)
        {
            case "objectId": return Field.Id;
            case "createdAt" or "_created_at": return Field.CreatedAt;
            case "updatedAt" or "_updated_at": return Field.UpdatedAt;
        }

        var dot = key.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
            return (table.Find(key) ?? table.FindUntyped(key)) is { } field ? new FieldPath(field, []) : null;
        // Only objects and arrays have places inside; of a pointer MongoDB stores nothing below. In rest anything may stand.
        return table.Find(key[..dot]) is { Kind: not FieldKind.Relation } root && (root.HasRest || root.Kind is FieldKind.Object or FieldKind.Array) ? new FieldPath(root, [.. key[(dot + 1)..].Split('.')]) : null;
    }

    private async ValueTask<Filter> PlanAsync(Table table, JsonElement where, int depth)
    {
        // An empty map of PHP's is written as a list.
        if (where.ValueKind == JsonValueKind.Array && where.GetArrayLength() == 0)
            return Filter.Always;
        if (where.ValueKind != JsonValueKind.Object)
            throw new ParseError(ErrorCode.InvalidJson, "where parameter is not valid JSON");
        if (depth > MaxDepth)
            throw new ParseError(ErrorCode.InvalidQuery, "The query is nested too deeply.");
        var all = ImmutableArray.CreateBuilder<Filter>();
        foreach (var property in where.EnumerateObject())
            all.Add(await PlanKeyAsync(table, property.Name, property.Value, depth));
        return all.Count switch
        {
            0 => Filter.Always,
            1 => all[0],
            _ => new Filter.AllOf(all.ToImmutable()),
        };
    }

    private async ValueTask<Filter> PlanKeyAsync(Table table, string key, JsonElement value, int depth)
    {
        switch (key)
        {
            case "$or": return new Filter.AnyOf(await PlanListAsync(table, key, value, depth));
            case "$and": return new Filter.AllOf(await PlanListAsync(table, key, value, depth));
            case "$nor": return new Filter.Not(new Filter.AnyOf(await PlanListAsync(table, key, value, depth)));
            case "$relatedTo": return PlanRelated(value);
            case "ACL" when value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False):
                throw new ParseError(ErrorCode.InvalidQuery, "Cannot query on ACL.");
        }

        if (!IsQueryKey(key) && !context.Caller.IsAdministrator)
            throw new ParseError(ErrorCode.InvalidKeyName, $"Invalid key name: {key}");
        if (await context.Special(table, key, value) is { } special)
            return special;
        var path = Resolve(table, key);
        if (path is { Field.Kind: FieldKind.Relation })
            return await PlanRelationAsync(table, path.Field, value, depth);
        if (!IsConstraint(value))
            return Equality(path, Direct(path, value));

        var all = ImmutableArray.CreateBuilder<Filter>();
        var direct = false;
        foreach (var part in value.EnumerateObject())
        {
            if (part.Name.StartsWith('$'))
            {
                if (await PlanOperatorAsync(table, path, part.Name, part.Value, value, depth) is { } filter)
                    all.Add(filter);
            }
            else
            {
                direct = true;
            }
        }

        if (direct)
            all.Add(Equality(path, Atom(path, WithoutOperators(value))));
        return all.Count == 1 ? all[0] : new Filter.AllOf(all.ToImmutable());
    }

    /// <summary>One operator; null: it only accompanies another one.</summary>
    private async ValueTask<Filter?> PlanOperatorAsync(Table table, FieldPath? path, string name, JsonElement operand, JsonElement constraint, int depth)
    {
        if (RelativeTime.Text(operand) is { } relative)
        {
            var instant = RelativeTime.Read(relative, name, path, context.Now);
            return path is null ? Filter.Never : new Filter.Compare(path, Ordering(name), Value.Timestamp(instant));
        }

        switch (name)
        {
            case "$eq": return Equality(path, Atom(path, operand));
            case "$ne": return new Filter.Not(Equality(path, Atom(path, operand)));
            case "$lt" or "$lte" or "$gt" or "$gte": return Compare(path, Ordering(name), operand);
            case "$in": return In(path, List(path, operand, name));
            case "$nin": return new Filter.Not(In(path, List(path, operand, name)));
            case "$exists":
                var exists = path is null ? Filter.Never : new Filter.Exists(path);
                return IsTruthy(operand) ? exists : new Filter.Not(exists);
            case "$all": return All(path, operand);
            case "$containedBy":
                var list = operand.ValueKind == JsonValueKind.Array ? List(path, operand, name)
                    : throw new ParseError(ErrorCode.InvalidJson, "bad $containedBy: should be an array");
                return path is null ? Filter.Always : new Filter.ContainedBy(path, list);
            case "$regex": return Matches(path, operand, constraint);
            case "$options":
                return constraint.TryGetProperty("$regex", out _) ? null : throw new ParseError(ErrorCode.InvalidQuery, "$options without $regex");
            case "$inQuery": return await InQueryAsync(path, operand, name, depth);
            case "$notInQuery": return new Filter.Not(await InQueryAsync(path, operand, name, depth));
            case "$select": return await SelectAsync(path, operand, name, depth);
            case "$dontSelect": return new Filter.Not(await SelectAsync(path, operand, name, depth));
            case "$nearSphere": return Near(path, operand, constraint);
            case "$maxDistance" or "$maxDistanceInRadians" or "$maxDistanceInMiles" or "$maxDistanceInKilometers": return MaxDistance(name, constraint);
            case "$within": return Within(path, operand);
            case "$geoWithin": return GeoWithin(path, operand);
            case "$geoIntersects": return GeoIntersects(path, operand);
            case "$text": return SearchText(table, path, operand);
            default:
                throw new ParseError(ErrorCode.InvalidJson, $"bad constraint: {name}");
        }
    }

    private async ValueTask<ImmutableArray<Filter>> PlanListAsync(Table table, string key, JsonElement list, int depth)
    {
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw new ParseError(ErrorCode.InvalidQuery,
                key == "$nor" ? "Bad $nor format - use an array of at least 1 value." : $"Bad {key} format - use an array value.");
        }

        if (list.GetArrayLength() == 0)
            throw new ParseError(ErrorCode.InvalidQuery, $"Bad {key} format - use an array of at least 1 value.");
        var filters = ImmutableArray.CreateBuilder<Filter>();
        foreach (var inner in list.EnumerateArray())
            filters.Add(await PlanAsync(table, inner, depth + 1));
        return filters.ToImmutable();
    }

    private static Filter Equality(FieldPath? path, Value value)
    {
        if (path is null)
            return value.IsNull ? Filter.Always : Filter.Never;
        return new Filter.Equal(path, value);
    }

    private static Filter In(FieldPath? path, ImmutableArray<Value> values)
    {
        if (path is null)
            return values.Any(v => v.IsNull) ? Filter.Always : Filter.Never;
        return new Filter.In(path, values);
    }

    private static Comparison Ordering(string name) => name switch
    {
        "$lt" => Comparison.Less,
        "$lte" => Comparison.LessOrEqual,
        "$gt" => Comparison.Greater,
        _ => Comparison.GreaterOrEqual,
    };

    private static Filter Compare(FieldPath? path, Comparison comparison, JsonElement operand)
    {
        var value = ReadAtom(operand, isNested: false) is { Kind: ValueKind.Timestamp } instant ? instant : Atom(path, operand);
        return path is null || value.IsNull ? Filter.Never : new Filter.Compare(path, comparison, value);
    }

    private static Filter All(FieldPath? path, JsonElement operand)
    {
        if (operand.ValueKind != JsonValueKind.Array)
            throw new ParseError(ErrorCode.InvalidJson, "bad $all value");
        var filters = ImmutableArray.CreateBuilder<Filter>();
        var patterns = 0;
        foreach (var element in operand.EnumerateArray())
        {
            if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("$regex", out var regex))
            {
                patterns++;
                filters.Add(Matches(path, regex, element));
            }
            else
            {
                // An object with operators that are none is a value that nothing equals.
                filters.Add(IsConstraint(element) ? Filter.Never : Equality(path, ReadAtom(element, IsNested(path)) ?? throw BadAtom(element)));
            }
        }

        if (patterns > 0 && patterns < filters.Count)
            throw new ParseError(ErrorCode.InvalidJson, $"All $all values must be of regex type or none: {JavaScriptText.Of(operand)}");
        return filters.Count == 0 ? Filter.Never : new Filter.AllOf(filters.ToImmutable());
    }

    private static Filter Matches(FieldPath? path, JsonElement regex, JsonElement constraint)
    {
        if (regex.ValueKind != JsonValueKind.String)
            throw new ParseError(ErrorCode.InvalidQuery, "$regex value must be a string");
        var options = "";
        if (constraint.TryGetProperty("$options", out var given))
        {
            if (given.ValueKind != JsonValueKind.String)
                throw new ParseError(ErrorCode.InvalidQuery, "$options value must be a string");
            options = JsonText.Read(given);
        }

        var pattern = PatternTranslator.Translate(JsonText.Read(regex), options);
        return path is null ? Filter.Never : new Filter.Matches(path, pattern);
    }
}
