using System.Text;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Tests;

/// <summary>Documents of tests, written down shortly.</summary>
internal sealed class Doc
{
    private readonly BsonWriter _writer = new();

    /// <summary>Documents one after the other, as a file of mongodump has them.</summary>
    public static byte[] Documents(params Action<Doc>[] documents) => [.. documents.SelectMany(Document)];

    /// <summary>One document.</summary>
    public static byte[] Document(Action<Doc> members)
    {
        var doc = new Doc();
        doc._writer.Begin();
        members(doc);
        doc._writer.End();
        return doc._writer.Written.ToArray();
    }

    public Doc Text(string name, string value) => Add(BsonType.Text, name, w => w.Text(Encoding.UTF8.GetBytes(value)));

    public Doc Bytes(string name, params byte[] utf8) => Add(BsonType.Text, name, w => w.Text(utf8));

    public Doc Int(string name, int value) => Add(BsonType.Int32, name, w => w.Int32(value));

    public Doc Long(string name, long value) => Add(BsonType.Int64, name, w => w.Int64(value));

    public Doc Double(string name, double value) => Add(BsonType.Double, name, w => w.Double(value));

    public Doc Decimal(string name, string value) => Add(BsonType.Decimal128, name, w => w.Decimal128(Decimal128.TryParse(value, out var number) ? number : throw new FormatException(value)));

    public Doc Bool(string name, bool value) => Add(BsonType.Boolean, name, w => w.Byte(value ? (byte)1 : (byte)0));

    public Doc Date(string name, long milliseconds) => Add(BsonType.Date, name, w => w.Int64(milliseconds));

    public Doc Date(string name, string iso) => Date(name, DateTimeOffset.Parse(iso, System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds());

    public Doc Null(string name) => Add(BsonType.Null, name, _ => { });

    public Doc Binary(string name, byte subtype, params byte[] value) => Add(BsonType.Binary, name, w => w.Binary(subtype, value));

    public Doc ObjectId(string name, string hex) => Add(BsonType.ObjectId, name, w => w.Bytes(Convert.FromHexString(hex)));

    /// <summary>Any type by its raw bytes.</summary>
    public Doc Raw(string name, BsonType type, params byte[] raw) => Add(type, name, w => w.Bytes(raw));

    public Doc Document(string name, Action<Doc> members) => Nested(BsonType.Document, name, members);

    /// <summary>Items with the names that they are given, which should be their indexes.</summary>
    public Doc Array(string name, Action<Doc> items) => Nested(BsonType.Array, name, items);

    public Doc Texts(string name, params string[] items) => Array(name, a =>
    {
        for (var i = 0; i < items.Length; i++)
        {
            a.Text(i.ToString(System.Globalization.CultureInfo.InvariantCulture), items[i]);
        }
    });

    /// <summary>The times that parse-server writes.</summary>
    public Doc Times() => Date("_created_at", 1_462_060_800_000).Date("_updated_at", 1_462_060_800_001);

    private Doc Nested(BsonType type, string name, Action<Doc> members) => Add(type, name, w =>
    {
        w.Begin();
        members(this);
        w.End();
    });

    private Doc Add(BsonType type, string name, Action<BsonWriter> value)
    {
        _writer.Element(type, Encoding.UTF8.GetBytes(name));
        value(_writer);
        return this;
    }
}
