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
/// <param name="Hiding">What is hidden row by row; null: nothing that was read.</param>
/// <param name="Owners">The ordinal of the first of <see cref="FieldHiding.Owners"/>: whether that field holds the caller.</param>
/// <param name="Score">The ordinal of the score of a text search; -1: not read.</param>
internal sealed record ReadShape(Table Table, ImmutableArray<Field> Fields, int[] Ordinals, int Acl, int Rest, int Version, FieldHiding? Hiding, int Owners, int Score)
{
    /// <summary>The ordinal of the id, which the two timestamps follow.</summary>
    public int First { get; init; }

    /// <summary>Names without a field whose nulls are read along; see <see cref="Table.Untyped"/>.</summary>
    public FrozenSet<string> Untyped { get; init; } = FrozenSet<string>.Empty;

    /// <summary>What the joined rows look like, in the order of the joins.</summary>
    public ImmutableArray<ReadShape> Joined { get; init; } = [];
}

/// <summary>Prints reads: rows and counts.</summary>
internal static class ReadCompiler
{
    private const string Alias = "t";

    /// <summary>Prints the select of a query.</summary>
    /// <param name="sql">Where it is printed.</param>
    /// <param name="query">The query.</param>
    /// <param name="caller">On whose behalf.</param>
    /// <param name="isOpen">Whether the table is one of <see cref="OpenTables"/>.</param>
    public static ReadShape PrintRows(Statement sql, RowQuery query, Caller caller, bool isOpen = false)
    {
        VisibleFields.Require(query, caller);
        sql.Sql("select ");
        var next = 0;
        var shape = PrintColumns(sql, query, caller, Alias, ref next);
        if (!query.Joins.IsEmpty)
            return PrintJoined(sql, query, shape, caller, isOpen, next);
        sql.Sql(" from ");
        PrintSelected(sql, query, caller, isOpen);
        return shape;
    }

    /// <summary>
    /// Prints the select of the row with this id as one of several that are read for different requests (<see cref="Statement.ListValues"/>): its number in the
    /// list comes first.
    /// </summary>
    public static ReadShape PrintListedRow(Statement sql, RowQuery query, string id, Caller caller)
    {
        VisibleFields.Require(query, caller);
        sql.ListValues().Sql("select v.n, ");
        var next = 1;
        var shape = PrintColumns(sql, query, caller, Alias, ref next);
        sql.Sql(" from ").ListHere().Sql(" join ").Sql(query.Table.Quoted).Sql(" t on t.id = ").Text(FilterCompiler.Clean(id)).Sql(" where ");
        AccessRules.PrintReadable(sql, query.Table, query.Operation, caller, Alias);
        if (!sql.EndList())
            throw new InvalidOperationException("A row's access rules hold a value that cannot be listed.");
        return shape;
    }

