namespace Backend.Data.Query;

/// <summary>
/// How keys are ordered, in indexes and in the orders of queries alike: an index serves an order only when both put nulls at the same end.
/// Missing values come first ascending and last descending, as old clients expect; a column that is never null keeps PostgreSQL's plain order.
/// </summary>
public static class KeyOrder
{
    /// <summary>What follows a column in <c>create index</c> and <c>order by</c>; begins with a blank or is empty.</summary>
    /// <param name="column">The column, not quoted.</param>
    /// <param name="descending">The direction.</param>
    public static string Suffix(string column, bool descending) => IsNeverNull(column)
        ? (descending ? " desc" : "")
        : (descending ? " desc nulls last" : " nulls first");

    /// <summary>Whether the column is one of those that every row has.</summary>
    public static bool IsNeverNull(string column) => column is "id" or "created_at" or "updated_at";
}
