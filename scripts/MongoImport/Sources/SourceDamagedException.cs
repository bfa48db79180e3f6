namespace Backend.MongoImport.Sources;

/// <summary>
/// A source that ends too early or whose framing is broken: nothing after this place can be believed, so its class stays as it was.
/// One undecodable document inside sound framing is not this: that one is rejected (<see cref="Rejection"/>).
/// </summary>
internal sealed class SourceDamagedException(string path, long offset, long document, string reason, Exception? inner = null)
    : Exception($"{path}: damaged at byte {offset}, document {document}: {reason}", inner)
{
    /// <summary>The file, as the operator named it.</summary>
    public string Path { get; } = path;

    /// <summary>Byte in the file; in what was unpacked, if the file is compressed.</summary>
    public long Offset { get; } = offset;

    /// <summary>Which document of its collection, the first being 1.</summary>
    public long Document { get; } = document;

    /// <summary>What is wrong there.</summary>
    public string Reason { get; } = reason;
}

/// <summary>A document that cannot be decoded although its neighbours can: it goes to the reject file.</summary>
/// <param name="Path">The file.</param>
/// <param name="Offset">Byte of the document's beginning in the file (in what was unpacked).</param>
/// <param name="Document">Which document of its collection, the first being 1.</param>
/// <param name="Reason">Why it cannot be decoded.</param>
/// <param name="Bytes">The document as it is.</param>
internal sealed record Rejection(string Path, long Offset, long Document, string Reason, byte[] Bytes);
