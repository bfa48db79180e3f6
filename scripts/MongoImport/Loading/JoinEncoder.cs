using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Values;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Loading;

/// <summary>Makes the rows of join tables.</summary>
internal static class JoinEncoder
{
    /// <summary>Appends the row; false, and nothing written, when an id is missing: such a row links nothing.</summary>
    public static bool TryEncode(ReadOnlySpan<byte> document, long number, Buffer to)
    {
        BsonValue owning = default, related = default;
        var reader = new BsonReader(document);
        while (reader.Read())
        {
            if (reader.Name.SequenceEqual("owningId"u8))
            {
                owning = reader.Value;
            }
            else if (reader.Name.SequenceEqual("relatedId"u8))
            {
                related = reader.Value;
            }
        }
        var start = to.Length;
        to.Int16(3);
        if (!TryWriteId(owning, to) || !TryWriteId(related, to))
        {
            to.CutBack(start);
            return false;
        }
        to.Int32(8);
        to.Int64(number);
        return true;
    }

    /// <summary>Writes an id with its length in front; false, and nothing written, when it is none that a row can have.</summary>
    public static bool TryWriteId(BsonValue id, Buffer to)
    {
        switch (id.Type)
        {
            case BsonType.Text when id.Text.Length is > 0 and <= Storage.MaxIndexedBytes / 2 && BsonText.IsStorable(id.Text):
                to.Int32(id.Text.Length);
                to.Bytes(id.Text);
                return true;
            case BsonType.ObjectId:
                to.Int32(24);
                Convert.TryToHexStringLower(id.ObjectId, to.Take(24), out _);
                return true;
            default:
                return false;
        }
    }
}
