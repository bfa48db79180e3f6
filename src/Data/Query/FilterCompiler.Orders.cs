using Backend.Data.Catalog;
using Backend.Data.Values;

namespace Backend.Data.Query;

/// <content>The four orderings. Only values of one type have an order between them.</content>
internal static partial class FilterCompiler
{
    private static void PrintCompare(Statement sql, Filter.Compare compare, string alias)
    {
        var field = compare.Path.Field;
        var branches = new Branches(sql);
        if (IsNested(compare.Path))
        {
            branches.Next();
            if (compare.Value.Kind == ValueKind.Number && IndexedSource(compare.Path, alias) is { } indexed)
                PrintIndexedCompare(sql, compare, alias, indexed);
            else
                PrintElements(sql, compare.Path, alias, element => PrintJsonCompare(sql, element, compare, false));
        }
        else if (field.Column is not null && compare.Path.Steps.IsEmpty && KindOf(field.Kind) == compare.Value.Kind && IsOrdered(compare.Value.Kind))
        {
            branches.Next();
            PrintColumnCompare(sql, compare, alias);
        }

        if (field.HasRest)
        {
            branches.Next();
            PrintRestElements(sql, compare.Path, alias, element => PrintJsonCompare(sql, element, compare, true));
        }

        branches.End();
    }

    private static void PrintColumnCompare(Statement sql, Filter.Compare compare, string alias)
    {
        var field = compare.Path.Field;
        var value = compare.Value;
        if (value.Kind == ValueKind.Reference && value.AsReference.Target != field.Target)
        {
            // References are in order of their tables first, and those of a column are all to the same one.
            if ((compare.Comparison is Comparison.Less or Comparison.LessOrEqual) == string.CompareOrdinal(field.Target, value.AsReference.Target) < 0)
                sql.Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(" is not null");
            else
                sql.Sql("false");
            return;
        }

        sql.Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(Operator(compare.Comparison));
        if (value.Kind == ValueKind.Text)
            sql.Text(Clean(value.AsText));
        else
            PrintParameter(sql, field.Kind, value);
    }

    private static bool IsOrdered(ValueKind kind) => kind is ValueKind.Number or ValueKind.Text or ValueKind.Timestamp or ValueKind.Boolean or ValueKind.Bytes or ValueKind.File or ValueKind.Reference;

    private static ValueKind? KindOf(FieldKind kind) => kind switch
    {
        FieldKind.Text => ValueKind.Text,
        FieldKind.Number => ValueKind.Number,
        FieldKind.Boolean => ValueKind.Boolean,
        FieldKind.Timestamp => ValueKind.Timestamp,
        FieldKind.Bytes => ValueKind.Bytes,
        FieldKind.File => ValueKind.File,
        FieldKind.Reference => ValueKind.Reference,
        _ => null,
    };

    private static string Operator(Comparison comparison) => comparison switch
    {
        Comparison.Less => " < ",
        Comparison.LessOrEqual => " <= ",
        Comparison.Greater => " > ",
        _ => " >= ",
    };
}