    // Everything that decides which rows there are, and in which order.
    private static void PrintSelected(Statement sql, RowQuery query, Caller caller, bool isOpen)
    {
        var form = SettledPlan.Of(query, caller, isOpen);
        sql.HidesValues = form != PageForm.Planned;
        sql.Sql(query.Table.Quoted).Sql(" t where ");
        AccessRules.PrintReadable(sql, query.Table, query.Operation, caller, Alias);
        PrintFilter(sql, query, caller);
        PrintOrder(sql, query, Alias);
        if (form == PageForm.HiddenWithin)
            sql.Sql(" limit ").Sql(query.Limit!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture));
        else if (query.Limit is { } limit)
            sql.Sql(" limit ").Integer(limit);
        sql.HidesValues = false;
        if (query.Offset > 0)
            sql.Sql(" offset ").Integer(query.Offset);
    }

    // The page is settled first, so that no more rows than its own are looked up, and "offset 0" keeps each look-up a look-up by key, which
    // leaves the rows in the page's order.
    private static ReadShape PrintJoined(Statement sql, RowQuery query, ReadShape shape, Caller caller, bool isOpen, int next)
    {
        var joined = ImmutableArray.CreateBuilder<ReadShape>(query.Joins.Length);
        var aliases = new string[query.Joins.Length];
        for (var i = 0; i < aliases.Length; i++)
        {
            var join = query.Joins[i];
            aliases[i] = sql.Alias();
            sql.Sql(", ");
            joined.Add(PrintColumns(sql, new RowQuery { Table = join.Target, Fields = join.Fields }, caller, aliases[i], ref next));
        }

        sql.Sql(" from (select t.* from ");
        PrintSelected(sql, query, caller, isOpen);
        sql.Sql(") t");
        for (var i = 0; i < aliases.Length; i++)
        {
            var join = query.Joins[i];
            var inner = sql.Alias();
            sql.Sql(" left join lateral (select ").Sql(inner).Sql(".* from ").Sql(join.Target.Quoted).Sql(" ").Sql(inner).Sql(" where ").Sql(inner).Sql(".id = t.")
                .Sql(join.Reference.QuotedColumn).Sql(" and ");
            AccessRules.PrintReadable(sql, join.Target, Operation.Get, caller, inner);
            sql.Sql(" offset 0) ").Sql(aliases[i]).Sql(" on true");
        }

        return shape with { Joined = joined.MoveToImmutable() };
    }

    /// <summary>Prints the count of a query's rows, without limit and offset.</summary>
    public static void PrintCount(Statement sql, RowQuery query, Caller caller)
    {
        VisibleFields.Require(query, caller);
        sql.Sql("select count(*) from ").Sql(query.Table.Quoted).Sql(" t where ");
        AccessRules.PrintReadable(sql, query.Table, Operation.Count, caller, Alias);
        PrintFilter(sql, query, caller);
    }

    /// <summary>Prints the select of one whole row that the caller may write, for interceptors.</summary>
    public static ReadShape PrintRowToWrite(Statement sql, Table table, string id, Operation operation, Caller caller)
    {
        sql.Sql("select ");
        var next = 0;
        var shape = PrintColumns(sql, new RowQuery { Table = table }, Caller.Administrator, Alias, ref next);
        sql.Sql(" from ").Sql(table.Quoted).Sql(" t where t.id = ").Text(FilterCompiler.Clean(id)).Sql(" and ");
        AccessRules.PrintWritable(sql, table, operation, caller, Alias);
        return shape;
    }

    /// <summary>Prints where the rows of a query are, for a statement that writes them: its table as <c>t</c>, who may read it, its filter.</summary>
    public static void PrintMatching(Statement sql, RowQuery query, Caller caller)
    {
        VisibleFields.Require(query, caller);
        sql.Sql(query.Table.Quoted).Sql(" t where ");
        AccessRules.PrintReadable(sql, query.Table, query.Operation, caller, Alias);
        PrintFilter(sql, query, caller);
    }

    /// <summary>Prints the columns of a query's rows for a select that goes on elsewhere, from <c>t</c>.</summary>
    /// <param name="sql">Where it is printed.</param>
    /// <param name="query">The query: its fields and whether the access list is wanted.</param>
    /// <param name="caller">On whose behalf.</param>
    /// <param name="first">How many columns come before.</param>
    public static ReadShape PrintColumnsOf(Statement sql, RowQuery query, Caller caller, int first) => PrintColumns(sql, query, caller, Alias, ref first);

    private static void PrintFilter(Statement sql, RowQuery query, Caller caller)
    {
        if (query.Filter is Filter.AllOf { Filters.Length: 0 })
            return;
        sql.Sql(" and ");
        FilterCompiler.Print(sql, query.Filter, Alias, caller);
    }

    private static ReadShape PrintColumns(Statement sql, RowQuery query, Caller caller, string alias, ref int next)
    {
        var table = query.Table;
        var hiding = table.HidingFrom(caller);
        var wanted = query.Fields.IsDefault ? table.Fields : query.Fields;
        var fields = hiding.Always.Count == 0 ? wanted : wanted.RemoveAll(f => hiding.Always.Contains(f.Name));
        var untyped = table.Untyped.Count == 0 || hiding.Always.Count == 0 ? table.Untyped : table.Untyped.Except(hiding.Always).ToFrozenSet(StringComparer.Ordinal);
        var ordinals = new int[fields.Length];
        var first = next;
        sql.Sql(alias).Sql(".id, ").Sql(alias).Sql(".created_at, ").Sql(alias).Sql(".updated_at");
        next += 3;
        for (var i = 0; i < fields.Length; i++)
        {
            var field = fields[i];
            if (field.Column is null || field.Kind == FieldKind.Relation)
            {
                ordinals[i] = -1;
                continue;
            }

            sql.Sql(", ").Sql(alias).Sql(".").Sql(field.QuotedColumn);
            if (field.Kind is FieldKind.Point or FieldKind.Polygon)
                sql.Sql("::bytea");
            ordinals[i] = next++;
        }

        var acl = -1;
        if (query.WithAcl)
        {
            sql.Sql(", ").Sql(alias).Sql(".acl_read, ").Sql(alias).Sql(".acl_write");
            acl = next;
            next += 2;
        }

        var rest = -1;
        if (table.HasRest)
        {
            sql.Sql(", ").Sql(alias).Sql(".rest");
            rest = next++;
        }

        var version = -1;
        if (query.WithVersion)
        {
            sql.Sql(", ").Sql(alias).Sql(".xmin");
            version = next++;
        }

        var score = -1;
        if (query.WithScore is { } search)
        {
            sql.Sql(", ");
            FilterCompiler.PrintScore(sql, search, alias);
            score = next++;
        }

        if (!hiding.DependsOnRow)
            return new ReadShape(table, fields, ordinals, acl, rest, version, null, -1, score) { First = first, Untyped = untyped };
        foreach (var owner in hiding.Owners)
        {
            sql.Sql(", ");
            AccessRules.PrintHolds(sql, owner, caller.UserId!, alias);
            sql.Sql(" is true");
        }

        var owners = next;
        next += hiding.Owners.Length;
        return new ReadShape(table, fields, ordinals, acl, rest, version, hiding, owners, score) { First = first, Untyped = untyped };
    }

    /// <summary>Prints the order of a query's rows.</summary>
    internal static void PrintOrder(Statement sql, RowQuery query, string alias)
    {
        if (query.Limit == 1 && query.Sort.IsEmpty && query.Filter is Filter.Equal { Path.Field.Column: "id" })
            return;
        if (query.Sort.IsEmpty)
        {
            sql.Sql(" order by ").Sql(alias).Sql(".created_at, ").Sql(alias).Sql(".id");
            return;
        }

        sql.Sql(" order by ");
        for (var i = 0; i < query.Sort.Length; i++)
        {
            if (i > 0)
                sql.Sql(", ");
            PrintSort(sql, query.Sort[i], query.Filter, alias);
        }
    }

    private static void PrintSort(Statement sql, Sort sort, Filter filter, string alias)
    {
        if (sort.Distance is { } near)
        {
            FilterCompiler.PrintDistance(sql, near, alias);
            return;
        }

        if (sort.Score is { } search)
        {
            FilterCompiler.PrintScore(sql, search, alias);
            sql.Sql(" desc");
            return;
        }

        var field = sort.Path.Field;
        var isMixed = false;
        if (field.Kind == FieldKind.Relation)
            sql.Sql("(select null::text)");
        else if (field.Column is null || field.Kind is FieldKind.Object or FieldKind.Array || !sort.Path.Steps.IsEmpty)
            PrintNestedKey(sql, sort, alias);
        else
        {
            isMixed = field is { HasRest: true, Indexed: false } && TypedKey(sql, field, alias) is { } key && PrintMixedKey(sql, sort, alias, key);
            if (!isMixed)
                sql.Sql(alias).Sql(".").Sql(field.QuotedColumn);
        }

        // Where no null can come, the order is printed as the indexes have it, whatever end the caller would put nulls at.
        if (sort.NullsFirst is not { } nullsFirst || (sort.Path.Steps.IsEmpty && (KeyOrder.IsNeverNull(field.Column ?? "") || RequiresValue(filter, field))))
            sql.Sql(KeyOrder.Suffix(sort.Path.Steps.IsEmpty ? field.Column ?? "" : "", sort.Descending));
        else
            sql.Sql(sort.Descending ? " desc" : " asc").Sql(nullsFirst ? " nulls first" : " nulls last");
        if (!isMixed && field is { HasRest: true, Column: not null } && field.Kind is not (FieldKind.Object or FieldKind.Array or FieldKind.Relation) && sort.Path.Steps.IsEmpty)
        {
            sql.Sql(", catalog.sort_key(").Sql(alias).Sql(".rest -> ").Text(field.Name).Sql(", '{}', ").Boolean(sort.Descending).Sql(")")
                .Sql(KeyOrder.Suffix("", sort.Descending));
        }
    }

    /// <summary>Prints the key of what stands inside JSON: MongoDB's order of types, of arrays the smallest element ascending and the largest descending.</summary>
    private static void PrintNestedKey(Statement sql, Sort sort, string alias)
    {
        var field = sort.Path.Field;
        var isNested = field is { Column: not null, Kind: FieldKind.Object or FieldKind.Array };
        sql.Sql("catalog.sort_key(");
        if (isNested && field.HasRest)
            sql.Sql("coalesce(");
        if (isNested)
            sql.Sql(alias).Sql(".").Sql(field.QuotedColumn);
        if (field.HasRest)
            sql.Sql(isNested ? ", " : "").Sql(alias).Sql(".rest -> ").Text(field.Name).Sql(isNested ? ")" : "");
        else if (!isNested)
            sql.Sql("null");
        sql.Sql(", ").Texts([.. sort.Path.Steps.Select(FilterCompiler.Clean)]).Sql(", ").Boolean(sort.Descending).Sql(")");
    }

    /// <summary>
    /// Prints the key of a column's values among those of other types in <c>rest</c>. Not for an indexed column, whose order must stay the
    /// index's: there what stands in <c>rest</c> comes with the missing values.
    /// </summary>
    private static bool PrintMixedKey(Statement sql, Sort sort, string alias, string typed)
    {
        var field = sort.Path.Field;
        sql.Sql("case when ").Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(" is not null then row(").Sql(typed).Sql(")::catalog.sort_key else catalog.sort_key(")
            .Sql(alias).Sql(".rest -> ").Text(field.Name).Sql(", '{}', ").Boolean(sort.Descending).Sql(") end");
        return true;
    }

    /// <summary>The parts of <c>catalog.sort_key</c> for a column's value; null for types that have no place among others.</summary>
    private static string? TypedKey(Statement sql, Field field, string alias)
    {
        var column = alias + "." + field.QuotedColumn;
        return field.Kind switch
        {
            FieldKind.Number => $"2, {column}, null",
            FieldKind.Text or FieldKind.File => $"3, null, {column}",
            FieldKind.Reference => sql.Fragment(s => s.Sql("3, null, ").Text(FilterCompiler.Clean(field.Target!)).Sql(" || '$' || ").Sql(column)),
            FieldKind.Bytes => $"6, null, encode({column}, 'hex')",
            FieldKind.Boolean => $"8, {column}::int, null",
            FieldKind.Timestamp => $"9, null, {FilterCompiler.IsoText(column)}",
            _ => null,
        };
    }

    private static bool RequiresValue(Filter filter, Field field) => !field.HasRest && filter switch
    {
        Filter.AllOf all => all.Filters.Any(f => RequiresValue(f, field)),
        Filter.Compare compare => compare.Path.Field == field && compare.Path.Steps.IsEmpty,
        Filter.Equal equal => equal.Path.Field == field && equal.Path.Steps.IsEmpty && !equal.Value.IsNull,
        Filter.HasValue has => has.Path.Field == field && has.Path.Steps.IsEmpty,
        _ => false,
    };
}
