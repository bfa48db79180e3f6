using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Backend.ParseCompat.Wire;

/// <summary>Texts of JSON that keep lone surrogates, which the framework's readers and writers refuse or replace.</summary>
internal static class JsonText
{
    /// <summary>The text of a string or property name token.</summary>
    public static string Read(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return Encoding.UTF8.GetString(reader.ValueSpan);
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Unescape(reader.ValueSpan);
        }
    }

    /// <summary>The text of a string element.</summary>
    public static string Read(JsonElement element)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            var raw = Encoding.UTF8.GetBytes(element.GetRawText());
            return Unescape(raw.AsSpan(1, raw.Length - 2));
        }
    }

    /// <summary>Writes a text, lone surrogates as <c>\udXXX</c>.</summary>
    public static void Write(Utf8JsonWriter writer, string text)
    {
        if (IsWellFormed(text))
        {
            writer.WriteStringValue(text);
            return;
        }

        var raw = new StringBuilder("\"");
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                raw.Append(c).Append(text[++i]);
            else if (char.IsSurrogate(c) || c < ' ' || c is '"' or '\\')
                raw.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                raw.Append(c);
        }

        writer.WriteRawValue(raw.Append('"').ToString(), skipInputValidation: true);
    }

    /// <summary>Writes a value as it was read, half characters and all.</summary>
    public static void WriteAsRead(Utf8JsonWriter writer, JsonElement value) =>
        writer.WriteRawValue(System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);

    /// <summary>Whether every surrogate has its partner.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        for (var i = text.IndexOfAnyInRange('\ud800', '\udfff'); i >= 0 && i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                return false;
            i++;
        }

        return true;
    }

    /// <summary>
    /// Replaces lone surrogates in property names by U+FFFD, in place. The framework's readers throw at them wherever a name is compared, and
    /// MongoDB's driver stored such names in the same way. What is no JSON is left to its reader.
    /// </summary>
    public static void MendNames(Span<byte> json) => MendStrings(json, onlyNames: true);

    /// <summary>Replaces lone surrogates in property names and texts by U+FFFD, in place.</summary>
    public static void MendAll(Span<byte> json) => MendStrings(json, onlyNames: false);

    private static void MendStrings(Span<byte> json, bool onlyNames)
    {
        if (json.IndexOf("\\ud"u8) < 0 && json.IndexOf("\\uD"u8) < 0)
            return;
        for (var start = json.IndexOf((byte)'"'); start >= 0;)
        {
            var end = start + 1;
            while (end < json.Length && json[end] != '"')
                end += json[end] == '\\' ? 2 : 1;
            if (end >= json.Length)
                return;
            var after = json[(end + 1)..];
            if (!onlyNames || after.TrimStart(" \t\r\n"u8) is [(byte)':', ..])
                Mend(json[(start + 1)..end]);
            var next = after.IndexOf((byte)'"');
            start = next < 0 ? -1 : end + 1 + next;
        }
    }

    private static void Mend(Span<byte> name)
    {
        for (var i = name.IndexOf((byte)'\\'); i >= 0 && i < name.Length; i++)
        {
            if (name[i] != '\\')
                continue;
            var unit = Unit(name[i..]);
            if (unit < 0)
            {
                i++;
                continue;
            }

            if (char.IsHighSurrogate((char)unit) && i + 6 < name.Length && Unit(name[(i + 6)..]) is >= 0xdc00 and <= 0xdfff)
                i += 6;
            else if (char.IsSurrogate((char)unit))
                "FFFD"u8.CopyTo(name[(i + 2)..]);
            i += 5;
        }
    }

    // The code unit of an escape \uXXXX at the start; -1: there is none.
    private static int Unit(ReadOnlySpan<byte> text) =>
        text is [(byte)'\\', (byte)'u', _, _, _, _, ..] && int.TryParse(text[2..6], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit) ? unit : -1;

    private static string Unescape(ReadOnlySpan<byte> utf8)
    {
        var escaped = Encoding.UTF8.GetString(utf8);
        var text = new StringBuilder(escaped.Length);
        for (var i = 0; i < escaped.Length; i++)
        {
            if (escaped[i] != '\\')
            {
                text.Append(escaped[i]);
                continue;
            }

            var c = escaped[++i];
            if (c == 'u')
            {
                text.Append((char)ushort.Parse(escaped.AsSpan(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                i += 4;
                continue;
            }

            text.Append(c switch { 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t', _ => c });
        }

        return text.ToString();
    }
}
