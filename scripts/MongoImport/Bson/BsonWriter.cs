using System.Buffers.Binary;

namespace Backend.MongoImport.Bson;

/// <summary>
/// Builds documents in one growing buffer: what is read as JSON becomes BSON here, so that everything behind the sources knows one form.
/// </summary>
internal sealed class BsonWriter
{
    private readonly Stack<int> _open = new();
    private byte[] _buffer = new byte[64 * 1024];

    /// <summary>How many bytes are written so far.</summary>
    public int Length { get; private set; }

    public byte[] Buffer => _buffer;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    /// <summary>How many documents and arrays are open.</summary>
    public int Depth => _open.Count;

    public void Clear()
    {
        Length = 0;
        _open.Clear();
    }

    /// <summary>Forgets what was written after <paramref name="length"/>, for an attempt that came to nothing.</summary>
    public void CutBack(int length, int depth)
    {
        Length = length;
        while (_open.Count > depth)
        {
            _open.Pop();
        }
    }

    /// <summary>Begins a document or array; the caller has written type and name, if it lies in another.</summary>
    public void Begin()
    {
        _open.Push(Length);
        Take(4);
    }

    public void End()
    {
        Take(1)[0] = 0;
        EndWithoutZero();
    }

    /// <summary>Ends code with scope, which has a length in front like a document but no zero of its own behind.</summary>
    public void EndWithoutZero()
    {
        var start = _open.Pop();
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(start), Length - start);
    }

    public void Element(BsonType type, ReadOnlySpan<byte> name)
    {
        var to = Take(name.Length + 2);
        to[0] = (byte)type;
        name.CopyTo(to[1..]);
        to[^1] = 0;
    }

    public void Double(double value) => BinaryPrimitives.WriteDoubleLittleEndian(Take(8), value);

    public void Int32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(4), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Take(8), value);

    public void Byte(byte value) => Take(1)[0] = value;

    public void Bytes(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    /// <summary>A text with its length and final zero.</summary>
    public void Text(ReadOnlySpan<byte> value)
    {
        Int32(value.Length + 1);
        Bytes(value);
        Byte(0);
    }

    /// <summary>A text with its final zero only.</summary>
    public void CText(ReadOnlySpan<byte> value)
    {
        Bytes(value);
        Byte(0);
    }

    public void Decimal128(Decimal128 value)
    {
        var to = Take(16);
        BinaryPrimitives.WriteUInt64LittleEndian(to, value.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(to[8..], value.High);
    }

    public void Binary(byte subtype, ReadOnlySpan<byte> value)
    {
        var old = subtype == BsonValue.OldBinarySubtype;
        Int32(value.Length + (old ? 4 : 0));
        Byte(subtype);
        if (old)
        {
            Int32(value.Length);
        }
        Bytes(value);
    }

    private Span<byte> Take(int size)
    {
        if (_buffer.Length - Length < size)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, Length + size));
        }
        Length += size;
        return _buffer.AsSpan(Length - size, size);
    }
}
