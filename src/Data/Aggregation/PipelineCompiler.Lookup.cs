using System.Collections.Immutable;
using Backend.Data.Catalog;
using Backend.Data.Query;

namespace Backend.Data.Aggregation;

/// <content>Joins.</content>
internal sealed partial class PipelineCompiler
{
    private Relation Lookup(Relation relation, Stage.Lookup lookup, ExpressionCompiler expressions)
    {
        if (lookup.Inner.Source is not { } source)
        {
            relation.Shape = relation.Shape.Put(sql, lookup.As, new Term("'[]'::jsonb", TermType.Json, Nulls.Never, true));
            return relation;
        }

        // What the inner side sees of the document is printed once, as columns of a row of its own.
        var alias = sql.Alias();
        var columns = new List<string>();
        var variables = expressions.Variables;
        foreach (var (name, value) in lookup.Variables)
        {
            columns.Add($"{expressions.Compile(value).ToJson()} as v{columns.Count}");
            variables = variables.SetItem(name, Term.Json($"{alias}.v{columns.Count - 1}", true));
        }

        var inner = Base(source, Filter.Always);
        if (lookup is { LocalPath: { } local, ForeignPath: { } foreign })
        {
            columns.Add($"{relation.Shape.Get(sql, local).ToJson()} as v{columns.Count}");
            inner.Where.Add(Join((ColumnsShape)inner.Shape, foreign, $"{alias}.v{columns.Count - 1}"));
        }

        var gathered = Gathered(Run(inner, lookup.Inner.Stages, variables));
        var joined = columns.Count == 0 ? gathered : $"(select {gathered} from (select {string.Join(", ", columns)} offset 0) as {alias})";
        relation.Shape = relation.Shape.Put(sql, lookup.As, new Term(joined, TermType.Json, Nulls.Never));
        return relation;
    }

    /// <summary>The foreign value is the sought one, or one of its elements. Of a plain column, so that an index serves it.</summary>
    private string Join(ColumnsShape inner, ImmutableArray<string> foreign, string sought)
    {
        var column = inner.Find(foreign[0]);
        if (foreign.Length == 1 && column is { Field: { HasRest: false, Column: not null } field } && field.Kind is FieldKind.Text or FieldKind.File or FieldKind.Number or FieldKind.Reference)
        {
            var name = $"{column.Alias}.{field.QuotedColumn}";
            var values = field.Kind == FieldKind.Number
                ? $"aggregation.sought_numbers({sought})"
                : $"aggregation.sought_texts({sought}, {sql.Fragment(s => s.Text(column.Prefix))})";
            var equal = $"{name} = any({values})";
            return KeyOrder.IsNeverNull(field.Column!) ? equal : $"({equal} or ({name} is null and aggregation.seeks_null({sought})))";
        }

        var (root, alias) = (inner.Get(sql, foreign[0]), sql.Alias());
        return $"exists (select from aggregation.reach({root.ToJson()}, {Shape.Steps(sql, foreign[1..])}, true) as {alias}(v) where coalesce({alias}.v, 'null') = any(aggregation.sought({sought})))";
    }
}
