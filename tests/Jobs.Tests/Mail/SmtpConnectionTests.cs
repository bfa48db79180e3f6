using System.Security.Authentication;
using Backend.Jobs.Mail;
using Backend.Testing;

namespace Backend.Jobs.Tests.Mail;

[Parallelizable(ParallelScope.All)]
internal sealed class SmtpConnectionTests
{
    private static readonly DateTimeOffset Date = new(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2));

    [TestCase(MailSecurity.StartTls, "PLAIN LOGIN")]
    [TestCase(MailSecurity.StartTls, "LOGIN")]
    [TestCase(MailSecurity.Tls, "PLAIN")]
    public async Task User_and_password_go_through_tls(MailSecurity security, string authentications)
    {
        await using var sink = new SmtpSink(new SmtpBehaviour
        {
            StartTls = security == MailSecurity.StartTls,
            ImplicitTls = security == MailSecurity.Tls,
            Authentications = authentications,
            User = "ünser",
            Password = "pass wörd",
        });

        await SendAsync(Options(sink, security), Message());

        var mail = await sink.ReceiveAsync();
        Assert.That(mail, Has.Property(nameof(ReceivedMail.Encrypted)).True.And.Property(nameof(ReceivedMail.User)).EqualTo("ünser"));
    }

    [Test]
    public async Task A_wrong_password_is_an_error_that_does_not_show_it()
    {
        await using var sink = new SmtpSink(new SmtpBehaviour { StartTls = true, User = "ünser", Password = "other" });

        var error = (await Assert.ThrowsAsync<SmtpException>(() => SendAsync(Options(sink, MailSecurity.StartTls), Message())))!;

        Assert.That(error.Code, Is.EqualTo(535));
        Assert.That(error.Message, Is.EqualTo("The mail server answered AUTH PLAIN with 535 no"));
    }

    [Test]
    public async Task A_certificate_that_is_not_trusted_ends_the_conversation()
    {
        await using var sink = new SmtpSink(new SmtpBehaviour { StartTls = true });
        var options = Options(sink, MailSecurity.StartTls);
        options.CertificateAuthority = "";

        Assert.That(() => SendAsync(options, Message()), Throws.TypeOf<AuthenticationException>());
        Assert.That(sink.Mails, Is.Empty);
    }

    [Test]
    public async Task A_server_that_offers_no_encryption_gets_nothing_unless_the_settings_say_so()
    {
        await using var sink = new SmtpSink();

        Assert.That(() => SendAsync(Options(sink, MailSecurity.StartTls), Message()), Throws.TypeOf<SmtpException>().With.Message.Contains("STARTTLS"));
        Assert.That(sink.Mails, Is.Empty);
    }

    [Test]
    public async Task What_is_slipped_in_before_the_encryption_ends_the_conversation()
    {
        await using var sink = new SmtpSink(new SmtpBehaviour { StartTls = true, AfterStartTls = "250 injected\r\n" });

        Assert.That(() => SendAsync(Options(sink, MailSecurity.StartTls), Message()), Throws.TypeOf<SmtpException>().With.Message.Contains("before the encryption"));
    }

    [Test]
    public async Task Lines_that_begin_with_a_dot_arrive_as_they_are()
    {
        await using var sink = new SmtpSink();
        const string text = ".\n..\n.hidden\nRCPT TO:<other@example.com>\nend . ";

        await SendAsync(Options(sink, MailSecurity.None), Message() with { Text = text });

        Assert.That((await sink.ReceiveAsync()).Text, Is.EqualTo(text.ReplaceLineEndings("\r\n") + "\r\n"));
        Assert.That(sink.Commands.Count(c => c.StartsWith("RCPT", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task Long_lines_and_any_language_arrive_as_they_are()
    {
        await using var sink = new SmtpSink();
        var text = string.Concat(Enumerable.Repeat("Grüße aus Köln, 日本語 und 😀 = viel Text; ", 30));

        await SendAsync(Options(sink, MailSecurity.None), Message() with { Text = text, Subject = text });

        var mail = await sink.ReceiveAsync();
        Assert.That(mail.Text.TrimEnd(), Is.EqualTo(text.TrimEnd()));
        Assert.That(mail.Data.Split("\r\n").Max(line => line.Length), Is.LessThanOrEqualTo(84));
        Assert.That(Decoded(mail.Header("Subject")), Is.EqualTo(text));
    }

    [Test]
    public async Task A_header_with_a_line_break_is_refused()
    {
        await using var sink = new SmtpSink();

        Assert.That(
            () => SendAsync(Options(sink, MailSecurity.None), Message() with { Subject = "Hello\r\nBcc: all@example.com" }), Throws.TypeOf<PermanentFailureException>());
        Assert.That(
            () => SendAsync(Options(sink, MailSecurity.None), Message() with { Subject = "Hällo\nBcc: all@example.com" }), Throws.TypeOf<PermanentFailureException>());
        Assert.That(sink.Mails, Is.Empty);
    }

    [Test]
    public async Task An_address_beyond_ascii_is_sent_as_such()
    {
        await using var sink = new SmtpSink();

        await SendAsync(Options(sink, MailSecurity.None), Message() with { To = Mailbox.Parse("jörg@müller.example") });

        Assert.That((await sink.ReceiveAsync()).To, Is.EqualTo("jörg@xn--mller-kva.example"));
        Assert.That(sink.Commands, Has.Some.EqualTo("MAIL FROM:<noreply@example.org> SMTPUTF8"));
    }

    [Test]
    public void The_date_is_written_in_utc() => Assert.That(Message().Write(), Does.Contain("Date: Fri, 02 Jan 2026 01:04:05 +0000\r\n"));

    private static MailMessage Message() => new(Mailbox.Parse("noreply@example.org"), Mailbox.Parse("ann@example.com"), "Hello", "Text", "1", Date);

    private static MailOptions Options(SmtpSink sink, MailSecurity security) => new()
    {
        Host = "localhost",
        Port = sink.Port,
        Security = security,
        From = "noreply@example.org",
        User = security == MailSecurity.None ? "" : "ünser",
        Password = security == MailSecurity.None ? "" : "pass wörd",
        CertificateAuthority = sink.CertificateFile,
    };

    private static async Task SendAsync(MailOptions options, MailMessage message)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await using var connection = await SmtpConnection.OpenAsync(options, limit.Token);
        await connection.SendAsync(message, limit.Token);
        await connection.QuitAsync(limit.Token);
    }

    private static string Decoded(string header) => string.Concat(header.Split(' ').Select(word =>
        System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(word["=?utf-8?B?".Length..^2]))));
}
