using Microsoft.Extensions.Options;

namespace Backend.Jobs.Mail;

/// <summary>A mail with a link by which its recipient says that the address is his. Enqueue it only when <see cref="MailOptions.IsConfigured"/>.</summary>
/// <param name="To">The recipient's address.</param>
/// <param name="Link">The page, an absolute http(s) address made by the API that was asked.</param>
/// <param name="UserName">The account's name, when the recipient should see it.</param>
public sealed record EmailVerificationMail(string To, string Link, string? UserName = null);

/// <summary>Sends an <see cref="EmailVerificationMail"/>.</summary>
internal sealed class SendEmailVerificationMail(IOptions<MailOptions> options, IMailTransport transport) : IJob<EmailVerificationMail>
{
    public const string Name = "mail.email-verification";

    public Task RunAsync(EmailVerificationMail arguments, JobRun run, CancellationToken cancellation)
    {
        var (app, link) = (options.Value.AppName, LinkMails.Link(arguments.Link));
        return transport.SendAsync(new LinkMail(Name, arguments.To, arguments.UserName, link, $"Please verify your e-mail for {app}", $"""
            Hello,

            this address was given for the account{LinkMails.Shown(arguments.UserName)} at {app}.
            If it is yours, open this page:

            {link.AbsoluteUri}

            If you do not know the account, ignore this message.
            """, LinkMails.Id("verify", arguments.Link, run)), cancellation);
    }
}
