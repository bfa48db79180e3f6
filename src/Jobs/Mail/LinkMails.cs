using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Backend.Jobs.Mail;

/// <summary>What the mails with a link have in common.</summary>
internal static class LinkMails
{
    private const int MaxShownName = 100;

    /// <summary>The link of a job's arguments.</summary>
    /// <exception cref="PermanentFailureException">It is none that a mail may carry.</exception>
    public static Uri Link(string text) => Uri.TryCreate(text, UriKind.Absolute, out var link) && link.Scheme is "http" or "https"
        ? link
        : throw new PermanentFailureException("The link is not an http address.");

    // A name is whatever somebody signed up with, for this address or not: it must not be able to write sentences or links into our mail.
    public static string Shown(string? userName) =>
        userName is { Length: > 0 and <= MaxShownName } && userName.All(c => char.IsLetterOrDigit(c) || "@._+-".Contains(c))
        && (!userName.Contains('.') || userName.Contains('@')) ? $" {userName}" : "";

    /// <summary>A Message-ID's left side, the same in every attempt of a run.</summary>
    public static string Id(string kind, string link, JobRun run)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(link));
        return string.Create(CultureInfo.InvariantCulture, $"{kind}.{run.Id}.{Convert.ToHexStringLower(hash.AsSpan(0, 12))}");
    }
}
