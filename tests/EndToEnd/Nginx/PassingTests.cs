using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Backend.Testing;

namespace Backend.EndToEnd.Nginx;

/// <summary>What nginx adds, takes away and keeps to itself on the way to the API and back.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class PassingTests
{
    [Test]
    public async Task What_a_client_says_about_its_address_is_replaced(
        [Values("GET", "POST")] string method,
        [Values(
            "/parse/health", // ParseCompat
            "/api/v2/rows/A")] string path)
    {
        using var api = FakeApi.ThatSays("{}");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        using var client = BoundClient.From("127.0.0.2");
        using var request = new HttpRequestMessage(new HttpMethod(method), nginx.Url + path);
        string[] forged = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Original-For", "X-Real-IP", "Forwarded"];
        foreach (var name in forged)
            request.Headers.TryAddWithoutValidation(name, "127.0.0.1");
        await client.SendAsync(request);
        Assert.That(api.Requests[0], Does.Contain("X-Forwarded-For: 127.0.0.2\r\n"));
        Assert.That(api.Requests[0].Replace($"Host: 127.0.0.1:{nginx.Port}", ""), Does.Not.Contain("127.0.0.1"));
    }

    [Test]
    public async Task The_answer_and_the_API_have_the_same_request_id_and_no_version_of_nginx()
    {
        using var api = FakeApi.ThatSays("{}", "X-Request-Id: theirs\r\nContent-Type: application/json\r\n");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, nginx.Url + "/api/v2/rows/A");
        request.Headers.Add("X-Request-Id", "forged");
        using var response = await client.SendAsync(request);
        var id = response.Headers.GetValues("X-Request-Id").Single();
        Assert.That(id, Does.Match("^[0-9a-f]{32}$"));
        Assert.That(api.Requests[0], Does.Contain($"X-Request-Id: {id}\r\n").And.Not.Contain("forged"));
        Assert.That(response.Headers.Server.ToString(), Is.EqualTo("nginx"));
    }

    [Test]
    public async Task A_web_page_can_read_what_nginx_answers_by_itself([Values(
        "/parse/classes/A", // ParseCompat
        "/api/v2/rows/A")] string path)
    {
        await using var nginx = await NginxServer.StartAsync([FreePort.Next()]);
        using var client = new HttpClient();
        using var response = await client.GetAsync(nginx.Url + path);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadGateway));
        Assert.That(response.Headers.GetValues("Access-Control-Allow-Origin"), Is.EqualTo(new[] { "*" }));
        Assert.That(response.Headers.GetValues("X-Request-Id").Single(), Has.Length.EqualTo(32));
    }

    [Test]
    public async Task Connections_to_the_API_stay_open()
    {
        using var api = new FakeApi(head => head.Contains("Connection: close") ? "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        using var client = new HttpClient();
        for (var i = 0; i < 3; i++)
            Assert.That(await client.GetStringAsync(nginx.Url + "/health"), Is.EqualTo("{}"));
    }

    [Test]
    public async Task Long_answers_are_compressed_for_those_who_ask()
    {
        var body = JsonSerializer.Serialize(Enumerable.Repeat("the same again", 1000));
        using var api = FakeApi.ThatSays(body);
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        using var client = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None });
        using var request = new HttpRequestMessage(HttpMethod.Get, nginx.Url + "/api/v2/rows/A");
        request.Headers.Add("Accept-Encoding", "gzip");
        using var response = await client.SendAsync(request);
        Assert.That(response.Content.Headers.ContentEncoding, Is.EqualTo(new[] { "gzip" }));
        Assert.That((await response.Content.ReadAsByteArrayAsync()).Length, Is.LessThan(body.Length / 4));
        Assert.That(await client.GetStringAsync(nginx.Url + "/api/v2/rows/A"), Is.EqualTo(body));
    }

    /// <summary>
    /// The API writes in blocks of 4 KB. Where one ends just with nginx's buffer, nginx forgets that it waits for more, and a worker that is to
    /// end ends at once.
    /// </summary>
    [Test, CancelAfter(60_000)]
    public async Task A_long_answer_outlives_a_reload_wherever_it_pauses([Values(49152, 65536, 98304)] int at, CancellationToken cancellation)
    {
        var go = new TaskCompletionSource();
        var body = new string('x', 200_000);
        using var api = new FakeApi(_ => $"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {body.Length}\r\n\r\n{body}", (at, go.Task));
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        using var client = new HttpClient();
        using var response = await client.GetAsync(nginx.Url + "/api/v2/rows/A", HttpCompletionOption.ResponseHeadersRead, cancellation);
        await nginx.ReloadAsync(cancellation);
        go.SetResult();
        Assert.That(await response.Content.ReadAsStringAsync(cancellation), Is.EqualTo(body));
    }

    [Test]
    public async Task A_websocket_is_passed_through()
    {
        using var api = new FakeApi(head => head.Contains("Upgrade: websocket") && head.Contains("Connection: upgrade")
            ? "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello"
            : "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        using var client = new TcpClient("127.0.0.1", nginx.Port);
        await client.GetStream().WriteAsync("GET /api/v2/changes HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"u8.ToArray());
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        while (!answer.ToString().EndsWith("hello", StringComparison.Ordinal) && await client.GetStream().ReadAsync(buffer) is > 0 and var read)
            answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
        Assert.That(answer.ToString(), Does.StartWith("HTTP/1.1 101 ").And.EndsWith("hello"));
    }

    [Test, CancelAfter(60_000)]
    public async Task The_logs_are_JSON_and_hold_no_query_token_or_password(CancellationToken cancellation)
    {
        using var api = FakeApi.ThatDies();
        await using var nginx = await NginxServer.StartAsync([api.Port]);
        using var client = new HttpClient();
        for (var i = 0; i < 300; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, nginx.Url + "/api/v2/auth/password-reset?username=ann&token=se%63ret-in-query");
            request.Headers.Add("X-Session-Token", "r:secret-in-header");
            request.Headers.Add("Referer", "http://127.0.0.1/?token=secret-in-referer");
            request.Headers.Authorization = new("Bearer", "secret-bearer");
            using var response = await client.SendAsync(request, cancellation);
        }
        // A line is written after its answer was sent.
        string[] lines;
        do
        {
            cancellation.ThrowIfCancellationRequested();
            lines = (await nginx.ReadLogAsync("access.log")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        while (lines.Length < 300);
        var line = JsonDocument.Parse(lines[0]).RootElement;
        Assert.That(line.GetProperty("status").GetInt32(), Is.EqualTo(502));
        Assert.That(line.GetProperty("path").GetString(), Is.EqualTo("/api/v2/auth/password-reset"));
        var everything = string.Concat(lines) + await nginx.ReadLogAsync("error.log");
        Assert.That(everything, Does.Not.Contain("secret").And.Not.Contain("se%63ret").And.Not.Contain("username"));
    }
}
