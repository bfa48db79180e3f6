using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Backend.Data.Values;

/// <summary>
/// The form of values in a row's <c>rest</c> and of default values in the catalog: JSON that jsonb takes and that loses nothing.
/// <list type="bullet">
/// <item>null, booleans, finite numbers, texts, arrays and objects stand for themselves when jsonb can hold them;</item>
/// <item><c>{"$json": "…"}</c>: a text, array or object that jsonb cannot hold (NUL, lone surrogates), or an object with a first-level key
/// that begins with <c>$</c>: the JSON text itself, as a text;</item>
/// <item><c>{"$number": "NaN"}</c>: NaN, Infinity, -Infinity, -0 and numbers that no double holds, by their text;</item>
/// <item><c>{"$date": ms}</c>, <c>{"$bytes": base64}</c>, <c>{"$file": name}</c>, <c>{"$reference": [table, id]}</c>;</item>
/// <item><c>{"$point": [x, y]}</c>, <c>{"$polygon": [[x, y], …]}</c>: longitude first; a coordinate that is not finite as in <c>$number</c>;</item>
/// <item><c>{"$foreign": [type, base64]}</c>: a value of a foreign format.</item>
/// </list>
/// </summary>
public static class RestJson
{
    /// <summary>A whole <c>rest</c>: an object with these keys.</summary>
    public static byte[] ObjectToBytes(IEnumerable<KeyValuePair<string, Value>> values)
    {
        var output = new ArrayBufferWriter<byte>(256);
        output.Write("{"u8);
        var isFirst = true;
        foreach (var (name, value) in values)
        {
            if (!isFirst)
                output.Write(","u8);
            isFirst = false;
            NestedJson.WriteString(output, name);
            output.Write(":"u8);
            Write(output, value);
        }

        output.Write("}"u8);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Writes a value.</summary>
    public static void Write(IBufferWriter<byte> output, in Value value)
    {
        switch (value.Kind)
        {
            case ValueKind.Null:
                output.Write("null"u8);
                break;
            case ValueKind.Boolean:
                output.Write(value.AsBoolean ? "true"u8 : "false"u8);
                break;
            case ValueKind.Number when double.IsFinite(value.AsNumber) && !(value.AsNumber == 0 && double.IsNegative(value.AsNumber)):
                NestedJson.WriteNumber(output, value.AsNumber);
                break;
            case ValueKind.Number:
                WriteTagged(output, "$number", value.AsNumber.ToString("R", CultureInfo.InvariantCulture));
                break;
            case ValueKind.ExactNumber:
                WriteTagged(output, "$number", value.AsText);
                break;
            case ValueKind.Text:
                WriteText(output, value.AsText);
                break;
            case ValueKind.Timestamp:
                output.Write(Encoding.ASCII.GetBytes($"{{\"$date\":{value.AsMilliseconds}}}"));
                break;
            case ValueKind.Bytes:
                WriteTagged(output, "$bytes", Convert.ToBase64String(value.AsBytes));
                break;
            case ValueKind.Object or ValueKind.Array:
                WriteNested(output, value.AsBytes);
                break;
            case ValueKind.File:
                output.Write("{\"$file\":"u8);
                WriteText(output, value.AsText);
                output.Write("}"u8);
                break;
            case ValueKind.Reference:
                output.Write("{\"$reference\":["u8);
                WriteText(output, value.AsReference.Target);
                output.Write(","u8);
                WriteText(output, value.AsReference.Id);
                output.Write("]}"u8);
                break;
            case ValueKind.Point:
                output.Write("{\"$point\":"u8);
                WritePoint(output, value.AsPoint);
                output.Write("}"u8);
                break;
            case ValueKind.Polygon:
                output.Write("{\"$polygon\":["u8);
                for (var i = 0; i < value.AsRing.Length; i++)
                {
                    if (i > 0)
                        output.Write(","u8);
                    WritePoint(output, value.AsRing[i]);
                }

                output.Write("]}"u8);
                break;
            default:
                var foreign = value.AsForeign;
                output.Write(Encoding.ASCII.GetBytes($"{{\"$foreign\":[{foreign.Type},\"{Convert.ToBase64String(foreign.Bytes)}\"]}}"));
                break;
        }
    }

    /// <summary>The written form as bytes of its own.</summary>
    public static byte[] ToBytes(in Value value)
    {
        var output = new ArrayBufferWriter<byte>(64);
        Write(output, value);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a value in this form.</summary>
    /// <exception cref="JsonException">Not in this form.</exception>
    public static Value Read(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Null:
                return Value.Null;
            case JsonValueKind.True or JsonValueKind.False:
                return Value.Of(json.GetBoolean());
            case JsonValueKind.Number:
                return Value.Of(json.GetDouble());
            case JsonValueKind.String:
                return Value.Of(json.GetString()!);
            case JsonValueKind.Array:
                return Value.Array(NestedJson.Normalize(Encoding.UTF8.GetBytes(json.GetRawText())));
            case JsonValueKind.Object:
                foreach (var property in json.EnumerateObject())
                {
                    if (property.Name.StartsWith('$'))
                        return ReadTagged(property);
                }

                return Value.Object(NestedJson.Normalize(Encoding.UTF8.GetBytes(json.GetRawText())));
            default:
                throw new JsonException($"Unexpected {json.ValueKind}.");
        }
    }

    private static Value ReadTagged(JsonProperty property) => property.Name switch
    {
        "$json" => ReadJson(property.Value.GetString()!),
        "$number" => ReadNumber(property.Value.GetString()!),
        "$date" => Value.Timestamp(property.Value.GetInt64()),
        "$bytes" => Value.Of(property.Value.GetBytesFromBase64()),
        "$file" => Value.File(Read(property.Value).AsText),
        "$reference" => Value.Reference(Read(property.Value[0]).AsText, Read(property.Value[1]).AsText),
        "$point" => Value.Point(ReadPoint(property.Value)),
        "$polygon" => Value.Polygon([.. property.Value.EnumerateArray().Select(ReadPoint)]),
        "$foreign" => Value.Foreign(property.Value[0].GetByte(), property.Value[1].GetBytesFromBase64()),
        _ => throw new JsonException($"Unknown mark {property.Name}."),
    };

    private static Value ReadJson(string text)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), new JsonReaderOptions { MaxDepth = NestedJson.MaxDepth });
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.String => Value.Of(NestedJson.ReadString(ref reader)),
            JsonTokenType.StartArray => Value.Array(NestedJson.Normalize(ref reader)),
            _ => Value.Object(NestedJson.Normalize(ref reader)),
        };
    }

    private static Value ReadNumber(string text) => text switch
    {
        "NaN" or "Infinity" or "-Infinity" or "-0" => Value.Of(double.Parse(text, CultureInfo.InvariantCulture)),
        _ => Value.ExactNumber(text),
    };

    private static GeoPoint ReadPoint(JsonElement point) => new(Read(point[0]).AsNumber, Read(point[1]).AsNumber);

    private static void WritePoint(IBufferWriter<byte> output, GeoPoint point)
    {
        output.Write("["u8);
        Write(output, Value.Of(point.Longitude));
        output.Write(","u8);
        Write(output, Value.Of(point.Latitude));
        output.Write("]"u8);
    }

    private static void WriteTagged(IBufferWriter<byte> output, string tag, string ascii)
    {
        output.Write("{"u8);
        NestedJson.WriteString(output, tag);
        output.Write(":"u8);
        NestedJson.WriteString(output, ascii);
        output.Write("}"u8);
    }

    private static void WriteText(IBufferWriter<byte> output, string text)
    {
        var json = new ArrayBufferWriter<byte>(text.Length + 16);
        NestedJson.WriteString(json, text);
        WriteNested(output, json.WrittenSpan);
    }

    private static void WriteNested(IBufferWriter<byte> output, ReadOnlySpan<byte> json)
    {
        if (NestedJson.IsStorable(json) && !HasMark(json))
        {
            output.Write(json);
            return;
        }

        output.Write("{\"$json\":"u8);
        NestedJson.WriteString(output, Encoding.UTF8.GetString(json));
        output.Write("}"u8);
    }

    private static bool HasMark(ReadOnlySpan<byte> json)
    {
        if (json.Length < 4 || json[0] != (byte)'{' || json.IndexOf("\"$"u8) < 0)
            return false;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = NestedJson.MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueSpan.StartsWith("$"u8))
                return true;
            reader.Skip();
        }

        return false;
    }
}
