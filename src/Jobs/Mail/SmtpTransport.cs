using Microsoft.Extensions.Options;

namespace Backend.Jobs.Mail;

/// <summary>Hands mails to the mail server of the settings.</summary>
internal sealed class SmtpTransport(IOptions<MailOptions> options, TimeProvider time) : IMailTransport
{
    public async Task SendAsync(LinkMail mail, CancellationToken cancellation)
    {
        var settings = options.Value;
        if (!settings.IsConfigured)
            throw new InvalidOperationException("Mail is not configured (Mail:Host, Mail:From).");
        // A name in front of it would be another address that the parser took for one ("a@example.com, b@example.com").
        if (!Mailbox.TryParse(mail.To, out var to) || to.Name.Length > 0)
            throw new PermanentFailureException("The recipient is not a mail address that can be used.");
        var message = new MailMessage(settings.Sender, to, mail.Subject, mail.Text, mail.Id, time.GetUtcNow());
        using var limit = new CancellationTokenSource(settings.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await using var connection = await SmtpConnection.OpenAsync(settings, either.Token);
            await connection.SendAsync(message, either.Token);
            await connection.QuitAsync(either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"The mail server did not take the mail within {settings.Timeout}.");
        }
    }
}
