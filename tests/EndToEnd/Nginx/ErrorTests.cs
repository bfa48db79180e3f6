using System.Net;
using System.Text.Json;
using Backend.Testing;

namespace Backend.EndToEnd.Nginx;

/// <summary>What nginx answers without the API is in the dialect of the path.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class ErrorTests
{
    [Test]
    public async Task A_body_over_20_MB_is_refused([Values("/parse/classes/A", "/1/batch")] string path)
    {
        using var api = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        var body = new byte[21 * 1024 * 1024];
        Assert.That(
            await PostAsync(nginx, path, body),
            Is.EqualTo((HttpStatusCode.RequestEntityTooLarge, "application/json", """{"error":"request entity too large"}""")));
        await AssertProblemAsync(nginx, "/api/v2/rows/A", body, 413);
        Assert.That(api.Requests, Is.Empty);
    }

    [Test]
    public async Task A_body_of_20_MB_passes([Values("/parse/classes/A", "/api/v2/rows/A")] string path)
    {
        using var api = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        Assert.That((await PostAsync(nginx, path, new byte[20 * 1024 * 1024])).Status, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_process_that_does_not_answer_is_a_502([Values("GET", "POST")] string method)
    {
        await using var nginx = await NginxServer.StartAsync([FreePort.Next()]);
        var (status, type, body) = await SendAsync(nginx, method, "/parse/users/me", method == "GET" ? null : []);
        Assert.That((status, type), Is.EqualTo((HttpStatusCode.BadGateway, "application/json")));
        Assert.That(JsonDocument.Parse(body).RootElement.GetProperty("code").GetInt32(), Is.EqualTo(100));
        Assert.That(JsonDocument.Parse(body).RootElement.GetProperty("error").GetString(), Is.Not.Empty);
        await AssertProblemAsync(nginx, "/api/v2/rows/A", method == "GET" ? null : [], 502);
    }

    [Test]
    public async Task A_process_that_is_too_slow_is_a_504()
    {
        using var api = FakeApi.ThatHangs();
        await using var nginx = await NginxServer.StartAsync([api.Port], edit: folder =>
        {
            var file = Path.Combine(folder, "proxy.conf");
            File.WriteAllText(file, File.ReadAllText(file).Replace("proxy_read_timeout 60s", "proxy_read_timeout 200ms"));
        });
        var (status, type, body) = await PostAsync(nginx, "/parse/classes/A", []);
        Assert.That((status, type), Is.EqualTo((HttpStatusCode.GatewayTimeout, "application/json")));
        Assert.That(JsonDocument.Parse(body).RootElement.GetProperty("code").GetInt32(), Is.EqualTo(124));
        await AssertProblemAsync(nginx, "/api/v2/rows/A", [], 504);
    }

    [Test]
    public async Task A_flood_of_log_ins_from_one_address_is_slowed_down_and_nothing_else_is()
    {
        using var api = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        var old = await FloodAsync(nginx, "/parse/login");
        Assert.That(old.Count(answer => answer.Status == HttpStatusCode.OK), Is.InRange(200, 350));
        Assert.That(
            old.First(answer => answer.Status != HttpStatusCode.OK),
            Is.EqualTo((HttpStatusCode.TooManyRequests, "application/json", """{"code":100,"error":"Too many requests."}""")));
        var refused = (await FloodAsync(nginx, "/api/v2/auth/token")).First(answer => answer.Status != HttpStatusCode.OK);
        Assert.That((refused.Status, refused.Type), Is.EqualTo((HttpStatusCode.TooManyRequests, "application/problem+json")));
        Assert.That(await FloodAsync(nginx, "/parse/classes/A"), Has.All.Matches<(HttpStatusCode Status, string?, string)>(answer => answer.Status == HttpStatusCode.OK));
    }

    [Test]
    public async Task An_address_that_does_not_exist_is_not_passed_on([Values("/", "/parsefoo", "/wp-login.php", "/apiary")] string path)
    {
        using var api = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        await AssertProblemAsync(nginx, path, null, 404);
        Assert.That(api.Requests, Is.Empty);
    }

    private static async Task AssertProblemAsync(NginxServer nginx, string path, byte[]? content, int expected)
    {
        var (status, type, body) = await SendAsync(nginx, content is null ? "GET" : "POST", path, content);
        Assert.That(((int)status, type), Is.EqualTo((expected, "application/problem+json")));
        var problem = JsonDocument.Parse(body).RootElement;
        Assert.That(problem.GetProperty("status").GetInt32(), Is.EqualTo(expected));
        Assert.That(problem.GetProperty("title").GetString(), Is.Not.Empty);
        Assert.That(problem.GetProperty("message").GetString(), Is.Not.Empty);
        Assert.That(problem.GetProperty("requestId").GetString(), Has.Length.EqualTo(32));
    }

    private static async Task<List<(HttpStatusCode Status, string? Type, string Body)>> FloodAsync(NginxServer nginx, string path)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(_ => PostAsync(nginx, path, "{}"u8.ToArray())));
        return [.. answers];
    }

    private static Task<(HttpStatusCode Status, string? Type, string Body)> PostAsync(NginxServer nginx, string path, byte[] content) =>
        SendAsync(nginx, "POST", path, content);

    private static readonly HttpClient Client = new(new SocketsHttpHandler { MaxConnectionsPerServer = 16 });

    private static async Task<(HttpStatusCode Status, string? Type, string Body)> SendAsync(NginxServer nginx, string method, string path, byte[]? content)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), nginx.Url + path);
        // Asked first, as a careful client does with a large body; without it the client may see a broken connection, not the answer.
        request.Headers.ExpectContinue = content is { Length: > 1 << 20 };
        request.Content = content is null ? null : new ByteArrayContent(content);
        using var response = await Client.SendAsync(request);
        return (response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync());
    }
}
