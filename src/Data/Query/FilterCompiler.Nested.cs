using System.Buffers;
using System.Text;
using Backend.Data.Catalog;
using Backend.Data.Rows;

namespace Backend.Data.Query;

/// <content>
/// Conditions inside object and array columns. A lax jsonpath walks through arrays on its way, as MongoDB does; the path is a parameter.
/// </content>
internal static partial class FilterCompiler
{
    /// <summary>Whether a condition looks at JSON: below an object or array, or at the elements of an array.</summary>
    private static bool IsNested(FieldPath path) => path.Field.Column is not null && path.Field.Kind is FieldKind.Array or FieldKind.Object;

    /// <summary>A value as it stands inside JSON; false for what cannot stand there in this form.</summary>
    private static bool TryNested(in Value value, out byte[] json)
    {
        json = value.Kind switch
        {
            ValueKind.Object or ValueKind.Array => value.AsBytes,
            ValueKind.Boolean or ValueKind.Number or ValueKind.Text or ValueKind.ExactNumber => Plain(value),
            _ => [],
        };
        return json.Length > 0 && NestedJson.IsStorable(json);
    }

    /// <summary>A value as it stands inside JSON.</summary>
    /// <exception cref="Refusal">It cannot stand there.</exception>
    internal static byte[] Nested(Value value) => value.IsNull ? "null"u8.ToArray()
        : TryNested(value, out var json) ? json
        : throw new Refusal(RefusalKind.InvalidValue, $"A {value.Kind} with this content cannot stand inside JSON.");

    private static byte[] Plain(in Value value)
    {
        var output = new ArrayBufferWriter<byte>(32);
        switch (value.Kind)
        {
            case ValueKind.Boolean:
                output.Write(value.AsBoolean ? "true"u8 : "false"u8);
                break;
            case ValueKind.Text:
                NestedJson.WriteString(output, value.AsText);
                break;
            default:
                NestedJson.WriteNumber(output, value.AsNumber);
                break;
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Prints: some value at the path, or element of an array there, meets a condition.</summary>
    private static void PrintElements(Statement sql, FieldPath path, string alias, Action<string> condition)
    {
        var element = sql.Alias();
        sql.Sql("exists (select from jsonb_path_query(").Sql(alias).Sql(".").Sql(path.Field.QuotedColumn).Sql(", ").JsonPath(JsonPath(path) + "[*]").Sql(") as ").Sql(element)
            .Sql(" where ");
        condition(element);
        sql.Sql(")");
    }

    /// <summary>Prints: the value that stands in <c>rest</c>, or an element of an array there, meets a condition.</summary>
    private static void PrintRestElements(Statement sql, FieldPath path, string alias, Action<string> condition)
    {
        var element = sql.Alias();
        sql.Sql("exists (select from jsonb_path_query(").Sql(alias).Sql(".rest -> ").Text(path.Field.Name).Sql(", ").JsonPath(JsonPath(path) + "[*]").Sql(") as ").Sql(element)
            .Sql(" where ");
        condition(element);
        sql.Sql(")");
    }

    private static void PrintContainedBy(Statement sql, Filter.ContainedBy contained, string alias)
    {
        if (!IsNested(contained.Path))
        {
            sql.Sql("true");
            return;
        }

        var allowed = contained.Values.Where(v => v.IsNull || TryNested(v, out _)).Select(Nested).ToArray();
        sql.Sql("(");
        PrintElements(sql, contained.Path, alias, element => sql.Sql(element).Sql(" <> all(").Jsons(allowed).Sql(")"));
        sql.Sql(") is not true");
    }

    private static void PrintNestedExists(Statement sql, FieldPath path, string alias)
    {
        if (IsNested(path))
            sql.Sql("jsonb_path_exists(").Sql(alias).Sql(".").Sql(path.Field.QuotedColumn).Sql(", ").JsonPath(JsonPath(path)).Sql(")");
        else
            sql.Sql("false");
    }

    private static void PrintNestedMissing(Statement sql, FieldPath path, string alias)
    {
        if (!IsNested(path))
        {
            sql.Sql("true");
            return;
        }

        PrintNestedExists(sql, path, alias);
        sql.Sql(" is not true or ");
        PrintElements(sql, path, alias, element => sql.Sql(element).Sql(" = 'null'"));
    }

    private static void PrintJsonCompare(Statement sql, string element, Filter.Compare compare, bool isRest)
    {
        var op = Operator(compare.Comparison);
        switch (compare.Value.Kind)
        {
            case ValueKind.Number or ValueKind.ExactNumber:
                sql.Sql("case when jsonb_typeof(").Sql(element).Sql(") = 'number' then (").Sql(element).Sql(" #>> '{}')::double precision").Sql(op).Number(compare.Value.AsNumber).Sql(" end");
                break;
            case ValueKind.Text:
                sql.Sql("jsonb_typeof(").Sql(element).Sql(") = 'string' and (").Sql(element).Sql(" #>> '{}') collate \"C\"").Sql(op).Text(Clean(compare.Value.AsText));
                break;
            case ValueKind.Boolean:
                sql.Sql("case when jsonb_typeof(").Sql(element).Sql(") = 'boolean' then (").Sql(element).Sql(" #>> '{}')::boolean").Sql(op).Boolean(compare.Value.AsBoolean).Sql(" end");
                break;
            case ValueKind.Timestamp when isRest:
                sql.Sql("(").Sql(element).Sql(" ->> '$date')::bigint").Sql(op).Integer(compare.Value.AsMilliseconds);
                break;
            case ValueKind.Timestamp:
                // Dates inside JSON are objects that hold ISO 8601 in UTC with three digits: their text order is the order of time.
                sql.Sql("(").Sql(element).Sql(" ->> 'iso') collate \"C\"").Sql(op).Text(ToDateTime(compare.Value.AsMilliseconds).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture));
                break;
            default:
                sql.Sql("false");
                break;
        }
    }

    /// <summary>A lax jsonpath of quoted keys; a numeric step addresses an array position too.</summary>
    private static string JsonPath(FieldPath path)
    {
        var text = new StringBuilder("lax $");
        foreach (var step in path.Steps)
        {
            // In lax mode a key on an array reads from its elements, so a position has to be asked for as such; where both could be meant
            // (an object with a numeric key) the key is what is asked for first.
            if (step.Length is > 0 and < 10 && step.All(char.IsAsciiDigit) && path.Field.Kind == FieldKind.Array)
                text.Append('[').Append(step).Append(']');
            else
                AppendKey(text, step);
        }

        return text.ToString();
    }

    private static void AppendKey(StringBuilder text, string key)
    {
        var output = new ArrayBufferWriter<byte>(key.Length + 2);
        NestedJson.WriteString(output, Clean(key));
        text.Append('.').Append(Encoding.UTF8.GetString(output.WrittenSpan));
    }
}
