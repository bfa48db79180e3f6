using System.Runtime.InteropServices;

namespace Backend.MongoImport.Checking;

/// <summary>
/// An id or another value by which rows are found, as 128 bits, and the document that has it. Two values of a source with the same bits are less likely than
/// a fault of the machine (under 1e-15 for 500 million).
/// </summary>
/// <param name="High">The first half of the hash.</param>
/// <param name="Low">The second half.</param>
/// <param name="Number">The document's number in its collection, from 1.</param>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
internal readonly record struct Key(ulong High, ulong Low, long Number) : IComparable<Key>
{
    /// <summary>Bytes of a key in memory and on disk.</summary>
    public const int Size = 24;

    private const ulong First = 0x9E37_79B9_7F4A_7C15;
    private const ulong Second = 0xD6E8_FEB8_6659_FD93;

    /// <summary>The key of a value.</summary>
    public static Key Of(ReadOnlySpan<byte> value, long number) => new(Hash(value, First, Second), Hash(value, Second ^ 0xA5A5, First ^ 0x5A5A_0000), number);

    /// <summary>The key of two values together: the boundary between them counts.</summary>
    public static Key Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, long number)
    {
        var (a, b) = (Of(first, 0), Of(second, 0));
        return new(Fold(a.High ^ First, b.High ^ Second) ^ b.Low, Fold(a.Low ^ Second, b.Low ^ First) ^ a.High, number);
    }

    public bool IsSame(Key other) => High == other.High && Low == other.Low;

    public int CompareTo(Key other)
    {
        var order = High.CompareTo(other.High);
        order = order != 0 ? order : Low.CompareTo(other.Low);
        return order != 0 ? order : Number.CompareTo(other.Number);
    }

    // Multiply and fold: every bit of the product is in the sum of its halves.
    private static ulong Hash(ReadOnlySpan<byte> value, ulong seed, ulong factor)
    {
        var hash = Fold(seed ^ (ulong)value.Length, factor);
        while (value.Length >= 8)
        {
            hash = Fold(hash ^ MemoryMarshal.Read<ulong>(value), factor);
            value = value[8..];
        }
        ulong rest = 0;
        foreach (var b in value)
        {
            rest = rest << 8 | b;
        }
        return Fold(Fold(hash ^ rest, factor) ^ seed, factor | 1);
    }

    private static ulong Fold(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return high ^ low ^ a;
    }
}
