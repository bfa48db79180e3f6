using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace Backend.MongoImport.Planning;

/// <summary>
/// A hash of documents in their order, however they were cut into blocks: tells whether a source is still the one that was read before. Quick rather
/// than strong; nobody gains by forging it.
/// </summary>
internal struct ContentHash
{
    private const ulong Even = 0x9E37_79B9_7F4A_7C15;
    private const ulong Odd = 0xD6E8_FEB8_6659_FD93;

    private ulong _state;

    /// <summary>Adds a document.</summary>
    public void Add(ReadOnlySpan<byte> document)
    {
        var (first, second) = (_state ^ (ulong)document.Length, Even);
        while (document.Length >= 16)
        {
            first = Mix(first, BinaryPrimitives.ReadUInt64LittleEndian(document), Even);
            second = Mix(second, BinaryPrimitives.ReadUInt64LittleEndian(document[8..]), Odd);
            document = document[16..];
        }
        foreach (var last in document)
        {
            second = Mix(second, last, Odd);
        }
        _state = Mix(first, second, Odd);
    }

    public override readonly string ToString() => _state.ToString("x16", CultureInfo.InvariantCulture);

    private static ulong Mix(ulong state, ulong word, ulong factor) => BitOperations.RotateLeft((state ^ word) * factor, 29);
}
