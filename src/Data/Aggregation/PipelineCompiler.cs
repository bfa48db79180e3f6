using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;

namespace Backend.Data.Aggregation;

/// <summary>
/// Prints a pipeline as one SQL statement. Columns keep their types while keys are known, so that a first match uses indexes and sums add doubles;
/// what is computed is fenced off in a subselect (<c>offset 0</c>) before a later stage refers to it, so that neither text nor work multiplies.
/// </summary>
internal sealed partial class PipelineCompiler(Statement sql, Caller caller)
{
    private static readonly ImmutableDictionary<string, Term> NoVariables = ImmutableDictionary.Create<string, Term>(StringComparer.Ordinal);

    /// <summary>Prints the select of a pipeline: one column, a jsonb document a row.</summary>
    public void Print(DocumentSource source, ImmutableArray<Stage> stages, Filter rows)
    {
        var relation = Run(Base(source, rows), stages, NoVariables);
        sql.Sql("select ").Sql(relation.Shape.Whole(sql).Sql).Sql(" as d").Sql(relation.Tail(sql, ordered: true));
    }

    /// <summary>Prints the select of the distinct values at a path, in the order of their first appearance.</summary>
    public void PrintDistinct(DocumentSource source, ImmutableArray<string> path, Filter rows)
    {
        var relation = Base(source, rows);
        var root = relation.Shape.Get(sql, path[0]);
        if (path.Length == 1 && root.Type != TermType.Json)
        {
            // Two smallest values instead of a numbering of all rows, so that groups are hashed.
            var (time, id) = (relation.Order[0].Sql, relation.Order[1].Sql);
            relation.Where.Add(root.Sql + " is not null");
            sql.Sql("select ").Sql((root with { Sql = "g.v" }).ToJson()).Sql(" as d from (select ").Sql(root.Sql).Sql(" as v, min(").Sql(time).Sql(") as t, min(").Sql(id).Sql(") as i")
                .Sql(relation.Tail(sql, ordered: false)).Sql(" group by 1) as g order by g.t, g.i");
            return;
        }

        var (value, element) = (sql.Alias(), sql.Alias());
        relation.From += $", lateral aggregation.reach({root.ToJson()}, {Shape.Steps(sql, path[1..])}, false) as {value}(v), lateral aggregation.unwind({value}.v, false) as {element}";
        relation.Where.Add($"{element}.x <> 'null'");
        var number = $"row_number() over ({relation.OrderBy.TrimStart()}, {element}.i)";
        sql.Sql("select g.v as d from (select n.v, min(n.n) as n from (select ").Sql(element).Sql(".x as v, ").Sql(number).Sql(" as n").Sql(relation.Tail(sql, ordered: false))
            .Sql(") as n group by 1) as g order by g.n");
    }

    /// <summary>A table's rows.</summary>
    private Relation Base(DocumentSource source, Filter rows)
    {
        var table = source.Table;
        var alias = sql.Alias();
        var columns = ImmutableArray.CreateBuilder<Column>();
        foreach (var key in source.Keys)
            columns.Add(new Column(key.Name, OfField(key, alias), key.Field, alias, key.Prefix));
        if (source.ReadersKey is { } readers)
            columns.Add(new Column(readers, Term.Json($"to_jsonb({alias}.acl_read)", true)));
        if (source.WritersKey is { } writers)
            columns.Add(new Column(writers, Term.Json($"to_jsonb({alias}.acl_write)", true)));
        var relation = new Relation
        {
            From = $"{table.Quoted} as {alias}",
            Shape = new ColumnsShape(columns.ToImmutable()),
            Order = [new(alias + ".created_at", ""), new(alias + ".id", "")],
        };
        if (!caller.IsAdministrator)
            relation.Where.Add(sql.Fragment(s => AccessRules.PrintReadable(s, table, Operation.Find, caller, alias)));
        if (rows is not Filter.AllOf { Filters.Length: 0 })
            relation.Where.Add(sql.Fragment(s => FilterCompiler.Print(s, rows, alias, caller)));
        return relation;
    }

