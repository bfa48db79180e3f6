using System.Buffers;
using System.Globalization;
using System.Text.Unicode;
using Backend.Data.Values;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Values;

/// <summary>
/// Writes a BSON document or array as the JSON of an object or array field (contract/mongo-storage 2.3): dates and bytes in Parse's own forms, ids
/// as their digits, whole numbers with all of them. What JSON has no form for is written as parse-server showed it, or nearly: NaN as null, a
/// regular expression as a text; the caller is told, and keeps the value as it was.
/// </summary>
internal static class NestedWriter
{
    private static readonly SearchValues<byte> Escaped = SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, 32).Select(b => (byte)b)]);

    /// <summary>The deepest nesting that a column is given; PostgreSQL's own parser would go some thousands deep.</summary>
    private const int DeepestInColumn = 1_000;

    /// <summary>The deepest nesting inside of <c>rest</c>, whose reader stops at <see cref="NestedJson.MaxDepth"/>.</summary>
    private const int DeepestInRest = NestedJson.MaxDepth - 20;

    /// <summary>Writes the value for a column.</summary>
    /// <param name="value">A document or array.</param>
    /// <param name="to">Where to; cut it back when this was not possible.</param>
    /// <param name="storable">Whether jsonb takes what was written (no U+0000 and no lone surrogate in it).</param>
    /// <param name="exact">Whether it says everything that the value does.</param>
    /// <returns>False when it is nested too deeply.</returns>
    public static bool TryWrite(BsonValue value, Buffer to, out bool storable, out bool exact)
    {
        var state = new State { Deepest = DeepestInColumn };
        var written = TryWrite(value, to, ref state, 0);
        storable = !state.Unstorable;
        exact = !state.Inexact;
        return written;
    }

    /// <summary>Writes the value for a place where only the whole truth may stand; false when JSON cannot say it.</summary>
    public static bool TryWriteExactly(BsonValue value, Buffer to, out bool storable)
    {
        var state = new State { Deepest = DeepestInRest };
        var written = TryWrite(value, to, ref state, 0) && !state.Inexact;
        storable = !state.Unstorable;
        return written;
    }

    private static void WriteText(ReadOnlySpan<byte> text, Buffer to, ref State state)
    {
        if (!Utf8.IsValid(text))
        {
            WriteOddText(text, to, ref state);
            return;
        }
        to.Byte((byte)'"');
        while (true)
        {
            var stop = text.IndexOfAny(Escaped);
            if (stop < 0)
            {
                to.Bytes(text);
                to.Byte((byte)'"');
                return;
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
                    state.Unstorable |= text[stop] == 0;
                    Escape(text[stop], to);
                    break;
            }
            text = text[(stop + 1)..];
        }
    }

    private static bool TryWrite(BsonValue value, Buffer to, ref State state, int depth)
    {
        if (depth > state.Deepest)
        {
            return false;
        }
        switch (value.Type)
        {
            case BsonType.Document or BsonType.Array:
                return TryWriteMembers(value, to, ref state, depth);
            case BsonType.Text:
                WriteText(value.Text, to, ref state);
                return true;
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
                // What is not finite is null, as in JavaScript.
                state.Inexact |= !double.IsFinite(value.Double);
                to.Advance(JavaScriptNumber.Format(value.Double, to.Room(40)));
                return true;
            case BsonType.Decimal128:
                if (!value.Decimal128.IsFinite)
                {
                    return WriteNull(to, ref state);
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
                var start = to.Length;
                to.Bytes("{\"__type\":\"Date\",\"iso\":\""u8);
                if (!Instants.TryWriteIso(value.Milliseconds, to))
                {
                    to.CutBack(start);
                    return WriteNull(to, ref state);
                }
                to.Bytes("\"}"u8);
                return true;
            case BsonType.ObjectId:
                to.Byte((byte)'"');
                Convert.TryToHexStringLower(value.ObjectId, to.Take(24), out _);
                to.Byte((byte)'"');
                return true;
            case BsonType.Binary:
                state.Inexact |= value.BinarySubtype != 0;
                to.Bytes("{\"__type\":\"Bytes\",\"base64\":\""u8);
                System.Buffers.Text.Base64.EncodeToUtf8(value.Binary, to.Take((value.Binary.Length + 2) / 3 * 4), out _, out _);
                to.Bytes("\"}"u8);
                return true;
            case BsonType.Code or BsonType.Symbol:
                state.Inexact = true;
                WriteText(value.Text, to, ref state);
                return true;
            case BsonType.Regex:
                state.Inexact = true;
                value.Regex(out var pattern, out var options);
                WriteText([.. "/"u8, .. pattern, .. "/"u8, .. options], to, ref state);
                return true;
            default:
                return WriteNull(to, ref state);
        }
    }

    private static bool WriteNull(Buffer to, ref State state)
    {
        state.Inexact = true;
        to.Bytes("null"u8);
        return true;
    }

    private static bool TryWriteMembers(BsonValue value, Buffer to, ref State state, int depth)
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
                // As if it were not there; in an array it holds a place.
                continue;
            }
            if (!first)
            {
                to.Byte((byte)',');
            }
            if (!array)
            {
                WriteText(reader.Name, to, ref state);
                to.Byte((byte)':');
            }
            typed |= first && reader.Type == BsonType.Text && reader.Name.SequenceEqual("__type"u8) && reader.Value.Text.SequenceEqual("Date"u8);
            if (typed && reader.Type == BsonType.Date && reader.Name.SequenceEqual("iso"u8))
            {
                // {__type: "Date", iso: <date>}, which updates by old servers left behind: the same form with a text.
                var start = to.Length;
                to.Byte((byte)'"');
                if (Instants.TryWriteIso(reader.Value.Milliseconds, to))
                {
                    to.Byte((byte)'"');
                }
                else
                {
                    to.CutBack(start);
                    WriteNull(to, ref state);
                }
            }
            else if (!TryWrite(reader.Value, to, ref state, depth + 1))
            {
                return false;
            }
            first = false;
        }
        to.Byte(array ? (byte)']' : (byte)'}');
        return true;
    }

    private static void WriteOddText(ReadOnlySpan<byte> text, Buffer to, ref State state)
    {
        if (!BsonText.TryDecode(text, out var decoded))
        {
            state.Inexact = true;
            decoded = System.Text.Encoding.UTF8.GetString(text);
        }
        var written = new ArrayBufferWriter<byte>(decoded.Length + 16);
        NestedJson.WriteString(written, decoded);
        state.Unstorable |= !NestedJson.IsStorable(written.WrittenSpan);
        to.Bytes(written.WrittenSpan);
    }

    private static void Escape(byte control, Buffer to)
    {
        to.Bytes("\\u00"u8);
        var digits = to.Take(2);
        digits[0] = (byte)(control >> 4 == 0 ? '0' : '1');
        digits[1] = (byte)"0123456789abcdef"[control & 0xF];
    }

    private struct State
    {
        public int Deepest;
        public bool Unstorable;
        public bool Inexact;
    }
}
