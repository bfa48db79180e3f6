namespace Backend.MongoImport.Verifying;

/// <summary>What differs.</summary>
internal enum DifferenceKind
{
    /// <summary>A field has another value, or one side lacks it.</summary>
    Value,

    /// <summary>A document has no row.</summary>
    NoRow,

    /// <summary>A row has no document.</summary>
    NoDocument,

    /// <summary>A pair of the source is not linked.</summary>
    NoLink,

    /// <summary>A pair is linked that the source does not link.</summary>
    NoPair,

    /// <summary>The catalog says something else than the schema.</summary>
    Schema,

    /// <summary>A class of the source is not in the database.</summary>
    NoClass,

    /// <summary>A file of the source is not in the file store.</summary>
    NoFile,

    /// <summary>A file has another length or content in the file store.</summary>
    FileContent,
}

/// <summary>One difference.</summary>
/// <param name="Kind">What differs.</param>
/// <param name="ClassName">The class.</param>
/// <param name="Id">The row's id; of a pair both, with an arrow; of the schema the field.</param>
/// <param name="Field">The field; null when the whole row differs.</param>
/// <param name="Source">The source's value, as Extended JSON; null when there is none.</param>
/// <param name="Row">The row's, likewise.</param>
internal sealed record Difference(DifferenceKind Kind, string ClassName, string Id, string? Field, string? Source, string? Row)
{
    /// <summary>The document's number in its collection; of equal ids only one document is the row.</summary>
    public long Number { get; init; }

    /// <summary>Whether something else than an import has written the row last.</summary>
    public bool WrittenAfterImport { get; set; }

    /// <summary>Of a link: what it is between.</summary>
    public LinkDifference? Link { get; init; }

    /// <summary>Of a document without a row: when it was due to be removed.</summary>
    public long? ExpiresAt { get; init; }
}

/// <summary>A pair of a relation.</summary>
/// <param name="Relation">The join table.</param>
/// <param name="Owning">The row that has the relation.</param>
/// <param name="Related">The row that it links to.</param>
/// <param name="Documents">The ids of the source's documents that hold the pair, as a follower keeps them, in hex digits.</param>
internal sealed record LinkDifference(string Relation, string Owning, string Related, string[] Documents);
