using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Reporting;
using Backend.Testing;

namespace Backend.MongoImport.Tests.Imports;

/// <summary>Generated documents: whatever they hold, they are imported, and every value is somewhere.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class OddDocumentsTests
{
    private const int Documents = 3_000;
    private static readonly string[] Names = ["a", "b", "c", "_p_d", "e", "_rperm", "_wperm", "_acl", "_created_at", "updatedAt", "x y", "", "ключ", "_z", "length", "f"];

    [Test]
    public async Task No_document_is_refused_because_of_a_value_and_no_value_is_lost()
    {
        var seed = Seed.Value;
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var folder = Given.Folder();
        var values = 0L;
        using (var file = new MemoryStream())
        {
            for (var n = 0; n < Documents; n++)
            {
                file.Write(Document(random, n, ref values));
            }
            folder.Write("Odd.bson", file.ToArray());
        }
        await using var target = await Target.CreateAsync();
        var report = await target.ImportAsync(folder.Path);
        var odd = report.Classes.Single();
        Assert.That((odd.State, odd.Message), Is.EqualTo((ClassState.Imported, (string?)null)), $"seed {seed}");
        Assert.That((odd.Imported, odd.Rejected), Is.EqualTo(((long)Documents, 0L)), $"seed {seed}");

        // Field values: in a column, or under their key in rest. Under a key with _ stands what a column shows only nearly.
        var columns = await target.Get<string>("select string_agg(format('%I', f.column_name), ', ') from catalog.fields f join catalog.tables t on t.number = f.table_number where t.origin = 'Odd'");
        var kept = await target.Get<long>($"select sum(num_nonnulls({columns}) + (select count(*) from jsonb_object_keys(coalesce(rest, '{{}}')) k where k not in ('_missing', '_rperm', '_wperm', '_created_at', '_updatedAt', '_acl', '_a', '_b', '_c', '_e', '_f')))::bigint from app.odd");
        Assert.That(kept, Is.EqualTo(values), $"seed {seed}");

        // Nulls say nothing of a type: their name is no field, and clients still see them.
        Assert.That(await target.Get<string>("select array_to_string(untyped, ',') from catalog.tables where origin = 'Odd'"), Is.EqualTo("gone"));
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
