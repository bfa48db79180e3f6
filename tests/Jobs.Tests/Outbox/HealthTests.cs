using Backend.Testing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Backend.Jobs.Tests.Outbox;

[Parallelizable(ParallelScope.All)]
internal sealed class HealthTests
{
    [Test]
    public async Task Work_that_waits_for_more_than_a_minute_is_seen()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString, null, ("Jobs:Enabled", "false"));
        await database.ExecuteAsync("insert into jobs.outbox (job, arguments, relay_at) values ('test.note', '{}', now() - interval '30 s'), ('test.note', '{}', now() + interval '1 day')");
        Assert.That(await StatusAsync(node), Is.EqualTo(HealthStatus.Healthy));

        await database.ExecuteAsync("insert into jobs.outbox (job, arguments, relay_at) values ('test.note', '{}', now() - interval '2 minutes')");

        Assert.That(await StatusAsync(node), Is.EqualTo(HealthStatus.Degraded));
    }

    [Test]
    public async Task A_process_that_starts_before_its_database_runs_jobs_when_that_is_there()
    {
        await using var database = await JobsDatabase.CreateAsync();
        var name = new NpgsqlConnectionStringBuilder(database.ConnectionString).Database!;
        await RenameAsync(database, name, name + "_away");
        await using var node = await JobsNode.StartAsync(database.ConnectionString);
        await Task.Delay(1500);
        Assert.That(await StatusAsync(node), Is.EqualTo(HealthStatus.Degraded));

        await RenameAsync(database, name + "_away", name);

        await JobsDatabase.WaitForAsync(() => StatusAsync(node), HealthStatus.Healthy);
        var id = await node.Queue.EnqueueAsync(new NoteArguments("late"));
        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "done");
    }

    [Test]
    public async Task A_relay_goes_on_when_its_connections_were_cut()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString);
        await JobsDatabase.WaitForAsync(() => StatusAsync(node), HealthStatus.Healthy);

        await database.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");

        await using var enqueuer = await JobsNode.StartAsync(database.ConnectionString, null, ("Jobs:Enabled", "false"));
        var id = await enqueuer.Queue.EnqueueAsync(new NoteArguments("after the cut"));
        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "done");
    }

    private static async Task<HealthStatus> StatusAsync(JobsNode node) => (await node.Get<HealthCheckService>().CheckHealthAsync()).Entries["jobs"].Status;

    private static async Task RenameAsync(TestDatabase database, string from, string to)
    {
        database.DataSource.Clear();
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Database = "postgres", Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"alter database {from} rename to {to}", connection);
        await Patience.UntilAsync(async () =>
        {
            try
            {
                await command.ExecuteNonQueryAsync();
                return true;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ObjectInUse)
            {
                // The connections that were closed have not ended yet.
                return false;
            }
        }, "the database is in use still");
    }
}
