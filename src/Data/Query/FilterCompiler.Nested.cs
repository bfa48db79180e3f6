using System.Buffers;
using System.Text;
using Backend.Data.Catalog;
using Backend.Data.Values;

namespace Backend.Data.Query;

/// <content>
/// Conditions inside object and array columns. A lax jsonpath walks through arrays on its way, as MongoDB does; the path is a parameter.
/// </content>
internal static partial class FilterCompiler
{
    /// <summary>Whether a condition looks at JSON: below an object or array, or at the elements of an array.</summary>
    private static bool IsNested(FieldPath path) => path.Field.Column is not null && path.Field.Kind is FieldKind.Array or FieldKind.Object;

    /// <summary>A JSON column, or what a row has in <c>rest</c> instead of it.</summary>
    private static string Source(Statement sql, FieldPath path, string alias, bool isRest) =>
        isRest ? sql.Fragment(s => s.Sql("(").Sql(alias).Sql(".rest -> ").Text(path.Field.Name).Sql(")")) : alias + "." + path.Field.QuotedColumn;

    /// <summary>Prints: some value at the path, or element of an array there, meets a condition.</summary>
    private static void PrintElements(Statement sql, FieldPath path, string alias, Action<string> condition) =>
        PrintElements(sql, path, Source(sql, path, alias, false), condition, false);

    /// <summary>Prints: the value that stands in <c>rest</c> (below it, with a path), or an element of an array there, meets a condition.</summary>
    private static void PrintRestElements(Statement sql, FieldPath path, string alias, Action<string> condition) =>
        PrintElements(sql, path, Source(sql, path, alias, true), condition, false);

    /// <param name="sql">Where to.</param>
    /// <param name="path">The path.</param>
    /// <param name="source">What it begins at.</param>
    /// <param name="condition">Prints the condition on an element.</param>
    /// <param name="whole">The values themselves, arrays not taken apart.</param>
    private static void PrintElements(Statement sql, FieldPath path, string source, Action<string> condition, bool whole)
    {
        var element = sql.Alias();
        sql.Sql("exists (select from ");
        if (HasPositions(path))
            sql.Sql("catalog.json_elements(").Sql(source).Sql(", ").Texts([.. path.Steps.Select(Clean)]).Sql(")");
        else
            sql.Sql("jsonb_path_query(").Sql(source).Sql(", ").JsonPath(JsonPath(path) + (whole ? "" : "[*]")).Sql(")");
        sql.Sql(" as ").Sql(element).Sql(" where ");
        condition(element);
        sql.Sql(")");
    }

    /// <summary>Equal to one of the values, of which arrays are compared with whole arrays.</summary>
    private static void PrintAmong(Statement sql, FieldPath path, string source, List<Value> wanted)
    {
        PrintElements(sql, path, source, element => sql.Sql(element).Sql(" = any(").Jsons([.. wanted.Select(Nested)]).Sql(")"), false);
        var arrays = wanted.Where(v => v.Kind == ValueKind.Array).ToList();
        if (arrays.Count == 0 || HasPositions(path))
            return;
        sql.Sql(" or ");
        PrintElements(sql, path, source, element => sql.Sql(element).Sql(" = any(").Jsons([.. arrays.Select(Nested)]).Sql(")"), true);
    }

    private static void PrintContainedBy(Statement sql, Filter.ContainedBy contained, string alias)
    {
        var allowed = contained.Values.Where(v => v.IsNull || TryNested(v, out _)).Select(Nested).ToArray();
        var printed = 0;
        foreach (var isRest in (ReadOnlySpan<bool>)[false, true])
        {
            if (isRest ? !contained.Path.Field.HasRest : !IsNested(contained.Path))
                continue;
            sql.Sql(printed++ > 0 ? " and (" : "((");
            PrintElements(sql, contained.Path, Source(sql, contained.Path, alias, isRest), element => sql.Sql("jsonb_typeof(").Sql(element).Sql(") = 'array' and exists (select from jsonb_array_elements(case jsonb_typeof(")
                .Sql(element).Sql(") when 'array' then ").Sql(element).Sql(" end) as e where e <> all(").Jsons(allowed).Sql("))"), true);
            sql.Sql(") is not true");
        }

        sql.Sql(printed > 0 ? ")" : "true");
    }

