using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
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
        if (context.BeforeInner is { } before)
            await before(className, query);
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
        return await InnerAsync(operand, name, needsWhere: true, depth) is { } inner && path is not null
            ? new Filter.InQuery(path, inner, WireForms.Instance)
            : Filter.Never;
    }

    private async ValueTask<Filter> SelectAsync(FieldPath? path, JsonElement operand, string name, int depth)
    {
        if (operand.ValueKind != JsonValueKind.Object || operand.EnumerateObject().Count() != 2
            || !operand.TryGetProperty("query", out var query) || Text(operand, "key") is not { Length: > 0 } key)
        {
            throw Improper(name);
        }

        return await InnerAsync(query, name, needsWhere: false, depth) is { } inner && path is not null && Found(inner.Table, key) is { } found
            ? new Filter.InValues(path, inner, found, WireForms.Instance)
            : Filter.Never;
    }

    /// <summary>What a key of a found row's JSON names: of a pointer also its id.</summary>
    private static FieldPath? Found(Table table, string key) =>
        key.EndsWith(".objectId", StringComparison.Ordinal) && table.Find(key[..^".objectId".Length]) is { Kind: FieldKind.Reference, Column: not null } pointer
            ? new FieldPath(pointer with { Kind = FieldKind.Text, Target = null, HasRest = false }, [])
            : Resolve(table, key);

    /// <summary>Members of a relation; the caller must be able to read the owner.</summary>
    private Filter PlanRelated(JsonElement operand)
    {
        // Of the owner only class and id count: some callers leave out that it is a pointer.
        if (operand.ValueKind != JsonValueKind.Object || !operand.TryGetProperty("object", out var owner) || owner.ValueKind != JsonValueKind.Object
            || Text(owner, "className") is not { } ownerClass || Text(operand, "key") is not { Length: > 0 } key)
        {
            throw Improper("$relatedTo");
        }

        // An SDK asks for the relation of an object that it has not saved yet, which has no members.
        if (Text(owner, "objectId") is not { } ownerId)
            return Filter.Never;
        if (context.Catalog.FindByOrigin(ownerClass) is not { } table || table.Find(key) is not { Kind: FieldKind.Relation } relation)
            return Filter.Never;
        return new Filter.RelatedTo(relation, ownerId, context.Caller.IsAdministrator ? null : new RowQuery { Table = table, Operation = Operation.Get });
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
        await InnerAsync(operand, name, needsWhere: true, depth) is { } inner ? new Filter.HasRelatedIn(relation, inner) : Filter.Never;

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
