using System.Text;
using System.Text.Json;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Restoring;

namespace Backend.MongoImport.Returning;

/// <summary>The small documents by which documents are found.</summary>
internal static class BsonIds
{
    /// <summary><c>{_id: "…"}</c>.</summary>
    public static byte[] Of(string id) => Texts(("_id", id));

    /// <summary>The <c>_id</c> of a document, whatever its type.</summary>
    public static byte[] Of(ReadOnlySpan<byte> document)
    {
        if (!new BsonValue(BsonType.Document, document).TryFind("_id"u8, out var id))
        {
            throw new InvalidOperationException("A document without _id.");
        }
        var writer = new BsonWriter();
        writer.Begin();
        writer.Element(id.Type, "_id"u8);
        writer.Bytes(id.Raw);
        writer.End();
        return writer.Written.ToArray();
    }

    /// <summary>The <c>_id</c> of a row that is gone: its id as text, unless the row kept another form of it.</summary>
    /// <param name="id">The row's id.</param>
    /// <param name="oldRow">The row as JSON, if it is known.</param>
    public static byte[] OfDeleted(string id, string? oldRow)
    {
        if (oldRow is null)
        {
            return Of(id);
        }
        using var row = JsonDocument.Parse(oldRow, RestToBson.Options);
        if (!row.RootElement.TryGetProperty("rest", out var rest) || rest.ValueKind != JsonValueKind.Object || !rest.TryGetProperty("_id", out var kept))
        {
            return Of(id);
        }
        var writer = new BsonWriter();
        writer.Begin();
        RestToBson.Write("_id"u8, kept, writer);
        writer.End();
        return writer.Written.ToArray();
    }

    /// <summary>A document of texts.</summary>
    public static byte[] Texts(params ReadOnlySpan<(string Name, string Value)> elements)
    {
        var writer = new BsonWriter();
        writer.Begin();
        foreach (var (name, value) in elements)
        {
            writer.Element(BsonType.Text, Encoding.UTF8.GetBytes(name));
            writer.Text(Encoding.UTF8.GetBytes(value));
        }
        writer.End();
        return writer.Written.ToArray();
    }
}
