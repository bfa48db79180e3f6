using System.Diagnostics;
using Backend.Testing;

namespace Backend.EndToEnd.ParseCompat.TwoProcesses;

/// <summary>A session that one process ends is ended for the other, which has it in its cache.</summary>
[NonParallelizable]
public sealed class LogOutTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(100);

    /// <summary>A notification that got lost would leave the session in the cache for much longer than any machine stalls.</summary>
    private static readonly TimeSpan Lost = TimeSpan.FromSeconds(30);

    private TestDatabase _database = null!;
    private ApiProcess[] _processes = null!;
    private ParseClient[] _clients = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _database = await TestDatabase.CreateAsync();
        _processes = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => ApiProcess.StartAsync(_database.ConnectionString, ParseClient.Settings)));
        _clients = [.. _processes.Select(p => new ParseClient(p))];
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        foreach (var client in _clients)
            client.Dispose();
        foreach (var process in _processes)
            await process.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Test]
    public async Task A_log_out_on_one_process_is_refused_by_the_other_within_100_ms()
    {
        var served = new Promptness(ReadAsync);
        for (var i = 0; i < 20; i++)
            await served.AddAsync(await LogOutAsync($"plain{i}", _clients[i % 2], _clients[1 - (i % 2)], () => Task.CompletedTask));
        served.AssertWithin(Limit);
    }

    [Test]
    public async Task Also_right_after_the_connections_for_notifications_were_killed()
    {
        var served = new Promptness(ReadAsync);
        for (var i = 0; i < 10; i++)
        {
            await served.AddAsync(await LogOutAsync($"killed{i}", _clients[i % 2], _clients[1 - (i % 2)], () => _database.ExecuteAsync(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'backend listener'")));
        }

        served.AssertWithin(Limit);
    }

    private Task ReadAsync() => _clients[0].SendAsync("GET", "classes/_Role");

    /// <returns>How long after the log-out the last request was sent that was still served; zero when none was.</returns>
    private static async Task<TimeSpan> LogOutAsync(string name, ParseClient here, ParseClient there, Func<Task> before)
    {
        var (status, user) = await here.SendAsync("POST", "users", $$"""{"username":"{{name}}","password":"secret"}""");
        Assert.That(status, Is.EqualTo(201), user.ToJsonString());
        var session = ("X-Parse-Session-Token", (string)user["sessionToken"]!);
        foreach (var client in new[] { here, there })
            Assert.That((await client.SendAsync("GET", "users/me", null, session)).Status, Is.EqualTo(200));

        await before();
        Assert.That((await here.SendAsync("POST", "logout", "{}", session)).Status, Is.EqualTo(200));
        var answered = Stopwatch.StartNew();

        var served = TimeSpan.Zero;
        while (true)
        {
            var sent = answered.Elapsed;
            var (code, body) = await there.SendAsync("GET", "users/me", null, session);
            if (code != 200)
            {
                Assert.That((code, (int?)body["code"]), Is.EqualTo((400, (int?)209)), body.ToJsonString());
                break;
            }

            Assert.That(sent, Is.LessThan(Lost), "a request with the token of a session that has ended was served");
            served = sent;
        }

        Assert.That((await here.SendAsync("GET", "users/me", null, session)).Status, Is.EqualTo(400));
        return served;
    }
}
