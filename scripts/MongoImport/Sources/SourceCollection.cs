namespace Backend.MongoImport.Sources;

/// <summary>One collection of a source: its name, what the dump says about it, and its documents as often as one likes.</summary>
internal sealed class SourceCollection(string database, string name, string path, Func<DocumentReader>? open)
{
    public string Database { get; } = database;

    /// <summary>The collection's true name, unescaped.</summary>
    public string Name { get; } = name;

    /// <summary>The file, as the operator named it (archive: with the collection in brackets).</summary>
    public string Path { get; } = path;

    /// <summary>Indexes and options, where the source has them.</summary>
    public CollectionMetadata Metadata { get; init; } = CollectionMetadata.None;

    /// <summary>Bytes on disk, for the order of work and for progress; 0 when unknown.</summary>
    public long Size { get; set; }

    /// <summary>Set when this collection cannot be believed: its class stays as it was.</summary>
    public SourceDamagedException? Damage { get; set; }

    /// <summary>Reads the documents from the beginning.</summary>
    public DocumentReader Open() => open?.Invoke() ?? new NothingReader();

    public override string ToString() => Path;

    private sealed class NothingReader : DocumentReader
    {
        public override DocumentBlock? Read() => null;
    }
}
