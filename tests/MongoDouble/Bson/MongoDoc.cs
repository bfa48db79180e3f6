using System.Buffers.Binary;
using System.Collections;
using System.Text;

namespace Backend.MongoDouble.Bson;

/// <summary>Twelve bytes that MongoDB makes up where a document comes without an id.</summary>
/// <param name="Hex">24 hex digits.</param>
public readonly record struct ObjectId(string Hex)
{
    public static ObjectId New() => new(Convert.ToHexStringLower(Guid.NewGuid().ToByteArray().AsSpan(0, 12)));
}

/// <summary>Seconds and a number within them: the clock of replication.</summary>
/// <param name="Value">Seconds in the upper half, number in the lower.</param>
public readonly record struct Timestamp(ulong Value);

/// <summary>A value of any type as the bytes it is.</summary>
/// <param name="Type">The type byte of BSON.</param>
/// <param name="Bytes">The value without type and name.</param>
public readonly record struct RawValue(byte Type, ReadOnlyMemory<byte> Bytes);

/// <summary>
/// A document as a list of names and values, in order. Values are double, string, <see cref="MongoDoc"/>, arrays (any other enumerable), byte[] (binary),
/// <see cref="ObjectId"/>, bool, DateTimeOffset, null, int, <see cref="Timestamp"/>, long, and <see cref="RawValue"/> for all else. What is nested
/// in bytes that were parsed stays a <see cref="RawValue"/> until it is asked for.
/// </summary>
public sealed class MongoDoc : IEnumerable<KeyValuePair<string, object?>>
{
    private readonly List<KeyValuePair<string, object?>> _elements = [];

    public int Count => _elements.Count;

    /// <summary>A value by its name; null where there is none.</summary>
    public object? this[string name]
    {
        get
        {
            foreach (var (key, value) in _elements)
            {
                if (key == name)
                {
                    return value;
                }
            }
            return null;
        }
        set
        {
            var at = _elements.FindIndex(e => e.Key == name);
            if (at < 0)
            {
                _elements.Add(new(name, value));
                return;
            }
            _elements[at] = new(name, value);
        }
    }

    /// <summary>The name of the first element, of a command its own.</summary>
    public string First => _elements[0].Key;

