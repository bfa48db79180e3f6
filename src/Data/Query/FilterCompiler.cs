using System.Collections.Immutable;
using Backend.Data.Access;

namespace Backend.Data.Query;

/// <summary>
/// Prints a filter as a SQL condition. A printed condition may be null where it means false; <see cref="Filter.Not"/> is printed as
/// <c>is not true</c>, so that a negation holds for missing values, as <see cref="Filter"/> promises.
/// </summary>
internal static partial class FilterCompiler
{
    /// <summary>Prints a filter on the rows of <paramref name="alias"/>.</summary>
    /// <param name="sql">Where to.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="alias">The table's alias in the statement.</param>
    /// <param name="caller">Whose access inner queries have.</param>
    public static void Print(Statement sql, Filter filter, string alias, Caller caller)
    {
        switch (filter)
        {
            case Filter.AllOf all:
                PrintList(sql, all.Filters, " and ", "true", alias, caller);
                break;
            case Filter.AnyOf any:
                PrintList(sql, any.Filters, " or ", "false", alias, caller);
                break;
            case Filter.Not not:
                sql.Sql("(");
                Print(sql, not.Inner, alias, caller);
                sql.Sql(") is not true");
                break;
            case Filter.Equal equal:
                PrintIn(sql, equal.Path, [equal.Value], alias);
                break;
            case Filter.In @in:
                PrintIn(sql, @in.Path, @in.Values, alias);
                break;
            case Filter.Compare compare:
                PrintCompare(sql, compare, alias);
                break;
            case Filter.Exists exists:
                PrintExists(sql, exists.Path, alias);
                break;
            case Filter.HasValue has:
                PrintHasValue(sql, has.Path, alias);
                break;
            case Filter.ContainedBy contained:
                PrintContainedBy(sql, contained, alias);
                break;
            case Filter.Matches matches:
                PrintMatches(sql, matches, alias);
                break;
            case Filter.RelatedTo related:
                PrintRelatedTo(sql, related, alias, caller);
                break;
            case Filter.HasRelated has:
                PrintHasRelated(sql, has, alias);
                break;
            case Filter.HasRelatedIn has:
                PrintHasRelatedIn(sql, has, alias, caller);
                break;
            case Filter.InQuery inner:
                PrintInQuery(sql, inner, alias, caller);
                break;
            case Filter.InValues inner:
                PrintInValues(sql, inner, alias, caller);
                break;
            case Filter.Near near:
                PrintNear(sql, near, alias);
                break;
            case Filter.InsideBox box:
                PrintBox(sql, box, alias);
                break;
            case Filter.InsideRing ring:
                PrintRing(sql, ring, alias);
                break;
            case Filter.Covers covers:
                PrintCovers(sql, covers, alias);
                break;
            case Filter.SearchText search:
                PrintSearch(sql, search, alias);
                break;
            default:
                throw new InvalidOperationException($"Unknown filter {filter.GetType().Name}.");
        }
    }

    private static void PrintList(Statement sql, ImmutableArray<Filter> filters, string between, string empty, string alias, Caller caller)
    {
        if (filters.Length == 0)
        {
            sql.Sql(empty);
            return;
        }

        if (filters.Length == 1)
        {
            Print(sql, filters[0], alias, caller);
            return;
        }

        sql.Sql("(");
        for (var i = 0; i < filters.Length; i++)
        {
            if (i > 0)
                sql.Sql(between);
            Print(sql, filters[i], alias, caller);
        }

        sql.Sql(")");
    }

    /// <summary>Alternatives joined by <c>or</c>, in parentheses; none at all is <c>false</c>.</summary>
    private struct Branches(Statement sql)
    {
        private int _count;

        public void Next() => sql.Sql(_count++ == 0 ? "(" : " or ");

        public readonly void End() => sql.Sql(_count == 0 ? "false" : ")");
    }
}
