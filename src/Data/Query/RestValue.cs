using Backend.Data.Catalog;

namespace Backend.Data.Query;

/// <summary>Prints what a field has in <c>rest</c> as its column would have it; null where it is missing or of another kind.</summary>
internal static class RestValue
{
    /// <summary>Prints the value, as <paramref name="rest"/> (an expression, or a column) has it.</summary>
    public static void Print(Statement sql, Field field, string rest)
    {
        var name = sql.Fragment(s => s.Text(field.Name));
        var value = $"({rest} -> {name})";
        sql.Sql(field.Kind switch
        {
            FieldKind.Number => $"case when jsonb_typeof{value} = 'number' then ({value} #>> '{{}}')::double precision end",
            FieldKind.Text => $"(case when jsonb_typeof{value} = 'string' then {value} #>> '{{}}' end) collate \"C\"",
            FieldKind.Boolean => $"case when jsonb_typeof{value} = 'boolean' then {value}::boolean end",
            FieldKind.Timestamp => $"case when ({value} ->> '$date')::numeric between {Storage.MinMilliseconds} and {Storage.MaxMilliseconds} "
                + $"then timestamptz 'epoch' + ({value} ->> '$date')::double precision * interval '1 millisecond' end",
            FieldKind.Array => $"case when jsonb_typeof{value} = 'array' then {value} end",
            // Values of other kinds are objects with a key that begins with a dollar sign.
            FieldKind.Object => $"case when jsonb_typeof{value} = 'object' and not jsonb_path_exists({value}, '$.keyvalue().key ? (@ starts with \"$\")') then {value} end",
            FieldKind.File => $"(({value} -> '$file') #>> '{{}}') collate \"C\"",
            FieldKind.Reference => $"({value} #>> '{{$reference,1}}') collate \"C\"",
            _ => $"null::{CatalogChange.TypeOf(field.Kind)}",
        });
    }

    /// <summary>Prints the value wherever it is: in the column or, as long as it is on its way there, in <c>rest</c>.</summary>
    public static void PrintCurrent(Statement sql, Field field, string alias)
    {
        if (field.Column is null)
        {
            Print(sql, field, alias + ".rest");
            return;
        }

        if (field.Promotion == FieldPromotion.None)
        {
            sql.Sql(alias).Sql(".").Sql(field.QuotedColumn);
            return;
        }

        sql.Sql("coalesce(").Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(", ");
        Print(sql, field, alias + ".rest");
        sql.Sql(")");
    }
}
