namespace Backend.MongoImport.Sources;

/// <summary>The fixed bytes of a mongodump archive (4.2).</summary>
internal static class ArchiveFormat
{
    /// <summary>Stands in place of a document's length at the end of the prelude and of each block: no document can have it.</summary>
    public const uint Terminator = 0xFFFF_FFFF;

    /// <summary>The archive's first four bytes.</summary>
    public static ReadOnlySpan<byte> Magic => [0x6d, 0xe2, 0x99, 0x81];

    /// <summary>
    /// The first three bytes of what gzip packed: the third is its only method. Two would not do: a dumped collection whose first document has 35,615
    /// bytes begins with them.
    /// </summary>
    public static ReadOnlySpan<byte> GzipMagic => [0x1f, 0x8b, 0x08];
}
