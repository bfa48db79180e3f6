using System.Net.Mail;

namespace Backend.Jobs.Mail;

/// <summary>How the connection to the mail server is protected.</summary>
public enum MailSecurity
{
    /// <summary>TLS after STARTTLS, which the server must offer; port 587.</summary>
    StartTls,

    /// <summary>TLS from the first byte; port 465.</summary>
    Tls,

    /// <summary>No protection; port 25. User and password are sent to a server on this machine only.</summary>
    None,
}

/// <summary>The server that mails are handed to: section <c>Mail</c>.</summary>
public sealed class MailOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Mail";

    /// <summary>The mail server. Empty: no mail is sent, and what needs mail says so.</summary>
    public string Host { get; set; } = "";

    /// <summary>Its port; 0: the usual one for <see cref="Security"/>.</summary>
    public int Port { get; set; }

    /// <summary>The sender, <c>name@example.com</c> or <c>Name &lt;name@example.com&gt;</c>.</summary>
    public string From { get; set; } = "";

    /// <summary>Whom to log in as; empty: no log-in.</summary>
    public string User { get; set; } = "";

    /// <summary>With which password.</summary>
    public string Password { get; set; } = "";

    /// <summary>How the connection is protected.</summary>
    public MailSecurity Security { get; set; } = MailSecurity.StartTls;

    /// <summary>A PEM file with the certificate authority of the mail server, when it is not one that the machine trusts anyway.</summary>
    public string CertificateAuthority { get; set; } = "";

    /// <summary>What mails call the app.</summary>
    public string AppName { get; set; } = "the app";

    /// <summary>How long one mail may take to be handed to the server.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Whether mail can be sent.</summary>
    public bool IsConfigured => Host.Length > 0;

    internal int EffectivePort => Port != 0 ? Port : Security switch { MailSecurity.Tls => 465, MailSecurity.None => 25, _ => 587 };

    internal Mailbox Sender => Mailbox.Parse(From);

    /// <summary>What is wrong with the settings, naming them; null: nothing.</summary>
    internal string? Mistake()
    {
        if (!IsConfigured)
            return From.Length > 0 || User.Length > 0 ? "Mail:Host is missing while other settings of Mail are there." : null;
        if (Port is < 0 or > 65535)
            return "Mail:Port must be between 1 and 65535, or 0 for the usual one.";
        if (!MailAddress.TryCreate(From, out _) || !Mailbox.TryParse(From, out _))
            return "Mail:From must be an address, name@example.com or Name <name@example.com>.";
        if (User.Length > 0 != Password.Length > 0)
            return "Mail:User and Mail:Password go together.";
        if (AppName.Length == 0 || AppName.Any(char.IsControl))
            return "Mail:AppName must be a line of text.";
        if (CertificateAuthority.Length > 0 && !File.Exists(CertificateAuthority))
            return "Mail:CertificateAuthority must name a file that exists.";
        return Timeout <= TimeSpan.Zero ? "Mail:Timeout must be positive." : null;
    }
}
