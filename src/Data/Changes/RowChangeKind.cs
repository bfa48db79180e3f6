namespace Backend.Data.Changes;

/// <summary>What a change of the feed tells.</summary>
public enum RowChangeKind
{
    /// <summary>A row was inserted; of a relation: a pair was added.</summary>
    Inserted,

    /// <summary>A row was changed.</summary>
    Updated,

    /// <summary>A row was deleted; of a relation: a pair was taken away.</summary>
    Deleted,

    /// <summary>Everything may have changed and is to be read anew: the table (or the relation) was emptied or exchanged by an import, or a field was dropped.</summary>
    Replaced,

    /// <summary>The table was dropped. One of the same name may have come after it.</summary>
    Dropped,
}
