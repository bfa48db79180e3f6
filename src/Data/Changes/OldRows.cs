namespace Backend.Data.Changes;

/// <summary>Of which changes a reader of the feed wants the row as it was before.</summary>
public enum OldRows
{
    /// <summary>Of none.</summary>
    None,

    /// <summary>Of rows that were deleted.</summary>
    OfDeletes,

    /// <summary>Of rows that were changed or deleted.</summary>
    All,
}
