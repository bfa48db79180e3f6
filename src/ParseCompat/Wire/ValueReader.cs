using System.Text;
using System.Text.Json;
using Backend.Data.Catalog;
using Backend.Data.Values;

namespace Backend.ParseCompat.Wire;

/// <summary>A value as it came, and the type of field that it asks for.</summary>
/// <param name="Value">The value; null for a relation's placeholder.</param>
/// <param name="Kind">The field's type (contract 5.2); null for null, which asks for none.</param>
/// <param name="Target">The class that a pointer or relation names.</param>
/// <param name="Nested">An included object (<c>"__type":"Object"</c>) as nested JSON, for a field that holds objects.</param>
internal readonly record struct TypedValue(Value Value, FieldKind? Kind, string? Target = null, byte[]? Nested = null);

/// <summary>Reads the dialect's JSON into values (contract 5.1, 5.2), with the errors of sections 5 and 6.</summary>
internal static class ValueReader
{
    /// <summary>Reads the value at the reader's position and leaves the reader on its last token. Operations (<c>__op</c>) are not values.</summary>
    /// <exception cref="ParseError">111 a malformed type, 121 a nested key with $ or a dot, 105 a prohibited key.</exception>
    public static TypedValue Read(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null: return default;
            case JsonTokenType.True: return new(Value.Of(true), FieldKind.Boolean);
            case JsonTokenType.False: return new(Value.Of(false), FieldKind.Boolean);
            case JsonTokenType.Number: return new(Value.Of(NestedJson.ReadNumber(ref reader)), FieldKind.Number);
            case JsonTokenType.String: return new(Value.Of(JsonText.Read(ref reader)), FieldKind.Text);
            case JsonTokenType.StartArray: return new(Value.Array(ReadNested(ref reader)), FieldKind.Array);
        }

