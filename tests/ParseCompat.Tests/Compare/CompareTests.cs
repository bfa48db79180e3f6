using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Backend.Compare;
using Backend.Testing;

namespace Backend.ParseCompat.Tests.Compare;

/// <summary>scripts/compare: the answers of two servers to the same requests.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class CompareTests
{
    private const string Keys = "\"headers\": {\"X-Parse-Application-Id\": \"app\", \"X-Parse-REST-API-Key\": \"rest\", \"Content-Type\": \"application/json\"}";

    [Test]
    public async Task Two_servers_that_differ_in_one_setting_differ_in_just_that_and_nothing_is_written_through_a_recording()
    {
        await using var old = await ParseApp.StartAsync();
        await using var other = await ParseApp.StartAsync(old.Database, ("ParseCompat:DefaultLimit", "2"));
        for (var i = 0; i < 3; i++)
            await old.SendAsync("POST", "/parse/classes/Game", $$"""{"n": {{i}}}""");
        using var folder = new Folder();
        var log = folder.Write($$$"""
            {"method": "GET", "path": "/parse/classes/Game?order=n", {{{Keys}}}}
            {"method": "GET", "path": "/parse/classes/Game?order=n&limit=3", {{{Keys}}}}
            {"method": "POST", "path": "/parse/classes/Game", {{{Keys}}}, "body": "{\"_method\": \"GET\", \"order\": \"n\"}"}
            {"method": "POST", "path": "/parse/batch", {{{Keys}}}, "body": "{\"requests\": [{\"method\": \"GET\", \"path\": \"/parse/classes/Game/none\"}]}"}
            {"method": "GET", "path": "/parse/classes/Game", "headers": {"X-Parse-Application-Id": "other", "X-Parse-Session-Token": "-"}, "body": ""}
            {"method": "POST", "path": "/parse/classes/Game", {{{Keys}}}, "body": "{\"n\": 9}"}
            {"method": "POST", "path": "/parse/batch", {{{Keys}}}, "body": "{\"requests\": [{\"method\": \"POST\", \"path\": \"/parse/classes/Game\", \"body\": {}}]}"}
            {"method": "GET", "path": "/parse/login?username=a&password=b", {{{Keys}}}}
            {"method": "DELETE", "path": "/parse/classes/Game/x", {{{Keys}}}}
            """);

        var report = await RunAsync(log, old, other);
        Assert.That(report.Groups.Select(g => (g.Kind, g.Route, g.Path, g.Count)), Is.EquivalentTo(new[] { ("length", "GET /classes/Game", "results", 1L), ("length", "POST /classes/Game", "results", 1L) }));
        Assert.That((report.Requests, report.Skipped, report.Differing, report.ExitCode), Is.EqualTo((5L, 4L, 2L, 2)));
        Assert.That(await old.Database.ScalarAsync<long>("select count(*) from app.game"), Is.EqualTo(3));
        report = await RunAsync(log, old, other, "--ignore", "results");
        Assert.That(report.ExitCode, Is.Zero);
        using var json = new MemoryStream();
        report.WriteJson(json);
        Assert.That(JsonDocument.Parse(json.ToArray()).RootElement.GetProperty("requests").GetInt64(), Is.EqualTo(5));
    }

    [Test]
    public async Task Writes_go_to_copies_alone_and_what_each_server_makes_is_taken_for_equal()
    {
        await using var old = await ParseApp.StartAsync();
        await using var other = await ParseApp.StartAsync();
        using var folder = new Folder();
        var log = folder.Write($$$"""
            {"method": "POST", "path": "/parse/users", {{{Keys}}}, "body": "{\"username\": \"ann\", \"password\": \"secret\"}"}
            {"method": "POST", "path": "/parse/classes/Game", {{{Keys}}}, "body": "{\"n\": 9}"}
            {"method": "GET", "path": "/parse/classes/Game?keys=n", {{{Keys}}}}
            """);

        Assert.That(() => CompareOptions.Parse([log, "--old", old.Address, "--new", other.Address, "--writes", other.Address]), Throws.ArgumentException);
        var report = await RunAsync(log, old, other, "--writes", old.Address + "/parse", "--writes", other.Address + "/parse", "--ignore", "**.createdAt", "--ignore", "**.updatedAt");
        var said = new StringWriter();
        report.Write(said);
        Assert.That((report.Requests, report.ExitCode), Is.EqualTo((3L, 0)), said.ToString());
    }

    [TestCase("{\"results\":[{\"objectId\":\"a\",\"n\":1},{\"objectId\":\"b\"}]}", "{\"results\":[{\"objectId\":\"b\"},{\"n\":1.0,\"objectId\":\"a\"}]}", "order results")]
    [TestCase("{\"results\":[{\"objectId\":\"a\",\"n\":1}]}", "{\"results\":[{\"objectId\":\"a\",\"n\":\"1\"}]}", "type results[].n")]
    [TestCase("{\"results\":[{\"objectId\":\"a\",\"n\":1}]}", "{\"results\":[{\"objectId\":\"a\",\"n\":2,\"m\":{}}]}", "value results[].n,extra results[].m")]
    [TestCase("{\"results\":[{\"objectId\":\"a\",\"list\":[1,2]}]}", "{\"results\":[{\"objectId\":\"a\",\"list\":[2,1]}]}", "order results[].list")]
    [TestCase("{\"a\":{\"__type\":\"Date\",\"iso\":\"x\"},\"b\":null}", "{\"a\":{\"__type\":\"File\"}}", "type a,missing b")]
    [TestCase("{\"code\":101,\"error\":\"x\"}", "{\"code\":119,\"error\":\"x\"}", "error code code")]
    [TestCase("{\"results\":[{\"className\":\"A\"},{\"className\":\"B\",\"n\":1}]}", "{\"results\":[{\"className\":\"B\",\"n\":1},{\"className\":\"A\"}]}", "order results")]
    [TestCase("{\"updatedAt\":\"1\",\"inner\":{\"updatedAt\":\"1\"}}", "{\"updatedAt\":\"2\",\"inner\":{\"updatedAt\":\"2\"}}", "")]
    [TestCase("plain", "text", "body ")]
    public void Differences_have_kinds(string old, string now, string expected)
    {
        var comparer = new AnswerComparer(CompareOptions.Parse(["log", "--old", "http://a", "--new", "http://b", "--ignore", "**.updatedAt"]));
        static Answer Of(string body) => new(200, new Dictionary<string, string>(), Encoding.UTF8.GetBytes(body));
        Assert.That(string.Join(',', comparer.Compare(Of(old), Of(now), isWrite: false).Select(d => $"{d.Kind} {d.Path}")), Is.EqualTo(expected));
    }

    [Test]
    public async Task A_recording_is_made_by_nginx_as_a_mirror_or_as_a_log()
    {
        await using var app = await ParseApp.StartAsync();
        using var folder = new Folder();
        var mirrored = System.IO.Path.Combine(folder.Path, "mirrored.jsonl");
        await using var recorder = await Recorder.StartAsync("http://127.0.0.1:0", mirrored);
        var port = FreePort.Next();
        var example = await File.ReadAllTextAsync(Repository.File("docs", "compare.md"));
        var format = example[example.IndexOf("    log_format", StringComparison.Ordinal)..];
        format = format[..(format.IndexOf("';\n", StringComparison.Ordinal) + 3)];
        var configuration = System.IO.Path.Combine(folder.Path, "nginx.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            daemon off; pid {{folder.Path}}/nginx.pid; error_log {{folder.Path}}/error.log; user root;
            events {}
            http {
                client_body_temp_path {{folder.Path}}/b; proxy_temp_path {{folder.Path}}/p; fastcgi_temp_path {{folder.Path}}/f; uwsgi_temp_path {{folder.Path}}/u; scgi_temp_path {{folder.Path}}/s;
                {{format}}
                server {
                    listen 127.0.0.1:{{port}};
                    access_log {{folder.Path}}/compare.jsonl compare;
                    client_body_buffer_size 1m;
                    location / { mirror /recorded; proxy_pass {{app.Address}}; }
                    location = /recorded { internal; proxy_pass {{recorder.Url}}$request_uri; }
                }
            }
            """);
        using var nginx = Process.Start(new ProcessStartInfo("/usr/sbin/nginx", ["-c", configuration]) { RedirectStandardError = true })!;
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            client.DefaultRequestHeaders.Add("X-Parse-Application-Id", "app");
            client.DefaultRequestHeaders.Add("X-Parse-REST-API-Key", "rest");
            await Patience.UntilAsync(async () =>
            {
                try
                {
                    await client.GetAsync("/parse/classes/Game?where=%7B%22name%22%3A%22%C3%A9%22%7D");
                    return true;
                }
                catch (HttpRequestException) when (!nginx.HasExited)
                {
                    // Not yet.
                    return false;
                }
            }, "nginx does not answer", pause: 50);

            await client.PostAsync("/parse/classes/Game", new StringContent("{\"_method\":\"GET\",\"where\":{\"name\":\"é \\\"x\\\" \\n\"}}", Encoding.UTF8, "application/json"));
            foreach (var file in new[] { mirrored, System.IO.Path.Combine(folder.Path, "compare.jsonl") })
            {
                string[] lines = [];
                await Patience.UntilAsync(async () => (lines = (await File.ReadAllTextAsync(file)).Split('\n')).Length > 2, "the two requests are not noted", pause: 50);
                var requests = lines[..^1].Select(RecordedRequest.Parse).ToList();
                Assert.That(requests.Select(r => (r.Method, r.Path, r.IsRead())), Is.EqualTo(new[] { ("GET", "/parse/classes/Game?where=%7B%22name%22%3A%22%C3%A9%22%7D", true), ("POST", "/parse/classes/Game", true) }), file);
                Assert.That(requests[1].Headers.ToDictionary(h => h.Key, h => h.Value, StringComparer.OrdinalIgnoreCase)["X-Parse-REST-API-Key"], Is.EqualTo("rest"));
                Assert.That(Encoding.UTF8.GetString(requests[1].Body!), Is.EqualTo("{\"_method\":\"GET\",\"where\":{\"name\":\"é \\\"x\\\" \\n\"}}"));
                var report = await RunAsync(file, app, app);
                Assert.That((report.Requests, report.ExitCode), Is.EqualTo((2L, 0)));
            }
        }
        finally
        {
            nginx.Kill(entireProcessTree: true);
            await nginx.WaitForExitAsync();
        }
    }

    private static async Task<ReplayReport> RunAsync(string log, ParseApp old, ParseApp other, params string[] further)
    {
        using var lines = new StreamReader(log);
        string[] both = ["--old", old.Address + "/parse", "--new", other.Address + "/parse", "--mount", "/parse"];
        return await new Replay(CompareOptions.Parse([log, .. both, .. further])).RunAsync(lines, CancellationToken.None);
    }

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("compare-").FullName;

        public string Write(string lines)
        {
            var file = System.IO.Path.Combine(Path, "log.jsonl");
            File.WriteAllText(file, lines);
            return file;
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
