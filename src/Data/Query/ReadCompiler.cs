using System.Collections.Frozen;
using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Catalog;

namespace Backend.Data.Query;

/// <summary>What a printed select gives back: which field stands at which ordinal.</summary>
/// <param name="Table">The table.</param>
/// <param name="Fields">The fields, by position.</param>
/// <param name="Ordinals">The ordinal of each, -1 for relations and fields without a column.</param>
/// <param name="Acl">The ordinal of <c>acl_read</c>, which <c>acl_write</c> follows; -1: not read.</param>
/// <param name="Rest">The ordinal of <c>rest</c>; -1: not read.</param>
/// <param name="Version">The ordinal of the row version; -1: not read.</param>
/// <param name="OwnOnly">Positions that only the row's own user gets to see.</param>
internal sealed record ReadShape(Table Table, ImmutableArray<Field> Fields, int[] Ordinals, int Acl, int Rest, int Version, FrozenSet<string> OwnOnly);

/// <summary>Prints reads: rows and counts.</summary>
internal static class ReadCompiler
{
    private const string Alias = "t";

    /// <summary>Prints the select of a query.</summary>
    public static ReadShape PrintRows(Statement sql, RowQuery query, Caller caller)
    {
        RequireVisible(query, caller);
        var shape = PrintColumns(sql, query, caller);
        sql.Sql(" from ").Sql(query.Table.Quoted).Sql(" t where ");
        AccessRules.PrintReadable(sql, query.Table, query.Operation, caller, Alias);
        PrintFilter(sql, query, caller);
        PrintOrder(sql, query);
        if (query.Limit is { } limit)
            sql.Sql(" limit ").Integer(limit);
        if (query.Offset > 0)
            sql.Sql(" offset ").Integer(query.Offset);
        return shape;
    }

    /// <summary>Prints the count of a query's rows, without limit and offset.</summary>
    public static void PrintCount(Statement sql, RowQuery query, Caller caller)
    {
        RequireVisible(query, caller);
        sql.Sql("select count(*) from ").Sql(query.Table.Quoted).Sql(" t where ");
        AccessRules.PrintReadable(sql, query.Table, Operation.Count, caller, Alias);
        PrintFilter(sql, query, caller);
    }

    /// <summary>Prints the select of one whole row that the caller may write, for interceptors.</summary>
    public static ReadShape PrintRowToWrite(Statement sql, Table table, string id, Operation operation, Caller caller)
    {
        var shape = PrintColumns(sql, new RowQuery { Table = table }, Caller.Administrator);
        sql.Sql(" from ").Sql(table.Quoted).Sql(" t where t.id = ").Text(FilterCompiler.Clean(id)).Sql(" and ");
        AccessRules.PrintWritable(sql, table, operation, caller, Alias);
        return shape;
    }

    private static void PrintFilter(Statement sql, RowQuery query, Caller caller)
    {
        if (query.Filter is Filter.AllOf { Filters.Length: 0 })
            return;
        sql.Sql(" and ");
        FilterCompiler.Print(sql, query.Filter, Alias, caller);
    }

    private static ReadShape PrintColumns(Statement sql, RowQuery query, Caller caller)
    {
        var table = query.Table;
        var hidden = AccessRules.HiddenFields(table, caller);
        var ownOnly = table.Name == "users" && table.System && caller.UserId is not null ? hidden : FrozenSet<string>.Empty;
        var wanted = query.Fields.IsDefault ? table.Fields : query.Fields;
        var fields = hidden.Count == 0 || ownOnly.Count > 0 ? wanted : wanted.RemoveAll(f => hidden.Contains(f.Name));
        var ordinals = new int[fields.Length];
        sql.Sql("select t.id, t.created_at, t.updated_at");
        var next = 3;
        for (var i = 0; i < fields.Length; i++)
        {
            var field = fields[i];
            if (field.Column is null || field.Kind == FieldKind.Relation)
            {
                ordinals[i] = -1;
                continue;
            }

            sql.Sql(", t.").Sql(field.QuotedColumn);
            if (field.Kind is FieldKind.Point or FieldKind.Polygon)
                sql.Sql("::bytea");
            ordinals[i] = next++;
        }

        var acl = -1;
        if (query.WithAcl)
        {
            sql.Sql(", t.acl_read, t.acl_write");
            acl = next;
            next += 2;
        }

        var rest = -1;
        if (table.HasRest)
        {
            sql.Sql(", t.rest");
            rest = next++;
        }

        var version = -1;
        if (query.WithVersion)
        {
            sql.Sql(", t.xmin");
            version = next;
        }

        return new ReadShape(table, fields, ordinals, acl, rest, version, ownOnly);
    }

