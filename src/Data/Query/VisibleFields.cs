using System.Collections.Frozen;
using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Values;

namespace Backend.Data.Query;

/// <summary>Refuses queries, inner ones too, that filter or sort by a field that is hidden from the caller: the answer would tell its values (contract 13.3).</summary>
internal static class VisibleFields
{
    /// <summary>Checks a query.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.ProtectedFilter"/>, <see cref="RefusalKind.ProtectedSort"/>: a field that is hidden.</exception>
    public static void Require(RowQuery query, Caller caller)
    {
        if (caller.IsAdministrator)
            return;
        var hiding = query.Table.HidingFrom(caller);
        var hidden = hiding.HasOwnRow && IsOwnRow(query.Filter, caller) ? hiding.In(1) : hiding.General;
        if (hidden.Count > 0)
        {
            foreach (var sort in query.Sort)
            {
                if (hidden.Contains(sort.Path.Field.Name))
                    throw new Refusal(RefusalKind.ProtectedSort, $"Sorting {query.Table.Name} by {sort.Path.Field.Name} is not allowed.", query.Table.Origin, sort.Path.Field.Name);
            }
        }

        Require(query.Table, query.Filter, hidden, caller);
    }

    /// <summary>Prints in which rows of <paramref name="alias"/> the caller sees a field, as something to be added to a condition; nothing where it is all of them.</summary>
    public static void PrintWhere(Statement sql, Table table, Field field, string alias, Caller caller)
    {
        var hiding = table.HidingFrom(caller);
        if (!hiding.General.Contains(field.Name))
            return;
        sql.Sql(" and (false");
        if (hiding.HasOwnRow && !hiding.In(1).Contains(field.Name))
            sql.Sql(" or ").Sql(alias).Sql(".id = ").Text(caller.UserId!);
        for (var i = 0; i < hiding.Owners.Length; i++)
        {
            if (hiding.In(2UL << i).Contains(field.Name))
                continue;
            sql.Sql(" or ");
            AccessRules.PrintHolds(sql, hiding.Owners[i], caller.UserId!, alias);
        }

        sql.Sql(")");
    }

    private static void Require(Table table, Filter filter, FrozenSet<string> hidden, Caller caller)
    {
        switch (filter)
        {
            case Filter.AllOf all:
                Require(table, all.Filters, hidden, caller);
                break;
            case Filter.AnyOf any:
                Require(table, any.Filters, hidden, caller);
                break;
            case Filter.Not not:
                Require(table, not.Inner, hidden, caller);
                break;
            case Filter.OnPath condition:
                Require(table, condition.Path.Field, hidden);
                if (((condition as Filter.InQuery)?.Query ?? (condition as Filter.InValues)?.Query) is { } inner)
                    Require(inner, caller);
                break;
            case Filter.HasRelated has:
                Require(table, has.Relation, hidden);
                break;
            case Filter.HasRelatedIn has:
                Require(table, has.Relation, hidden);
                Require(has.Query, caller);
                break;
            case Filter.SearchText search:
                foreach (var field in search.Fields)
                    Require(table, field, hidden);
                break;
            case Filter.RelatedTo:
                break; // says nothing of the row's own fields; the owner's are looked at in the owner's row
            default:
                throw new InvalidOperationException($"Unknown filter {filter.GetType().Name}.");
        }
    }

    private static void Require(Table table, ImmutableArray<Filter> filters, FrozenSet<string> hidden, Caller caller)
    {
        foreach (var filter in filters)
            Require(table, filter, hidden, caller);
    }

    private static void Require(Table table, Field field, FrozenSet<string> hidden)
    {
        if (hidden.Count > 0 && hidden.Contains(field.Name))
            throw new Refusal(RefusalKind.ProtectedFilter, $"Filtering {table.Name} by {field.Name} is not allowed.", table.Origin, field.Name);
    }

    /// <summary>Whether the filter lets nothing through but the caller's own row.</summary>
    private static bool IsOwnRow(Filter filter, Caller caller) => filter switch
    {
        Filter.Equal { Path: { Field: var field, Steps.IsEmpty: true }, Value: { Kind: ValueKind.Text } value } => field == Field.Id && value.AsText == caller.UserId,
        Filter.AllOf all => all.Filters.Any(f => IsOwnRow(f, caller)),
        _ => false,
    };
}
