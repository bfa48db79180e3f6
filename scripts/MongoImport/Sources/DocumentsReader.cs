using System.Buffers;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Sources;

/// <summary>Reads documents that come one by one from somewhere else. Each may be gone when the next one is asked for.</summary>
/// <param name="documents">The documents.</param>
/// <param name="path">Where they come from, for messages.</param>
internal sealed class DocumentsReader(IEnumerable<ReadOnlyMemory<byte>> documents, string path) : DocumentReader
{
    private readonly IEnumerator<ReadOnlyMemory<byte>> _documents = documents.GetEnumerator();
    private long _read;

    public override DocumentBlock? Read()
    {
        var block = new ArrayBufferWriter<byte>();
        var count = 0;
        while (block.WrittenCount < BlockSize && _documents.MoveNext())
        {
            if (_documents.Current.Length < BsonReader.SmallestDocument)
            {
                throw new SourceDamagedException(path, 0, _read + 1, "a document has no bytes");
            }
            block.Write(_documents.Current.Span);
            count++;
            _read++;
        }
        if (count == 0)
        {
            return null;
        }
        var rented = ArrayPool<byte>.Shared.Rent(block.WrittenCount);
        block.WrittenSpan.CopyTo(rented);
        return new DocumentBlock(rented, 0, block.WrittenCount, path, 0, _read - count + 1, count);
    }

    protected override void Dispose(bool disposing) => _documents.Dispose();
}
