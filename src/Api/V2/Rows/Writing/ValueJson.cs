using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Values;

namespace Backend.Api.V2.Rows.Writing;

/// <summary>The forms of values in v2's JSON.</summary>
internal static class ValueJson
{
    public static void WriteTimestamp(Utf8JsonWriter json, DateTime utc)
    {
        Span<byte> text = stackalloc byte[32];
        json.WriteStringValue(text[..IsoTimestamp.Format(utc, text)]);
    }

    /// <summary>A text of any UTF-16 units; a lone surrogate is written as an escape.</summary>
    public static void WriteText(Utf8JsonWriter json, string text)
    {
        var output = new ArrayBufferWriter<byte>(text.Length + 16);
        NestedJson.WriteString(output, text);
        json.WriteRawValue(output.WrittenSpan, skipInputValidation: true);
    }

    public static void WriteFile(Utf8JsonWriter json, string name, FileUrls files)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("url", files.Of(name));
        json.WriteEndObject();
    }

    public static void WritePoint(Utf8JsonWriter json, GeoPoint point)
    {
        json.WriteStartObject();
        json.WriteString("type", "Point");
        json.WritePropertyName("coordinates");
        WritePosition(json, point);
        json.WriteEndObject();
    }

    public static void WritePolygon(Utf8JsonWriter json, GeoPoint[] ring)
    {
        json.WriteStartObject();
        json.WriteString("type", "Polygon");
        json.WriteStartArray("coordinates");
        json.WriteStartArray();
        foreach (var point in ring)
            WritePosition(json, point);
        if (ring.Length > 0 && ring[0] != ring[^1])
            WritePosition(json, ring[0]); // GeoJSON's rings are closed
        json.WriteEndArray();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The access list: who may read and write, null for "no restriction".</summary>
    public static void WriteAcl(Utf8JsonWriter json, RowAcl? acl)
    {
        if (acl is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        WritePrincipals(json, "read", acl.Read);
        WritePrincipals(json, "write", acl.Write);
        json.WriteEndObject();
    }

    /// <summary>Any value in the form that a column of its own type would have; what JSON has no form for as text.</summary>
    public static void Write(Utf8JsonWriter json, in Value value, FileUrls files)
    {
        switch (value.Kind)
        {
            case ValueKind.Null:
                json.WriteNullValue();
                break;
            case ValueKind.Boolean:
                json.WriteBooleanValue(value.AsBoolean);
                break;
            case ValueKind.Number when double.IsFinite(value.AsNumber):
                json.WriteNumberValue(value.AsNumber);
                break;
            case ValueKind.Number:
                json.WriteStringValue(value.AsNumber.ToString(CultureInfo.InvariantCulture));
                break;
            case ValueKind.ExactNumber:
                json.WriteStringValue(value.AsText);
                break;
            case ValueKind.Text:
                WriteText(json, value.AsText);
                break;
            case ValueKind.Timestamp when IsDateTime(value.AsMilliseconds):
                WriteTimestamp(json, DateTime.UnixEpoch.AddMilliseconds(value.AsMilliseconds));
                break;
            case ValueKind.Timestamp:
                json.WriteNumberValue(value.AsMilliseconds);
                break;
            case ValueKind.Bytes:
                json.WriteBase64StringValue(value.AsBytes);
                break;
            case ValueKind.Object or ValueKind.Array:
                json.WriteRawValue(value.AsBytes, skipInputValidation: true);
                break;
            case ValueKind.File:
                WriteFile(json, value.AsText, files);
                break;
            case ValueKind.Reference:
                WriteText(json, value.AsReference.Id);
                break;
            case ValueKind.Point:
                WritePoint(json, value.AsPoint);
                break;
            case ValueKind.Polygon:
                WritePolygon(json, value.AsRing);
                break;
            default:
                json.WriteBase64StringValue(value.AsForeign.Bytes);
                break;
        }
    }

    /// <summary>Whether the instant is one of the years 1 to 9999, all that RFC 3339 can write.</summary>
    public static bool IsDateTime(long milliseconds) => milliseconds is >= -62_135_596_800_000 and <= 253_402_300_799_999;

    private static void WritePosition(Utf8JsonWriter json, GeoPoint point)
    {
        json.WriteStartArray();
        WriteCoordinate(json, point.Longitude);
        WriteCoordinate(json, point.Latitude);
        json.WriteEndArray();
    }

    private static void WriteCoordinate(Utf8JsonWriter json, double degrees)
    {
        if (double.IsFinite(degrees))
            json.WriteNumberValue(degrees);
        else
            json.WriteNullValue();
    }

    private static void WritePrincipals(Utf8JsonWriter json, string name, System.Collections.Immutable.ImmutableArray<string> principals)
    {
        if (principals.IsDefault)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartArray(name);
        foreach (var principal in principals)
            json.WriteStringValue(principal);
        json.WriteEndArray();
    }
}
