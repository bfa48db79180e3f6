namespace Backend.Jobs.Mail;

/// <summary>A mail that is about one link.</summary>
/// <param name="Job">The job that sends it, <c>mail.password-reset</c>.</param>
/// <param name="To">The recipient's address.</param>
/// <param name="UserName">His account's name, or null.</param>
/// <param name="Link">The page.</param>
/// <param name="Subject">One line.</param>
/// <param name="Text">The text, the link in it.</param>
/// <param name="Id">The same in every attempt.</param>
public sealed record LinkMail(string Job, string To, string? UserName, Uri Link, string Subject, string Text, string Id);

/// <summary>Hands mails over. What is registered is SMTP (settings <c>Mail:*</c>).</summary>
public interface IMailTransport
{
    /// <summary>Hands a mail over; when it returns, somebody else has taken responsibility for it.</summary>
    /// <exception cref="PermanentFailureException">It never will be taken.</exception>
    Task SendAsync(LinkMail mail, CancellationToken cancellation);
}
