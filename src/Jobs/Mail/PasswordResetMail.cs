using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Backend.Jobs.Mail;

/// <summary>A mail with a link by which its recipient chooses a new password. Enqueue it only when <see cref="MailOptions.IsConfigured"/>.</summary>
/// <param name="To">The recipient's address.</param>
/// <param name="Link">The page, an absolute http(s) address made by the API that was asked.</param>
/// <param name="UserName">The account's name, when the recipient should see it.</param>
public sealed record PasswordResetMail(string To, string Link, string? UserName = null);

/// <summary>Sends a <see cref="PasswordResetMail"/>.</summary>
internal sealed class SendPasswordResetMail(IOptions<MailOptions> options, TimeProvider time) : IJob<PasswordResetMail>
{
    private const int MaxShownName = 100;

    public async Task RunAsync(PasswordResetMail arguments, JobRun run, CancellationToken cancellation)
    {
        var settings = options.Value;
        if (!settings.IsConfigured)
            throw new InvalidOperationException("Mail is not configured (Mail:Host, Mail:From).");
        // A name in front of it would be another address that the parser took for one ("a@example.com, b@example.com").
        if (!Mailbox.TryParse(arguments.To, out var to) || to.Name.Length > 0)
            throw new PermanentFailureException("The recipient is not a mail address that can be used.");
        if (!Uri.TryCreate(arguments.Link, UriKind.Absolute, out var link) || link.Scheme is not ("http" or "https"))
            throw new PermanentFailureException("The link is not an http address.");

        var message = new MailMessage(
            settings.Sender, to, $"Choose a new password for {settings.AppName}", Text(settings.AppName, arguments.UserName, link), Id(arguments, run),
            time.GetUtcNow());
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

    private static string Text(string app, string? userName, Uri link) => $"""
        Hello,

        somebody asked to reset the password of your account{Shown(userName)} at {app}.
        To choose a new password, open this page:

        {link.AbsoluteUri}

        If it was not you, ignore this message: your password has not changed.
        """;

    // A name is whatever somebody signed up with, for this address or not: it must not be able to write sentences or links into our mail.
    private static string Shown(string? userName) =>
        userName is { Length: > 0 and <= MaxShownName } && userName.All(c => char.IsLetterOrDigit(c) || "@._+-".Contains(c))
        && (!userName.Contains('.') || userName.Contains('@')) ? $" {userName}" : "";

    private static string Id(PasswordResetMail arguments, JobRun run)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(arguments.Link));
        return string.Create(CultureInfo.InvariantCulture, $"reset.{run.Id}.{Convert.ToHexStringLower(hash.AsSpan(0, 12))}");
    }
}
