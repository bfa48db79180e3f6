using Microsoft.Extensions.Options;

namespace Backend.Jobs.Mail;

/// <summary>A mail with a link by which its recipient chooses a new password. Enqueue it only when <see cref="MailOptions.IsConfigured"/>.</summary>
/// <param name="To">The recipient's address.</param>
/// <param name="Link">The page, an absolute http(s) address made by the API that was asked.</param>
/// <param name="UserName">The account's name, when the recipient should see it.</param>
public sealed record PasswordResetMail(string To, string Link, string? UserName = null);

/// <summary>Sends a <see cref="PasswordResetMail"/>.</summary>
internal sealed class SendPasswordResetMail(IOptions<MailOptions> options, IMailTransport transport) : IJob<PasswordResetMail>
{
    public const string Name = "mail.password-reset";

    public Task RunAsync(PasswordResetMail arguments, JobRun run, CancellationToken cancellation)
    {
        var (app, link) = (options.Value.AppName, LinkMails.Link(arguments.Link));
        return transport.SendAsync(new LinkMail(Name, arguments.To, arguments.UserName, link, $"Choose a new password for {app}", $"""
            Hello,

            somebody asked to reset the password of your account{LinkMails.Shown(arguments.UserName)} at {app}.
            To choose a new password, open this page:

            {link.AbsoluteUri}

            If it was not you, ignore this message: your password has not changed.
            """, LinkMails.Id("reset", arguments.Link, run)), cancellation);
    }
}
