using System.Buffers;
using System.Globalization;
using System.Text;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Json;

/// <summary>
/// Recognises the objects that stand for a BSON value. What looks like one but is not (<c>{"$date": []}</c>) is left to be read as the plain
/// object it is: no value is refused here.
/// </summary>
internal ref struct ExtendedJson(ReadOnlySpan<byte> json, int at)
{
    private const int HoursOfOffset = 3;
    private static readonly string[] DateFormats =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mmK",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzz", "yyyy-MM-dd",
    ];

    private readonly ReadOnlySpan<byte> _json = json;
    private readonly int _at = at;

    /// <summary>Writes the element when the object at the place is a value in disguise, and says where it ends.</summary>
    public readonly bool TryRead(BsonWriter to, ReadOnlySpan<byte> name, out int after)
    {
        after = _at;
        var cursor = new JsonCursor(_json, _at);
        cursor.Take((byte)'{');
        if (cursor.Peek() != '"' || !_json[cursor.At..].StartsWith("\"$"u8))
        {
            return false;
        }
        Dictionary<string, object?> members;
        try
        {
            if (!TryMembers(ref cursor, out members))
            {
                return false;
            }
        }
        catch (JsonSyntaxException)
        {
            return false;
        }
        var length = to.Length;
        var depth = to.Depth;
        if (!TryWrite(members, to, name))
        {
            to.CutBack(length, depth);
            return false;
        }
        after = cursor.At;
        return true;
    }

    // Values are texts, numbers as their characters in a Word, or one more level of the same; anything deeper is no Extended JSON value,
    // except the scope of code, which is kept as where it begins.
    private static bool TryMembers(ref JsonCursor cursor, out Dictionary<string, object?> members, int level = 0)
    {
        members = [];
        if (cursor.TryTake((byte)'}'))
        {
            return true;
        }
        var buffer = new ArrayBufferWriter<byte>(64);
        do
        {
            cursor.Peek();
            cursor.Text(buffer);
            var key = Encoding.UTF8.GetString(buffer.WrittenSpan);
            cursor.Take((byte)':');
            switch (cursor.Peek())
            {
                case (byte)'"':
                    cursor.Text(buffer);
                    members[key] = buffer.WrittenSpan.ToArray();
                    break;
                case (byte)'{' when level < 2:
                    cursor.Take((byte)'{');
                    if (!TryMembers(ref cursor, out var inner, level + 1))
                    {
                        return false;
                    }
                    members[key] = inner;
                    break;
                case (byte)'{' or (byte)'[':
                    return false;
                default:
                    members[key] = Encoding.ASCII.GetString(cursor.Word());
                    break;
            }
            if (members.Count > 2)
            {
                return false;
            }
        }
        while (cursor.TryTake((byte)','));
        return cursor.TryTake((byte)'}');
    }

    private static bool TryWrite(Dictionary<string, object?> members, BsonWriter to, ReadOnlySpan<byte> name)
    {
        if (members.Count == 1)
        {
            var (key, value) = members.First();
            return TryWriteOne(key, value, to, name);
        }
        if (members.Count != 2)
        {
            return false;
        }
        if (members.TryGetValue("$binary", out var data) && members.TryGetValue("$type", out var type) && data is byte[] base64 && type is byte[] or string)
        {
            return Binary(base64, type is byte[] t ? Encoding.ASCII.GetString(t) : (string)type, to, name);
        }
        if (members.TryGetValue("$regex", out var pattern) && members.TryGetValue("$options", out var options))
        {
            return Regex(pattern, options, to, name);
        }
        if (members.TryGetValue("$code", out var code) && code is byte[] text && members.TryGetValue("$scope", out var scope)
            && scope is Dictionary<string, object?> { Count: 0 })
        {
            to.Element(BsonType.CodeWithScope, name);
            to.Begin();
            to.Text(text);
            to.Begin();
            to.End();
            to.EndWithoutZero();
            return true;
        }
        return false;
    }

    private static bool TryWriteOne(string key, object? value, BsonWriter to, ReadOnlySpan<byte> name)
    {
        switch (key, value)
        {
            case ("$oid", byte[] { Length: 24 } hex):
                return ObjectId(hex, to, name);
            case ("$date", _) when TryDate(value, out var milliseconds):
                to.Element(BsonType.Date, name);
                to.Int64(milliseconds);
                return true;
            case ("$numberInt", byte[] digits) when int.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number):
                to.Element(BsonType.Int32, name);
                to.Int32(number);
                return true;
            case ("$numberLong", _) when TryLong(value, out var number):
                to.Element(BsonType.Int64, name);
                to.Int64(number);
                return true;
            case ("$numberDouble", byte[] digits) when TryDouble(digits, out var number):
                to.Element(BsonType.Double, name);
                to.Double(number);
                return true;
            case ("$numberDecimal", byte[] digits) when Decimal128.TryParse(Encoding.ASCII.GetString(digits), out var number):
                to.Element(BsonType.Decimal128, name);
                to.Decimal128(number);
                return true;
            case ("$binary", Dictionary<string, object?> { Count: 2 } parts)
                when parts.GetValueOrDefault("base64") is byte[] base64 && parts.GetValueOrDefault("subType") is byte[] subtype:
                return Binary(base64, Encoding.ASCII.GetString(subtype), to, name);
            case ("$uuid", byte[] text) when Guid.TryParse(Encoding.ASCII.GetString(text), out var uuid):
                to.Element(BsonType.Binary, name);
                to.Binary(4, uuid.ToByteArray(bigEndian: true));
                return true;
            case ("$regularExpression", Dictionary<string, object?> { Count: 2 } parts):
                return Regex(parts.GetValueOrDefault("pattern"), parts.GetValueOrDefault("options"), to, name);
            case ("$timestamp", Dictionary<string, object?> { Count: 2 } parts)
                when uint.TryParse(parts.GetValueOrDefault("t") as string, CultureInfo.InvariantCulture, out var seconds)
                && uint.TryParse(parts.GetValueOrDefault("i") as string, CultureInfo.InvariantCulture, out var increment):
                to.Element(BsonType.Timestamp, name);
                to.Int64((long)seconds << 32 | increment);
                return true;
            case ("$symbol", byte[] text):
                to.Element(BsonType.Symbol, name);
                to.Text(text);
                return true;
            case ("$code", byte[] text):
                to.Element(BsonType.Code, name);
                to.Text(text);
                return true;
            case ("$undefined", "true"):
                to.Element(BsonType.Undefined, name);
                return true;
            case ("$minKey", "1"):
                to.Element(BsonType.MinKey, name);
                return true;
            case ("$maxKey", "1"):
                to.Element(BsonType.MaxKey, name);
                return true;
            default:
                return false;
        }
    }

    private static bool ObjectId(byte[] hex, BsonWriter to, ReadOnlySpan<byte> name)
    {
        Span<byte> id = stackalloc byte[12];
        if (System.Convert.FromHexString(hex, id, out _, out var written) != OperationStatus.Done || written != 12)
        {
            return false;
        }
        to.Element(BsonType.ObjectId, name);
        to.Bytes(id);
        return true;
    }

    private static bool Binary(byte[] base64, string subtype, BsonWriter to, ReadOnlySpan<byte> name)
    {
        var bytes = new byte[base64.Length];
        if (!byte.TryParse(subtype, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
            || System.Buffers.Text.Base64.DecodeFromUtf8(base64, bytes, out _, out var length) != OperationStatus.Done)
        {
            return false;
        }
        to.Element(BsonType.Binary, name);
        to.Binary(number, bytes.AsSpan(0, length));
        return true;
    }

    private static bool Regex(object? pattern, object? options, BsonWriter to, ReadOnlySpan<byte> name)
    {
        if (pattern is not byte[] p || options is not byte[] o || p.Contains((byte)0) || o.Contains((byte)0))
        {
            return false;
        }
        to.Element(BsonType.Regex, name);
        to.CText(p);
        to.CText(o);
        return true;
    }

    private static bool TryLong(object? value, out long number)
    {
        number = 0;
        return value switch
        {
            byte[] digits => long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number),
            string word => long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number),
            _ => false,
        };
    }

    private static bool TryDouble(byte[] digits, out double number)
    {
        number = Encoding.ASCII.GetString(digits) switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            _ => 0,
        };
        return number != 0 || double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out number);
    }

    // Text with an offset with or without colon ("-0700"), a bare number of milliseconds (very old tools), or $numberLong.
    private static bool TryDate(object? value, out long milliseconds)
    {
        switch (value)
        {
            case byte[] utf8:
                return TryIso(Encoding.UTF8.GetString(utf8), out milliseconds);
            case string word:
                return TryLong(word, out milliseconds);
            case Dictionary<string, object?> { Count: 1 } inner when inner.TryGetValue("$numberLong", out var digits):
                return TryLong(digits, out milliseconds);
            default:
                milliseconds = 0;
                return false;
        }
    }

    /// <summary>Reads an ISO 8601 instant as exports write it; without an offset it is UTC.</summary>
    public static bool TryIso(string text, out long milliseconds)
    {
        // .NET wants a colon in the offset.
        var sign = text.Length > 5 ? text.LastIndexOfAny(['+', '-'], text.Length - 1, 5) : -1;
        if (sign > 10 && text.Length - sign == 5 && text.IndexOf(':', sign) < 0)
        {
            text = text.Insert(sign + HoursOfOffset, ":");
        }
        var parsed = DateTimeOffset.TryParseExact(text, DateFormats, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant);
        milliseconds = parsed ? instant.ToUnixTimeMilliseconds() : 0;
        return parsed;
    }
}
