using Backend.Testing;
using Microsoft.Playwright;

namespace Backend.EndToEnd.Admin;

/// <summary>Debian's Chromium, or the one that <c>TEST_CHROMIUM</c> names.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private const float Limit = 60_000;

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser)
    {
        _playwright = playwright;
        _browser = browser;
    }

    public static async Task<Browser> StartAsync()
    {
        var chromium = Environment.GetEnvironmentVariable("TEST_CHROMIUM") ?? "/usr/bin/chromium";
        if (!File.Exists(chromium))
            Prerequisite.Missing($"No Chromium at {chromium} (apt-get install chromium, or set TEST_CHROMIUM).");
        Assertions.SetDefaultExpectTimeout(Limit);
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = chromium,
            Timeout = 3 * Limit,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        return new Browser(playwright, browser);
    }

    /// <summary>A page of a fresh profile, with what it complained about.</summary>
    public async Task<(IPage Page, List<string> Complaints)> OpenAsync(string password, int width = 1280)
    {
        var context = await _browser.NewContextAsync(new()
        {
            HttpCredentials = new() { Username = "admin", Password = password },
            ViewportSize = new() { Width = width, Height = 1400 },
        });
        context.SetDefaultTimeout(Limit);
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) => complaints.Add(message.Text);
        page.PageError += (_, error) => complaints.Add(error);
        page.Request += (_, request) => complaints.AddRange(new Uri(request.Url).AbsolutePath.StartsWith("/jobs", StringComparison.Ordinal) ? [] : [request.Url]);
        return (page, complaints);
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
