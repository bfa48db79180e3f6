using System.Diagnostics;
using Backend.Testing;

namespace Backend.Jobs.Tests.Outbox;

[Parallelizable(ParallelScope.All)]
internal sealed class EnqueueTests
{
    [Test]
    public async Task An_enqueued_job_is_done_once()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString);

        var id = await node.Queue.EnqueueAsync(new NoteArguments("nul \0 and é"));

        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "done");
        Assert.That(await database.CountNotesAsync("begin"), Is.EqualTo(1));
        Assert.That(await database.CountNotesAsync("nul 0000 and é"), Is.EqualTo(1));
        Assert.That(await database.ScalarAsync<string>("select arguments from jobs.outbox where id = $1", id), Is.Null, "the arguments of a done job are forgotten");
    }

    [Test]
    public async Task A_job_of_a_transaction_that_is_rolled_back_does_not_exist()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString);

        await using (var connection = await database.DataSource.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await node.Queue.EnqueueAsync(transaction, new NoteArguments("rolled back"));
            await transaction.RollbackAsync();
        }

        Assert.That(await database.ScalarAsync<long>("select count(*) from jobs.outbox where job = 'test.note'"), Is.Zero);
    }

    [Test]
    public async Task A_transaction_left_open_for_five_seconds_delays_neither_other_enqueuers_nor_the_scheduler()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString);
        var first = await node.Queue.EnqueueAsync(new NoteArguments("started"));
        await JobsDatabase.WaitForAsync(() => database.StateAsync(first), "done");

        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var late = await node.Queue.EnqueueAsync(transaction, new NoteArguments("late"));
        var open = Stopwatch.StartNew();
        var (enqueued, done) = (new List<TimeSpan>(), new List<TimeSpan>());
        while (open.Elapsed < TimeSpan.FromSeconds(5) || done.Count < 5)
        {
            var one = Stopwatch.StartNew();
            await using (var other = await database.DataSource.OpenConnectionAsync())
            {
                await using var its = await other.BeginTransactionAsync();
                await node.Queue.EnqueueAsync(its, new NoteArguments("in between"));
                await its.CommitAsync();
            }

            var alone = await node.Queue.EnqueueAsync(new NoteArguments("in between"));
            enqueued.Add(one.Elapsed);
            await JobsDatabase.WaitForAsync(() => database.StateAsync(alone), "done");
            done.Add(one.Elapsed);
        }

        Assert.That(await database.StateAsync(late), Is.Null);
        await transaction.CommitAsync();
        await JobsDatabase.WaitForAsync(() => database.StateAsync(late), "done");
        // They did not wait for the transaction, or the test would have ended above; the machine's own delays are in the others.
        Assert.That(enqueued.Min(), Is.LessThan(TimeSpan.FromSeconds(1)));
        Assert.That(done.Min(), Is.LessThan(TimeSpan.FromSeconds(3)));
    }

    [Test]
    public async Task A_scheduled_job_begins_at_its_time_and_not_before()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString);

        var time = DateTimeOffset.UtcNow.AddSeconds(3);
        var id = await node.Queue.ScheduleAsync(new NoteArguments("later"), time);

        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "done");
        var late = await database.ScalarAsync<TimeSpan>("select started_at - $2 from jobs.outbox where id = $1", id, time);
        Assert.That(late, Is.InRange(TimeSpan.FromSeconds(-0.1), Patience.Limit));
    }

    [Test]
    public async Task A_process_that_runs_no_jobs_enqueues_for_the_others()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var enqueuer = await JobsNode.StartAsync(database.ConnectionString, null, ("Jobs:Enabled", "false"));
        var id = await enqueuer.Queue.EnqueueAsync(new NoteArguments("for others"));
        await Task.Delay(1500);
        Assert.That(await database.StateAsync(id), Is.EqualTo("queued"));

        await using var node = await JobsNode.StartAsync(database.ConnectionString);

        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "done");
    }

    [Test]
    public async Task Arguments_of_an_unregistered_type_are_refused_when_they_are_enqueued()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString, null, ("Jobs:Enabled", "false"));

        Assert.That(() => node.Queue.EnqueueAsync("text"), Throws.InvalidOperationException.With.Message.Contains("System.String"));
    }
}
