using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Values;

/// <summary>The documents by which Parse marks values inside of others: <c>{"__type": "…", …}</c>. Exports have them at the first level too.</summary>
internal static class ParseForms
{
    public const string Pointer = "Pointer";
    public const string Relation = "Relation";
    public const string File = "File";
    public const string Date = "Date";
    public const string GeoPoint = "GeoPoint";
    public const string Polygon = "Polygon";
    public const string Bytes = "Bytes";

    /// <summary>The text of <c>__type</c>, or empty when the document is no such form.</summary>
    public static ReadOnlySpan<byte> TypeOf(BsonValue document)
    {
        // Nearly no stored document has the key: a search of the bytes spares reading them.
        return document.Type == BsonType.Document && document.Raw.IndexOf("\u0002__type\0"u8) >= 0
            && document.TryFind("__type"u8, out var type) && type.Type == BsonType.Text ? type.Text : default;
    }

    public static bool Is(BsonValue document, string type) =>
        TypeOf(document) is { IsEmpty: false } found && System.Text.Encoding.ASCII.GetString(found) == type;

    /// <summary>A text member; false when it is missing or no text.</summary>
    public static bool TryText(BsonValue document, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> text)
    {
        var found = document.TryFind(name, out var value) && value.Type == BsonType.Text;
        text = found ? value.Text : default;
        return found;
    }

    /// <summary>A finite number member.</summary>
    public static bool TryNumber(BsonValue document, ReadOnlySpan<byte> name, out double number)
    {
        number = 0;
        return document.TryFind(name, out var value) && value.IsNumber && Numbers.TryExact(value, out number);
    }
}
