using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Backend.MongoImport.Values;

/// <summary>The texts of BSON: bytes that should be UTF-8, and may hold U+0000.</summary>
internal static class BsonText
{
    /// <summary>Whether a text column takes the bytes as they are.</summary>
    public static bool IsStorable(ReadOnlySpan<byte> text) => Utf8.IsValid(text) && !text.Contains((byte)0);

    /// <summary>
    /// The UTF-16 text of bytes in which surrogates may be encoded one by one (CESU-8, WTF-8): a pair becomes its character, a lone one stays
    /// what it is. False: the bytes are no text in any of these.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out string text)
    {
        var result = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var length) == OperationStatus.Done)
            {
                result.Append(rune.ToString());
            }
            else if (bytes.Length >= 3 && bytes[0] == 0xED && bytes[1] is >= 0xA0 and <= 0xBF && bytes[2] is >= 0x80 and <= 0xBF)
            {
                result.Append((char)(0xD000 | (bytes[1] & 0x3F) << 6 | bytes[2] & 0x3F));
                length = 3;
            }
            else
            {
                text = "";
                return false;
            }
            bytes = bytes[length..];
        }
        text = result.ToString();
        return true;
    }

    /// <summary>A text of the bytes whatever they are: for names, which cannot be kept in any other form.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes) => TryDecode(bytes, out var text) ? text : Encoding.UTF8.GetString(bytes);

    /// <summary>The bytes of a text: UTF-8, in which a lone surrogate is encoded by itself, as <see cref="TryDecode"/> reads it.</summary>
    public static byte[] Encode(string text)
    {
        var lone = false;
        for (var i = 0; i < text.Length && !lone; i++)
        {
            lone = char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) && ++i > 0);
        }
        if (!lone)
        {
            return Encoding.UTF8.GetBytes(text);
        }
        var bytes = new List<byte>(text.Length * 3);
        Span<byte> encoded = stackalloc byte[4];
        for (var i = 0; i < text.Length; i++)
        {
            if (Rune.TryCreate(text[i], out var rune) || (i + 1 < text.Length && Rune.TryCreate(text[i], text[i + 1], out rune)))
            {
                i += rune.IsBmp ? 0 : 1;
                bytes.AddRange(encoded[..rune.EncodeToUtf8(encoded)]);
                continue;
            }
            bytes.Add((byte)(0xE0 | text[i] >> 12));
            bytes.Add((byte)(0x80 | text[i] >> 6 & 0x3F));
            bytes.Add((byte)(0x80 | text[i] & 0x3F));
        }
        return [.. bytes];
    }
}
