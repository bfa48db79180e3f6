using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Mail;
using System.Text;

namespace Backend.Jobs.Mail;

/// <summary>
/// An address that is safe to put into an SMTP command and a header: no control character, space, angle bracket, quote or second address.
/// That refuses quoted local parts (<c>"a b"@example.com</c>), which real mailboxes do not have.
/// </summary>
/// <param name="Name">The display name, or empty.</param>
/// <param name="Local">What stands before the @; may be beyond ASCII, which then needs a server with SMTPUTF8.</param>
/// <param name="Domain">What stands behind it, in ASCII.</param>
internal sealed record Mailbox(string Name, string Local, string Domain)
{
    // RFC 5321 4.5.3.1, in bytes.
    private const int MaxLocal = 64;
    private const int MaxDomain = 255;

    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    /// <summary>The address as it goes on the wire.</summary>
    public string Address => $"{Local}@{Domain}";

    /// <summary>Whether only a server with SMTPUTF8 takes it.</summary>
    public bool NeedsUtf8 => !Ascii.IsValid(Local);

    public static Mailbox Parse(string text) =>
        TryParse(text, out var mailbox) ? mailbox : throw new FormatException("Not a mail address that can be used.");

    public static bool TryParse(string text, [NotNullWhen(true)] out Mailbox? mailbox)
    {
        mailbox = null;
        if (text.Any(char.IsControl) || !MailAddress.TryCreate(text, out var parsed))
            return false;
        var (local, domain) = (parsed.User, parsed.Host);
        if (!local.All(IsLocalCharacter) || Encoding.UTF8.GetByteCount(local) > MaxLocal)
            return false;
        try
        {
            domain = Idn.GetAscii(domain);
        }
        catch (ArgumentException)
        {
            return false;
        }

        if (domain.Length is 0 or > MaxDomain)
            return false;
        mailbox = new Mailbox(parsed.DisplayName, local, domain);
        return true;
    }

    private static bool IsLocalCharacter(char c) =>
        char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-/=?^_`{|}~.".Contains(c) || (c > '\u007f' && (char.IsLetterOrDigit(c) || char.IsSurrogate(c)));
}
