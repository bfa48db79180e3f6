namespace Backend.MongoImport.Sources;

/// <summary>Reads the documents of one collection in order, a block at a time. Synchronous: each reader has a thread of its own.</summary>
internal abstract class DocumentReader : IDisposable
{
    /// <summary>Enough for the cost of a hand-over to vanish, small enough to stay in a core's cache.</summary>
    public const int BlockSize = 512 * 1024;

    /// <summary>The largest document MongoDB stores is 16 MiB and a little; what says it is larger than this is damaged.</summary>
    public const int LargestDocument = 48 * 1024 * 1024;

    /// <summary>Called for a document that cannot be decoded. Readers of BSON leave that to whoever decodes.</summary>
    public Action<Rejection>? Rejected { get; set; }

    /// <summary>The next block, or null at the end.</summary>
    /// <exception cref="SourceDamagedException">The source is damaged.</exception>
    public abstract DocumentBlock? Read();

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }
}
