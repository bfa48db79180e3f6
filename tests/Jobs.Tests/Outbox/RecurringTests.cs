using Backend.Jobs.Outbox;
using Backend.Jobs.Overview;

namespace Backend.Jobs.Tests.Outbox;

[Parallelizable(ParallelScope.All)]
internal sealed class RecurringTests
{
    private const string EverySecond = "* * * * * ?";

    [Test]
    public async Task A_declared_schedule_runs_again_and_again_in_one_process_at_a_time()
    {
        await using var database = await JobsDatabase.CreateAsync();
        static void Declare(Microsoft.Extensions.DependencyInjection.IServiceCollection services) =>
            services.AddRecurringJob("test.tick", EverySecond, new NoteArguments("tick", Seconds: 1.2));
        await using var one = await JobsNode.StartAsync(database.ConnectionString, Declare);
        await using var two = await JobsNode.StartAsync(database.ConnectionString, Declare);

        await JobsDatabase.WaitForAsync(async () => await database.CountNotesAsync("tick") >= 3, true);

        Assert.That(await database.ScalarAsync<bool>("""
            select bool_and((n.event = 'begin') = (n.number % 2 = 1)) from (
                select event, row_number() over (order by at) as number from public.notes where event in ('begin', 'tick')) n
            """), Is.True, "a run begins only when the one before has ended");
    }

    [Test]
    public async Task A_schedule_made_at_run_time_can_be_changed_and_ended()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString);

        await node.Queue.RecurAsync("weekly", "0 0 0 ? * MON", new NoteArguments("weekly"));
        await node.Queue.RecurAsync("weekly", EverySecond, new NoteArguments("changed"));
        await JobsDatabase.WaitForAsync(async () => await database.CountNotesAsync("changed") > 0, true);
        await node.Queue.StopRecurringAsync("weekly");

        await JobsDatabase.WaitForAsync(
            () => database.ScalarAsync<long>("select count(*) from jobs.qrtz_job_details where job_group = 'recurring' and job_name = 'weekly'"), 0L);
        Assert.That(await database.CountNotesAsync("weekly"), Is.Zero);
        Assert.That(() => node.Queue.RecurAsync("wrong", "every second", new NoteArguments("")), Throws.TypeOf<FormatException>());
    }

    [Test]
    public async Task A_schedule_with_a_wrong_expression_hurts_no_other()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await database.ExecuteAsync("insert into jobs.recurring (name, job, arguments, cron) values ('a wrong one', 'test.note', '{}', 'often')");
        await using var node = await JobsNode.StartAsync(database.ConnectionString);

        await node.Queue.RecurAsync("z right one", EverySecond, new NoteArguments("ticked"));

        await JobsDatabase.WaitForAsync(async () => await database.CountNotesAsync("ticked") > 0, true);
        var report = await node.Get<JobsOverview>().ReadAsync();
        Assert.That(report.Recurring.Single(r => r.Name == "a wrong one").Next, Is.Null);
        Assert.That(report.Recurring.Single(r => r.Name == "z right one").Next, Is.GreaterThan((DateTimeOffset)report.At));
    }

    [Test]
    public async Task A_schedule_that_no_program_contains_any_more_goes()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await database.ExecuteAsync("""
            insert into jobs.recurring (name, job, arguments, cron, declared_at) values
            ('gone', 'test.note', '{}', '0 0 0 * * ?', now() - interval '1 day'), ('set at run time', 'test.note', '{}', '0 0 0 * * ?', null)
            """);

        await using var node = await JobsNode.StartAsync(database.ConnectionString);
        await JobsDatabase.WaitForAsync(() => database.ScalarAsync<bool>("select not exists (select from jobs.recurring where name = 'gone')"), true);

        Assert.That((await node.Get<RecurringTable>().AllAsync(default)).Select(r => r.Name), Does.Contain("set at run time").And.Contain("rows.expire"));
    }
}
