using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Backend.Jobs.Mail;

/// <summary>What the mail server answered that was not what it should.</summary>
internal sealed class SmtpException(int code, string message) : Exception(message)
{
    /// <summary>The reply code; 4xx may pass, 5xx will not.</summary>
    public int Code { get; } = code;
}

/// <summary>
/// One conversation with a mail server (RFC 5321; STARTTLS 3207, AUTH 4954, SMTPUTF8 6531). Our own, because no maintained client can be
/// restored from the package registry and the one in the framework is discouraged by its makers. Every call is bounded by its token.
/// </summary>
internal sealed class SmtpConnection : IAsyncDisposable
{
    // A reply line may have 512 bytes; servers write longer ones.
    private const int MaxLine = 4096;
    private const int MaxLines = 100;

    private readonly TcpClient _tcp = new() { NoDelay = true };
    private readonly byte[] _buffer = new byte[MaxLine];
    private readonly HashSet<string> _extensions = new(StringComparer.OrdinalIgnoreCase);
    private Stream _stream = Stream.Null;
    private int _start;
    private int _end;
    private bool _encrypted;
    private string[] _authentications = [];

    private SmtpConnection()
    {
    }

    /// <summary>Connects, encrypts and logs in as the settings say.</summary>
    public static async Task<SmtpConnection> OpenAsync(MailOptions options, CancellationToken cancellation)
    {
        var connection = new SmtpConnection();
        try
        {
            await connection.ConnectAsync(options, cancellation);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Hands a message over. When this returns, the server has taken responsibility for it.</summary>
    /// <exception cref="PermanentFailureException">The server does not and will not take mail for this recipient.</exception>
    public async Task SendAsync(MailMessage message, CancellationToken cancellation)
    {
        var data = message.Write();
        var parameters = "";
        if (message.To.NeedsUtf8 || message.From.NeedsUtf8)
        {
            if (!_extensions.Contains("SMTPUTF8"))
                throw new PermanentFailureException("The mail server takes no address beyond ASCII.");
            parameters = " SMTPUTF8";
        }

        await CommandAsync($"MAIL FROM:<{message.From.Address}>{parameters}", 250, cancellation);
        try
        {
            await CommandAsync($"RCPT TO:<{message.To.Address}>", 250, cancellation);
        }
        catch (SmtpException e) when (e.Code is >= 500 and < 600 and not 503 and not 530)
        {
            throw new PermanentFailureException(e.Message, e);
        }

        await CommandAsync("DATA", 354, cancellation);
        await WriteAsync(DotStuffed(data) + ".\r\n", cancellation);
        await ReplyAsync("the message", 250, cancellation);
    }

    /// <summary>Says good-bye. What happens to that does not matter any more.</summary>
    public async Task QuitAsync(CancellationToken cancellation)
    {
        try
        {
            await CommandAsync("QUIT", 221, cancellation);
        }
        catch (Exception e) when (e is SmtpException or IOException)
        {
            // The message is the server's already.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _tcp.Dispose();
    }

    internal static string DotStuffed(string data) =>
        (data.StartsWith('.') ? "." : "") + data.Replace("\r\n.", "\r\n..", StringComparison.Ordinal);

    private async Task ConnectAsync(MailOptions options, CancellationToken cancellation)
    {
        await _tcp.ConnectAsync(options.Host, options.EffectivePort, cancellation);
        _stream = _tcp.GetStream();
        if (options.Security == MailSecurity.Tls)
            await EncryptAsync(options, cancellation);
        await ReplyAsync("the connection", 220, cancellation);
        await HelloAsync(cancellation);
        if (options.Security == MailSecurity.StartTls)
        {
            if (!_extensions.Contains("STARTTLS"))
                throw new SmtpException(0, "The mail server offers no STARTTLS (see Mail:Security).");
            await CommandAsync("STARTTLS", 220, cancellation);
            await EncryptAsync(options, cancellation);
            await HelloAsync(cancellation);
        }

        if (options.User.Length > 0)
            await LogInAsync(options, cancellation);
    }

    private async Task EncryptAsync(MailOptions options, CancellationToken cancellation)
    {
        // Anything that came before the encryption may be another's, put in to be read as if it were encrypted.
        if (_start != _end)
            throw new SmtpException(0, "The mail server sent more than its reply before the encryption began.");
        var tls = new SslStream(_stream);
        _stream = tls;
        var authentication = new SslClientAuthenticationOptions { TargetHost = options.Host };
        if (options.CertificateAuthority.Length > 0)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPemFile(options.CertificateAuthority);
            authentication.CertificateChainPolicy = policy;
        }

        await tls.AuthenticateAsClientAsync(authentication, cancellation);
        _encrypted = true;
    }

    private async Task HelloAsync(CancellationToken cancellation)
    {
        // The name that we call ourselves by tells nothing of the machine; servers check the sender's address, not this.
        var lines = await CommandAsync("EHLO [127.0.0.1]", 250, cancellation);
        _extensions.Clear();
        _authentications = [];
        foreach (var words in lines.Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 0))
        {
            _extensions.Add(words[0]);
            if (words[0].Equals("AUTH", StringComparison.OrdinalIgnoreCase))
                _authentications = words[1..];
        }
    }

    private async Task LogInAsync(MailOptions options, CancellationToken cancellation)
    {
        if (!_encrypted && !System.Net.IPAddress.IsLoopback(((System.Net.IPEndPoint)_tcp.Client.RemoteEndPoint!).Address))
            throw new SmtpException(0, "User and password are not sent to another machine without encryption (see Mail:Security).");
        if (_authentications.Contains("PLAIN", StringComparer.OrdinalIgnoreCase))
        {
            await CommandAsync("AUTH PLAIN " + Base64($"\0{options.User}\0{options.Password}"), 235, cancellation, "AUTH PLAIN");
        }
        else if (_authentications.Contains("LOGIN", StringComparer.OrdinalIgnoreCase))
        {
            await CommandAsync("AUTH LOGIN", 334, cancellation);
            await CommandAsync(Base64(options.User), 334, cancellation, "the user name");
            await CommandAsync(Base64(options.Password), 235, cancellation, "the password");
        }
        else
        {
            throw new SmtpException(0, "The mail server offers neither AUTH PLAIN nor AUTH LOGIN.");
        }
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private async Task<List<string>> CommandAsync(string command, int expected, CancellationToken cancellation, string? shown = null)
    {
        // All parts of a command have been checked where they came in; a line break here would be a second command.
        if (command.AsSpan().ContainsAny('\r', '\n', '\0'))
            throw new PermanentFailureException("An SMTP command holds a line break.");
        await WriteAsync(command + "\r\n", cancellation);
        return await ReplyAsync(shown ?? command, expected, cancellation);
    }

    private async Task WriteAsync(string text, CancellationToken cancellation)
    {
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellation);
        await _stream.FlushAsync(cancellation);
    }

    /// <summary>Reads a reply, of one line or several, and returns the texts of its lines.</summary>
    private async Task<List<string>> ReplyAsync(string to, int expected, CancellationToken cancellation)
    {
        var lines = new List<string>();
        while (lines.Count < MaxLines)
        {
            var line = await LineAsync(cancellation);
            if (line.Length < 3 || !int.TryParse(line.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var code))
                throw new SmtpException(0, "The mail server does not speak SMTP.");
            lines.Add(line.Length > 4 ? line[4..] : "");
            if (line.Length > 3 && line[3] == '-')
                continue;
            return code == expected || (expected == 250 && code == 251)
                ? lines
                : throw new SmtpException(code, $"The mail server answered {to} with {code} {string.Join(' ', lines)}");
        }

        throw new SmtpException(0, "The mail server's reply does not end.");
    }

    private async Task<string> LineAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                var line = Encoding.UTF8.GetString(_buffer, _start, length).TrimEnd('\r');
                _start += length + 1;
                return line;
            }

            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            if (_end == _buffer.Length)
                throw new SmtpException(0, "The mail server's reply has an endless line.");
            var read = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
            if (read == 0)
                throw new IOException("The mail server closed the connection.");
            _end += read;
        }
    }
}
