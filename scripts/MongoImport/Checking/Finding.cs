namespace Backend.MongoImport.Checking;

/// <summary>How much something matters.</summary>
internal enum Weight
{
    /// <summary>The import cannot take it as it is.</summary>
    Fix,

    /// <summary>The import has a way, and the operator may want another.</summary>
    Decide,

    /// <summary>Nothing is to be done.</summary>
    Know,
}

/// <summary>Something that the check has found.</summary>
/// <param name="Weight">How much it matters.</param>
/// <param name="Kind">What it is, for programs: a word or two with dashes, stable.</param>
/// <param name="Text">A sentence without its subject, for people.</param>
internal sealed record Finding(Weight Weight, string Kind, string Text)
{
    /// <summary>The class; null: it is about the whole source, the files or the database.</summary>
    public string? Class { get; init; }

    /// <summary>The field or key.</summary>
    public string? Field { get; init; }

    /// <summary>How many documents or values; 0 when that says nothing.</summary>
    public long Count { get; init; }

    /// <summary>Ids of the first documents.</summary>
    public IReadOnlyList<string> Examples { get; init; } = [];

    /// <summary>A rule says that somebody has looked at it.</summary>
    public bool Accepted { get; init; }

    /// <summary>What it is about, for people.</summary>
    public string Subject => (Class, Field) switch
    {
        (null, null) => "",
        (null, _) => Field!,
        (_, null) => Class,
        _ => $"{Class}.{Field}",
    };
}
