using Backend.Data.Accounts;
using Backend.Jobs;
using Backend.Jobs.Mail;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.Api.V2.Auth;

/// <summary>Enqueues the mails by which addresses are verified, with links to our page.</summary>
internal sealed class VerificationMails(JobQueue jobs, IOptions<MailOptions> mail, IOptions<AuthOptions> auth)
{
    /// <summary>Sends; null when no mail can be sent.</summary>
    public VerificationSender? Sender => mail.Value.IsConfigured ? EnqueueAsync : null;

    /// <summary>To be called after the commit: the mail leaves at once.</summary>
    public void Signal() => jobs.Signal();

    private Task EnqueueAsync(EmailVerification verification, NpgsqlTransaction transaction, CancellationToken cancellation) =>
        jobs.EnqueueAsync(transaction, new EmailVerificationMail(verification.Email, auth.Value.VerifyLink(verification.Token), verification.Username), cancellation);
}
