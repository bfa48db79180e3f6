using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Catalog;

namespace Backend.Data.Query;

/// <summary>One key of an order. Missing and null come first ascending, last descending, unless said otherwise.</summary>
public sealed record Sort(FieldPath Path, bool Descending = false, bool? NullsFirst = null)
{
    /// <summary>The distance from this condition's centre is ordered by, nearest first, instead of the value.</summary>
    public Filter.Near? Distance { get; private init; }

    /// <summary>How well this condition's fields match is ordered by, best first, instead of the value.</summary>
    public Filter.SearchText? Score { get; private init; }

    /// <summary>The nearest first.</summary>
    public static Sort ByDistance(Filter.Near near) => new(near.Path) { Distance = near };

    /// <summary>The best match first.</summary>
    public static Sort ByScore(Filter.SearchText search) => new(search.Fields[0]) { Score = search };
}

/// <summary>A read of rows of one table, with names resolved against the catalog (design section 4).</summary>
public sealed record RowQuery
{
    /// <summary>The table.</summary>
    public required Table Table { get; init; }

    /// <summary>Which rows.</summary>
    public Filter Filter { get; init; } = Filter.Always;

    /// <summary>In which order; empty: by creation time and id.</summary>
    public ImmutableArray<Sort> Sort { get; init; } = [];

    /// <summary>At most so many rows; null: all.</summary>
    public int? Limit { get; init; }

    /// <summary>Skip so many rows first.</summary>
    public int Offset { get; init; }

    /// <summary>The fields wanted besides id and timestamps; default: all that the caller may see.</summary>
    public ImmutableArray<Field> Fields { get; init; }

    /// <summary>The permission that the read needs: <see cref="Operation.Find"/> or <see cref="Operation.Get"/>.</summary>
    public Operation Operation { get; init; } = Operation.Find;

    /// <summary>The rows are read for a write of theirs: interceptors of reads are not asked.</summary>
    public bool IsForWrite { get; init; }

    /// <summary>Read the access list.</summary>
    public bool WithAcl { get; init; } = true;

    /// <summary>Count the rows too, without limit and offset; needs the permission to count besides.</summary>
    public bool WithCount { get; init; }

    /// <summary>Read the row version, for an ETag.</summary>
    public bool WithVersion { get; init; }

    /// <summary>A read replica may answer, which may be behind.</summary>
    public bool MayLag { get; init; }

    /// <summary>Read how well each row matches this condition; null: nothing to read.</summary>
    public Filter.SearchText? WithScore { get; init; }

    /// <summary>
    /// Rows that references lead to, to be read along; see <see cref="Rows.RowStore.CanJoin"/>. Needs <see cref="Limit"/>, and not
    /// <see cref="WithVersion"/>.
    /// </summary>
    public ImmutableArray<Join> Joins { get; init; } = [];
}
