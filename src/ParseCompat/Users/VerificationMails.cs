using Backend.Data.Accounts;
using Backend.Jobs;
using Backend.Jobs.Mail;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.ParseCompat.Users;

/// <summary>Enqueues the mails by which addresses are verified (contract 16.2), with links into the pages of this dialect.</summary>
internal sealed class VerificationMails(JobQueue jobs, IOptions<MailOptions> mail, IOptions<ParseCompatOptions> options)
{
    private readonly string _link =
        $"{options.Value.PublicServerUrl.TrimEnd('/')}/apps/{Uri.EscapeDataString(options.Value.ApplicationId)}/verify_email?token=";

    /// <summary>Sends; null when no mail can be sent.</summary>
    public VerificationSender? Sender => mail.Value.IsConfigured ? EnqueueAsync : null;

    /// <summary>To be called after the commit: the mail leaves at once.</summary>
    public void Signal() => jobs.Signal();

    private Task EnqueueAsync(EmailVerification verification, NpgsqlTransaction transaction, CancellationToken cancellation) =>
        jobs.EnqueueAsync(transaction, new EmailVerificationMail(verification.Email, _link + verification.Token, verification.Username), cancellation);
}
