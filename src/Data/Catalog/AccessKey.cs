namespace Backend.Data.Catalog;

/// <summary>
/// The last key of every B-tree index of a class's table that is not unique: whether everybody may read the row. As a key, not as an included column:
/// PostgreSQL then passes over rows that an anonymous caller may not read inside the index, without visiting the table.
/// </summary>
public static class AccessKey
{
    /// <summary>The column.</summary>
    public const string Column = "public_read";

    /// <summary>What follows the other keys in <c>create index</c>.</summary>
    public const string Suffix = ", " + Column;
}