    private Term OfField(DocumentKey key, string alias)
    {
        var field = key.Field;
        Term? typed = null;
        if (field.Column is not null && field.Kind != FieldKind.Relation)
        {
            var column = $"{alias}.{field.QuotedColumn}";
            typed = field.Kind switch
            {
                FieldKind.Text or FieldKind.File => new Term(column, TermType.Text, Nulls.Missing, true),
                FieldKind.Number => new Term(column, TermType.Number, Nulls.Missing, true),
                FieldKind.Boolean => new Term(column, TermType.Boolean, Nulls.Missing, true),
                FieldKind.Timestamp => new Term(column, TermType.Timestamp, Nulls.Missing, true),
                FieldKind.Reference => new Term($"({sql.Fragment(s => s.Text(key.Prefix))} || {column})", TermType.Text, Nulls.Missing, true),
                FieldKind.Bytes => Term.Json($"case when {column} is not null then jsonb_build_object('$bytes', replace(encode({column}, 'base64'), E'\\n', '')) end", true),
                FieldKind.Point => Term.Json($"case when {column} is not null then jsonb_build_array(st_x({column}), st_y({column})) end", true),
                FieldKind.Polygon => Term.Json($"st_asgeojson({column}, 15, 0)::jsonb", true),
                _ => Term.Json(column, true),
            };
        }

        if (!field.HasRest)
            return typed ?? Term.Json("null::jsonb", true);
        var rest = $"aggregation.from_rest({alias}.rest -> {sql.Fragment(s => s.Text(field.Name))})";
        return Term.Json(typed is { } term ? $"coalesce({term.ToJson()}, {rest})" : rest, true);
    }

    private Relation Run(Relation relation, ImmutableArray<Stage> stages, ImmutableDictionary<string, Term> variables)
    {
        foreach (var stage in stages)
            relation = Apply(relation, stage, variables);
        return relation;
    }

    private Relation Apply(Relation relation, Stage stage, ImmutableDictionary<string, Term> variables)
    {
        switch (stage)
        {
            case Stage.Limit limit:
                relation.Limit = relation.Limit is { } before ? Math.Min(before, limit.Documents) : limit.Documents;
                return relation;
            case Stage.Skip skip:
                if (relation.Limit is { } most)
                    relation.Limit = Math.Max(0, most - skip.Documents);
                relation.Offset += skip.Documents;
                return relation;
        }

        // A projection of rows that are cut off already changes nothing about which; everything else needs them to be a source.
        var isProjection = stage is Stage.Project or Stage.AddFields or Stage.Unset or Stage.ReplaceRoot;
        if (!relation.Shape.IsSimple || (relation.IsCut && !isProjection))
            relation = Push(relation);
        var shape = relation.Shape;
        var expressions = new ExpressionCompiler(sql, shape, variables);
        switch (stage)
        {
            case Stage.Match match:
                relation.Where.Add(new ConditionCompiler(sql, shape, variables).Compile(match.Condition));
                return relation;
            case Stage.Project project:
                relation.Shape = Assign(ColumnsShape.Of(sql, shape, project.Kept), project.Computed, expressions);
                return relation;
            case Stage.AddFields add:
                relation.Shape = Assign(shape, add.Computed, expressions);
                return relation;
            case Stage.Unset unset:
                relation.Shape = shape.Without(sql, unset.Paths);
                return relation;
            case Stage.ReplaceRoot replace:
                relation.Shape = new DocumentShape(new Term($"aggregation.need_object({expressions.Compile(replace.Document).ToJson()}, '$replaceRoot')", TermType.Json, Nulls.Never));
                return relation;
            case Stage.Sort sort:
                relation.Order = [.. sort.Keys.Select(k => Key(shape, k)), .. relation.Order];
                return relation;
            case Stage.Sample sample:
                relation.Order = [new("random()", "")];
                relation.Limit = sample.Size;
                return Push(relation);
            case Stage.Unwind unwind:
                return Unwind(relation, unwind);
            case Stage.Group group:
                return Group(relation, group, expressions);
            case Stage.Count count:
                var counted = sql.Alias();
                return new Relation
                {
                    From = $"(select count(*)::double precision as n{relation.Tail(sql, ordered: false)} having count(*) > 0) as {counted}",
                    Shape = new ColumnsShape([new Column(count.Name, new Term(counted + ".n", TermType.Number, Nulls.Never, true))]),
                };
            case Stage.Lookup lookup:
                return Lookup(relation, lookup, expressions);
            case Stage.Facet facet:
                return Facet(relation, facet, variables);
            case Stage.Union union:
                return Union(relation, union, variables);
            default:
                throw new InvalidOperationException($"Unknown stage {stage.GetType().Name}.");
        }
    }

    private Shape Assign(Shape shape, ImmutableArray<Assignment> assignments, ExpressionCompiler expressions)
    {
        foreach (var (path, term) in assignments.Select(a => (a.Path, expressions.Compile(a.Value))).ToList())
            shape = shape.Put(sql, path, term, computed: true);
        return shape;
    }

    private OrderKey Key(Shape shape, SortKey key)
    {
        var value = shape.Get(sql, key.Path);
        return value.Type == TermType.Json
            ? new($"aggregation.order_key({value.Sql}, {(key.Descending ? "true" : "false")})", key.Descending ? " desc" : "")
            : new(value.Type == TermType.Text ? value.Sql + " collate \"C\"" : value.Sql, Direction(shape, key));
    }

