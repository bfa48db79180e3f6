using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Backend.Testing;

/// <summary>A mail as a server received it.</summary>
/// <param name="From">The envelope's sender.</param>
/// <param name="To">The envelope's recipient.</param>
/// <param name="Data">Headers and body, without the dots of the protocol.</param>
/// <param name="Encrypted">Whether it came through TLS.</param>
/// <param name="User">Who was logged in, or null.</param>
public sealed record ReceivedMail(string From, string To, string Data, bool Encrypted, string? User)
{
    /// <summary>The body, with quoted-printable undone.</summary>
    public string Text
    {
        get
        {
            var body = Data[(Data.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..].Replace("=\r\n", "", StringComparison.Ordinal);
            var bytes = new List<byte>();
            for (var i = 0; i < body.Length; i++)
            {
                if (body[i] == '=')
                {
                    bytes.Add(Convert.ToByte(body.Substring(i + 1, 2), 16));
                    i += 2;
                }
                else
                {
                    bytes.Add((byte)body[i]);
                }
            }

            return Encoding.UTF8.GetString([.. bytes]);
        }
    }

    /// <summary>A header as it stands there, unfolded.</summary>
    public string Header(string name) => Data[..Data.IndexOf("\r\n\r\n", StringComparison.Ordinal)].Replace("\r\n ", " ", StringComparison.Ordinal)
        .Split("\r\n").Single(line => line.StartsWith(name + ": ", StringComparison.Ordinal))[(name.Length + 2)..];
}

/// <summary>How a <see cref="SmtpSink"/> behaves.</summary>
public sealed record SmtpBehaviour
{
    public bool StartTls { get; init; }

    public bool ImplicitTls { get; init; }

    public string Authentications { get; init; } = "PLAIN LOGIN";

    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>Bytes slipped in behind the answer to STARTTLS, unencrypted.</summary>
    public string AfterStartTls { get; init; } = "";

    /// <summary>Answers to RCPT TO, one each time, before it takes one.</summary>
    public IReadOnlyList<string> RecipientReplies { get; init; } = [];
}

/// <summary>A mail server on a free port of this machine, which keeps what it gets.</summary>
public sealed class SmtpSink : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly SmtpBehaviour _behaviour;
    private readonly ConcurrentQueue<string> _recipientReplies;
    private readonly X509Certificate2 _certificate;
    private readonly Task _accepting;

    public SmtpSink(SmtpBehaviour? behaviour = null)
    {
        _behaviour = behaviour ?? new SmtpBehaviour();
        _recipientReplies = new(_behaviour.RecipientReplies);
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        _certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        CertificateFile = Path.Combine(Path.GetTempPath(), $"smtp-sink-{Guid.NewGuid():N}.pem");
        File.WriteAllText(CertificateFile, made.ExportCertificatePem());
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>The server's certificate, for clients that are to trust it (it is for "localhost").</summary>
    public string CertificateFile { get; }

    public ConcurrentQueue<ReceivedMail> Mails { get; } = new();

    /// <summary>Every command, as it came.</summary>
    public ConcurrentQueue<string> Commands { get; } = new();

    /// <summary>Waits for the next mail and takes it.</summary>
    public async Task<ReceivedMail> ReceiveAsync(int seconds = 60)
    {
        for (var i = 0; i < seconds * 20; i++)
        {
            if (Mails.TryDequeue(out var mail))
                return mail;
            await Task.Delay(50);
        }

        throw new TimeoutException($"No mail within {seconds} s.");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _certificate.Dispose();
        _stop.Dispose();
        File.Delete(CertificateFile);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The sink was closed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await new Conversation(this, client.GetStream()).RunAsync(_stop.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
            {
                // The client left, or did not trust us.
            }
        }
    }

    private sealed class Conversation(SmtpSink sink, Stream stream)
    {
        private readonly SmtpBehaviour _behaviour = sink._behaviour;
        private Stream _stream = stream;
        private bool _encrypted;
        private string? _user;
        private string _from = "";
        private string _to = "";

        public async Task RunAsync(CancellationToken cancellation)
        {
            if (_behaviour.ImplicitTls)
                await EncryptAsync(cancellation);
            await SayAsync("220 sink");
            while (await LineAsync(cancellation) is { } line)
            {
                sink.Commands.Enqueue(line);
                var verb = line.Split(' ', ':')[0].ToUpperInvariant();
                switch (verb)
                {
                    case "EHLO":
                        await SayAsync($"250-sink greets you\r\n{(_behaviour.StartTls && !_encrypted ? "250-STARTTLS\r\n" : "")}250-SMTPUTF8\r\n250 AUTH {_behaviour.Authentications}");
                        break;
                    case "STARTTLS":
                        await SayAsync("220 go ahead", _behaviour.AfterStartTls);
                        await EncryptAsync(cancellation);
                        break;
                    case "AUTH":
                        await AuthenticateAsync(line, cancellation);
                        break;
                    case "MAIL":
                        _from = Between(line);
                        await SayAsync(_behaviour.User is not null && _user is null ? "530 log in first" : "250 ok");
                        break;
                    case "RCPT":
                        _to = Between(line);
                        await SayAsync(sink._recipientReplies.TryDequeue(out var reply) ? reply : "250 ok");
                        break;
                    case "DATA":
                        await SayAsync("354 go on");
                        sink.Mails.Enqueue(new ReceivedMail(_from, _to, await DataAsync(cancellation), _encrypted, _user));
                        await SayAsync("250 taken");
                        break;
                    case "QUIT":
                        await SayAsync("221 bye");
                        return;
                    default:
                        await SayAsync("500 what?");
                        break;
                }
            }
        }

        private static string Between(string line) => line[(line.IndexOf('<') + 1)..line.IndexOf('>')];

        private static string Plain(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));

        private async Task AuthenticateAsync(string line, CancellationToken cancellation)
        {
            string user, password;
            if (line.StartsWith("AUTH PLAIN ", StringComparison.Ordinal))
            {
                var parts = Plain(line["AUTH PLAIN ".Length..]).Split('\0');
                (user, password) = (parts[1], parts[2]);
            }
            else
            {
                await SayAsync("334 VXNlcm5hbWU6");
                user = Plain((await LineAsync(cancellation))!);
                await SayAsync("334 UGFzc3dvcmQ6");
                password = Plain((await LineAsync(cancellation))!);
            }

            _user = user == _behaviour.User && password == _behaviour.Password ? user : null;
            await SayAsync(_user is null ? "535 no" : "235 welcome");
        }

        private async Task<string> DataAsync(CancellationToken cancellation)
        {
            var data = new StringBuilder();
            while (await LineAsync(cancellation) is { } line && line != ".")
                data.Append(line.StartsWith('.') ? line[1..] : line).Append("\r\n");
            return data.ToString();
        }

        private async Task EncryptAsync(CancellationToken cancellation)
        {
            var tls = new SslStream(_stream);
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = sink._certificate }, cancellation);
            _stream = tls;
            _encrypted = true;
        }

        private Task SayAsync(string line, string more = "") => _stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n" + more)).AsTask();

        // Byte by byte, so that nothing of what follows STARTTLS is read too early.
        private async Task<string?> LineAsync(CancellationToken cancellation)
        {
            var line = new List<byte>();
            var one = new byte[1];
            while (await _stream.ReadAsync(one, cancellation) == 1)
            {
                if (one[0] == '\n' && line.Count > 0 && line[^1] == '\r')
                    return Encoding.UTF8.GetString([.. line[..^1]]);
                line.Add(one[0]);
            }

            return null;
        }
    }
}