    public static MongoDoc Parse(ReadOnlyMemory<byte> bytes)
    {
        var doc = new MongoDoc();
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.Span);
        if (length > bytes.Length || bytes.Span[length - 1] != 0)
        {
            throw new FormatException("not a BSON document");
        }
        for (var at = 4; at < length - 1;)
        {
            var type = bytes.Span[at++];
            var end = bytes.Span[at..].IndexOf((byte)0) + at;
            var name = Encoding.UTF8.GetString(bytes.Span[at..end]);
            at = end + 1;
            var size = SizeOf(type, bytes.Span[at..]);
            doc._elements.Add(new(name, Value(type, bytes.Slice(at, size))));
            at += size;
        }
        return doc;
    }

    public void Add(string name, object? value) => _elements.Add(new(name, value));

    public bool Remove(string name) => _elements.RemoveAll(e => e.Key == name) > 0;

    public bool Has(string name) => _elements.Exists(e => e.Key == name);

    public MongoDoc? Nested(string name) => AsDoc(this[name]);

    public string? Text(string name) => this[name] as string;

    public long Number(string name, long otherwise = 0) => this[name] switch
    {
        int i => i,
        long l => l,
        double d => (long)d,
        bool b => b ? 1 : 0,
        _ => otherwise,
    };

    /// <summary>The values of an array; empty where there is none.</summary>
    public IReadOnlyList<object?> List(string name) => this[name] switch
    {
        null => [],
        RawValue { Type: 4 } raw => [.. Parse(raw.Bytes).Select(e => e.Value)],
        IEnumerable list and not string and not MongoDoc => [.. list.Cast<object?>()],
        _ => [],
    };

    public static MongoDoc? AsDoc(object? value) => value switch
    {
        MongoDoc doc => doc,
        RawValue { Type: 3 } raw => Parse(raw.Bytes),
        _ => null,
    };

    public byte[] ToBytes()
    {
        using var to = new MemoryStream();
        Write(to);
        return to.ToArray();
    }

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => _elements.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static object? Value(byte type, ReadOnlyMemory<byte> bytes) => type switch
    {
        0x01 => BinaryPrimitives.ReadDoubleLittleEndian(bytes.Span),
        0x02 => Encoding.UTF8.GetString(bytes.Span[4..^1]),
        0x05 when bytes.Span[4] == 0 => bytes[5..].ToArray(),
        0x07 => new ObjectId(Convert.ToHexStringLower(bytes.Span)),
        0x08 => bytes.Span[0] != 0,
        0x09 when BinaryPrimitives.ReadInt64LittleEndian(bytes.Span) is > -62135596800000 and < 253402300800000 and var ms => DateTimeOffset.FromUnixTimeMilliseconds(ms),
        0x0A => null,
        0x10 => BinaryPrimitives.ReadInt32LittleEndian(bytes.Span),
        0x11 => new Timestamp(BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span)),
        0x12 => BinaryPrimitives.ReadInt64LittleEndian(bytes.Span),
        _ => new RawValue(type, bytes),
    };

    private static int SizeOf(byte type, ReadOnlySpan<byte> rest)
    {
        static int Text(ReadOnlySpan<byte> at) => 4 + BinaryPrimitives.ReadInt32LittleEndian(at);
        static int CText(ReadOnlySpan<byte> at) => at.IndexOf((byte)0) + 1;
        return type switch
        {
            0x01 or 0x09 or 0x11 or 0x12 => 8,
            0x02 or 0x0D or 0x0E => Text(rest),
            0x03 or 0x04 or 0x0F => BinaryPrimitives.ReadInt32LittleEndian(rest),
            0x05 => 5 + BinaryPrimitives.ReadInt32LittleEndian(rest),
            0x06 or 0x0A or 0x7F or 0xFF => 0,
            0x07 => 12,
            0x08 => 1,
            0x0B => CText(rest) + CText(rest[CText(rest)..]),
            0x0C => Text(rest) + 12,
            0x10 => 4,
            0x13 => 16,
            _ => throw new FormatException($"0x{type:x2} is no BSON type"),
        };
    }

    private void Write(Stream to)
    {
        var start = to.Position;
        to.Write(stackalloc byte[4]);
        foreach (var (name, value) in _elements)
        {
            WriteElement(to, name, value);
        }
        to.WriteByte(0);
        var end = to.Position;
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, (int)(end - start));
        to.Position = start;
        to.Write(length);
        to.Position = end;
    }

    private static void WriteElement(Stream to, string name, object? value)
    {
        void Head(byte type)
        {
            to.WriteByte(type);
            to.Write(Encoding.UTF8.GetBytes(name));
            to.WriteByte(0);
        }
        void Eight(byte type, ulong bits)
        {
            Span<byte> eight = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(eight, bits);
            Head(type);
            to.Write(eight);
        }
        void Four(int number)
        {
            Span<byte> four = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(four, number);
            to.Write(four);
        }
        switch (value)
        {
            case null:
                Head(0x0A);
                break;
            case double d:
                Eight(0x01, (ulong)BitConverter.DoubleToInt64Bits(d));
                break;
            case string text:
                Head(0x02);
                var utf8 = Encoding.UTF8.GetBytes(text);
                Four(utf8.Length + 1);
                to.Write(utf8);
                to.WriteByte(0);
                break;
            case MongoDoc doc:
                Head(0x03);
                doc.Write(to);
                break;
            case byte[] binary:
                Head(0x05);
                Four(binary.Length);
                to.WriteByte(0);
                to.Write(binary);
                break;
            case ObjectId id:
                Head(0x07);
                to.Write(Convert.FromHexString(id.Hex));
                break;
            case bool b:
                Head(0x08);
                to.WriteByte(b ? (byte)1 : (byte)0);
                break;
            case DateTimeOffset at:
                Eight(0x09, (ulong)at.ToUnixTimeMilliseconds());
                break;
            case int i:
                Head(0x10);
                Four(i);
                break;
            case Timestamp timestamp:
                Eight(0x11, timestamp.Value);
                break;
            case long l:
                Eight(0x12, (ulong)l);
                break;
            case RawValue raw:
                Head(raw.Type);
                to.Write(raw.Bytes.Span);
                break;
            case IEnumerable list:
                Head(0x04);
                var array = new MongoDoc();
                foreach (var item in list)
                {
                    array.Add(array.Count.ToString(System.Globalization.CultureInfo.InvariantCulture), item);
                }
                array.Write(to);
                break;
            default:
                throw new ArgumentException($"{value.GetType().Name} has no BSON form here", nameof(value));
        }
    }
}