    private static string Direction(Shape shape, SortKey key) => shape is ColumnsShape columns && columns.Find(key.Path[0])?.Field is { Column: { } name }
        ? KeyOrder.Suffix(name, key.Descending)
        : KeyOrder.Suffix("", key.Descending);

    private Relation Unwind(Relation relation, Stage.Unwind unwind)
    {
        var alias = sql.Alias();
        var array = relation.Shape.Get(sql, unwind.Path).ToJson();
        relation.From += $" cross join lateral aggregation.unwind({array}, {(unwind.Preserve ? "true" : "false")}) as {alias}";
        relation.Shape = relation.Shape.Put(sql, unwind.Path, Term.Json(alias + ".x", true));
        if (unwind.IndexPath is { } index)
            relation.Shape = relation.Shape.Put(sql, index, new Term(alias + ".i", TermType.Number, Nulls.Null, true));
        if (relation.Order.Count > 0)
            relation.Order = [.. relation.Order, new(alias + ".i", "")];
        return relation;
    }

    private Relation Facet(Relation relation, Stage.Facet facet, ImmutableDictionary<string, Term> variables)
    {
        var (source, alias) = (sql.Alias(), sql.Alias());
        var printed = Exported(relation, out var shape, out var order, source, asDocument: true);
        var values = new List<string>();
        var columns = ImmutableArray.CreateBuilder<Column>();
        foreach (var (name, stages) in facet.Pipelines)
        {
            var inner = Run(new Relation { From = source, Shape = shape, Order = [.. order] }, stages, variables);
            values.Add($"{Gathered(inner)} as c{values.Count}");
            columns.Add(new Column(name, Term.Json($"{alias}.c{columns.Count}", true)));
        }

        return new Relation
        {
            From = $"(with {source} as materialized ({printed}) select {string.Join(", ", values)}) as {alias}",
            Shape = new ColumnsShape(columns.ToImmutable()),
        };
    }

    private Relation Union(Relation relation, Stage.Union union, ImmutableDictionary<string, Term> variables)
    {
        var alias = sql.Alias();
        var parts = new List<string> { Numbered(relation, 1) };
        if (union.Other.Source is { } source)
            parts.Add(Numbered(Run(Base(source, Filter.Always), union.Other.Stages, variables), 2));
        return new Relation
        {
            From = $"({string.Join(" union all ", parts)}) as {alias}",
            Shape = new DocumentShape(new Term(alias + ".d", TermType.Json, Nulls.Never, true)),
            Order = [new(alias + ".u", ""), new(alias + ".n", "")],
        };

        string Numbered(Relation part, int number)
        {
            var inner = sql.Alias();
            return $"(select {number} as u, row_number() over () as n, {inner}.d from (select {part.Shape.Whole(sql).Sql} as d{part.Tail(sql, ordered: true)}) as {inner})";
        }
    }

    /// <summary>All documents of a relation in one array, as a scalar select.</summary>
    private string Gathered(Relation relation)
    {
        var alias = sql.Alias();
        var printed = Exported(relation, out var shape, out var order, alias, asDocument: true);
        var by = order.Count == 0 ? "" : " order by " + string.Join(", ", order.Select(o => o.Sql + o.Suffix));
        return $"(select coalesce(jsonb_agg({shape.Whole(sql).Sql}{by}), '[]') from ({printed}) as {alias})";
    }

    /// <summary>Makes a relation the source of a new one.</summary>
    private Relation Push(Relation relation)
    {
        var alias = sql.Alias();
        var printed = Exported(relation, out var shape, out var order, alias, asDocument: false);
        return new Relation { From = $"({printed}) as {alias}", Shape = shape, Order = order };
    }

    /// <summary>Prints a relation with its values and the keys of its order as columns.</summary>
    private string Exported(Relation relation, out Shape shape, out List<OrderKey> order, string alias, bool asDocument)
    {
        var columns = new List<string>();
        if (!asDocument && relation.Shape is ColumnsShape source)
        {
            shape = new ColumnsShape([.. source.Columns.Select((c, i) =>
            {
                columns.Add($"{c.Term.Sql} as c{i}");
                return new Column(c.Key, c.Term with { Sql = $"{alias}.c{i}", IsSimple = true });
            })]);
        }
        else
        {
            columns.Add(relation.Shape.Whole(sql).Sql + " as d");
            shape = new DocumentShape(new Term(alias + ".d", TermType.Json, Nulls.Never, true));
        }

        order = [];
        foreach (var key in relation.Order)
        {
            columns.Add($"{key.Sql} as o{order.Count}");
            order.Add(new($"{alias}.o{order.Count}", key.Suffix));
        }

        // The fence; a limit is one already.
        var fence = relation.Offset > 0 || relation.Limit is not null ? "" : " offset 0";
        return $"select {string.Join(", ", columns)}{relation.Tail(sql, ordered: false)}{fence}";
    }
}
