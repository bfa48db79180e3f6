using System.Text.Json;
using Backend.Data.Values;

namespace Backend.ParseCompat.Wire;

/// <summary>Values in the dialect's JSON (contract 5.1).</summary>
internal sealed class ValueWriter(FileUrls files)
{
    /// <summary>Writes a value.</summary>
    public void Write(Utf8JsonWriter writer, in Value value)
    {
        switch (value.Kind)
        {
            case ValueKind.Null: writer.WriteNullValue(); break;
            case ValueKind.Boolean: writer.WriteBooleanValue(value.AsBoolean); break;
            case ValueKind.Number or ValueKind.ExactNumber: WriteNumber(writer, value.AsNumber); break;
            case ValueKind.Text: JsonText.Write(writer, value.AsText); break;
            case ValueKind.Timestamp: WriteDate(writer, value.AsMilliseconds); break;
            case ValueKind.Bytes: WriteBytes(writer, value.AsBytes); break;
            case ValueKind.Object or ValueKind.Array: writer.WriteRawValue(value.AsBytes, skipInputValidation: true); break;
            case ValueKind.File: WriteFile(writer, value.AsText); break;
            case ValueKind.Reference: WritePointer(writer, value.AsReference.Target, value.AsReference.Id); break;
            case ValueKind.Point: WritePoint(writer, value.AsPoint); break;
            case ValueKind.Polygon: WritePolygon(writer, value.AsRing); break;
            default: WriteBytes(writer, value.AsForeign.Bytes); break; // what the old database's driver would have shown as binary
        }
    }

    /// <summary>A number as JavaScript prints it; NaN and infinities are null.</summary>
    public static void WriteNumber(Utf8JsonWriter writer, double number)
    {
        if (number == Math.Floor(number) && Math.Abs(number) < 1e15)
        {
            writer.WriteNumberValue((long)number);
            return;
        }

        Span<byte> text = stackalloc byte[40];
        writer.WriteRawValue(text[..JavaScriptNumber.Format(number, text)], skipInputValidation: true);
    }

    /// <summary><c>{"__type":"Date","iso":…}</c></summary>
    public static void WriteDate(Utf8JsonWriter writer, long milliseconds)
    {
        writer.WriteStartObject();
        writer.WriteString("__type"u8, "Date"u8);
        writer.WritePropertyName("iso"u8);
        WireDate.Write(writer, milliseconds);
        writer.WriteEndObject();
    }

    /// <summary><c>{"__type":"Date","iso":…}</c></summary>
    public static void WriteDate(Utf8JsonWriter writer, DateTime utc)
    {
        writer.WriteStartObject();
        writer.WriteString("__type"u8, "Date"u8);
        writer.WritePropertyName("iso"u8);
        WireDate.Write(writer, utc);
        writer.WriteEndObject();
    }

    /// <summary><c>{"__type":"Bytes","base64":…}</c></summary>
    public static void WriteBytes(Utf8JsonWriter writer, byte[] bytes)
    {
        writer.WriteStartObject();
        writer.WriteString("__type"u8, "Bytes"u8);
        writer.WriteBase64String("base64"u8, bytes);
        writer.WriteEndObject();
    }

    /// <summary><c>{"__type":"File","name":…,"url":…}</c></summary>
    public void WriteFile(Utf8JsonWriter writer, string name)
    {
        writer.WriteStartObject();
        writer.WriteString("__type"u8, "File"u8);
        writer.WriteString("name"u8, name);
        writer.WriteString("url"u8, files.For(name));
        writer.WriteEndObject();
    }

    /// <summary><c>{"__type":"Pointer","className":…,"objectId":…}</c></summary>
    public static void WritePointer(Utf8JsonWriter writer, string className, string objectId)
    {
        writer.WriteStartObject();
        writer.WriteString("__type"u8, "Pointer"u8);
        writer.WriteString("className"u8, className);
        writer.WritePropertyName("objectId"u8);
        JsonText.Write(writer, objectId);
        writer.WriteEndObject();
    }

    /// <summary><c>{"__type":"Pointer","className":…,"objectId":…}</c></summary>
    public static void WritePointer(Utf8JsonWriter writer, string className, ReadOnlySpan<byte> objectId)
    {
        writer.WriteStartObject();
        writer.WriteString("__type"u8, "Pointer"u8);
        writer.WriteString("className"u8, className);
        writer.WriteString("objectId"u8, objectId);
        writer.WriteEndObject();
    }

    /// <summary><c>{"__type":"Relation","className":…}</c></summary>
    public static void WriteRelation(Utf8JsonWriter writer, string className)
    {
        writer.WriteStartObject();
        writer.WriteString("__type"u8, "Relation"u8);
        writer.WriteString("className"u8, className);
        writer.WriteEndObject();
    }

    /// <summary><c>{"__type":"GeoPoint","latitude":…,"longitude":…}</c></summary>
    public static void WritePoint(Utf8JsonWriter writer, GeoPoint point)
    {
        writer.WriteStartObject();
        writer.WriteString("__type"u8, "GeoPoint"u8);
        writer.WritePropertyName("latitude"u8);
        WriteNumber(writer, point.Latitude);
        writer.WritePropertyName("longitude"u8);
        WriteNumber(writer, point.Longitude);
        writer.WriteEndObject();
    }

    /// <summary><c>{"__type":"Polygon","coordinates":[[lat,lng],…]}</c>, closed.</summary>
    public static void WritePolygon(Utf8JsonWriter writer, GeoPoint[] ring)
    {
        writer.WriteStartObject();
        writer.WriteString("__type"u8, "Polygon"u8);
        writer.WriteStartArray("coordinates"u8);
        foreach (var point in ring)
            WriteVertex(writer, point);
        if (ring.Length > 0 && ring[0] != ring[^1])
            WriteVertex(writer, ring[0]);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteVertex(Utf8JsonWriter writer, GeoPoint point)
    {
        writer.WriteStartArray();
        WriteNumber(writer, point.Latitude);
        WriteNumber(writer, point.Longitude);
        writer.WriteEndArray();
    }
}
