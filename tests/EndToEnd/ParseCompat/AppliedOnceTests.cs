using System.Diagnostics;
using System.Net;
using Backend.Testing;
using Npgsql;

namespace Backend.EndToEnd.ParseCompat;

/// <summary>A process that dies between the commit and the answer: nobody sends the write again.</summary>
public sealed class AppliedOnceTests
{
    [TestCase("PUT")]
    [TestCase("POST")]
    public async Task A_write_of_a_process_that_died_after_applying_it_is_applied_once(string method)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var one = await ApiProcess.StartAsync(database.ConnectionString);
        await using var other = await ApiProcess.StartAsync(database.ConnectionString);
        await using var nginx = await NginxServer.StartAsync([one.Port, other.Port]);
        using var setUp = new RestClient(one.Url);
        using var client = new RestClient(nginx.Url);
        var id = (string)(await setUp.DoAsync("POST", "classes/Counter", new { n = 0 }))["objectId"]!;

        // The row is locked, so that the write reaches the database and waits there; then the process stands still, the write is let
        // through, and the process dies before it could answer.
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("select from app.counter for update", connection, transaction))
            await hold.ExecuteNonQueryAsync();

        var increment = new { n = new { __op = "Increment", amount = 1 } };
        var answer = method == "PUT"
            ? client.SendAsync("PUT", $"classes/Counter/{id}", increment)
            : client.SendAsync("POST", "batch", new { requests = new[] { new { method = "PUT", path = $"/parse/classes/Counter/{id}", body = increment } } });
        const string waiting = "datname = current_database() and wait_event_type = 'Lock' and query ilike '%counter%'";
        await Patience.UntilAsync(async () => await database.ScalarAsync<bool>($"select exists (select from pg_stat_activity where {waiting})"), "the write did not reach the database", pause: 20);
        var backend = await database.ScalarAsync<int>($"select pid from pg_stat_activity where {waiting}");
        var reached = await ReachedAsync(database, one, other);
        await SignalAsync("-STOP", reached);
        await transaction.CommitAsync();
        // What was sent is done, and more is not sent any more.
        await Patience.UntilAsync(
            async () => await database.ScalarAsync<bool>("select not exists (select from pg_stat_activity where pid = $1 and state = 'active')", backend), "the write does not end", pause: 20);
        var applied = await ValueAsync(database);
        await reached.KillAsync();

        var (status, body) = await answer;
        Assert.That(status, Is.EqualTo(HttpStatusCode.BadGateway));
        Assert.That((string?)body?["error"], Is.Not.Null.And.Not.Empty);
        await Patience.UntilAsync(
            async () => await database.ScalarAsync<bool>("select not exists (select from pg_stat_activity where pid = $1)", backend), "the connection of the dead process lives on", pause: 20);
        await Task.Delay(300);
        Assert.That(await ValueAsync(database), Is.EqualTo(applied).And.LessThanOrEqualTo(1));
        if (method == "PUT")
            Assert.That(applied, Is.EqualTo(1), "one statement commits by itself");
    }

    private static async Task<double> ValueAsync(TestDatabase database) => await database.ScalarAsync<double>("select n from app.counter");

    // Which of the two holds the connection that waits: the port of its socket says it.
    private static async Task<ApiProcess> ReachedAsync(TestDatabase database, ApiProcess one, ApiProcess other)
    {
        var port = await database.ScalarAsync<int>("select client_port from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
        var sockets = await File.ReadAllLinesAsync("/proc/net/tcp");
        var inode = sockets.Skip(1).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(c => c[1].EndsWith($":{port:X4}", StringComparison.Ordinal)).Select(c => c[9]).First();
        bool Holds(ApiProcess process) => Directory.EnumerateFiles($"/proc/{process.Id}/fd")
            .Any(f => new FileInfo(f).LinkTarget == $"socket:[{inode}]");
        return Holds(one) ? one : Holds(other) ? other : throw new InvalidOperationException("neither process holds the connection");
    }

    private static async Task SignalAsync(string signal, ApiProcess process)
    {
        using var kill = Process.Start("kill", [signal, process.Id.ToString()]);
        await kill.WaitForExitAsync();
    }
}
