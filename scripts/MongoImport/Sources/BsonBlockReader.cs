using System.Buffers;
using System.Buffers.Binary;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Sources;

/// <summary>
/// Frames a file of BSON documents (contract/mongo-storage 4.1): reads lengths and final zeros, nothing inside. What follows a broken frame
/// cannot be found again, so that is damage and not a rejected document.
/// </summary>
internal sealed class BsonBlockReader(ByteInput input) : DocumentReader
{
    private byte[] _carry = [];
    private int _carried;
    private long _documents;
    private bool _ended;

    public override DocumentBlock? Read()
    {
        while (!_ended)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(BlockSize, NeededForCarried()));
            var offset = input.Position - _carried;
            _carry.AsSpan(0, _carried).CopyTo(buffer);
            var filled = Fill(buffer, _carried);
            var whole = Frame(buffer.AsSpan(0, filled), offset, out var count);
            _carried = filled - whole;
            if (_carry.Length < _carried)
            {
                _carry = new byte[Math.Max(_carried, 64 * 1024)];
            }
            buffer.AsSpan(whole, _carried).CopyTo(_carry);

            if (filled < buffer.Length)
            {
                if (_carried > 0)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    throw new SourceDamagedException(input.Path, offset + whole, _documents + 1, $"the data end inside of a document, after {_carried} of its bytes");
                }
                _ended = !input.NextSegment();
            }
            if (count > 0)
            {
                return new DocumentBlock(buffer, 0, whole, input.Path, offset, _documents - count + 1, count);
            }
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return null;
    }

    protected override void Dispose(bool disposing) => input.Dispose();

    private int NeededForCarried() => _carried >= 4 ? BinaryPrimitives.ReadInt32LittleEndian(_carry) : 0;

    private int Fill(byte[] buffer, int filled)
    {
        while (filled < buffer.Length)
        {
            int read;
            try
            {
                read = input.Read(buffer.AsSpan(filled));
            }
            catch (SourceDamagedException e)
            {
                throw new SourceDamagedException(e.Path, e.Offset, _documents + 1, e.Reason, e.InnerException);
            }
            if (read == 0)
            {
                break;
            }
            filled += read;
        }
        return filled;
    }

    private int Frame(ReadOnlySpan<byte> bytes, long offset, out int count)
    {
        var at = 0;
        count = 0;
        while (bytes.Length - at >= 4)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);
            if (length is < BsonReader.SmallestDocument or > LargestDocument)
            {
                throw new SourceDamagedException(input.Path, offset + at, _documents + 1, $"a document says it has {length} bytes");
            }
            if (length > bytes.Length - at)
            {
                break;
            }
            if (bytes[at + length - 1] != 0)
            {
                throw new SourceDamagedException(input.Path, offset + at + length - 1, _documents + 1, "a document does not end with a zero byte");
            }
            at += length;
            count++;
            _documents++;
        }
        return at;
    }
}
