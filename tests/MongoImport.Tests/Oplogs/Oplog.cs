using Backend.MongoImport.Bson;
using Backend.MongoImport.Oplogs;

namespace Backend.MongoImport.Tests.Oplogs;

/// <summary>Writes the entries of an oplog.</summary>
internal sealed class Oplog(string database = "app")
{
    private readonly List<byte[]> _entries = [];
    private uint _time = 1_700_000_000;

    public Oplog Insert(string collection, string document) => Add("i", $"{database}.{collection}", document);

    public Oplog Update(string collection, string id, string update) => Add("u", $"{database}.{collection}", update, $$"""{"_id":{{id}}}""");

    public Oplog Delete(string collection, string id) => Add("d", $"{database}.{collection}", $$"""{"_id":{{id}}}""");

    public Oplog Command(string content, string more = "{}") => Add("c", $"{database}.$cmd", content, null, more);

    public Oplog Nothing() => Add("n", "", """{"msg":"periodic noop"}""");

    /// <summary>An update of a document that changes nothing; none of one that has no id.</summary>
    public Oplog Touch(string collection, byte[] document)
    {
        if (!new BsonValue(BsonType.Document, document).TryFind("_id"u8, out var id))
        {
            return this;
        }
        var subject = new BsonWriter();
        subject.Begin();
        subject.Element(id.Type, "_id"u8);
        subject.Bytes(id.Raw);
        subject.End();
        return Add("u", $"{database}.{collection}", Given.Bson("""{"$v":2,"diff":{}}"""), subject.Written.ToArray(), "{}");
    }

    public Oplog Add(string operation, string name, string content, string? subject = null, string more = "{}") =>
        Add(operation, name, Given.Bson(content), subject is null ? null : Given.Bson(subject), more);

    private Oplog Add(string operation, string name, byte[] content, byte[]? subject, string more)
    {
        _time++;
        var writer = new BsonWriter();
        writer.Begin();
        new OplogTime(_time, 1).Write("ts"u8, writer);
        writer.Element(BsonType.Text, "op"u8);
        writer.Text(System.Text.Encoding.UTF8.GetBytes(operation));
        writer.Element(BsonType.Text, "ns"u8);
        writer.Text(System.Text.Encoding.UTF8.GetBytes(name));
        writer.Element(BsonType.Document, "o"u8);
        writer.Bytes(content);
        if (subject is not null)
        {
            writer.Element(BsonType.Document, "o2"u8);
            writer.Bytes(subject);
        }
        var reader = new BsonReader(Given.Bson(more));
        while (reader.Read())
        {
            writer.Element(reader.Type, reader.Name);
            writer.Bytes(reader.Value.Raw);
        }
        writer.End();
        _entries.Add(writer.Written.ToArray());
        return this;
    }

    /// <summary>How many entries there are.</summary>
    public int Count => _entries.Count;

    /// <summary>The entries from one on, as a file.</summary>
    public byte[] ToBytes(int from = 0, int? to = null) => [.. _entries[from..(to ?? _entries.Count)].SelectMany(e => e)];
}
