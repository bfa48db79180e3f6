using System.Buffers.Binary;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Sources;

/// <summary>
/// Reads an archive's bytes in order, knows where it stands, and copies what it has read when the archive must be read again but cannot
/// be (standard input, compressed).
/// </summary>
internal sealed class ArchiveStream(Stream stream, string path, Stream? copy)
{
    private byte[] _buffer = new byte[2 * DocumentReader.BlockSize];
    private int _at;
    private int _filled;
    private long _passed;

    /// <summary>Where the next byte lies in the (unpacked) archive.</summary>
    public long Position => _passed + _at;

    public string Path => path;

    /// <summary>What is at hand without reading on.</summary>
    public ReadOnlySpan<byte> AtHand => _buffer.AsSpan(_at, _filled - _at);

    /// <summary>The next four bytes without taking them; null at the end of the data.</summary>
    public uint? PeekLength()
    {
        Need(4);
        return AtHand.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(AtHand) : AtHand.IsEmpty ? null : throw Damaged("the data end inside of a length");
    }

    public ReadOnlySpan<byte> Take(int length)
    {
        Need(length);
        if (AtHand.Length < length)
        {
            throw Damaged($"the data end where {length} bytes should follow");
        }
        var taken = _buffer.AsSpan(_at, length);
        _at += length;
        return taken;
    }

    /// <summary>Takes a document, framed as far as its length and final zero go.</summary>
    public ReadOnlySpan<byte> TakeDocument(uint length)
    {
        if (length is < BsonReader.SmallestDocument or > DocumentReader.LargestDocument)
        {
            throw Damaged($"a document says it has {length} bytes");
        }
        Need((int)length);
        if (AtHand.Length < length)
        {
            throw Damaged($"the data end inside of a document, after {AtHand.Length} of its bytes");
        }
        if (AtHand[(int)length - 1] != 0)
        {
            throw Damaged("a document does not end with a zero byte");
        }
        return Take((int)length);
    }

    public SourceDamagedException Damaged(string reason, long document = 0, Exception? inner = null) => new(path, Position, document, reason, inner);

    private void Need(int bytes)
    {
        if (_filled - _at >= bytes)
        {
            return;
        }
        _buffer.AsSpan(_at, _filled - _at).CopyTo(_buffer);
        _passed += _at;
        _filled -= _at;
        _at = 0;
        if (_buffer.Length < bytes)
        {
            Array.Resize(ref _buffer, Math.Max(bytes, _buffer.Length * 2));
        }
        while (_filled < bytes)
        {
            int read;
            try
            {
                read = stream.Read(_buffer.AsSpan(_filled));
            }
            catch (InvalidDataException e)
            {
                throw Damaged("the compressed data are broken: " + e.Message, inner: e);
            }
            if (read == 0)
            {
                return;
            }
            copy?.Write(_buffer.AsSpan(_filled, read));
            _filled += read;
        }
    }
}
