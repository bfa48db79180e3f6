namespace Backend.MongoImport.Files;

/// <summary>What became of the files in GridFS.</summary>
internal sealed class FilesReport
{
    /// <summary>The folder they went to; null: none was named, so they were left.</summary>
    public string? Folder { get; init; }

    /// <summary>Files, each name once.</summary>
    public long Found { get; set; }

    public long Imported { get; set; }

    /// <summary>Bytes of the imported ones.</summary>
    public long Bytes { get; set; }

    /// <summary>Files that the store had already.</summary>
    public long Present { get; set; }

    /// <summary>Entries whose name a later upload has.</summary>
    public long Older { get; set; }

    /// <summary>Files that could not be put together, and entries that are none: they are in the reject file.</summary>
    public long Damaged { get; set; }

    /// <summary>Chunks that no entry names.</summary>
    public long OrphanChunks { get; set; }

    /// <summary>Chunks that came twice.</summary>
    public long DuplicateChunks { get; set; }

    /// <summary>Files whose tag does not verify under the key: taken as they are.</summary>
    public long NotEncrypted { get; set; }

    /// <summary>Sentences for the operator.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Whether files that the source holds are not in the store now.</summary>
    public bool IsIncomplete => Damaged > 0 || Found > Imported + Present;
}
