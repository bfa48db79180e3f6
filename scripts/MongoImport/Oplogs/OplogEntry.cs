using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Oplogs;

/// <summary>An entry of the oplog, or one of the operations inside of an <c>applyOps</c> (contract/mongo-storage, Part 5).</summary>
/// <param name="Time">When it happened; of an inner one, when the outer one did.</param>
/// <param name="Operation">What it is: <c>i</c>, <c>u</c>, <c>d</c>, <c>c</c>, <c>n</c>, or something internal.</param>
/// <param name="Namespace">Database and collection, with a dot between; of a command, <c>$cmd</c> as the collection.</param>
/// <param name="Content">The document <c>o</c>.</param>
/// <param name="Subject">The document <c>o2</c>, which tells the id of an update.</param>
internal sealed record OplogEntry(OplogTime Time, string Operation, string Namespace, byte[] Content, byte[] Subject)
{
    private static readonly byte[] Nothing = [5, 0, 0, 0, 0];

    /// <summary>The transaction that it is part of: session and number; null: none.</summary>
    public string? Transaction { get; private init; }

    /// <summary>The entry before it in its transaction; null when it is the first.</summary>
    public OplogTime? Previous { get; private init; }

    /// <summary>Whether it is a batch of retried writes, which are no transaction.</summary>
    public bool IsRetried { get; private init; }

    /// <summary>The database.</summary>
    public string Database => Namespace.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? Namespace[..dot] : Namespace;

    /// <summary>The collection; names may have dots.</summary>
    public string Collection => Namespace.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? Namespace[(dot + 1)..] : "";

    /// <summary>Reads an entry.</summary>
    /// <exception cref="BsonFormatException">It cannot be decoded.</exception>
    /// <exception cref="SourceException">It is no entry of an oplog.</exception>
    public static OplogEntry Read(ReadOnlySpan<byte> document) => Read(document, null);

    /// <summary>The operations of an <c>applyOps</c>.</summary>
    public IEnumerable<OplogEntry> Inner()
    {
        var inner = new List<OplogEntry>();
        if (Find("applyOps"u8, out var operations) && operations.Type == BsonType.Array)
        {
            var reader = new BsonReader(operations.Raw);
            while (reader.Read())
            {
                if (reader.Type == BsonType.Document)
                {
                    inner.Add(Read(reader.Value.Raw, Time));
                }
            }
        }
        return inner;
    }

    /// <summary>A member of <see cref="Content"/>.</summary>
    public bool Find(ReadOnlySpan<byte> name, out BsonValue value) => new BsonValue(BsonType.Document, Content).TryFind(name, out value);

    /// <summary>Whether a member of <see cref="Content"/> is true.</summary>
    public bool Is(ReadOnlySpan<byte> name) => Find(name, out var value) && value.Type == BsonType.Boolean && value.Boolean;

    /// <summary>The name of a command: the first member of <see cref="Content"/>.</summary>
    public string Command()
    {
        var reader = new BsonReader(Content);
        return reader.Read() ? Encoding.UTF8.GetString(reader.Name) : "";
    }

    /// <summary>A document with <c>_id</c> alone: what <c>o2</c> or else <c>o</c> says; null when neither does.</summary>
    public byte[]? Id() => OnlyId(Operation == "u" ? Subject : Content);

    private static byte[]? OnlyId(byte[] document)
    {
        if (!new BsonValue(BsonType.Document, document).TryFind("_id"u8, out var id))
        {
            return null;
        }
        var only = new BsonWriter();
        only.Begin();
        only.Element(id.Type, "_id"u8);
        only.Bytes(id.Raw);
        only.End();
        return only.Written.ToArray();
    }

    private static OplogEntry Read(ReadOnlySpan<byte> document, OplogTime? outer)
    {
        var time = outer;
        string? operation = null, name = null, session = null, number = null;
        byte[] content = Nothing, subject = Nothing;
        OplogTime? previous = null;
        var retried = false;
        var reader = new BsonReader(document);
        while (reader.Read())
        {
            var value = reader.Value;
            switch (Encoding.UTF8.GetString(reader.Name), value.Type)
            {
                case ("ts", BsonType.Timestamp) when outer is null:
                    time = OplogTime.Of(value);
                    break;
                case ("op", BsonType.Text):
                    operation = Encoding.UTF8.GetString(value.Text);
                    break;
                case ("ns", BsonType.Text):
                    name = Encoding.UTF8.GetString(value.Text);
                    break;
                case ("o", BsonType.Document):
                    content = value.Raw.ToArray();
                    break;
                case ("o2", BsonType.Document):
                    subject = value.Raw.ToArray();
                    break;
                case ("lsid", BsonType.Document):
                    session = Convert.ToHexString(value.Raw);
                    break;
                case ("txnNumber", _):
                    number = Convert.ToHexString(value.Raw);
                    break;
                case ("prevOpTime", BsonType.Document) when value.TryFind("ts"u8, out var before) && before.Type == BsonType.Timestamp && OplogTime.Of(before) is { Seconds: > 0 } earlier:
                    previous = earlier;
                    break;
                case ("multiOpType", BsonType.Int32):
                    retried = value.Int32 == 1;
                    break;
                default:
                    break;
            }
        }
        return time is { } known && operation is not null && name is not null
            ? new OplogEntry(known, operation, name, content, subject) { Transaction = session is null || number is null ? null : session + number, Previous = previous, IsRetried = retried }
            : throw new SourceException("This is no oplog: an entry has no ts, op or ns.");
    }
}
