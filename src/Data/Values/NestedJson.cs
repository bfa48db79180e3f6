using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Backend.Data.Values;

/// <summary>
/// JSON inside object and array fields, normalised as JavaScript would (design section 5): numbers are doubles, of equal keys the last
/// wins and stands where the first stood. Text may hold NUL and lone surrogates: they are written as <c>\u</c> escapes, which jsonb
/// refuses, so such a value is kept in <c>rest</c> (<see cref="IsStorable"/>).
/// </summary>
public static class NestedJson
{
    /// <summary>The deepest nesting that is accepted; deeper input is refused by the readers of both dialects.</summary>
    public const int MaxDepth = 200;

    private const int ManyMembers = 16;

    /// <summary>Reads the value at the reader's position, which must be on its first token, and leaves the reader on its last.</summary>
    /// <exception cref="JsonException">Not JSON, or nested deeper than <see cref="MaxDepth"/>.</exception>
    public static byte[] Normalize(ref Utf8JsonReader reader)
    {
        var buffer = new RewindableBuffer(256);
        Write(ref reader, buffer, 0);
        return buffer.Written.ToArray();
    }

    /// <summary>Normalises a whole JSON text.</summary>
    /// <exception cref="JsonException">Not JSON, or nested deeper than <see cref="MaxDepth"/>.</exception>
    public static byte[] Normalize(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        reader.Read();
        return Normalize(ref reader);
    }

    /// <summary>Whether a jsonb column can hold this normalised JSON: no NUL and no lone surrogate in it.</summary>
    public static bool IsStorable(ReadOnlySpan<byte> normalized)
    {
        // Normalised JSON holds \u escapes only for control characters and lone surrogates.
        var at = 0;
        while (true)
        {
            var next = normalized[at..].IndexOf((byte)'\\');
            if (next < 0)
                return true;
            at += next;
            if (normalized[at + 1] == (byte)'u')
            {
                var escape = normalized.Slice(at + 2, 4);
                if (escape.SequenceEqual("0000"u8) || escape[0] == (byte)'d')
                    return false;
            }

            at += 2;
        }
    }

    /// <summary>The text of a string or property name token, whatever UTF-16 units its escapes make.</summary>
    /// <exception cref="JsonException">The bytes are not UTF-8.</exception>
    public static string ReadString(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            try
            {
                return reader.GetString()!;
            }
            catch (InvalidOperationException)
            {
                throw new JsonException("The text is not valid UTF-8.");
            }
        }

