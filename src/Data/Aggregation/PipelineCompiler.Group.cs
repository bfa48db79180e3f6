using System.Collections.Immutable;

namespace Backend.Data.Aggregation;

/// <content>Groups.</content>
internal sealed partial class PipelineCompiler
{
    /// <summary>The key of a group's documents.</summary>
    public const string KeyName = "_id";

    private Relation Group(Relation relation, Stage.Group group, ExpressionCompiler expressions)
    {
        var alias = sql.Alias();
        var columns = new List<string>();
        var keys = 0;
        var isConstant = IsConstant(group.Key);
        Term key;
        if (!isConstant && group.Key is Expression.Object { Members.IsEmpty: false } parts)
        {
            // By its members, which may be typed; the object is made of the groups.
            var members = ImmutableArray.CreateBuilder<Column>();
            foreach (var (name, value) in parts.Members)
            {
                var term = expressions.Compile(value);
                columns.Add($"{term.Sql} as k{keys}");
                members.Add(new Column(name, term with { Sql = $"{alias}.k{keys}", IsSimple = true }));
                keys++;
            }

            key = new ColumnsShape(members.ToImmutable()).Whole(sql);
        }
        else
        {
            var term = expressions.Compile(group.Key);
            columns.Add($"{(term.Type == TermType.Json ? term.ToJsonOrNull() : term.Sql)} as k0");
            key = term with { Sql = alias + ".k0", IsSimple = true, Nulls = term.Nulls == Nulls.Never || term.Type == TermType.Json ? Nulls.Never : Nulls.Null };
            keys = 1;
        }

        var shape = ImmutableArray.CreateBuilder<Column>();
        shape.Add(new Column(KeyName, key));
        foreach (var accumulation in group.Accumulations)
        {
            var value = expressions.Compile(accumulation.Value);
            var term = Accumulate(accumulation.Accumulator, value, relation.OrderBy);
            columns.Add($"{term.Sql} as a{shape.Count}");
            shape.Add(new Column(accumulation.Name, term with { Sql = $"{alias}.a{shape.Count}", IsSimple = true }));
        }

        // Without anything to group by there is one group, but none of no documents.
        var by = isConstant ? " having count(*) > 0" : " group by " + string.Join(", ", Enumerable.Range(1, keys));
        return new Relation
        {
            From = $"(select {string.Join(", ", columns)}{relation.Tail(sql, ordered: false)}{by}) as {alias}",
            Shape = new ColumnsShape(shape.ToImmutable()),
        };
    }

    private static Term Accumulate(Accumulator accumulator, Term value, string order)
    {
        switch (accumulator)
        {
            case Accumulator.Count:
                return new Term("count(*)::double precision", TermType.Number, Nulls.Never);
            case Accumulator.Sum:
                return new Term($"coalesce(sum({value.ToNumberOrNull()}), 0)", TermType.Number, Nulls.Never);
            case Accumulator.Average:
                return new Term($"avg({value.ToNumberOrNull()})", TermType.Number, Nulls.Null);
            case Accumulator.DeviationOfPopulation:
                return new Term($"stddev_pop({value.ToNumberOrNull()})", TermType.Number, Nulls.Null);
            case Accumulator.DeviationOfSample:
                return new Term($"stddev_samp({value.ToNumberOrNull()})", TermType.Number, Nulls.Null);
            case Accumulator.Minimum or Accumulator.Maximum:
                var function = accumulator == Accumulator.Minimum ? "min" : "max";
                return value.Type switch
                {
                    TermType.Number or TermType.Timestamp => new Term($"{function}({value.Sql})", value.Type, Nulls.Null),
                    TermType.Text => new Term($"{function}({value.Sql} collate \"C\")", TermType.Text, Nulls.Null),
                    _ => new Term($"aggregation.{function}({value.ToJson()})", TermType.Json, Nulls.Null),
                };
            case Accumulator.First:
                return new Term($"aggregation.first({value.ToJsonOrNull()}{order})", TermType.Json, Nulls.Null);
            case Accumulator.Last:
                return new Term($"aggregation.last({value.ToJsonOrNull()}{order})", TermType.Json, Nulls.Null);
            case Accumulator.Push:
                return new Term($"coalesce(jsonb_agg({value.ToJson()}{order}) filter (where {value.ToJson()} is not null), '[]')", TermType.Json, Nulls.Never);
            case Accumulator.AddToSet:
                return new Term($"coalesce(jsonb_agg(distinct {value.ToJson()}) filter (where {value.ToJson()} is not null), '[]')", TermType.Json, Nulls.Never);
            default:
                return new Term($"aggregation.merge(aggregation.need_object({value.ToJson()}, '$mergeObjects'){order}) filter (where not aggregation.is_null({value.ToJson()}))", TermType.Json, Nulls.Never);
        }
    }

    private static bool IsConstant(Expression expression) => expression switch
    {
        Expression.Literal => true,
        Expression.Object o => o.Members.All(m => IsConstant(m.Value)),
        Expression.Array a => a.Items.All(IsConstant),
        _ => expression == Expression.Missing,
    };
}
