using System.Globalization;
using System.Text;

namespace Backend.Jobs.Mail;

/// <summary>A mail of plain text, and its form on the wire (RFC 5322, 2045, 2047), which is ASCII but for an address that is not.</summary>
/// <param name="From">The sender.</param>
/// <param name="To">The recipient.</param>
/// <param name="Subject">One line.</param>
/// <param name="Text">The text, lines ended by <c>\n</c>.</param>
/// <param name="Id">The Message-ID's left side; the same in every attempt, so that a mailbox can tell a repetition.</param>
/// <param name="Date">When it was written.</param>
internal sealed record MailMessage(Mailbox From, Mailbox To, string Subject, string Text, string Id, DateTimeOffset Date)
{
    private const int MaxEncodedLine = 76;

    /// <summary>Writes headers and body, with CR LF and without the dots that SMTP adds.</summary>
    /// <exception cref="PermanentFailureException">A header holds a line break or another control character.</exception>
    public string Write()
    {
        var text = new StringBuilder();
        Header(text, "From", Written(From));
        Header(text, "To", Written(To));
        Header(text, "Subject", Encoded(Subject));
        Header(text, "Date", Date.ToUniversalTime().ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture));
        Header(text, "Message-ID", $"<{Id}@{From.Domain}>");
        Header(text, "Auto-Submitted", "auto-generated");
        Header(text, "MIME-Version", "1.0");
        Header(text, "Content-Type", "text/plain; charset=utf-8");
        Header(text, "Content-Transfer-Encoding", "quoted-printable");
        text.Append("\r\n");
        QuotedPrintable(text, Text);
        return text.ToString();
    }

    private static void Header(StringBuilder text, string name, string value)
    {
        // The only line breaks in a header are those of folding, which Encoded makes.
        if (value.Replace("\r\n ", "", StringComparison.Ordinal).Any(char.IsControl))
            throw new PermanentFailureException($"The mail's {name} holds a control character.");
        text.Append(name).Append(": ").Append(value).Append("\r\n");
    }

    private static string Written(Mailbox mailbox) => mailbox.Name.Length == 0 ? mailbox.Address : $"{Phrase(mailbox.Name)} <{mailbox.Address}>";

    // A display name of words needs nothing, any other becomes an encoded word, which needs no quoting.
    private static string Phrase(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || c == ' ') && name.Length < 60 ? name : EncodedWords(Checked(name));

    private static string Encoded(string value) =>
        value.Length < 60 && value.All(c => c is >= ' ' and <= '~') && !value.Contains("=?", StringComparison.Ordinal) ? value : EncodedWords(Checked(value));

    // Inside an encoded word a line break would be harmless on the wire and still no header: refused, not smuggled.
    private static string Checked(string value) =>
        value.Any(char.IsControl) ? throw new PermanentFailureException("A header of the mail holds a control character.") : value;

    private static string EncodedWords(string value)
    {
        // 45 bytes are 60 characters of base64: with =?utf-8?B? and ?= below the 75 that one word may have. A character is never cut in two.
        const int maxBytes = 45;
        var words = new List<string>();
        var bytes = new List<byte>();
        var utf8 = (stackalloc byte[4]);
        foreach (var rune in value.EnumerateRunes())
        {
            var length = rune.EncodeToUtf8(utf8);
            if (bytes.Count + length > maxBytes)
                Flush();
            bytes.AddRange(utf8[..length]);
        }

        Flush();
        return string.Join("\r\n ", words);

        void Flush()
        {
            words.Add($"=?utf-8?B?{Convert.ToBase64String([.. bytes])}?=");
            bytes.Clear();
        }
    }

    private static void QuotedPrintable(StringBuilder text, string body)
    {
        foreach (var line in body.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n'))
        {
            var column = 0;
            var bytes = Encoding.UTF8.GetBytes(line);
            for (var i = 0; i < bytes.Length; i++)
            {
                var b = bytes[i];
                var last = i == bytes.Length - 1;
                var plain = b is > (byte)' ' and <= (byte)'~' and not (byte)'=' || (b == ' ' && !last);
                var width = plain ? 1 : 3;
                if (column + width > MaxEncodedLine - 1)
                {
                    text.Append("=\r\n");
                    column = 0;
                }

                if (plain)
                    text.Append((char)b);
                else
                    text.Append('=').Append(b.ToString("X2", CultureInfo.InvariantCulture));
                column += width;
            }

            text.Append("\r\n");
        }
    }
}
