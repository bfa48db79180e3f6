using Backend.Data.Values;

namespace Backend.Data.Query;

/// <content>
/// Conditions on a path that an imported index holds. The index knows what stands at the path itself; what stands in arrays there, or behind arrays
/// on the way (where the path as such leads nowhere), is looked at in the rows that the same index says have an array or nothing at the path.
/// jsonb orders texts below numbers, booleans, arrays (an empty one first of all) and objects.
/// </content>
internal static partial class FilterCompiler
{
    /// <summary>The indexed expression with its path as a constant; null when no index holds it.</summary>
    private static string? IndexedSource(FieldPath path, string alias)
    {
        if (path.Field.IndexedPaths.IsEmpty || path.Steps.IsEmpty || HasPositions(path) || !path.Field.IndexedPaths.Contains(string.Join('.', path.Steps)))
            return null;
        // Not a value of the request any more: the catalog has the very same path.
        return $"{alias}.{path.Field.QuotedColumn} #> array[{string.Join(", ", path.Steps.Select(s => "'" + s.Replace("'", "''", StringComparison.Ordinal) + "'"))}]::text[]";
    }

    private static void PrintIndexedAmong(Statement sql, FieldPath path, string alias, string indexed, List<Value> wanted)
    {
        sql.Sql("(").Sql(indexed).Sql(" = any(").Jsons([.. wanted.Select(Nested)]).Sql(")");
        PrintBehindArrays(sql, path, indexed, () => PrintAmong(sql, path, Source(sql, path, alias, false), wanted));
    }

    private static void PrintIndexedCompare(Statement sql, Filter.Compare compare, string alias, string indexed)
    {
        var isUpward = compare.Comparison is Comparison.Greater or Comparison.GreaterOrEqual;
        sql.Sql("(").Sql(indexed).Sql(Operator(compare.Comparison)).Json(Nested(compare.Value)).Sql(" and ");
        if (isUpward)
            sql.Sql(indexed).Sql(" < 'false'");
        else
            sql.Sql("jsonb_typeof(").Sql(indexed).Sql(") = 'number'");
        PrintBehindArrays(sql, compare.Path, indexed, () => PrintElements(sql, compare.Path, alias, element => PrintJsonCompare(sql, element, compare, false)));
    }

    private static void PrintBehindArrays(Statement sql, FieldPath path, string indexed, Action condition)
    {
        sql.Sql(" or ").Sql(indexed).Sql(" > 'true' and ").Sql(indexed).Sql(" < '{}' and (");
        condition();
        sql.Sql(")");
        if (path.Steps.Length > 1)
        {
            sql.Sql(" or ").Sql(indexed).Sql(" is null and (");
            condition();
            sql.Sql(")");
        }

        sql.Sql(")");
    }
}