    private static void PrintNestedExists(Statement sql, FieldPath path, string alias)
    {
        var branches = new Branches(sql);
        foreach (var isRest in (ReadOnlySpan<bool>)[false, true])
        {
            if (isRest ? !path.Field.HasRest : !IsNested(path))
                continue;
            branches.Next();
            var source = Source(sql, path, alias, isRest);
            if (HasPositions(path))
                PrintElements(sql, path, source, element => sql.Sql(element).Sql(" is not null"), true);
            else
                sql.Sql("jsonb_path_exists(").Sql(source).Sql(", ").JsonPath(JsonPath(path)).Sql(")");
        }

        branches.End();
    }

    /// <summary>
    /// Prints: null, or missing. Through an array a place is missing in each of its objects that lacks the key, and in nothing else: so with MongoDB
    /// <c>{"a.b": null}</c> does not match where a is empty or holds no objects.
    /// </summary>
    private static void PrintNestedMissing(Statement sql, FieldPath path, string alias)
    {
        var field = path.Field;
        var isNested = IsNested(path);
        if (!isNested && !field.HasRest)
        {
            sql.Sql("true");
            return;
        }

        if (isNested)
            sql.Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(" is null");
        if (field.HasRest)
            sql.Sql(isNested ? " and " : "").Sql(Source(sql, path, alias, true)).Sql(" is null");
        foreach (var isRest in (ReadOnlySpan<bool>)[false, true])
        {
            if (isRest ? !field.HasRest : !isNested)
                continue;
            sql.Sql(" or ");
            var source = Source(sql, path, alias, isRest);
            if (HasPositions(path))
            {
                PrintElements(sql, path, source, element => sql.Sql("coalesce(").Sql(element).Sql(", 'null') = 'null'"), true);
                continue;
            }

            if (isRest)
                sql.Sql("jsonb_typeof(").Sql(source).Sql(") not in ('object', 'array') or ");
            sql.Sql("jsonb_path_match(").Sql(source).Sql(", ").JsonPath(MissingPath(path)).Sql(")");
        }
    }

    /// <summary>
    /// A jsonpath that holds where a step is missing in an object, leads into a scalar, or ends in null. Types are asked for, not values: a filter on a
    /// value would look into an array inside an array.
    /// </summary>
    private static string MissingPath(FieldPath path)
    {
        var text = new StringBuilder();
        var prefix = new StringBuilder("$");
        for (var i = 0; i < path.Steps.Length; i++)
        {
            text.Append("exists(").Append(prefix).Append(" ? (@.type() == \"object\" && !exists(@");
            AppendKey(text, path.Steps[i]);
            text.Append("))) || ");
            if (i > 0)
                text.Append("exists(").Append(prefix).Append(".type() ? (@ != \"object\" && @ != \"array\")) || ");
            AppendKey(prefix, path.Steps[i]);
        }

        return text.Append("exists(").Append(prefix).Append("[*].type() ? (@ == \"null\"))").ToString();
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
                sql.Sql("((").Sql(element).Sql(" ->> '$date')::bigint").Sql(op).Integer(compare.Value.AsMilliseconds).Sql(" or ");
                PrintJsonCompare(sql, element, compare, false);
                sql.Sql(")");
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

    /// <summary>Whether a step may be an array's position: in a jsonpath a key on an array reads from its elements only.</summary>
    private static bool HasPositions(FieldPath path)
    {
        foreach (var step in path.Steps)
        {
            if (step.Length is > 0 and < 10 && step.All(char.IsAsciiDigit))
                return true;
        }

        return false;
    }

    /// <summary>A lax jsonpath of quoted keys: it walks through arrays on its way, as MongoDB does.</summary>
    private static string JsonPath(FieldPath path)
    {
        var text = new StringBuilder("$");
        foreach (var step in path.Steps)
            AppendKey(text, step);
        return text.ToString();
    }

    private static void AppendKey(StringBuilder text, string key)
    {
        var output = new ArrayBufferWriter<byte>(key.Length + 2);
        NestedJson.WriteString(output, Clean(key));
        text.Append('.').Append(Encoding.UTF8.GetString(output.WrittenSpan));
    }
}
