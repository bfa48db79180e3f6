using Backend.Testing;
using static Microsoft.Playwright.Assertions;

namespace Backend.EndToEnd.Admin;

[Parallelizable(ParallelScope.All)]
internal sealed class JobsPageTests
{
    private const string Key = "an-administrators-key-of-40-characters--";

    [Test]
    public async Task An_administrator_sees_a_failed_mail_and_queues_it_again()
    {
        await using var browser = await Browser.StartAsync();
        await using var database = await TestDatabase.CreateAsync();
        await using var sink = new SmtpSink(new SmtpBehaviour { RecipientReplies = ["550 <script>document.title = 'hacked'</script> unknown"] });
        await database.ExecuteAsync("""
            insert into jobs.outbox (job, arguments) values
            ('mail.password-reset', '{"to":"ann@example.com","link":"https://api.example.com/reset?token=secret"}')
            """);
        await using var api = await StartAsync(database, sink);
        await WaitForAsync(() => database.ScalarAsync<long>("select count(*) from jobs.outbox where state = 'dead'"), 1);

        var (page, complaints) = await browser.OpenAsync(Key);
        await page.GotoAsync($"{api.Url}/jobs");
        var failed = page.GetByRole(Microsoft.Playwright.AriaRole.Region, new() { Name = "Failed" });
        await Expect(failed).ToContainTextAsync("mail.password-reset");
        await Expect(failed).ToContainTextAsync("550 <script>document.title = 'hacked'</script> unknown");
        await Expect(page.GetByRole(Microsoft.Playwright.AriaRole.Region, new() { Name = "Recurring" })).ToContainTextAsync("accounts.expire");
        Assert.That(await page.ContentAsync(), Does.Not.Contain("secret"), "arguments are not shown");
        await ScreenshotAsync(page, "jobs-failed");

        await failed.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Queue job 1 again" }).ClickAsync();
        await Expect(page.GetByRole(Microsoft.Playwright.AriaRole.Status)).ToHaveTextAsync("Job 1 is queued again.");
        Assert.That((await sink.ReceiveAsync()).To, Is.EqualTo("ann@example.com"));
        await WaitForAsync(() => database.ScalarAsync<long>("select count(*) from jobs.outbox where id = 1 and state = 'done'"), 1);

        await page.GetByRole(Microsoft.Playwright.AriaRole.Link, new() { Name = "Look again" }).ClickAsync();
        await Expect(page.GetByRole(Microsoft.Playwright.AriaRole.Region, new() { Name = "History" })).ToContainTextAsync("mail.password-reset #1");
        await Expect(failed).ToContainTextAsync("No job has failed.");
        Assert.That(await page.TitleAsync(), Is.EqualTo("Background jobs"));
        Assert.That(complaints, Is.Empty, "nothing is loaded from elsewhere, nothing breaks the page's own policy");
    }

    [TestCase(360)]
    [TestCase(1280)]
    public async Task The_page_fits_its_window(int width)
    {
        await using var browser = await Browser.StartAsync();
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("""
            insert into jobs.outbox (job, arguments, state, relay_at, run_at, attempts, started_at, finished_at, node, error) values
            ('mail.password-reset', '{}', 'dead', null, now() - interval '4 h', 10, now() - interval '2 h', now() - interval '2 h', 'api-1/4711',
             'SmtpException: The mail server answered the connection with 421 ' || repeat('x', 300)),
            ('a-job-with-a-name-that-is-longer-than-any-name-of-a-job-should-ever-be-in-this-world', '{}', 'dead', null, now(), 1, now(), now(), 'api-1/4711', 'TimeoutException'),
            ('imports.refresh', '{}', 'running', null, now() - interval '1 min', 2, now() - interval '50 s', null, 'api-2/4712', 'IOException: gone'),
            ('mail.password-reset', '{}', 'queued', now() + interval '3 min', now() + interval '3 min', 2, now(), null, 'api-1/4711', 'SmtpException: 451 later'),
            ('push.send', '{}', 'queued', now() + interval '3 days', now() + interval '3 days', 0, null, null, null, null),
            ('mail.password-reset', null, 'done', null, now() - interval '2 days', 1, now() - interval '2 days', now() - interval '2 days', 'api-2/4712', null);
            insert into jobs.outbox (job, state, relay_at, attempts, finished_at, node) select 'push.send', 'done', null, 1, now() - n * interval '1 min', 'api-1/4711' from generate_series(1, 60) n;
            insert into jobs.recurring (name, job, arguments, cron) values ('accounts.expire', 'accounts.expire', '{}', '0 4/15 * * * ?'), ('nightly', 'imports.refresh', '{}', '0 0 3 * * ?');
            insert into jobs.outbox (job, recurring, state, relay_at, attempts, finished_at) values ('accounts.expire', 'accounts.expire', 'done', null, 1, now() - interval '7 min')
            """);
        await using var api = await ApiProcess.StartAsync(database.ConnectionString, new Dictionary<string, string> { ["Admin:Key"] = Key });

        var (page, complaints) = await browser.OpenAsync(Key, width);
        await page.GotoAsync($"{api.Url}/jobs");
        await ScreenshotAsync(page, $"jobs-{width}");

        Assert.That(await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), Is.LessThanOrEqualTo(width));
        Assert.That(await page.EvaluateAsync<int>("Math.min(...[...document.querySelectorAll('button, nav a')].map(e => e.getBoundingClientRect().height))"), Is.GreaterThanOrEqualTo(44), "what is to be touched is large enough");
        await Expect(page.Locator("#history ~ p").Last).ToHaveTextAsync("50 of 61 are shown.");
        await Expect(page.Locator("li", new() { HasText = "nightly" })).ToContainTextAsync("03:00");
        Assert.That(complaints, Is.Empty);
    }

    private static Task<ApiProcess> StartAsync(TestDatabase database, SmtpSink sink) => ApiProcess.StartAsync(database.ConnectionString, new Dictionary<string, string>
    {
        ["Admin:Key"] = Key,
        ["Jobs:Enabled"] = "true",
        ["Mail:Host"] = "localhost",
        ["Mail:Port"] = $"{sink.Port}",
        ["Mail:Security"] = "None",
        ["Mail:From"] = "noreply@example.org",
    });

    // For people: TEST_SCREENSHOTS names a folder.
    private static async Task ScreenshotAsync(Microsoft.Playwright.IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("TEST_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, name + ".png") });
    }

    private static Task WaitForAsync(Func<Task<long>> look, long expected) => Patience.UntilAsync(async () => await look() == expected, $"it is not {expected}", pause: 50);
}
