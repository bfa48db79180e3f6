using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Products;

/// <summary>Where receipts of in-app purchases are checked: section <c>ParseCompat:Purchases</c>.</summary>
internal sealed class PurchaseOptions
{
    public const string Section = ParseCompatOptions.Section + ":Purchases";

    /// <summary>The store.</summary>
    public string Url { get; set; } = "https://buy.itunes.apple.com/verifyReceipt";

    /// <summary>Where receipts of test purchases are checked.</summary>
    public string SandboxUrl { get; set; } = "https://sandbox.itunes.apple.com/verifyReceipt";

    /// <summary>How long the store may take.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>What is wrong, as sentences that name the setting.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (name, url) in new[] { (nameof(Url), Url), (nameof(SandboxUrl), SandboxUrl) })
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http"))
                yield return $"ParseCompat:Purchases:{name} is no absolute http address: {url}";
        }

        if (Timeout <= TimeSpan.Zero)
            yield return "ParseCompat:Purchases:Timeout must be positive.";
    }
}
