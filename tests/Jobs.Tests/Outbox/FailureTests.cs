using Backend.Jobs.Outbox;
using Backend.Jobs.Running;
using Quartz;

namespace Backend.Jobs.Tests.Outbox;

[Parallelizable(ParallelScope.All)]
internal sealed class FailureTests
{
    [Test]
    public async Task A_job_that_fails_is_tried_again_with_growing_pauses()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString);

        var id = await node.Queue.EnqueueAsync(new NoteArguments("third time", Failures: 2));

        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "done");
        Assert.That(await database.ScalarAsync<int>("select attempts from jobs.outbox where id = $1", id), Is.EqualTo(3));
    }

    [Test]
    public async Task A_job_that_keeps_failing_is_a_dead_letter_with_its_error_until_a_person_queues_it_again()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString);

        // The first three attempts fail, and the first of the second life would as well.
        var id = await node.Queue.EnqueueAsync(new NoteArguments("never", Failures: 3));
        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "dead");
        Assert.That(await database.ScalarAsync<string>("select error from jobs.outbox where id = $1", id), Is.EqualTo("InvalidOperationException: Not yet: never"));

        await database.ExecuteAsync("update jobs.outbox set arguments = replace(arguments, '\"failures\":3', '\"failures\":0') where id = $1", id);
        var outbox = node.Get<OutboxTable>();
        Assert.That(await outbox.RequeueAsync(id, default), Is.True);
        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "done");
        Assert.That(await outbox.RequeueAsync(id, default), Is.False, "it is done");
        Assert.That(await database.CountNotesAsync("never"), Is.EqualTo(1));
    }

    [Test]
    public async Task A_job_that_no_program_knows_ends_as_a_dead_letter()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString);

        var id = await database.ScalarAsync<long>(
            "insert into jobs.outbox (job, arguments, attempts) values ('parse-compat.gone', '{}', $1) returning id", JobPolicy.Default.MaxAttempts - 1);

        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "dead");
        Assert.That(await database.ScalarAsync<string>("select error from jobs.outbox where id = $1", id), Does.Contain("parse-compat.gone"));
    }

    [Test]
    public async Task A_job_that_is_done_is_not_run_by_a_second_hand_over()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString);
        var id = await node.Queue.EnqueueAsync(new NoteArguments("once"));
        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "done");

        // A relay that claimed the row before it was done, and hands it over only now.
        var scheduler = node.Get<JobServer>().Scheduler!;
        await JobsDatabase.WaitForAsync(async () => await scheduler.Exists(new JobKey($"{id}", Relay.Group)), false);
        await Relay.HandOverAsync(scheduler, [id], default);
        await JobsDatabase.WaitForAsync(async () => await scheduler.Exists(new JobKey($"{id}", Relay.Group)), false);

        Assert.That(await database.CountNotesAsync("once"), Is.EqualTo(1));
    }

    [Test]
    public async Task A_job_that_takes_too_long_is_cancelled_and_tried_again()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString, services =>
            services.AddJob<Endless, EndlessArguments>("test.endless", new JobPolicy { MaxAttempts = 1, Timeout = TimeSpan.FromMilliseconds(300) }));

        var id = await node.Queue.EnqueueAsync(new EndlessArguments());

        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "dead");
        Assert.That(await database.ScalarAsync<string>("select error from jobs.outbox where id = $1", id), Does.StartWith("Not done within 00:00:00.3"));
    }

    [Test]
    public async Task An_error_that_no_column_can_hold_is_noted_all_the_same()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString, services =>
            services.AddJob<Garbled, GarbledArguments>("test.garbled", new JobPolicy { MaxAttempts = 1 }));

        var id = await node.Queue.EnqueueAsync(new GarbledArguments());

        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "dead");
        Assert.That(await database.ScalarAsync<string>("select error from jobs.outbox where id = $1", id), Does.StartWith("InvalidOperationException: half \ufffd, none \ufffd, xxx"));
    }

    [Test]
    public async Task What_the_scheduler_lost_is_run_all_the_same()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var enqueuer = await JobsNode.StartAsync(database.ConnectionString, null, ("Jobs:Enabled", "false"));
        var handed = await enqueuer.Queue.EnqueueAsync(new NoteArguments("handed"));
        var running = await enqueuer.Queue.EnqueueAsync(new NoteArguments("running"));
        await database.ExecuteAsync("update jobs.outbox set state = 'handed', relay_at = null where id = $1", handed);
        await database.ExecuteAsync("update jobs.outbox set state = 'running', relay_at = null, attempts = 1 where id = $1", running);

        await using var node = await JobsNode.StartAsync(database.ConnectionString);

        await JobsDatabase.WaitForAsync(() => database.StateAsync(handed), "done");
        await JobsDatabase.WaitForAsync(() => database.StateAsync(running), "done");
    }

    [Test]
    public void Pauses_double_up_to_the_longest_and_lose_a_random_half_at_most()
    {
        var policy = new JobPolicy { FirstPause = TimeSpan.FromSeconds(10), LongestPause = TimeSpan.FromMinutes(1) };
        var random = new Random(1);

        Assert.Multiple(() =>
        {
            foreach (var (attempt, full) in new[] { (1, 10), (2, 20), (3, 40), (4, 60), (60, 60) })
            {
                var pauses = Enumerable.Range(0, 200).Select(_ => policy.PauseAfter(attempt, random).TotalSeconds).ToList();
                Assert.That(pauses, Is.All.InRange(full / 2.0, full));
                Assert.That(pauses.Max() - pauses.Min(), Is.GreaterThan(full / 3.0));
            }
        });
    }

    internal sealed record GarbledArguments;

    internal sealed class Garbled : IJob<GarbledArguments>
    {
        public Task RunAsync(GarbledArguments arguments, JobRun run, CancellationToken cancellation) =>
            throw new InvalidOperationException("half \ud83d, none \0, " + new string('x', OutboxTable.MaxErrorLength));
    }

    internal sealed record EndlessArguments;

    internal sealed class Endless : IJob<EndlessArguments>
    {
        public Task RunAsync(EndlessArguments arguments, JobRun run, CancellationToken cancellation) => Task.Delay(Timeout.Infinite, cancellation);
    }
}
