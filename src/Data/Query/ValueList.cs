using System.Globalization;
using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Backend.Data.Query;

/// <summary>
/// The values of several requests as one list <c>v (p1, p2, …, n)</c>: an array parameter per value, a row per request, numbered by <c>n</c> from 1. The
/// arrays stand behind sub-selects, so that the plan is the same for any number of rows and is made once (docs/decisions/027-settled-plans.md).
/// </summary>
internal static class ValueList
{
    /// <summary>Prints the list for values of these types; null: one of them has no place in a list.</summary>
    public static string? TryPrint(IReadOnlyList<NpgsqlParameter> values)
    {
        var list = new StringBuilder("unnest(");
        var columns = new StringBuilder();
        for (var i = 0; i < values.Count; i++)
        {
            if (TypeOf(values[i]) is not { } type)
                return null;
            list.Append(i == 0 ? "(select $" : ", (select $").Append(Number(i + 1)).Append("::").Append(type).Append("[])");
            columns.Append('p').Append(Number(i + 1)).Append(", ");
        }

        return list.Append(") with ordinality as v (").Append(columns).Append("n)").ToString();
    }

    /// <summary>What a value of the list is cast with where it is used. Lists of texts and JSON travel as text: a list of lists would have to be a rectangle.</summary>
    public static string CastOf(NpgsqlParameter value) => value switch
    {
        { NpgsqlDbType: NpgsqlDbType.Array | NpgsqlDbType.Text } => "::text[]",
        NpgsqlParameter<byte[]> { NpgsqlDbType: NpgsqlDbType.Jsonb } => "::jsonb",
        _ => "",
    };

    /// <summary>The values of one column of the list.</summary>
    public static NpgsqlParameter Gather(IReadOnlyList<Statement> rows, int column) => rows[0][column] switch
    {
        NpgsqlParameter<double> => Array(rows, column, p => ((NpgsqlParameter<double>)p).TypedValue, NpgsqlDbType.Double),
        NpgsqlParameter<long> => Array(rows, column, p => ((NpgsqlParameter<long>)p).TypedValue, NpgsqlDbType.Bigint),
        NpgsqlParameter<bool> => Array(rows, column, p => ((NpgsqlParameter<bool>)p).TypedValue, NpgsqlDbType.Boolean),
        NpgsqlParameter<DateTime> => Array(rows, column, p => ((NpgsqlParameter<DateTime>)p).TypedValue, NpgsqlDbType.TimestampTz),
        NpgsqlParameter<byte[]> { NpgsqlDbType: NpgsqlDbType.Bytea } => Array(rows, column, p => ((NpgsqlParameter<byte[]>)p).TypedValue!, NpgsqlDbType.Bytea),
        NpgsqlParameter<byte[]> => Array(rows, column, p => Encoding.UTF8.GetString(((NpgsqlParameter<byte[]>)p).TypedValue!), NpgsqlDbType.Text),
        NpgsqlParameter<string> => Array(rows, column, p => ((NpgsqlParameter<string>)p).TypedValue!, NpgsqlDbType.Text),
        _ => Array(rows, column, p => p is NpgsqlParameter<string[]> texts ? ArrayText(texts.TypedValue!) : null, NpgsqlDbType.Text),
    };

    /// <summary>Texts in PostgreSQL's text form of an array, every element quoted.</summary>
    public static string ArrayText(IReadOnlyList<string> texts)
    {
        var array = new StringBuilder("{");
        foreach (var text in texts)
        {
            if (array.Length > 1)
                array.Append(',');
            array.Append('"').Append(text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
        }

        return array.Append('}').ToString();
    }

    private static string? TypeOf(NpgsqlParameter value) => value switch
    {
        NpgsqlParameter<double> => "float8",
        NpgsqlParameter<long> => "int8",
        NpgsqlParameter<bool> => "bool",
        NpgsqlParameter<DateTime> => "timestamptz",
        NpgsqlParameter<byte[]> { NpgsqlDbType: NpgsqlDbType.Bytea } => "bytea",
        NpgsqlParameter<byte[]> { NpgsqlDbType: NpgsqlDbType.Jsonb } => "text",
        NpgsqlParameter<string> { NpgsqlDbType: NpgsqlDbType.Text } => "text",
        { NpgsqlDbType: NpgsqlDbType.Array | NpgsqlDbType.Text } => "text",
        _ => null,
    };

    private static NpgsqlParameter<T[]> Array<T>(IReadOnlyList<Statement> rows, int column, Func<NpgsqlParameter, T> value, NpgsqlDbType type)
    {
        var values = new T[rows.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = value(rows[i][column]);
        return new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
