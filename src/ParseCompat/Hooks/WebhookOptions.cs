using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Hooks;

/// <summary>Settings of calls to web hooks: those of section <c>ParseCompat</c> whose names begin with Webhook.</summary>
internal sealed class WebhookOptions
{
    public const string Section = ParseCompatOptions.Section;

    /// <summary>Sent to web hooks as <c>X-Parse-Webhook-Key</c>, so that they know who calls; null: not sent.</summary>
    public string? WebhookKey { get; set; }

    /// <summary>How long a web hook may take to answer.</summary>
    public TimeSpan WebhookTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Largest answer of a web hook in bytes.</summary>
    public int WebhookMaxAnswerBytes { get; set; } = 20 * 1024 * 1024;

    /// <summary>What is wrong, as sentences that name the setting.</summary>
    internal IEnumerable<string> Problems()
    {
        if (WebhookKey is not null && (WebhookKey.Length == 0 || WebhookKey.AsSpan().ContainsAnyExceptInRange(' ', '~')))
            yield return "ParseCompat:WebhookKey is empty or holds a sign that a header cannot; leave it out for no key.";
        if (WebhookTimeout <= TimeSpan.Zero || WebhookTimeout > TimeSpan.FromMinutes(10))
            yield return "ParseCompat:WebhookTimeout is not between 0 and 10 minutes.";
        if (WebhookMaxAnswerBytes < 1)
            yield return "ParseCompat:WebhookMaxAnswerBytes is less than 1.";
    }
}
