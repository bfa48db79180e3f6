using System.Buffers;
using System.Globalization;
using System.Text.Unicode;
using Backend.Data.Rows;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Values;

/// <summary>
/// Writes a BSON document or array as the JSON of an object or array field (contract/mongo-storage 2.3): dates and bytes in Parse's own forms, ids
/// as their digits, whole numbers with all of them. A value with something inside that JSON has no form for is not written: it is kept whole,
/// as it is.
/// </summary>
internal static class NestedWriter
{
    private static readonly SearchValues<byte> Escaped = SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, 32).Select(b => (byte)b)]);

    /// <summary>Writes the value.</summary>
    /// <param name="value">A document or array.</param>
    /// <param name="to">Where to; cut it back when this was not possible.</param>
    /// <param name="storable">Whether jsonb takes what was written (no U+0000 and no lone surrogate in it).</param>
    /// <returns>Whether everything in the value has a form.</returns>
    public static bool TryWrite(BsonValue value, Buffer to, ref bool storable) => TryWrite(value, to, ref storable, 0);

    /// <summary>Writes a text with quotes; false when the bytes are no text.</summary>
    public static bool TryWriteText(ReadOnlySpan<byte> text, Buffer to, ref bool storable)
    {
        if (!Utf8.IsValid(text))
        {
            return TryWriteOddText(text, to, ref storable);
        }
        to.Byte((byte)'"');
        while (true)
        {
            var stop = text.IndexOfAny(Escaped);
            if (stop < 0)
            {
                to.Bytes(text);
                to.Byte((byte)'"');
                return true;
            }
            to.Bytes(text[..stop]);
            switch (text[stop])
            {
                case (byte)'"' or (byte)'\\':
                    to.Byte((byte)'\\');
                    to.Byte(text[stop]);
                    break;
                case (byte)'\n':
                    to.Bytes("\\n"u8);
                    break;
                case (byte)'\r':
                    to.Bytes("\\r"u8);
                    break;
                case (byte)'\t':
                    to.Bytes("\\t"u8);
                    break;
                default:
                    storable &= text[stop] != 0;
                    Escape(text[stop], to);
                    break;
            }
            text = text[(stop + 1)..];
        }
    }

    private static bool TryWrite(BsonValue value, Buffer to, ref bool storable, int depth)
    {
        if (depth > NestedJson.MaxDepth)
        {
            return false;
        }
        switch (value.Type)
        {
            case BsonType.Document or BsonType.Array:
                return TryWriteMembers(value, to, ref storable, depth);
            case BsonType.Text:
                return TryWriteText(value.Text, to, ref storable);
            case BsonType.Int32:
                var room = to.Room(11);
                value.Int32.TryFormat(room, out var used, default, CultureInfo.InvariantCulture);
                to.Advance(used);
                return true;
            case BsonType.Int64:
                room = to.Room(20);
                value.Int64.TryFormat(room, out used, default, CultureInfo.InvariantCulture);
                to.Advance(used);
                return true;
            case BsonType.Double:
                if (!double.IsFinite(value.Double))
                {
                    return false;
                }
                to.Advance(JavaScriptNumber.Format(value.Double, to.Room(40)));
                return true;
            case BsonType.Decimal128:
                if (!value.Decimal128.IsFinite)
                {
                    return false;
                }
                to.Bytes(System.Text.Encoding.ASCII.GetBytes(value.Decimal128.ToString()));
                return true;
            case BsonType.Boolean:
                to.Bytes(value.Boolean ? "true"u8 : "false"u8);
                return true;
            case BsonType.Null:
                to.Bytes("null"u8);
                return true;
            case BsonType.Date:
                to.Bytes("{\"__type\":\"Date\",\"iso\":\""u8);
                if (!Instants.TryWriteIso(value.Milliseconds, to))
                {
                    return false;
                }
                to.Bytes("\"}"u8);
                return true;
            case BsonType.ObjectId:
                to.Byte((byte)'"');
                Convert.TryToHexStringLower(value.ObjectId, to.Take(24), out _);
                to.Byte((byte)'"');
                return true;
            case BsonType.Binary when value.BinarySubtype == 0:
                to.Bytes("{\"__type\":\"Bytes\",\"base64\":\""u8);
                System.Buffers.Text.Base64.EncodeToUtf8(value.Binary, to.Take((value.Binary.Length + 2) / 3 * 4), out _, out _);
                to.Bytes("\"}"u8);
                return true;
            default:
                return false;
        }
    }

    private static bool TryWriteMembers(BsonValue value, Buffer to, ref bool storable, int depth)
    {
        var array = value.Type == BsonType.Array;
        to.Byte(array ? (byte)'[' : (byte)'{');
        var first = true;
        var typed = false;
        var reader = new BsonReader(value.Raw);
        while (reader.Read())
        {
            if (reader.Type == BsonType.Undefined && !array)
            {
                // As if it were not there; in an array it holds a place, and so the array is kept as it is.
                continue;
            }
            if (!first)
            {
                to.Byte((byte)',');
            }
            if (!array)
            {
                if (!TryWriteText(reader.Name, to, ref storable))
                {
                    return false;
                }
                to.Byte((byte)':');
            }
            typed |= first && reader.Type == BsonType.Text && reader.Name.SequenceEqual("__type"u8) && reader.Value.Text.SequenceEqual("Date"u8);
            if (typed && reader.Type == BsonType.Date && reader.Name.SequenceEqual("iso"u8))
            {
                // {__type: "Date", iso: <date>}, which updates by old servers left behind: the same form with a text.
                to.Byte((byte)'"');
                if (!Instants.TryWriteIso(reader.Value.Milliseconds, to))
                {
                    return false;
                }
                to.Byte((byte)'"');
            }
            else if (!TryWrite(reader.Value, to, ref storable, depth + 1))
            {
                return false;
            }
            first = false;
        }
        to.Byte(array ? (byte)']' : (byte)'}');
        return true;
    }

    private static bool TryWriteOddText(ReadOnlySpan<byte> text, Buffer to, ref bool storable)
    {
        if (!BsonText.TryDecode(text, out var decoded))
        {
            return false;
        }
        var written = new ArrayBufferWriter<byte>(decoded.Length + 16);
        NestedJson.WriteString(written, decoded);
        storable &= NestedJson.IsStorable(written.WrittenSpan);
        to.Bytes(written.WrittenSpan);
        return true;
    }

    private static void Escape(byte control, Buffer to)
    {
        to.Bytes("\\u00"u8);
        var digits = to.Take(2);
        digits[0] = (byte)(control >> 4 == 0 ? '0' : '1');
        digits[1] = (byte)"0123456789abcdef"[control & 0xF];
    }
}
