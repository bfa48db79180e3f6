using System.Globalization;
using System.Text;
using System.Text.Json;
using Backend.Data.Values;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Restoring;

/// <summary>
/// Turns the JSON of object and array columns back into what parse-server stores: <c>{"__type":"Date"}</c> is a date again and
/// <c>{"__type":"Bytes"}</c> bytes; every other <c>__type</c> form stays the document that it is (contract/mongo-storage 1.3). Numbers take the type
/// that parse-server's driver gives them: int32 where they fit, else double; digits that no double holds are an int64 or a decimal128.
/// </summary>
internal static class NestedToBson
{
    /// <summary>Deeper than any column is filled (<see cref="NestedWriter"/>).</summary>
    private const int MaxDepth = 2_000;

    /// <summary>Past so many digits a decimal says more than a double.</summary>
    private const int DigitsOfDouble = 17;

    public static JsonReaderOptions Options { get; } = new() { MaxDepth = MaxDepth };

    /// <summary>Writes an element whose value is the whole JSON text.</summary>
    /// <exception cref="JsonException">The text is no JSON.</exception>
    public static void Write(scoped ReadOnlySpan<byte> name, ReadOnlySpan<byte> json, BsonWriter to)
    {
        var reader = new Utf8JsonReader(json, Options);
        reader.Read();
        Write(name, ref reader, to);
    }

