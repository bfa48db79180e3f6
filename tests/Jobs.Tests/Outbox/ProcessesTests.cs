using System.Diagnostics;
using Backend.Jobs.Running;
using Backend.Testing;

namespace Backend.Jobs.Tests.Outbox;

[Parallelizable(ParallelScope.All)]
internal sealed class ProcessesTests
{
    [Test]
    public async Task A_job_of_a_killed_process_is_run_again_by_another()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var enqueuer = await JobsNode.StartAsync(database.ConnectionString, null, ("Jobs:Enabled", "false"));
        using var victim = await StartProcessAsync(database.ConnectionString, "Jobs:DeadAfter=00:00:04");
        var id = await enqueuer.Queue.EnqueueAsync(new NoteArguments("survived", Seconds: 4));
        await JobsDatabase.WaitForAsync(() => database.CountNotesAsync("begin"), 1L);

        victim.Kill();
        await victim.WaitForExitAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString, null, ("Jobs:DeadAfter", "00:00:04"));

        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "done");
        Assert.That(await database.ScalarAsync<int>("select attempts from jobs.outbox where id = $1", id), Is.EqualTo(2));
        Assert.That(await database.ScalarAsync<int>("select process from public.notes where event = 'survived'"), Is.EqualTo(Environment.ProcessId));
    }

    [Test]
    public async Task Two_processes_share_the_work_and_do_each_job_once()
    {
        await using var database = await JobsDatabase.CreateAsync();
        using var other = await StartProcessAsync(database.ConnectionString);
        await using var node = await JobsNode.StartAsync(database.ConnectionString);

        // A process that the machine lets stand still meanwhile takes its share of the next sixty.
        var count = 0;
        await Patience.UntilAsync(async () =>
        {
            var ids = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => node.Queue.EnqueueAsync(new NoteArguments("shared", Seconds: 0.2))));
            count += ids.Length;
            await JobsDatabase.WaitForAsync(
                () => database.ScalarAsync<long>("select count(*) from jobs.outbox where id = any($1) and state = 'done'", ids), (long)ids.Length);
            return await database.ScalarAsync<long>("select count(distinct process) from public.notes") == 2;
        }, "one process does it all");
        Assert.That(await database.CountNotesAsync("begin"), Is.EqualTo(count));
        other.Kill();
    }

    [Test]
    public async Task Processes_that_start_together_on_a_new_database_all_run_jobs()
    {
        await using var database = await JobsDatabase.CreateAsync();
        var nodes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => JobsNode.StartAsync(database.ConnectionString)));

        foreach (var node in nodes)
            await JobsDatabase.WaitForAsync(() => Task.FromResult(node.Get<JobServer>() is { Scheduler: not null, IsRunning: true }), true);

        var id = await nodes[0].Queue.EnqueueAsync(new NoteArguments("together"));
        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "done");
        foreach (var node in nodes)
            await node.DisposeAsync();
    }

    [Test]
    public async Task A_stopping_process_lets_its_running_jobs_end()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString);
        var id = await node.Queue.EnqueueAsync(new NoteArguments("ended", Seconds: 2));
        await JobsDatabase.WaitForAsync(() => database.CountNotesAsync("begin"), 1L);

        await node.StopAsync();

        Assert.That(await database.StateAsync(id), Is.EqualTo("done"));
    }

    [Test]
    public async Task A_job_that_does_not_end_in_time_goes_back_to_the_queue_when_its_process_stops()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString, null, ("Jobs:StopGrace", "00:00:00.5"));
        var id = await node.Queue.EnqueueAsync(new NoteArguments("too long", Seconds: 60));
        await JobsDatabase.WaitForAsync(() => database.CountNotesAsync("begin"), 1L);

        await node.StopAsync();

        Assert.That(await database.StateAsync(id), Is.EqualTo("queued"));
        Assert.That(await database.ScalarAsync<int>("select attempts from jobs.outbox where id = $1", id), Is.Zero);
    }

    private static async Task<Process> StartProcessAsync(string connectionString, params string[] settings)
    {
        var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["exec", typeof(Note).Assembly.Location, connectionString, .. settings])
        {
            RedirectStandardOutput = true,
        })!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == "ready")
            {
                _ = process.StandardOutput.ReadToEndAsync();
                return process;
            }
        }

        throw new InvalidOperationException("The process ended before it was ready.");
    }
}
