using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Backend.MongoImport.Sources;

/// <summary>
/// Whole BSON documents one after the other in a rented buffer, and where they came from. Passed from the thread that reads to one
/// that decodes; whoever is last disposes of it.
/// </summary>
internal sealed class DocumentBlock(byte[] buffer, int start, int length, string path, long offset, long firstNumber, int count) : IDisposable
{
    private byte[]? _buffer = buffer;

    public ReadOnlySpan<byte> Bytes => Buffer.AsSpan(start, length);

    public int Length => length;

    public string Path => path;

    /// <summary>Where the first document begins in its file; of documents read as JSON: where their text begins.</summary>
    public long Offset => offset;

    /// <summary>The number of the first document in its collection, from 1.</summary>
    public long FirstNumber => firstNumber;

    public int Count => count;

    private byte[] Buffer => _buffer ?? throw new ObjectDisposedException(nameof(DocumentBlock));

    /// <summary>Splits off the document at <paramref name="at"/> and moves on; the framing was checked when the block was read.</summary>
    public bool TryTake(ref int at, [UnscopedRef] out ReadOnlySpan<byte> document)
    {
        if (at >= length)
        {
            document = default;
            return false;
        }
        var rest = Bytes[at..];
        document = rest[..BinaryPrimitives.ReadInt32LittleEndian(rest)];
        at += document.Length;
        return true;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } rented)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
