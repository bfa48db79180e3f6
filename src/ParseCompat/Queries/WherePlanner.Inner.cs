using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <content>Sub-queries and relations (contract 9.6, 9.7).</content>
internal sealed partial class WherePlanner
{
    /// <summary>An inner query: the class's rows that the caller may find; null when there is no such class.</summary>
    private async ValueTask<RowQuery?> InnerAsync(JsonElement query, string name, bool needsWhere, int depth)
    {
        if (query.ValueKind != JsonValueKind.Object || Text(query, "className") is not { Length: > 0 } className)
            throw Improper(name);
        var hasWhere = query.TryGetProperty("where", out var where) && where.ValueKind == JsonValueKind.Object;
        if (needsWhere && !hasWhere)
            throw Improper(name);
        ClassAccess.RequireFind(className, context.Caller);
        if (context.Catalog.FindByOrigin(className) is not { } table)
        {
            return context.MayReadMissing
                ? null
                : throw new ParseError(ErrorCode.OperationForbidden, $"This user is not allowed to access non-existent class: {className}");
        }

        if (Text(query, "redirectClassNameForKey") is { Length: > 0 } redirect
            && table.Find(redirect) is { Kind: FieldKind.Relation, Target: { } target } && context.Catalog.FindByOrigin(target) is { } redirected)
        {
            ClassAccess.RequireFind(target, context.Caller);
            table = redirected;
        }

        var filter = hasWhere ? await PlanAsync(table, where, depth + 1) : Filter.Always;
        return new RowQuery { Table = table, Filter = filter, Operation = Operation.Find, WithAcl = false, Fields = [] };
    }

    private async ValueTask<Filter> InQueryAsync(FieldPath? path, JsonElement operand, string name, int depth)
    {
        if (await InnerAsync(operand, name, needsWhere: true, depth) is not { } inner || path is null)
            return Filter.Never;
        if (path is { Steps.IsEmpty: true, Field: { Kind: FieldKind.Reference, HasRest: false } })
            return new Filter.InQuery(path, inner);

        // A pointer inside an array or object is JSON there: the ids are fetched and compared with it.
        var target = inner.Table.Origin;
        var isNested = IsNested(path);
        return new Filter.In(path, [.. (await IdsAsync(inner)).Select(id => isNested ? PointerJson(target, id) : Value.Reference(target, id))]);
    }

    private async ValueTask<ImmutableArray<Value>> SelectAsync(JsonElement operand, string name, int depth)
    {
        if (operand.ValueKind != JsonValueKind.Object || operand.EnumerateObject().Count() != 2
            || !operand.TryGetProperty("query", out var query) || Text(operand, "key") is not { Length: > 0 } key)
        {
            throw Improper(name);
        }

        if (await InnerAsync(query, name, needsWhere: false, depth) is not { } inner)
            return [];
        var steps = key.Split('.');
        if (Resolve(inner.Table, steps[0])?.Field is not { } field)
            return [];
        var values = ImmutableArray.CreateBuilder<Value>();
        await using var cursor = await context.Rows.OpenAsync(inner with { Fields = inner.Table.Find(field.Name) is null ? [] : [field] }, context.Caller, context.Cancellation);
        while (await cursor.ReadAsync(context.Cancellation))
            Collect(cursor, field, steps.AsSpan(1), values);
        return values.ToImmutable();
    }

    /// <summary>The value of a row at a path, as its JSON shows it (a pointer has a class name and an id); of an array its elements, as $in would flatten it.</summary>
    private static void Collect(Row row, Field field, ReadOnlySpan<string> steps, ImmutableArray<Value>.Builder values)
    {
        var value = field == Field.Id ? Value.Of(row.Id)
            : field == Field.CreatedAt ? Value.Of(row.CreatedAt)
            : field == Field.UpdatedAt ? Value.Of(row.UpdatedAt)
            : row.Get(field.Name) ?? Value.Null;
        if (value.Kind == ValueKind.Reference && steps is ["objectId"])
            value = Value.Of(value.AsReference.Id);
        else if (value.Kind is not (ValueKind.Object or ValueKind.Array) && steps.Length > 0)
            return;
        if (value.Kind is not (ValueKind.Object or ValueKind.Array))
        {
            if (!value.IsNull)
                values.Add(value);
            return;
        }

        var json = IncludedRows.Parse(value.AsBytes);
        foreach (var step in steps)
        {
            if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(step, out json))
                return;
        }

