using System.Diagnostics;
using Backend.Testing;

namespace Backend.EndToEnd.ParseCompat.TwoProcesses;

/// <summary>A session that one process ends is ended for the other, which has it in its cache.</summary>
[NonParallelizable]
public sealed class LogOutTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(100);

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
        for (var i = 0; i < 20; i++)
            await LogOutAsync($"plain{i}", _clients[i % 2], _clients[1 - (i % 2)], () => Task.CompletedTask);
    }

    [Test]
    public async Task Also_right_after_the_connections_for_notifications_were_killed()
    {
        for (var i = 0; i < 10; i++)
        {
            await LogOutAsync($"killed{i}", _clients[i % 2], _clients[1 - (i % 2)], () => _database.ExecuteAsync(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'backend listener'"));
        }
    }

    private static async Task LogOutAsync(string name, ParseClient here, ParseClient there, Func<Task> before)
    {
        var (status, user) = await here.SendAsync("POST", "users", $$"""{"username":"{{name}}","password":"secret"}""");
        Assert.That(status, Is.EqualTo(201), user.ToJsonString());
        var session = ("X-Parse-Session-Token", (string)user["sessionToken"]!);
        // On a machine with more to do than it can, every process comes late: as late as its slowest answer here.
        var late = TimeSpan.Zero;
        foreach (var client in new[] { here, there, there, there })
        {
            var one = Stopwatch.StartNew();
            Assert.That((await client.SendAsync("GET", "users/me", null, session)).Status, Is.EqualTo(200));
            late = one.Elapsed > late ? one.Elapsed : late;
        }

        await before();
        Assert.That((await here.SendAsync("POST", "logout", "{}", session)).Status, Is.EqualTo(200));
        var answered = Stopwatch.StartNew();

        // A request sent within the limit may still be served; none that is sent after it.
        while (true)
        {
            var sent = answered.Elapsed;
            var (code, body) = await there.SendAsync("GET", "users/me", null, session);
            if (code != 200)
            {
                Assert.That((code, (int?)body["code"]), Is.EqualTo((400, (int?)209)), body.ToJsonString());
                break;
            }

            Assert.That(sent, Is.LessThan(Limit + late), "a request with the token of a session that has ended was served");
        }

        Assert.That((await here.SendAsync("GET", "users/me", null, session)).Status, Is.EqualTo(400));
    }
}
