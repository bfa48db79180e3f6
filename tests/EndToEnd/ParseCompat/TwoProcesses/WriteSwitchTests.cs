using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Backend.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backend.EndToEnd.ParseCompat.TwoProcesses;

/// <summary>Writes are closed and opened for two processes that share a database.</summary>
[Parallelizable(ParallelScope.Fixtures)]
public sealed class WriteSwitchTests
{
    private static readonly (string, string) Master = ("X-Parse-Master-Key", ParseClient.Settings["ParseCompat:MasterKey"]);

    private TestDatabase _database = null!;
    private ApiProcess[] _processes = null!;
    private HttpClient[] _clients = null!;
    private Listener _listener = null!;
    private LiveCatalog _catalog = null!;
    private WriteSwitch _switch = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _database = await TestDatabase.CreateAsync();
        _processes = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => ApiProcess.StartAsync(_database.ConnectionString, ParseClient.Settings)));
        _clients = [.. _processes.Select(p => new HttpClient { BaseAddress = new Uri(p.Url) })];
        _listener = new Listener(_database.ConnectionString, NullLogger<Listener>.Instance);
        _catalog = new LiveCatalog(_database.DataSource, _listener, NullLogger<LiveCatalog>.Instance) { Follows = true };
        _switch = new WriteSwitch(_database.DataSource, _catalog);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        foreach (var client in _clients)
            client.Dispose();
        foreach (var process in _processes)
            await process.DisposeAsync();
        _catalog.Dispose();
        _listener.Dispose();
        await _database.DisposeAsync();
    }

    [Test]
    public async Task When_the_switch_has_been_turned_no_process_accepts_a_write()
    {
        await _switch.OpenAsync();
        await SendAsync(0, "POST", "/parse/classes/Busy", """{"n":0}""");
        using var enough = new CancellationTokenSource();
        var answers = new ConcurrentBag<(int Status, string Text, bool RetryAfter)>();
        var writers = Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                var answer = i % 4 < 2
                    ? await SendAsync(i % 2, "POST", "/parse/classes/Busy", """{"n":1}""")
                    : await SendAsync(i % 2, "POST", "/api/v2/rows/Busy", """{"n":1}""");
                answers.Add(answer);
            }
        })).ToArray();
        for (var round = 0; round < 5; round++)
        {
            await MoreAsync(201);
            await Task.Delay(100);
            await _switch.CloseAsync();
            var rows = await _database.ScalarAsync<long>("select count(*) from app.busy");
            await MoreAsync(503);
            await Task.Delay(100);
            Assert.That(await _database.ScalarAsync<long>("select count(*) from app.busy"), Is.EqualTo(rows), "rows that came after the switch");
            if (round < 4)
                await _switch.OpenAsync();
        }

        await enough.CancelAsync();
        await Task.WhenAll(writers);

        Assert.That(answers.Select(a => a.Status).Distinct().Order(), Is.EqualTo(new[] { 201, 503 }), "every answer is a yes or asks to come again");
        Assert.That(answers.Where(a => a.Status == 503), Is.All.Matches<(int, string Text, bool RetryAfter)>(a => a.RetryAfter && a.Text.Contains("\"error\"", StringComparison.Ordinal) | a.Text.Contains("writes_closed", StringComparison.Ordinal)));
        Assert.That(await _database.ScalarAsync<long>("select count(*) from app.busy") - 1, Is.EqualTo(answers.Count(a => a.Status == 201)), "what was accepted is there, and nothing else");

        Task MoreAsync(int status)
        {
            var before = answers.Count(a => a.Status == status);
            return Patience.UntilAsync(() => answers.Count(a => a.Status == status) >= before + 8, $"nobody is answered with {status}");
        }
    }

    [Test]
    public async Task Closed_every_write_is_answered_503_and_reads_go_on()
    {
        await _switch.OpenAsync();
        var (_, account, _) = await SendAsync(0, "POST", "/parse/users", """{"username":"ann","password":"secret"}""");
        var session = ("X-Parse-Session-Token", (string)JsonNode.Parse(account)!["sessionToken"]!);
        var (_, made, _) = await SendAsync(0, "POST", "/parse/classes/Thing", """{"n":1}""");
        var id = (string)JsonNode.Parse(made)!["objectId"]!;
        await _database.ExecuteAsync("update app.sessions set expires_at = now() + interval '1 hour'");

        await _switch.CloseAsync();

        (string Method, string Path, string? Body)[] writes =
        [
            ("POST", "/parse/classes/Thing", "{}"), ("PUT", $"/parse/classes/Thing/{id}", """{"n":2}"""), ("DELETE", $"/parse/classes/Thing/{id}", null),
            ("POST", "/parse/classes/NewClass", "{}"), ("POST", "/parse/users", """{"username":"bob","password":"x"}"""),
            ("POST", "/parse/login", """{"username":"ann","password":"secret"}"""), ("GET", "/parse/login?username=ann&password=secret", null),
            ("GET", "/parse/verifyPassword?username=ann&password=wrong", null), ("POST", "/parse/logout", "{}"), ("POST", "/parse/installations", """{"deviceType":"ios","installationId":"i"}"""),
            ("POST", "/parse/files/a.txt", "text"), ("POST", "/parse/functions/any", "{}"), ("POST", "/parse/jobs/any", "{}"), ("POST", "/parse/push", "{}"),
            ("PUT", "/parse/config", """{"params":{"a":1}}"""), ("POST", "/parse/schemas/Other", "{}"), ("DELETE", "/parse/schemas/Thing", null), ("DELETE", "/parse/purge/Thing", null),
            ("POST", "/parse/hooks/functions", """{"functionName":"f","url":"http://127.0.0.1/"}"""), ("POST", "/parse/requestPasswordReset", """{"email":"a@b.c"}"""),
            ("POST", "/parse/batch", """{"requests":[{"method":"POST","path":"/parse/classes/Thing","body":{}}]}"""),
            ("POST", "/parse/batch", """{"transaction":true,"requests":[{"method":"POST","path":"/parse/classes/Thing","body":{}}]}"""),
            ("POST", "/parse/upgradeToRevocableSession", "{}"), ("POST", "/parse/nothing-is-here", "{}"),
            ("POST", "/api/v2/rows/Thing", "{}"), ("PATCH", $"/api/v2/rows/Thing/{id}", "{}"), ("DELETE", $"/api/v2/rows/Thing/{id}", null),
            ("POST", "/api/v2/auth/sign-up", """{"username":"bob","password":"long enough"}"""), ("POST", "/api/v2/auth/token", "grant_type=password&username=ann&password=secret"),
            ("POST", "/api/v2/auth/log-out", null), ("POST", "/api/v2/files/a.txt", "text"),
        ];
        (string Method, string Path, string? Body)[] reads =
        [
            ("GET", $"/parse/classes/Thing/{id}", null), ("POST", "/parse/classes/Thing", """{"_method":"GET"}"""), ("GET", "/parse/users/me", null), ("GET", "/parse/sessions/me", null),
            ("GET", "/parse/config", null), ("GET", "/parse/schemas", null), ("POST", "/parse/events/AppOpened", "{}"), ("GET", "/api/v2/rows/Thing", null), ("GET", "/health", null),
            ("POST", "/parse/batch", $$$"""{"requests":[{"method":"GET","path":"/parse/classes/Thing/{{{id}}}"}]}"""),
        ];
        for (var process = 0; process < 2; process++)
        {
            foreach (var (method, path, body) in writes)
            {
                var (status, text, retry) = await SendAsync(process, method, path, body, Master, session);
                Assert.That((status, retry), Is.EqualTo((503, true)), $"{method} {path}: {text}");
                if (path.StartsWith("/parse", StringComparison.Ordinal))
                    Assert.That(((int?)JsonNode.Parse(text)!["code"], (string?)JsonNode.Parse(text)!["error"]), Is.EqualTo((1, "The service accepts no writes right now, try again later.")));
            }

            foreach (var (method, path, body) in reads)
            {
                var (status, text, _) = await SendAsync(process, method, path, body, path.Contains("schemas", StringComparison.Ordinal) ? Master : session);
                Assert.That(status, Is.EqualTo(200), $"{method} {path}: {text}");
            }
        }

        Assert.That(await _database.ScalarAsync<long>("select count(*) from app.sessions where expires_at > now() + interval '2 hours'"), Is.Zero, "a session that is used is not prolonged");
        Assert.That(async () => await _database.ExecuteAsync("delete from app.thing"), Throws.InstanceOf<Npgsql.PostgresException>().With.Property("SqlState").EqualTo("B0C01"), "plain SQL");
        await using (var follower = Npgsql.NpgsqlDataSource.Create(new Npgsql.NpgsqlConnectionStringBuilder(_database.ConnectionString) { Options = WriteSwitch.FollowerOption }))
        {
            await using var command = follower.CreateCommand("update app.thing set n = 7");
            Assert.That(await command.ExecuteNonQueryAsync(), Is.EqualTo(1), "the follower writes");
        }

        await _switch.OpenAsync();

        Assert.That((await SendAsync(1, "PUT", $"/parse/classes/Thing/{id}", """{"n":2}""")).Status, Is.EqualTo(200));
        Assert.That(await _database.ScalarAsync<long>("select count(*) from pg_trigger where tgname = 'writes_closed'"), Is.Zero, "open, a write costs what it did");
    }

    private async Task<(int Status, string Text, bool RetryAfter)> SendAsync(int process, string method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (path.StartsWith("/parse", StringComparison.Ordinal))
        {
            request.Headers.Add("X-Parse-Application-Id", "app");
            foreach (var (name, value) in headers)
                request.Headers.Add(name, value);
        }

        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, path.EndsWith("token", StringComparison.Ordinal) ? "application/x-www-form-urlencoded" : "application/json");
        using var answer = await _clients[process].SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(), answer.Headers.RetryAfter is not null);
    }
}
