using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Checking;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Files;

/// <summary>An entry of GridFS (<c>fs.files</c>, contract/mongo-storage 1.11).</summary>
/// <param name="Id">Of its <c>_id</c>, by which its chunks name it.</param>
/// <param name="Name">The file's name, which File fields hold.</param>
/// <param name="Length">Bytes, as stored.</param>
/// <param name="ChunkSize">Bytes of each chunk but the last.</param>
/// <param name="Uploaded">Milliseconds since 1970; of equal names the latest counts.</param>
/// <param name="Number">The entry's number in its collection.</param>
/// <param name="Entry">The entry itself.</param>
internal sealed record GridFile(Key Id, string Name, long Length, int ChunkSize, long Uploaded, long Number, byte[] Entry)
{
    /// <summary>What drivers write when nobody says otherwise; old entries may lack it.</summary>
    private const int UsualChunkSize = 255 * 1024;

    /// <summary>The MD5 of the bytes, which old drivers wrote; null: not known.</summary>
    public string? Md5 => Text("md5"u8);

    /// <summary>The media type, if the entry says it.</summary>
    public string? ContentType => Text("contentType"u8);

    /// <summary>The user's metadata as a document; empty: none.</summary>
    public ReadOnlySpan<byte> Metadata =>
        new BsonValue(BsonType.Document, Entry).TryFind("metadata"u8, out var given) && given is { Type: BsonType.Document, Raw.Length: > BsonReader.SmallestDocument } ? given.Raw : default;

    /// <summary>How many chunks there must be.</summary>
    public long Chunks => (Length + ChunkSize - 1) / ChunkSize;

    /// <summary>The key of an id of any type.</summary>
    public static Key KeyOf(BsonValue id) => Key.Of([(byte)id.Type], id.Raw, 0);

    /// <summary>Reads an entry; null: it is none, because id, name or length is missing or odd.</summary>
    /// <exception cref="BsonFormatException">The document cannot be decoded.</exception>
    public static GridFile? Read(ReadOnlySpan<byte> document, long number)
    {
        var entry = new BsonValue(BsonType.Document, document);
        if (!entry.TryFind("_id"u8, out var id) || !ParseForms.TryText(entry, "filename"u8, out var utf8) || !BsonText.TryDecode(utf8, out var name) || name.Length == 0
            || !ParseForms.TryNumber(entry, "length"u8, out var length) || length is not (>= 0 and < long.MaxValue / 2) || length != Math.Floor(length))
        {
            return null;
        }
        var chunkSize = ParseForms.TryNumber(entry, "chunkSize"u8, out var size) && size is >= 1 and <= int.MaxValue ? (int)size : UsualChunkSize;
        var uploaded = entry.TryFind("uploadDate"u8, out var date) && date.Type == BsonType.Date ? date.Milliseconds : long.MinValue;
        return new GridFile(KeyOf(id), name, (long)length, chunkSize, uploaded, number, document.ToArray());
    }

    private string? Text(ReadOnlySpan<byte> key) =>
        ParseForms.TryText(new BsonValue(BsonType.Document, Entry), key, out var text) && text.Length > 0 ? Encoding.UTF8.GetString(text) : null;
}