        return FindText(reader, "__type"u8) is { } type ? ReadTyped(ref reader, type) : new(Value.Object(ReadNested(ref reader)), FieldKind.Object);
    }

    /// <summary>Reads a value of a filter or of an element's list.</summary>
    public static TypedValue Read(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Null or JsonValueKind.Undefined: return default;
            case JsonValueKind.True: return new(Value.Of(true), FieldKind.Boolean);
            case JsonValueKind.False: return new(Value.Of(false), FieldKind.Boolean);
            case JsonValueKind.String: return new(Value.Of(JsonText.Read(element)), FieldKind.Text);
        }

        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(element.GetRawText()), new JsonReaderOptions { MaxDepth = NestedJson.MaxDepth });
        reader.Read();
        return Read(ref reader);
    }

    /// <summary>Reads an array or object as nested JSON: numbers and duplicate keys as in JavaScript, dates in their one form, keys checked.</summary>
    /// <exception cref="ParseError">111 a date that cannot be read, 121 a nested key with $ or a dot.</exception>
    public static byte[] ReadNested(ref Utf8JsonReader reader)
    {
        CheckKeys(reader);
        return NestedDates.Normalize(NestedJson.Normalize(ref reader));
    }

    /// <summary>The text under a key of the object that the reader stands at; the reader is a copy and stays where it was.</summary>
    public static string? FindText(Utf8JsonReader reader, ReadOnlySpan<byte> key)
    {
        string? found = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIt = reader.ValueTextEquals(key);
            reader.Read();
            if (isIt)
                found = reader.TokenType == JsonTokenType.String ? JsonText.Read(ref reader) : null;
            reader.Skip();
        }

        return found;
    }

    /// <summary>Refuses keys that MongoDB would misunderstand, at any depth.</summary>
    public static void CheckKeys(Utf8JsonReader reader)
    {
        var depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
                continue;
            if ((reader.ValueIsEscaped ? JsonText.Read(ref reader).AsSpan().IndexOfAny('$', '.') : reader.ValueSpan.IndexOfAny((byte)'$', (byte)'.')) >= 0)
                throw new ParseError(ErrorCode.InvalidNestedKey, "Nested keys should not contain the '$' or '.' characters");
        }
    }

    /// <summary>A type that is unknown or incomplete.</summary>
    public static ParseError NotValid(string type) => new(ErrorCode.IncorrectType, $"This is not a valid {type}");

    /// <summary>The id of a pointer; a number stands for its text, as the old server stored it.</summary>
    private static string? FindId(in Utf8JsonReader reader) =>
        FindText(reader, "objectId"u8) ?? (FindNumber(reader, "objectId"u8) is { } number ? JavaScriptNumber.Format(number) : null);

    private static TypedValue ReadTyped(ref Utf8JsonReader reader, string type)
    {
        var at = reader;
        reader.Skip();
        switch (type)
        {
            case "Pointer":
            case "Object": // an included object that an old SDK sends back
                return FindText(at, "className"u8) is { Length: > 0 } className && FindId(at) is { Length: > 0 } id
                    ? new(Value.Reference(className, id), FieldKind.Reference, className, type == "Object" ? ReadNested(ref at) : null)
                    : throw NotValid(type);
            case "Relation":
                return FindText(at, "className"u8) is { Length: > 0 } target ? new(Value.Null, FieldKind.Relation, target) : throw NotValid(type);
            case "File":
                return FindText(at, "name"u8) is { Length: > 0 } name ? new(Value.File(name), FieldKind.File) : throw NotValid(type);
            case "Date":
                return FindText(at, "iso"u8) is { } iso && WireDate.Parse(iso) is { } milliseconds
                    ? new(Value.Timestamp(milliseconds), FieldKind.Timestamp)
                    : throw NotValid(type);
            case "Bytes":
                return FindText(at, "base64"u8) is { Length: > 0 } base64 && Base64Text.Decode(base64) is { Length: > 0 } bytes
                    ? new(Value.Of(bytes), FieldKind.Bytes)
                    : throw NotValid(type);
            case "GeoPoint":
                return FindNumber(at, "latitude"u8) is { } latitude && FindNumber(at, "longitude"u8) is { } longitude
                    ? new(Value.Point(new GeoPoint(longitude, latitude)), FieldKind.Point)
                    : throw NotValid(type);
            case "Polygon":
                return new(Value.Polygon(ReadRing(at) ?? throw NotValid(type)), FieldKind.Polygon);
            default:
                throw NotValid(type);
        }
    }

    private static double? FindNumber(Utf8JsonReader reader, ReadOnlySpan<byte> key)
    {
        double? found = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIt = reader.ValueTextEquals(key);
            reader.Read();
            if (isIt)
                found = reader.TokenType == JsonTokenType.Number ? NestedJson.ReadNumber(ref reader) : null;
            reader.Skip();
        }

        return found;
    }

    /// <summary>The vertices of a polygon, given as [latitude, longitude], closed; null when they are not vertices.</summary>
    private static GeoPoint[]? ReadRing(Utf8JsonReader reader)
    {
        var root = JsonElement.ParseValue(ref reader);
        if (!root.TryGetProperty("coordinates", out var coordinates) || coordinates.ValueKind != JsonValueKind.Array)
            return null;
        var ring = new List<GeoPoint>();
        foreach (var vertex in coordinates.EnumerateArray())
        {
            if (vertex.ValueKind == JsonValueKind.Array && vertex.GetArrayLength() == 2
                && vertex[0].ValueKind == JsonValueKind.Number && vertex[1].ValueKind == JsonValueKind.Number)
            {
                ring.Add(new GeoPoint(vertex[1].GetDouble(), vertex[0].GetDouble()));
            }
            else
            {
                return null;
            }
        }

        // Far beyond any degree the arithmetic below overflows.
        if (ring.Exists(vertex => !(Math.Abs(vertex.Latitude) <= 1e100 && Math.Abs(vertex.Longitude) <= 1e100)))
            return null;
        if (ring.Distinct().Count() < 3)
            throw new ParseError(ErrorCode.IncorrectType, "GeoJSON: Loop must have at least 3 different vertices");
        if (ring[0] != ring[^1])
            ring.Add(ring[0]);
        if (Rings.HaveCrossingEdges(ring))
            throw new ParseError(ErrorCode.IncorrectType, "GeoJSON: Loop is not valid: its edges cross");
        return [.. ring];
    }
}
