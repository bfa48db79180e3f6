using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Oplogs;

/// <summary>How far the rows have come in the oplog of a replica set: the position of a follow whose changes come from dumps.</summary>
/// <param name="Time">The last entry that the rows contain.</param>
/// <param name="Database">The database whose entries count: an oplog tells of all of them.</param>
/// <param name="Again">Whether that entry itself is to be applied: a dump's oplog begins with one that the documents may or may not contain.</param>
internal sealed record OplogPosition(OplogTime Time, string Database, bool Again)
{
    /// <summary>The position before the first entry of a dump's own oplog; null when it has no entries.</summary>
    /// <param name="oplog">The oplog.</param>
    /// <param name="database">The database that was dumped.</param>
    public static OplogPosition? Before(SourceCollection oplog, string database)
    {
        using var reader = oplog.Open();
        using var block = reader.Read();
        var at = 0;
        return block is not null && block.TryTake(ref at, out var first) ? new(OplogEntry.Read(first).Time, database, Again: true) : null;
    }

    /// <summary>Reads what <see cref="ToBytes"/> gave; false for a position of another kind of source.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out OplogPosition position)
    {
        position = null!;
        if (bytes.Length < BsonReader.SmallestDocument)
        {
            return false;
        }
        var value = new BsonValue(BsonType.Document, bytes);
        if (!value.TryFind("oplog"u8, out var time) || time.Type != BsonType.Timestamp || !value.TryFind("database"u8, out var database))
        {
            return false;
        }
        position = new OplogPosition(OplogTime.Of(time), Encoding.UTF8.GetString(database.Text), value.TryFind("again"u8, out _));
        return true;
    }

    public byte[] ToBytes()
    {
        var writer = new BsonWriter();
        writer.Begin();
        Time.Write("oplog"u8, writer);
        writer.Element(BsonType.Text, "database"u8);
        writer.Text(Encoding.UTF8.GetBytes(Database));
        if (Again)
        {
            writer.Element(BsonType.Boolean, "again"u8);
            writer.Byte(1);
        }
        writer.End();
        return writer.Written.ToArray();
    }
}
