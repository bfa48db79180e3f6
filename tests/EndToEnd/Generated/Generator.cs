using System.Globalization;
using System.Text;

namespace Backend.EndToEnd.Generated;

/// <summary>Makes up names and JSON, by a seed: mostly what a client would send, often not quite, sometimes far from it.</summary>
public sealed class Generator(int seed)
{
    private static readonly string[] PlainNames = ["score", "playerName", "flag", "list", "map", "place", "ref", "when", "user", "order", "limit", "select", "a"];

    private static readonly string[] OddNames =
    [
        "", " ", "a b", "a.b", "map.a.b", "list.0", ".", "..", "$a", "$where", "_x", "_rperm", "_hashed_password", "__type", "__op", "__proto__", "constructor", "é", "ключ", "🎮",
        "a\0b", "\ud800", "'; drop table app.users; --", "\"", "\\", "a\"b", "x'||'y", "$1", "%s", "--", "/*", "../../etc/passwd", "1a", "length", "className", "objectId",
        "id", "createdAt", "updatedAt", "ACL", "acl", "rest", "xmin", "ctid", "acl_read", "public_read", "password_hash", "sessionToken", "authData", "username", "email",
        "and", "or", "not", "offset", "count", new string('n', 64), new string('m', 1024), new string('l', 1100), "a,b", "a(b)", "(", ")", "a::text", "a->b", "*",
    ];

    private static readonly string[] OddTexts =
    [
        "", " ", "a", "'", "''", "\"", "\\", "\0", "a\0b", "\ud83d", "\ude00", "\ud83d\ude00", "\uffff", "\ufeff", "\u2028", "%", "_", "\\E", "\\Qa", "(a+)+$", "[", "(?<n>a)", "(?i)a",
        "$1", "${x}", "{{x}}", "; drop table app.users; --", "null", "true", "NaN", "-Infinity", "1e400", "2026-01-02T03:04:05.678Z", "0000-00-00", "9999-12-31T23:59:60Z",
        "gs00000001", "uAnn000001", "_User$uAnn000001", "r:00000000000000000000000000000000", "role:Administrators", "*", "../..", "\r\nX-Injected: 1",
    ];

    private static readonly string[] Numbers =
    [
        "0", "-0", "1", "-1", "1.5", "1e308", "-1e308", "1e-400", "1e400", "-1e400", "9007199254740993", "9223372036854775808", "123456789012345678901234567890", "2147483648", "0.1", "1E5",
    ];

    private readonly Random _random = new(seed);

    /// <summary>True once in so many times.</summary>
    public bool Once(int times) => _random.Next(times) == 0;

    public int Below(int end) => _random.Next(end);

    public T Of<T>(params ReadOnlySpan<T> choices) => choices[_random.Next(choices.Length)];

    /// <summary>A field's name.</summary>
    public string Name() => Once(3) ? Of<string>(OddNames) : Of<string>(PlainNames);

    /// <summary>Any text.</summary>
    public string Text() => _random.Next(6) switch
    {
        0 => new string((char)_random.Next(1, 0xffff), _random.Next(1, 40)),
        1 => string.Concat(Enumerable.Range(0, _random.Next(20)).Select(_ => (char)_random.Next(0x10000))),
        2 when Once(20) => new string('t', 5000),
        _ => Of<string>(OddTexts),
    };

    /// <summary>A JSON text as a string literal, escapes and lone surrogates included.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\')
                quoted.Append('\\').Append(c);
            else if (c is < ' ' or > '~')
                quoted.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
            else
                quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>A JSON value of any type; <paramref name="special"/> makes the objects that mean something in a dialect.</summary>
    public string Value(Func<Generator, string>? special = null, int depth = 0) => _random.Next(depth > 4 ? 5 : 10) switch
    {
        0 => Of("null", "true", "false"),
        1 or 2 => Of<string>(Numbers),
        3 or 4 => Quote(Text()),
        5 => $"[{string.Join(',', Enumerable.Range(0, _random.Next(4)).Select(_ => Value(special, depth + 1)))}]",
        6 => Object(special, depth + 1),
        7 when Once(30) => Deep(Of(10, 60, 100, 200, 2000)),
        _ => special?.Invoke(this) ?? Quote(Text()),
    };

    /// <summary>A JSON object.</summary>
    public string Object(Func<Generator, string>? special = null, int depth = 0) =>
        $"{{{string.Join(',', Enumerable.Range(0, _random.Next(4)).Select(_ => $"{Quote(Name())}:{Value(special, depth + 1)}"))}}}";

    /// <summary>Nested objects or arrays.</summary>
    public string Deep(int levels) => Once(2)
        ? string.Concat(Enumerable.Repeat("[", levels)) + string.Concat(Enumerable.Repeat("]", levels))
        : string.Concat(Enumerable.Repeat("{\"a\":", levels)) + "1" + new string('}', levels);

    /// <summary>The bytes of a body: now and then cut off, no JSON at all, or no UTF-8.</summary>
    public byte[] Body(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        switch (_random.Next(40))
        {
            case 0:
                return bytes[.._random.Next(bytes.Length + 1)];
            case 1:
                return Encoding.UTF8.GetBytes(Of("", "null", "[]", "\"text\"", "1", "{", "}", "{}{}", "\ufeff{}", "{\"a\":}", "{a:1}", "{'a':1}", "{\"a\":1,}", "{\"a\":01}", "<xml/>", "a=b&c=d", "{\"a\":NaN}"));
            case 2 when bytes.Length > 0:
                bytes[_random.Next(bytes.Length)] = (byte)_random.Next(256);
                return bytes;
            case 3:
                return [.. bytes.SkipLast(1), .. ",\"x\":\""u8, 0xff, 0xfe, 0xc0, 0x80, .. "\"}"u8];
            case 4:
                return Encoding.UTF8.GetBytes(json.TrimEnd('}') + (json.Length > 2 ? "," : "") + "\"a\":1,\"a\":\"again\"}");
            default:
                return bytes;
        }
    }

    /// <summary>Text for a path or a query: escaped as it should be, or not.</summary>
    public string Escape(string text) => Once(25) ? Of("%zz", "%", "%00", "%ff%fe", "%c0%80", "%2e%2e%2f", "+", "%20", "?", "&&", "==") : Uri.EscapeDataString(text);
}
