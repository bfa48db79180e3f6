using Backend.Data.Catalog;

namespace Backend.MongoImport.Planning;

/// <summary>How a column's values are made: the kinds of fields, and those of the internal columns of accounts.</summary>
internal enum ColumnKind
{
    Text,
    Number,
    Boolean,
    Timestamp,
    Bytes,
    Object,
    Array,
    File,
    Reference,
    Point,
    Polygon,

    /// <summary>An integer that is not null; missing is 0.</summary>
    Integer,

    /// <summary>A list of texts that is not null; missing is empty.</summary>
    TextArray,
}

/// <summary>A column to be loaded.</summary>
/// <param name="Column">The column's name, not quoted.</param>
/// <param name="Kind">How its values are made.</param>
/// <param name="Sources">The keys that documents have it under, the first that fits counts.</param>
/// <param name="RestKey">The key of a value that does not fit in <c>rest</c>. One that begins with <c>_</c> is no field, so nobody sees it.</param>
internal sealed record ColumnPlan(string Column, ColumnKind Kind, IReadOnlyList<string> Sources, string RestKey)
{
    /// <summary>Of a reference: the class it leads to.</summary>
    public string? Target { get; init; }

    /// <summary>An index will hold the column.</summary>
    public bool Indexed { get; init; }

    public static ColumnKind KindOf(FieldKind kind) => Enum.Parse<ColumnKind>(kind.ToString());
}