    private static void PrintOrder(Statement sql, RowQuery query)
    {
        if (query.Limit == 1 && query.Sort.IsEmpty && query.Filter is Filter.Equal { Path.Field.Column: "id" })
            return;
        if (query.Sort.IsEmpty)
        {
            sql.Sql(" order by t.created_at, t.id");
            return;
        }

        sql.Sql(" order by ");
        for (var i = 0; i < query.Sort.Length; i++)
        {
            if (i > 0)
                sql.Sql(", ");
            PrintSort(sql, query.Sort[i], query.Filter);
        }
    }

    private static void PrintSort(Statement sql, Sort sort, Filter filter)
    {
        var field = sort.Path.Field;
        if (field.Column is null || field.Kind == FieldKind.Relation)
            sql.Sql("t.rest -> ").Text(field.Name);
        else if (sort.Path.Steps.IsEmpty)
            sql.Sql("t.").Sql(field.QuotedColumn);
        else if (field.Kind is FieldKind.Object or FieldKind.Array)
            sql.Sql("t.").Sql(field.QuotedColumn).Sql(" #> ").Texts([.. sort.Path.Steps.Select(FilterCompiler.Clean)]);
        else
            sql.Sql("(select null::text)");
        // Where no null can come, the order is printed as the indexes have it, whatever end the caller would put nulls at.
        if (sort.NullsFirst is not { } nullsFirst || (sort.Path.Steps.IsEmpty && (KeyOrder.IsNeverNull(field.Column ?? "") || RequiresValue(filter, field))))
            sql.Sql(KeyOrder.Suffix(sort.Path.Steps.IsEmpty ? field.Column ?? "" : "", sort.Descending));
        else
            sql.Sql(sort.Descending ? " desc" : " asc").Sql(nullsFirst ? " nulls first" : " nulls last");
    }

    private static bool RequiresValue(Filter filter, Field field) => !field.HasRest && filter switch
    {
        Filter.AllOf all => all.Filters.Any(f => RequiresValue(f, field)),
        Filter.Compare compare => compare.Path.Field == field && compare.Path.Steps.IsEmpty,
        Filter.Equal equal => equal.Path.Field == field && equal.Path.Steps.IsEmpty && !equal.Value.IsNull,
        Filter.HasValue has => has.Path.Field == field && has.Path.Steps.IsEmpty,
        _ => false,
    };

    private static void RequireVisible(RowQuery query, Caller caller)
    {
        if (caller.IsAdministrator)
            return;
        var hidden = AccessRules.HiddenFields(query.Table, caller);
        if (hidden.Count == 0)
            return;
        foreach (var sort in query.Sort)
        {
            if (hidden.Contains(sort.Path.Field.Name))
                throw new Refusal(RefusalKind.ProtectedSort, $"Sorting {query.Table.Name} by {sort.Path.Field.Name} is not allowed.", query.Table.Origin, sort.Path.Field.Name);
        }

        RequireVisible(query.Table, query.Filter, hidden);
    }

    private static void RequireVisible(Table table, Filter filter, FrozenSet<string> hidden)
    {
        switch (filter)
        {
            case Filter.AllOf all:
                foreach (var inner in all.Filters)
                    RequireVisible(table, inner, hidden);
                break;
            case Filter.AnyOf any:
                foreach (var inner in any.Filters)
                    RequireVisible(table, inner, hidden);
                break;
            case Filter.Not not:
                RequireVisible(table, not.Inner, hidden);
                break;
            case Filter.InQuery inner:
                Require(table, inner.Path.Field, hidden);
                break;
            case Filter.Equal f:
                Require(table, f.Path.Field, hidden);
                break;
            case Filter.In f:
                Require(table, f.Path.Field, hidden);
                break;
            case Filter.Compare f:
                Require(table, f.Path.Field, hidden);
                break;
            case Filter.Exists f:
                Require(table, f.Path.Field, hidden);
                break;
            case Filter.HasValue f:
                Require(table, f.Path.Field, hidden);
                break;
            case Filter.ContainedBy f:
                Require(table, f.Path.Field, hidden);
                break;
            case Filter.Matches f:
                Require(table, f.Path.Field, hidden);
                break;
            case Filter.HasRelated f:
                Require(table, f.Relation, hidden);
                break;
            default:
                break;
        }
    }

    private static void Require(Table table, Field field, FrozenSet<string> hidden)
    {
        if (hidden.Contains(field.Name))
            throw new Refusal(RefusalKind.ProtectedFilter, $"Filtering {table.Name} by {field.Name} is not allowed.", table.Origin, field.Name);
    }
}
