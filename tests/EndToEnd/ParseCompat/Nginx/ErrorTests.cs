using System.Net;
using Backend.EndToEnd.Nginx;
using Backend.Testing;

namespace Backend.EndToEnd.ParseCompat.Nginx;

/// <summary>What nginx answers without the API below the mounts of the old dialect: bodies that the SDKs read.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class ErrorTests
{
    [Test]
    public async Task A_body_over_20_MB_is_refused([Values("/parse/classes/A", "/1/batch")] string path)
    {
        using var api = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        Assert.That(
            await Answer.PostAsync(nginx, path, new byte[21 * 1024 * 1024]),
            Is.EqualTo(new Answer(HttpStatusCode.RequestEntityTooLarge, "application/json", """{"error":"request entity too large"}""")));
        Assert.That((await Answer.PostAsync(nginx, path, new byte[20 * 1024 * 1024])).Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(api.Requests, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_request_that_cannot_be_read_is_the_client_s_mistake()
    {
        using var api = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        const string End = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        foreach (var request in new[] { "GET /parse/classes/a%00b" + End, "GET //1/classes/a%zz" + End, "PUT /parse/classes/A?where=" + new string('x', 100_000) + End })
            Assert.That((await Answer.RawAsync(nginx, request)) is { Type: "application/json", Body: """{"code":107,"error":"The request could not be read."}""", Status: HttpStatusCode.BadRequest or HttpStatusCode.RequestUriTooLong });
        Assert.That(api.Requests, Is.Empty);
    }

    [Test]
    public async Task A_process_that_is_not_there_is_a_502()
    {
        await using var nginx = await NginxServer.StartAsync([FreePort.Next()]);
        AssertError(await Answer.GetAsync(nginx, "/parse/users/me"), HttpStatusCode.BadGateway, 100);
        AssertError(await Answer.PostAsync(nginx, "/1/users", []), HttpStatusCode.BadGateway, 100);
    }

    [Test]
    public async Task A_process_that_is_too_slow_is_a_504()
    {
        using var api = FakeApi.ThatHangs();
        await using var nginx = await NginxServer.StartAsync([api.Port], edit: FakeApi.ShortenPatience);
        AssertError(await Answer.PostAsync(nginx, "/parse/classes/A", []), HttpStatusCode.GatewayTimeout, 124);
    }

    [Test]
    public async Task A_flood_of_log_ins_from_one_address_is_slowed_down_and_nothing_else_is()
    {
        using var api = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        var (answers, most) = await Answer.FloodUntilRefusedAsync(nginx, "/parse/login");
        Assert.That(answers.Count(answer => answer.Status == HttpStatusCode.OK), Is.InRange(200, most));
        Assert.That(
            answers.First(answer => answer.Status != HttpStatusCode.OK),
            Is.EqualTo(new Answer(HttpStatusCode.TooManyRequests, "application/json", """{"code":100,"error":"Too many requests."}""")));
        Assert.That(await Answer.FloodAsync(nginx, "/parse/batch"), Has.All.Property(nameof(Answer.Status)).EqualTo(HttpStatusCode.OK));
    }

    private static void AssertError(Answer answer, HttpStatusCode status, int code)
    {
        Assert.That((answer.Status, answer.Type), Is.EqualTo((status, "application/json")));
        Assert.That(answer.Json.GetProperty("code").GetInt32(), Is.EqualTo(code));
        Assert.That(answer.Json.GetProperty("error").GetString(), Is.Not.Empty);
    }
}