    /// <summary>Writes an element whose value begins at the reader's token; leaves the reader at its last.</summary>
    public static void Write(scoped ReadOnlySpan<byte> name, ref Utf8JsonReader reader, BsonWriter to)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                if (!TryForm(name, ref reader, to))
                {
                    to.Element(BsonType.Document, name);
                    WriteMembers(ref reader, to);
                }
                break;
            case JsonTokenType.StartArray:
                to.Element(BsonType.Array, name);
                WriteItems(ref reader, to);
                break;
            case JsonTokenType.String:
                to.Element(BsonType.Text, name);
                WriteText(ref reader, to);
                break;
            case JsonTokenType.Number:
                WriteNumber(name, ref reader, to);
                break;
            case JsonTokenType.True or JsonTokenType.False:
                to.Element(BsonType.Boolean, name);
                to.Byte(reader.TokenType == JsonTokenType.True ? (byte)1 : (byte)0);
                break;
            default:
                to.Element(BsonType.Null, name);
                break;
        }
    }

    /// <summary>A number as parse-server's driver writes it.</summary>
    public static void WriteNumber(scoped ReadOnlySpan<byte> name, double number, BsonWriter to)
    {
        if (number is >= int.MinValue and <= int.MaxValue && number == Math.Truncate(number) && !(number == 0 && double.IsNegative(number)))
        {
            to.Element(BsonType.Int32, name);
            to.Int32((int)number);
            return;
        }
        to.Element(BsonType.Double, name);
        to.Double(number);
    }

    /// <summary>A number by its digits: the smallest type that says them all.</summary>
    public static void WriteNumber(scoped ReadOnlySpan<byte> name, string digits, BsonWriter to)
    {
        if (long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer))
        {
            to.Element(BsonType.Int64, name);
            to.Int64(integer);
        }
        else if (Decimal128.TryParse(digits, out var exact))
        {
            to.Element(BsonType.Decimal128, name);
            to.Decimal128(exact);
        }
        else
        {
            WriteNumber(name, double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture), to);
        }
    }

    /// <summary>The object that the reader has begun, as a document's bytes without type and name.</summary>
    public static void WriteMembers(ref Utf8JsonReader reader, BsonWriter to)
    {
        to.Begin();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Name(ref reader);
            reader.Read();
            Write(name, ref reader, to);
        }
        to.End();
    }

    private static void WriteItems(ref Utf8JsonReader reader, BsonWriter to)
    {
        to.Begin();
        Span<byte> digits = stackalloc byte[11];
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            index.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
            Write(digits[..length], ref reader, to);
        }
        to.End();
    }

    private static void WriteText(ref Utf8JsonReader reader, BsonWriter to)
    {
        if (reader.ValueIsEscaped)
        {
            to.Text(BsonText.Encode(NestedJson.ReadString(ref reader)));
        }
        else
        {
            to.Text(reader.ValueSpan);
        }
    }

    // BSON's names end at their first zero byte: U+0000, which only a client of ours can have put into a key, has to become something else.
    private static ReadOnlySpan<byte> Name(ref Utf8JsonReader reader) =>
        reader.ValueIsEscaped ? BsonText.Encode(NestedJson.ReadString(ref reader).Replace('\0', '\uFFFD')) : reader.ValueSpan;

    private static void WriteNumber(scoped ReadOnlySpan<byte> name, ref Utf8JsonReader reader, BsonWriter to)
    {
        if (reader.TryGetInt32(out var small))
        {
            to.Element(BsonType.Int32, name);
            to.Int32(small);
            return;
        }
        var digits = reader.ValueSpan;
        if (digits.IndexOfAny((byte)'.', (byte)'e', (byte)'E') < 0 && reader.TryGetInt64(out var integer))
        {
            var near = (double)integer;
            if (near < 9.2233720368547758E18 && (long)near == integer)
            {
                WriteNumber(name, near, to);
                return;
            }
            to.Element(BsonType.Int64, name);
            to.Int64(integer);
            return;
        }
        if (Significant(digits) > DigitsOfDouble && Decimal128.TryParse(Encoding.ASCII.GetString(digits), out var exact))
        {
            to.Element(BsonType.Decimal128, name);
            to.Decimal128(exact);
            return;
        }
        WriteNumber(name, double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture), to);
    }

    private static int Significant(ReadOnlySpan<byte> digits)
    {
        var end = digits.IndexOfAny((byte)'e', (byte)'E');
        digits = end < 0 ? digits : digits[..end];
        int first = -1, last = -1, count = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                continue;
            }
            if (digit != '0')
            {
                first = first < 0 ? count : first;
                last = count;
            }
            count++;
        }
        return first < 0 ? 0 : last - first + 1;
    }

    // Exactly {"__type": "Date", "iso": "…"} and {"__type": "Bytes", "base64": "…"}, in either order, and only if they say it as we would.
    private static bool TryForm(scoped ReadOnlySpan<byte> name, ref Utf8JsonReader reader, BsonWriter to)
    {
        var probe = reader;
        ReadOnlySpan<byte> type = default, content = default, key = default;
        for (var member = 0; member < 2; member++)
        {
            if (!probe.Read() || probe.TokenType != JsonTokenType.PropertyName)
            {
                return false;
            }
            var isType = probe.ValueTextEquals("__type"u8);
            if (!isType)
            {
                if (!probe.ValueTextEquals("iso"u8) && !probe.ValueTextEquals("base64"u8))
                {
                    return false;
                }
                key = probe.ValueSpan;
            }
            if (!probe.Read() || probe.TokenType != JsonTokenType.String || probe.ValueIsEscaped)
            {
                return false;
            }
            if (isType)
            {
                type = probe.ValueSpan;
            }
            else
            {
                content = probe.ValueSpan;
            }
        }
        if (!probe.Read() || probe.TokenType != JsonTokenType.EndObject)
        {
            return false;
        }
        if (type.SequenceEqual("Date"u8) && key.SequenceEqual("iso"u8) && Forms.TryDate(content, out var milliseconds))
        {
            to.Element(BsonType.Date, name);
            to.Int64(milliseconds);
        }
        else if (type.SequenceEqual("Bytes"u8) && key.SequenceEqual("base64"u8) && Forms.TryBytes(content) is { } bytes)
        {
            to.Element(BsonType.Binary, name);
            to.Binary(0, bytes);
        }
        else
        {
            return false;
        }
        reader = probe;
        return true;
    }
}
