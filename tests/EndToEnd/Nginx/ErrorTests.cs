using System.Net;
using Backend.Testing;

namespace Backend.EndToEnd.Nginx;

/// <summary>What nginx answers without the API is a problem document.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class ErrorTests
{
    [Test]
    public async Task A_body_over_20_MB_is_refused()
    {
        using var api = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        AssertProblem(await Answer.PostAsync(nginx, "/api/v2/rows/A", new byte[21 * 1024 * 1024]), 413);
        Assert.That(api.Requests, Is.Empty);
    }

    [Test]
    public async Task A_body_of_20_MB_passes()
    {
        using var api = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        Assert.That((await Answer.PostAsync(nginx, "/api/v2/rows/A", new byte[20 * 1024 * 1024])).Status, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_process_that_is_not_there_is_a_502()
    {
        await using var nginx = await NginxServer.StartAsync([FreePort.Next()]);
        AssertProblem(await Answer.GetAsync(nginx, "/api/v2/rows/A"), 502);
        AssertProblem(await Answer.PostAsync(nginx, "/api/v2/rows/A", []), 502);
    }

    [Test]
    public async Task A_process_that_is_too_slow_is_a_504()
    {
        using var api = FakeApi.ThatHangs();
        await using var nginx = await NginxServer.StartAsync([api.Port], edit: FakeApi.ShortenPatience);
        AssertProblem(await Answer.PostAsync(nginx, "/api/v2/rows/A", []), 504);
    }

    [Test]
    public async Task A_flood_of_log_ins_from_one_address_is_slowed_down_and_nothing_else_is()
    {
        using var api = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        var (answers, most) = await Answer.FloodUntilRefusedAsync(nginx, "/api/v2/auth/token");
        Assert.That(answers.Count(answer => answer.Status == HttpStatusCode.OK), Is.InRange(200, most));
        AssertProblem(answers.First(answer => answer.Status != HttpStatusCode.OK), 429);
        Assert.That(await Answer.FloodAsync(nginx, "/api/v2/rows/A"), Has.All.Property(nameof(Answer.Status)).EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Whatever_tries_a_password_or_sends_a_mail_is_counted_together()
    {
        using var api = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([api.Port], edit: FakeApi.AllowTwoPasswords);
        foreach (var _ in Enumerable.Range(0, 2))
            Assert.That((await Answer.PostAsync(nginx, "/api/v2/auth/token", [])).Status, Is.EqualTo(HttpStatusCode.OK));
        foreach (var path in new[] { "token", "sign-up", "password-reset", "password-reset/complete", "verification" })
            Assert.That((await Answer.PostAsync(nginx, "/api/v2/auth/" + path, [])).Status, Is.EqualTo(HttpStatusCode.TooManyRequests), path);
        Assert.That((await Answer.PostAsync(nginx, "/api/v2/auth/log-out", [])).Status, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task An_address_that_does_not_exist_is_not_passed_on([Values("/", "/parsefoo", "/wp-login.php", "/apiary")] string path)
    {
        using var api = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        AssertProblem(await Answer.GetAsync(nginx, path), 404);
        Assert.That(api.Requests, Is.Empty);
    }

    [Test]
    public async Task A_request_that_cannot_be_read_is_the_client_s_mistake()
    {
        using var api = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        const string End = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        foreach (var (request, status) in new[]
        {
            ("GET /api/v2/rows/a%00b" + End, 400),
            ("GET /api/v2/rows/a%zz" + End, 400),
            ("GET /swagger/../../etc/passwd" + End, 400),
            ("GET /api/v2/rows/A?x=" + new string('x', 100_000) + End, 414),
            ("GET /api/v2/rows/A HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: " + new string('x', 100_000) + "\r\n\r\n", 400),
            ("POST /api/v2/rows/A HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
            ("\u0016\u0003\u0001\r\n\r\n", 400),
        })
            AssertProblem(await Answer.RawAsync(nginx, request), status);
        Assert.That(api.Requests, Is.Empty);
    }

    private static void AssertProblem(Answer answer, int expected)
    {
        Assert.That(((int)answer.Status, answer.Type), Is.EqualTo((expected, "application/problem+json")));
        Assert.That(answer.Json.GetProperty("status").GetInt32(), Is.EqualTo(expected is 414 or 501 ? 400 : expected)); // one text for all that cannot be read
        Assert.That(answer.Json.GetProperty("title").GetString(), Is.Not.Empty);
        Assert.That(answer.Json.GetProperty("message").GetString(), Is.Not.Empty);
        Assert.That(answer.Json.GetProperty("requestId").GetString(), Has.Length.EqualTo(32));
    }
}
