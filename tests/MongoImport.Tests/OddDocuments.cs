using System.Text;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Tests;

/// <summary>Documents of any types and values under names that mean something to an importer, and under some that mean nothing.</summary>
internal static class OddDocuments
{
    private static readonly string[] Names = ["a", "b", "c", "_p_d", "e", "_rperm", "_wperm", "_acl", "_created_at", "updatedAt", "x y", "", "ключ", "_z", "length", "f"];

    /// <summary>A file of documents with the ids id0, id1, …; and how many field values they have.</summary>
    public static byte[] Write(Random random, int count, out long values)
    {
        using var file = new MemoryStream();
        values = 0;
        for (var n = 0; n < count; n++)
        {
            file.Write(Document(random, n, ref values));
        }
        return file.ToArray();
    }

    private static byte[] Document(Random random, int n, ref long values)
    {
        var writer = new BsonWriter();
        writer.Begin();
        writer.Element(BsonType.Text, "_id"u8);
        writer.Text(Encoding.UTF8.GetBytes($"id{n}"));
        foreach (var name in Names.Where(_ => random.Next(3) == 0))
        {
            var type = Write(writer, random, Encoding.UTF8.GetBytes(name), 0);
            values += type == BsonType.Undefined || name is "_rperm" or "_wperm" or "_acl" or "_created_at" or "updatedAt" ? 0 : 1;
        }
        if (n % 100 == 0)
        {
            writer.Element(BsonType.Null, "gone"u8);
            values++;
        }
        writer.End();
        return writer.Written.ToArray();
    }

    private static BsonType Write(BsonWriter writer, Random random, ReadOnlySpan<byte> name, int depth)
    {
        BsonType[] types =
        [
            BsonType.Double, BsonType.Text, BsonType.Text, BsonType.Document, BsonType.Array, BsonType.Binary, BsonType.Undefined, BsonType.ObjectId, BsonType.Boolean, BsonType.Date,
            BsonType.Null, BsonType.Regex, BsonType.Code, BsonType.Symbol, BsonType.Int32, BsonType.Timestamp, BsonType.Int64, BsonType.Decimal128, BsonType.MinKey, BsonType.MaxKey,
        ];
        var type = types[random.Next(types.Length)];
        type = depth > 4 && type is BsonType.Document or BsonType.Array ? BsonType.Null : type;
        writer.Element(type, name);
        switch (type)
        {
            case BsonType.Double:
                writer.Double(random.Next(4) switch { 0 => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)), 1 => random.Next(100), 2 => double.NaN, _ => random.NextDouble() });
                break;
            case BsonType.Text or BsonType.Code or BsonType.Symbol:
                writer.Text(Text(random));
                break;
            case BsonType.Document or BsonType.Array:
                writer.Begin();
                for (var i = random.Next(4); i > 0; i--)
                {
                    Write(writer, random, type == BsonType.Array ? "0"u8 : random.Next(5) == 0 ? "__type"u8 : Encoding.UTF8.GetBytes($"k{random.Next(3)}"), depth + 1);
                }
                writer.End();
                break;
            case BsonType.Binary:
                writer.Binary((byte)random.Next(6), Text(random));
                break;
            case BsonType.ObjectId:
                writer.Int64(random.NextInt64());
                writer.Int32(random.Next());
                break;
            case BsonType.Boolean:
                writer.Byte((byte)random.Next(2));
                break;
            case BsonType.Date:
                writer.Int64(random.Next(2) == 0 ? random.NextInt64(long.MinValue, long.MaxValue) : random.NextInt64(4_000_000_000_000));
                break;
            case BsonType.Int64 or BsonType.Timestamp:
                writer.Int64(random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64));
                break;
            case BsonType.Regex:
                writer.CText("^a"u8);
                writer.CText("i"u8);
                break;
            case BsonType.Int32:
                writer.Int32(random.Next(int.MinValue, int.MaxValue));
                break;
            case BsonType.Decimal128:
                writer.Decimal128(new Decimal128((ulong)random.NextInt64(long.MinValue, long.MaxValue), (ulong)random.NextInt64(long.MinValue, long.MaxValue)));
                break;
            default:
                break;
        }
        return type;
    }

    private static byte[] Text(Random random)
    {
        switch (random.Next(6))
        {
            case 0:
                var bytes = new byte[random.Next(12)];
                random.NextBytes(bytes);
                return bytes;
            case 1:
                return [(byte)'a', 0xED, 0xA0, 0xBD, (byte)random.Next(256)];
            case 2:
                return Encoding.UTF8.GetBytes($"Class${random.Next(100)}");
            case 3:
                return Encoding.UTF8.GetBytes("a\0\u0001\"\\\n😀");
            case 4:
                return Encoding.UTF8.GetBytes(new string('é', random.Next(4_000)));
            default:
                return Encoding.UTF8.GetBytes($"word {random.Next(1000)}");
        }
    }
}
