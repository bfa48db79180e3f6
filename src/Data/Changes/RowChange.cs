using Backend.Data.Catalog;

namespace Backend.Data.Changes;

/// <summary>One change that was committed, as the feed noted it.</summary>
public sealed record RowChange
{
    /// <summary>Its place among the changes of all tables. For each row the order of these is the order of its writes; between transactions it says nothing.</summary>
    public required long Sequence { get; init; }

    /// <summary>The transaction that wrote it (<c>xid8</c>).</summary>
    public required ulong Transaction { get; init; }

    /// <summary>When it was written, UTC; its transaction may have committed later.</summary>
    public required DateTime At { get; init; }

    /// <summary>What happened.</summary>
    public required RowChangeKind Kind { get; init; }

    /// <summary>The table as it is now; null for one that was dropped.</summary>
    public required Table? Table { get; init; }

    /// <summary><see cref="Catalog.Table.Origin"/> of the table.</summary>
    public required string Origin { get; init; }

    /// <summary>The relation whose pair was added or taken away (or that was emptied); null where rows changed. It may have been dropped since.</summary>
    public string? Field { get; init; }

    /// <summary>The row's id; of a pair the owning row's. Null where the whole table changed.</summary>
    public string? RowId { get; init; }

    /// <summary>Of a pair: the related row's id.</summary>
    public string? RelatedId { get; init; }

    /// <summary>
    /// The row before an update or a delete, if it was asked for: a JSON object by column, as <c>to_jsonb</c> prints it (geometry as GeoJSON, bytes as
    /// <c>\x…</c>), without columns that no caller sees (password hashes, tokens).
    /// </summary>
    public string? OldRow { get; init; }
}
