using Backend.Data.Catalog;
using Backend.Data.Rows;

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
            sql.Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(Operator(compare.Comparison));
            if (compare.Value.Kind == ValueKind.Text)
                sql.Text(Clean(compare.Value.AsText));
            else
                PrintParameter(sql, field.Kind, compare.Value);
        }

        if (field.HasRest)
        {
            branches.Next();
            PrintRestElements(sql, compare.Path, alias, element => PrintJsonCompare(sql, element, compare, true));
        }

        branches.End();
    }

    private static bool IsOrdered(ValueKind kind) => kind is ValueKind.Number or ValueKind.Text or ValueKind.Timestamp or ValueKind.Boolean or ValueKind.Bytes;

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