        var raw = reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan;
        return Unescape(raw);
    }

    /// <summary>Writes a JSON string with everything in it: lone surrogates and control characters as lower-case <c>\u</c> escapes.</summary>
    public static void WriteString(IBufferWriter<byte> output, ReadOnlySpan<char> text)
    {
        var span = output.GetSpan((text.Length * 6) + 2);
        var n = 0;
        span[n++] = (byte)'"';
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            switch (c)
            {
                case '"' or '\\':
                    span[n++] = (byte)'\\';
                    span[n++] = (byte)c;
                    break;
                case '\n':
                    span[n++] = (byte)'\\';
                    span[n++] = (byte)'n';
                    break;
                case '\r':
                    span[n++] = (byte)'\\';
                    span[n++] = (byte)'r';
                    break;
                case '\t':
                    span[n++] = (byte)'\\';
                    span[n++] = (byte)'t';
                    break;
                case < ' ':
                    Escape(c, span, ref n);
                    break;
                case < '\x80':
                    span[n++] = (byte)c;
                    break;
                default:
                    if (Rune.TryCreate(c, out var rune) || (i + 1 < text.Length && Rune.TryCreate(c, text[i + 1], out rune)))
                    {
                        n += rune.EncodeToUtf8(span[n..]);
                        if (!rune.IsBmp)
                            i++;
                    }
                    else
                    {
                        Escape(c, span, ref n);
                    }

                    break;
            }
        }

        span[n++] = (byte)'"';
        output.Advance(n);
    }

    /// <summary>Writes a finite number as JavaScript prints it, anything else as null.</summary>
    public static void WriteNumber(IBufferWriter<byte> output, double number)
    {
        Span<byte> text = stackalloc byte[32];
        var length = JavaScriptNumber.Format(number, text);
        output.Write(text[..length]);
    }

    private static void Escape(char c, Span<byte> span, ref int n)
    {
        "\\u"u8.CopyTo(span[n..]);
        ((int)c).TryFormat(span[(n + 2)..], out _, "x4", CultureInfo.InvariantCulture);
        n += 6;
    }

    private static void Write(ref Utf8JsonReader reader, RewindableBuffer output, int depth)
    {
        if (depth > MaxDepth)
            throw new JsonException($"Nested deeper than {MaxDepth} levels.");
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                output.Write("null"u8);
                break;
            case JsonTokenType.True:
                output.Write("true"u8);
                break;
            case JsonTokenType.False:
                output.Write("false"u8);
                break;
            case JsonTokenType.Number:
                WriteNumber(output, ReadNumber(ref reader));
                break;
            case JsonTokenType.String:
                WriteString(output, ReadString(ref reader));
                break;
            case JsonTokenType.StartArray:
                WriteArray(ref reader, output, depth);
                break;
            case JsonTokenType.StartObject:
                WriteObject(ref reader, output, depth);
                break;
            default:
                throw new JsonException($"Unexpected {reader.TokenType}.");
        }
    }

    /// <summary>The double nearest to a number token; too large becomes infinite, as in JavaScript.</summary>
    public static double ReadNumber(ref Utf8JsonReader reader) => reader.TryGetDouble(out var number)
        ? number
        : double.Parse(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan, CultureInfo.InvariantCulture);

    private static void WriteArray(ref Utf8JsonReader reader, RewindableBuffer output, int depth)
    {
        output.Write("["u8);
        for (var first = true; reader.Read() && reader.TokenType != JsonTokenType.EndArray; first = false)
        {
            if (!first)
                output.Write(","u8);
            Write(ref reader, output, depth + 1);
        }

        output.Write("]"u8);
    }

    private static void WriteObject(ref Utf8JsonReader reader, RewindableBuffer output, int depth)
    {
        var start = output.Length;
        var members = new List<(string Name, int Start, int End)>();
        HashSet<string>? names = null;
        var repeated = false;
        output.Write("{"u8);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = ReadString(ref reader);
            if (members.Count > 0)
                output.Write(","u8);
            var memberStart = output.Length;
            WriteString(output, name);
            output.Write(":"u8);
            reader.Read();
            Write(ref reader, output, depth + 1);
            // A few names are looked through, many are not: the time must grow with the text, not with its square.
            if (members.Count == ManyMembers)
                names = new(members.Select(m => m.Name), StringComparer.Ordinal);
            repeated |= names is null ? Contains(members, name) : !names.Add(name);
            members.Add((name, memberStart, output.Length));
        }

        output.Write("}"u8);
        if (repeated)
            Deduplicate(output, start, members);
    }

    private static bool Contains(List<(string Name, int Start, int End)> members, string name)
    {
        foreach (var member in members)
        {
            if (member.Name == name)
                return true;
        }

        return false;
    }

    private static void Deduplicate(RewindableBuffer output, int start, List<(string Name, int Start, int End)> members)
    {
        var last = new Dictionary<string, (int Start, int End)>(StringComparer.Ordinal);
        foreach (var (name, from, to) in members)
            last[name] = (from, to);
        var copy = output.Written[start..].ToArray();
        output.Rewind(start);
        output.Write("{"u8);
        var first = true;
        foreach (var (name, _, _) in members)
        {
            if (!last.Remove(name, out var member))
                continue;
            if (!first)
                output.Write(","u8);
            first = false;
            output.Write(copy.AsSpan(member.Start - start, member.End - member.Start));
        }

        output.Write("}"u8);
    }

    private static string Unescape(ReadOnlySpan<byte> raw)
    {
        var text = new StringBuilder(raw.Length);
        while (true)
        {
            var at = raw.IndexOf((byte)'\\');
            var plain = at < 0 ? raw : raw[..at];
            try
            {
                text.Append(StrictUtf8.GetString(plain));
            }
            catch (DecoderFallbackException)
            {
                throw new JsonException("The text is not valid UTF-8.");
            }

            if (at < 0)
                return text.ToString();
            var length = 2;
            text.Append(raw[at + 1] switch
            {
                (byte)'n' => '\n',
                (byte)'t' => '\t',
                (byte)'r' => '\r',
                (byte)'b' => '\b',
                (byte)'f' => '\f',
                (byte)'u' => Unit(raw[(at + 2)..], ref length),
                var c => (char)c,
            });
            raw = raw[(at + length)..];
        }
    }

    private static char Unit(ReadOnlySpan<byte> hex, ref int length)
    {
        length = 6;
        return (char)ushort.Parse(hex[..4], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
}
