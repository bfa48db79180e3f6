using System.Buffers.Binary;

namespace Backend.MongoImport.Verifying;

/// <summary>
/// A quick hash of 128 bits (two lanes of folded multiplications), for telling whether two values are the same. Not for anything that an attacker could
/// gain from: two documents made on purpose may collide.
/// </summary>
internal static class Hash128
{
    private const ulong A = 0xA076_1D64_78BD_642F;
    private const ulong B = 0xE703_7ED1_A0B4_28DB;
    private const ulong C = 0x8EBC_6AF0_9C88_C6E3;
    private const ulong D = 0x5899_65CC_7537_4CC3;

    /// <summary>Of bytes; other seeds give other hashes.</summary>
    public static UInt128 Of(ReadOnlySpan<byte> bytes, ulong seed)
    {
        var first = seed ^ A;
        var second = seed ^ B ^ (ulong)bytes.Length * D;
        while (bytes.Length >= 16)
        {
            Step(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]), ref first, ref second);
            bytes = bytes[16..];
        }
        if (!bytes.IsEmpty)
        {
            Span<byte> last = stackalloc byte[16];
            last.Clear();
            bytes.CopyTo(last);
            Step(BinaryPrimitives.ReadUInt64LittleEndian(last), BinaryPrimitives.ReadUInt64LittleEndian(last[8..]), ref first, ref second);
        }
        return Finish(first, second);
    }

    /// <summary>Of two numbers, in this order.</summary>
    public static UInt128 Of(ulong one, ulong other, ulong seed)
    {
        var first = seed ^ A;
        var second = seed ^ B;
        Step(one, other, ref first, ref second);
        return Finish(first, second);
    }

    /// <summary>Of two hashes, in this order.</summary>
    public static UInt128 Of(UInt128 one, UInt128 other)
    {
        var first = (ulong)one ^ A;
        var second = (ulong)(one >> 64) ^ B;
        Step((ulong)other, (ulong)(other >> 64), ref first, ref second);
        return Finish(first, second);
    }

    private static void Step(ulong one, ulong other, ref ulong first, ref ulong second)
    {
        first = Fold(first ^ one ^ C, other ^ A);
        second = Fold(second ^ other ^ D, one ^ B);
    }

    private static UInt128 Finish(ulong first, ulong second) => new(Fold(first ^ A, second ^ C), Fold(second ^ B, first ^ D));

    private static ulong Fold(ulong one, ulong other)
    {
        var high = Math.BigMul(one, other, out var low);
        return high ^ low;
    }
}
