using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Backend.Data.Values;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Restoring;

/// <summary>Turns the values of a row's <c>rest</c>, whose form is <see cref="RestJson"/>, back into the BSON that they were.</summary>
internal static class RestToBson
{
    public static JsonDocumentOptions Options { get; } = new() { MaxDepth = NestedToBson.Options.MaxDepth };

    /// <summary>Whether the value is a reference, which parse-server keeps under another key.</summary>
    public static bool IsReference(JsonElement value) => Mark(value) is { Name: "$reference" };

    /// <summary>The raw value of a foreign type.</summary>
    public static bool TryForeign(JsonElement value, out BsonType type, out byte[] raw)
    {
        if (Mark(value) is { Name: "$foreign" } mark)
        {
            type = (BsonType)mark.Value[0].GetByte();
            raw = mark.Value[1].GetBytesFromBase64();
            return true;
        }
        (type, raw) = (BsonType.None, []);
        return false;
    }

    /// <summary>Writes the value as an element.</summary>
    /// <exception cref="JsonException">The value is not in the form of <c>rest</c>.</exception>
    public static void Write(scoped ReadOnlySpan<byte> name, JsonElement value, BsonWriter to)
    {
        if (Mark(value) is not { } mark)
        {
            NestedToBson.Write(name, JsonMarshal.GetRawUtf8Value(value), to);
            return;
        }
        switch (mark.Name)
        {
            case "$json":
                NestedToBson.Write(name, Encoding.UTF8.GetBytes(mark.Value.GetString()!), to);
                break;
            case "$number":
                WriteNumber(name, mark.Value.GetString()!, to);
                break;
            case "$date":
                to.Element(BsonType.Date, name);
                to.Int64(mark.Value.GetInt64());
                break;
            case "$bytes":
                to.Element(BsonType.Binary, name);
                to.Binary(0, mark.Value.GetBytesFromBase64());
                break;
            case "$file":
                to.Element(BsonType.Text, name);
                to.Text(BsonText.Encode(RestJson.Read(mark.Value).AsText));
                break;
            case "$reference":
                var (target, id) = RestJson.Read(value).AsReference;
                to.Element(BsonType.Text, name);
                to.Text(BsonText.Encode(target + "$" + id));
                break;
            case "$point":
                StoredForms.WritePoint(name, RestJson.Read(value).AsPoint, to);
                break;
            case "$polygon":
                StoredForms.WritePolygon(name, RestJson.Read(value).AsRing, to);
                break;
            case "$foreign":
                to.Element((BsonType)mark.Value[0].GetByte(), name);
                to.Bytes(mark.Value[1].GetBytesFromBase64());
                break;
            default:
                throw new JsonException($"{mark.Name} is no mark of the form of rest.");
        }
    }

    private static void WriteNumber(scoped ReadOnlySpan<byte> name, string text, BsonWriter to)
    {
        if (text is "NaN" or "Infinity" or "-Infinity" or "-0")
        {
            to.Element(BsonType.Double, name);
            to.Double(double.Parse(text, CultureInfo.InvariantCulture));
            return;
        }
        NestedToBson.WriteNumber(name, text, to);
    }

    private static JsonProperty? Mark(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in value.EnumerateObject())
            {
                if (property.Name.StartsWith('$'))
                {
                    return property;
                }
            }
        }
        return null;
    }
}
