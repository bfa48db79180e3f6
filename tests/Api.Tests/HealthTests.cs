namespace Backend.Api.Tests;

internal sealed class HealthTests
{
    private ApiHost _api = null!;

    [OneTimeSetUp]
    public async Task Start() => _api = await ApiHost.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [Test]
    public async Task The_process_says_that_it_lives_and_whether_it_can_serve()
    {
        using var health = await _api.GetAsync("/health");
        Assert.That((health.Status, health.Text), Is.EqualTo((200, """{"status":"ok"}""")));
        using var ready = await _api.GetAsync("/ready");
        Assert.That(ready.Status, Is.EqualTo(200), ready.Text);
        foreach (var check in new[] { "database", "catalog", "listener" })
            Assert.That(ready.Json.GetProperty("checks").GetProperty(check).GetProperty("status").GetString(), Is.EqualTo("ok"), check);
    }

    [Test]
    public async Task Every_answer_has_the_request_id_that_came_or_one_of_its_own()
    {
        using var given = await _api.GetAsync("/health", ("X-Request-Id", "abc-123"));
        Assert.That(given["X-Request-Id"], Is.EqualTo("abc-123"));
        using var forged = await _api.GetAsync("rows/None", ("X-Request-Id", "a b"));
        Assert.That(forged["X-Request-Id"], Does.Match("^[0-9a-f]{32}$"));
        Assert.That(forged.Json.GetProperty("requestId").GetString(), Is.EqualTo(forged["X-Request-Id"]));
    }

    [TestCase("/nothing", 404, "PGRST125")]
    [TestCase("/api/v2/nothing", 404, "PGRST125")]
    [TestCase("/api/v3/rows/x", 400, "unsupported_api_version")]
    [TestCase("/api/rows/x", 404, "PGRST125")]
    public async Task An_unknown_path_is_a_problem(string path, int status, string code)
    {
        using var answer = await _api.GetAsync(path);
        Assert.That((answer.Status, answer.Code, answer["Content-Type"]), Is.EqualTo((status, code, "application/problem+json")), answer.Text);
    }

    [Test]
    public async Task A_browser_may_call_from_anywhere_and_read_what_it_needs()
    {
        using var preflight = await _api.SendAsync("OPTIONS", "rows/users", null, ("Origin", "https://app.example"), ("Access-Control-Request-Method", "PATCH"), ("Access-Control-Request-Headers", "authorization,prefer"));
        Assert.That((preflight.Status, preflight["Access-Control-Allow-Origin"]), Is.EqualTo((204, "*")));
        using var refused = await _api.GetAsync("rows/None", ("Origin", "https://app.example"));
        Assert.That((refused.Status, refused["Access-Control-Allow-Origin"]), Is.EqualTo((404, "*")));
        Assert.That(refused["Access-Control-Expose-Headers"], Does.Contain("Content-Range"));
    }
}
