using System.Text;

namespace Backend.ParseCompat.Wire;

/// <summary>Base64 as Node reads it, and with it parse-server: in either alphabet, with or without padding, up to it; other characters count for nothing.</summary>
internal static class Base64Text
{
    /// <summary>The bytes that a text stands for; none when it holds no base64 at all.</summary>
    public static byte[] Decode(string text)
    {
        var bytes = new byte[text.Length / 4 * 3 + 3];
        if (Convert.TryFromBase64String(text, bytes, out var written))
            return bytes[..written];
        var kept = new StringBuilder(text.Length + 2);
        foreach (var c in text)
        {
            if (c == '=')
                break;
            if (char.IsAsciiLetterOrDigit(c) || c is '+' or '/')
                kept.Append(c);
            else if (c is '-' or '_')
                kept.Append(c == '-' ? '+' : '/');
        }

        if (kept.Length % 4 == 1)
            kept.Length--;
        kept.Append('=', (4 - kept.Length % 4) % 4);
        return Convert.FromBase64String(kept.ToString());
    }
}
