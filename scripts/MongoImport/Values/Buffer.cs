using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Backend.MongoImport.Values;

/// <summary>A growing byte buffer. Big-endian, as PostgreSQL's binary COPY wants its numbers.</summary>
internal sealed class Buffer(int capacity)
{
    private byte[] _bytes = new byte[capacity];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Forgets what was written after <paramref name="length"/>.</summary>
    public void CutBack(int length) => Length = length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Take(int size)
    {
        if (_bytes.Length - Length < size)
        {
            Grow(size);
        }
        Length += size;
        return _bytes.AsSpan(Length - size, size);
    }

    /// <summary>Room for at most so many bytes; <see cref="Advance"/> says how many were used.</summary>
    public Span<byte> Room(int size)
    {
        if (_bytes.Length - Length < size)
        {
            Grow(size);
        }
        return _bytes.AsSpan(Length);
    }

    /// <summary>Bytes written before, to be filled in.</summary>
    public Span<byte> At(int start, int length) => _bytes.AsSpan(start, length);

    public void Advance(int used) => Length += used;

    public void Byte(byte value) => Take(1)[0] = value;

    public void Bytes(scoped ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    public void Int16(short value) => BinaryPrimitives.WriteInt16BigEndian(Take(2), value);

    public void Int32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(4), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(8), value);

    public void Double(double value) => BinaryPrimitives.WriteDoubleBigEndian(Take(8), value);

    /// <summary>Leaves room for a length, which <see cref="EndSized"/> fills in.</summary>
    public int BeginSized()
    {
        Take(4);
        return Length;
    }

    public void EndSized(int start) => BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(start - 4), Length - start);

    private void Grow(int size) => Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + size));
}