        foreach (var element in json.ValueKind == JsonValueKind.Array ? json.EnumerateArray().AsEnumerable() : [json])
        {
            if (ReadAtom(element, isNested: false) is { IsNull: false } atom)
                values.Add(atom);
        }
    }

    private static Value PointerJson(string target, string id)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            ValueWriter.WritePointer(writer, target, id);
        return Value.Object(NestedJson.Normalize(stream.ToArray()));
    }

    private async ValueTask<List<string>> IdsAsync(RowQuery query)
    {
        var ids = new List<string>();
        await using var cursor = await context.Rows.OpenAsync(query, context.Caller, context.Cancellation);
        while (await cursor.ReadAsync(context.Cancellation))
            ids.Add(cursor.Id);
        return ids;
    }

    /// <summary>Members of a relation; the caller must be able to read the owner.</summary>
    private async ValueTask<Filter> PlanRelatedAsync(JsonElement operand)
    {
        if (operand.ValueKind != JsonValueKind.Object || !operand.TryGetProperty("object", out var owner)
            || IncludedRows.AsPointer(owner) is not { } pointer || Text(operand, "key") is not { Length: > 0 } key)
        {
            throw Improper("$relatedTo");
        }

        if (context.Catalog.FindByOrigin(pointer.Target) is not { } table || table.Find(key) is not { Kind: FieldKind.Relation } relation)
            return Filter.Never;
        if (!context.Caller.IsAdministrator)
        {
            var shape = new RowQuery { Table = table, Fields = [], WithAcl = false };
            if (await context.Rows.GetAsync(table, pointer.Id, context.Caller, shape, context.Cancellation) is null)
                return Filter.Never;
        }

        return new Filter.RelatedTo(relation, pointer.Id);
    }

    /// <summary>Owners of a relation, by what it holds. Other constraints on a relation match no row.</summary>
    private async ValueTask<Filter> PlanRelationAsync(Table table, Field relation, JsonElement value, int depth)
    {
        if (value.ValueKind == JsonValueKind.Object && IsTyped(value) && RelatedId(value) is { } id)
            return new Filter.HasRelated(relation, [id]);
        if (value.ValueKind != JsonValueKind.Object)
            return Filter.Never;
        var all = ImmutableArray.CreateBuilder<Filter>();
        foreach (var part in value.EnumerateObject())
        {
            all.Add(part.Name switch
            {
                "$in" => new Filter.HasRelated(relation, Ids(part.Value, part.Name)),
                "$nin" => new Filter.Not(new Filter.HasRelated(relation, Ids(part.Value, part.Name))),
                "$ne" => RelatedId(part.Value) is { } other ? new Filter.Not(new Filter.HasRelated(relation, [other])) : Filter.Always,
                "$eq" => RelatedId(part.Value) is { } same ? new Filter.HasRelated(relation, [same]) : Filter.Never,
                "$inQuery" => await HasFoundAsync(relation, part.Value, part.Name, depth),
                "$notInQuery" => new Filter.Not(await HasFoundAsync(relation, part.Value, part.Name, depth)),
                _ => Filter.Never,
            });
        }

        return all.Count == 1 ? all[0] : new Filter.AllOf(all.ToImmutable());
    }

    private async ValueTask<Filter> HasFoundAsync(Field relation, JsonElement operand, string name, int depth) =>
        await InnerAsync(operand, name, needsWhere: true, depth) is { } inner
            ? new Filter.HasRelated(relation, [.. await IdsAsync(inner)])
            : Filter.Never;

    private static ImmutableArray<string> Ids(JsonElement list, string name)
    {
        if (list.ValueKind != JsonValueKind.Array)
            throw new ParseError(ErrorCode.InvalidJson, $"bad {name} value");
        return [.. list.EnumerateArray().Select(RelatedId).OfType<string>()];
    }

    /// <summary>The id of a pointer whose class the relation knows already; bare ids count too.</summary>
    private static string? RelatedId(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => JsonText.Read(value),
        JsonValueKind.Object => Text(value, "objectId"),
        _ => null,
    };

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? JsonText.Read(value) : null;

    private static ParseError Improper(string name) => new(ErrorCode.InvalidQuery, $"improper usage of {name}");
}
