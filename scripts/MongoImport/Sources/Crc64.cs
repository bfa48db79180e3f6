using System.Buffers.Binary;

namespace Backend.MongoImport.Sources;

/// <summary>
/// CRC-64 with the ECMA-182 polynomial in reflected form (CRC-64/XZ), which archives carry for each collection. Eight bytes a step: the
/// whole dump passes through here.
/// </summary>
internal struct Crc64
{
    private const ulong Polynomial = 0xC96C_5795_D787_0F42;
    private static readonly ulong[] Tables = MakeTables();
    private ulong _state;

    public readonly ulong Value => _state;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        var tables = Tables;
        var crc = ~_state;
        while (bytes.Length >= 8)
        {
            crc ^= BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            crc = tables[(7 * 256) + (int)(crc & 0xFF)]
                ^ tables[(6 * 256) + (int)((crc >> 8) & 0xFF)]
                ^ tables[(5 * 256) + (int)((crc >> 16) & 0xFF)]
                ^ tables[(4 * 256) + (int)((crc >> 24) & 0xFF)]
                ^ tables[(3 * 256) + (int)((crc >> 32) & 0xFF)]
                ^ tables[(2 * 256) + (int)((crc >> 40) & 0xFF)]
                ^ tables[256 + (int)((crc >> 48) & 0xFF)]
                ^ tables[(int)(crc >> 56)];
            bytes = bytes[8..];
        }
        foreach (var b in bytes)
        {
            crc = tables[(byte)crc ^ b] ^ (crc >> 8);
        }
        _state = ~crc;
    }

    private static ulong[] MakeTables()
    {
        var tables = new ulong[8 * 256];
        for (var i = 0; i < 256; i++)
        {
            var crc = (ulong)i;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * Polynomial);
            }
            tables[i] = crc;
        }
        for (var i = 256; i < tables.Length; i++)
        {
            var before = tables[i - 256];
            tables[i] = tables[(byte)before] ^ (before >> 8);
        }
        return tables;
    }
}
