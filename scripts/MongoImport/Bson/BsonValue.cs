using System.Buffers.Binary;

namespace Backend.MongoImport.Bson;

/// <summary>A value as it lies in its document. The accessors trust the type and the length, which the reader has checked.</summary>
internal readonly ref struct BsonValue(BsonType type, ReadOnlySpan<byte> raw)
{
    /// <summary>The deprecated binary subtype, which has a second length inside.</summary>
    public const byte OldBinarySubtype = 2;

    /// <summary>The value's bytes, with length bytes and final zero where the type has them.</summary>
    public ReadOnlySpan<byte> Raw { get; } = raw;

    public BsonType Type { get; } = type;

    public bool IsNumber => Type is BsonType.Double or BsonType.Int32 or BsonType.Int64 or BsonType.Decimal128;

    /// <summary>The bytes of a text, code or symbol. They should be UTF-8 and may hold U+0000; nobody has checked.</summary>
    public ReadOnlySpan<byte> Text => Raw[4..^1];

    public double Double => BinaryPrimitives.ReadDoubleLittleEndian(Raw);

    public int Int32 => BinaryPrimitives.ReadInt32LittleEndian(Raw);

    public long Int64 => BinaryPrimitives.ReadInt64LittleEndian(Raw);

    public bool Boolean => Raw[0] != 0;

    /// <summary>Milliseconds since 1970, UTC, of a date.</summary>
    public long Milliseconds => BinaryPrimitives.ReadInt64LittleEndian(Raw);

    public ReadOnlySpan<byte> ObjectId => Raw;

    public Decimal128 Decimal128 => Decimal128.Read(Raw);

    public byte BinarySubtype => Raw[4];

    public ReadOnlySpan<byte> Binary => Raw[4] == OldBinarySubtype ? Raw[9..] : Raw[5..];

    /// <summary>Seconds and increment of a timestamp (an internal type of replication, not a date).</summary>
    public (uint Seconds, uint Increment) Timestamp =>
        (BinaryPrimitives.ReadUInt32LittleEndian(Raw[4..]), BinaryPrimitives.ReadUInt32LittleEndian(Raw));

    /// <summary>Pattern and options of a regular expression.</summary>
    public void Regex(out ReadOnlySpan<byte> pattern, out ReadOnlySpan<byte> options)
    {
        var end = Raw.IndexOf((byte)0);
        pattern = Raw[..end];
        options = Raw[(end + 1)..^1];
    }

    /// <summary>Collection and id of a DBPointer.</summary>
    public void DbPointer(out ReadOnlySpan<byte> collection, out ReadOnlySpan<byte> objectId)
    {
        collection = Raw[4..^13];
        objectId = Raw[^12..];
    }

    /// <summary>Code and scope document of code with scope.</summary>
    public void CodeWithScope(out ReadOnlySpan<byte> code, out ReadOnlySpan<byte> scope)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(Raw[4..]);
        code = Raw.Slice(8, length - 1);
        scope = Raw[(8 + length)..];
    }

    /// <summary>Finds an element of a document or array value by name; the last of several wins, as it does in every driver.</summary>
    public bool TryFind(ReadOnlySpan<byte> name, out BsonValue found)
    {
        found = default;
        var any = false;
        var reader = new BsonReader(Raw);
        while (reader.Read())
        {
            if (reader.Name.SequenceEqual(name))
            {
                found = reader.Value;
                any = true;
            }
        }
        return any;
    }
}
