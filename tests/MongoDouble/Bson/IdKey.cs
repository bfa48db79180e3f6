using System.Globalization;

namespace Backend.MongoDouble.Bson;

/// <summary>An <c>_id</c> as something to look up and to sort by: numbers are equal across their types, other types in MongoDB's order of types.</summary>
internal readonly record struct IdKey(int Rank, double Number, string Text) : IComparable<IdKey>
{
    public static IdKey Of(object? id) => id switch
    {
        null => new(1, 0, ""),
        int or long or double => new(2, Convert.ToDouble(id, CultureInfo.InvariantCulture), ""),
        string text => new(3, 0, text),
        MongoDoc doc => new(4, 0, Convert.ToHexString(doc.ToBytes())),
        RawValue { Type: 3 } raw => new(4, 0, Convert.ToHexString(raw.Bytes.Span)),
        byte[] binary => new(6, 0, Convert.ToHexString(binary)),
        ObjectId objectId => new(7, 0, objectId.Hex),
        bool b => new(8, b ? 1 : 0, ""),
        DateTimeOffset at => new(9, at.ToUnixTimeMilliseconds(), ""),
        RawValue raw => new(20 + raw.Type, 0, Convert.ToHexString(raw.Bytes.Span)),
        _ => new(99, 0, id.ToString() ?? ""),
    };

    public int CompareTo(IdKey other) => Rank != other.Rank ? Rank.CompareTo(other.Rank)
        : Number != other.Number ? Number.CompareTo(other.Number)
        : string.CompareOrdinal(Text, other.Text);
}
