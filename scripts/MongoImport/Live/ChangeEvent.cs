namespace Backend.MongoImport.Live;

/// <summary>What happened to a document or a collection of the source.</summary>
internal enum ChangeKind
{
    /// <summary>The document is now as <see cref="ChangeEvent.Document"/> says; it may have been there before.</summary>
    Upsert,

    /// <summary>The document is gone.</summary>
    Delete,

    /// <summary>The collection is gone, with everything in it.</summary>
    Drop,

    /// <summary>The collection has another name, <see cref="ChangeEvent.NewName"/>; what bore that name before is gone.</summary>
    Rename,

    /// <summary>Indexes of the collection were made, dropped or changed; which, its list says.</summary>
    Indexes,
}

/// <summary>
/// One change of the source. Applying changes in their order, also several times over, leads to what the source holds: an upsert carries the whole
/// document, as it was then or as it was found later.
/// </summary>
/// <param name="Kind">What happened.</param>
/// <param name="Collection">The collection's name in the source.</param>
/// <param name="Id">A BSON document whose only element is the changed document's <c>_id</c>; null where a collection changed.</param>
/// <param name="Document">The whole BSON document of an upsert; null when it was gone again by the time it was looked up: a delete follows.</param>
internal sealed record ChangeEvent(ChangeKind Kind, string Collection, byte[]? Id, byte[]? Document)
{
    /// <summary>The new name of a renamed collection.</summary>
    public string? NewName { get; init; }

    /// <summary>When it happened, by the source's clock; null when the source does not say.</summary>
    public DateTimeOffset? At { get; init; }
}
