using Backend.Jobs.Outbox;
using Microsoft.Extensions.Logging;
using Quartz;

namespace Backend.Jobs.Running;

/// <summary>Keeps Quartz's cron triggers as table <c>jobs.recurring</c> says.</summary>
internal sealed class RecurringSchedule(RecurringTable table, JobRegistry registry, ILogger<RecurringSchedule> logger)
{
    public const string Group = "recurring";

    public async Task ApplyAsync(IScheduler scheduler, CancellationToken cancellation)
    {
        foreach (var declared in registry.Recurring)
        {
            var job = registry.For(declared.Arguments.GetType()).Name;
            await table.SetAsync(declared.Name, job, JobQueue.Json(declared.Arguments), declared.Cron, declared: true, cancellation);
        }

        var wanted = await table.AllAsync(cancellation);
        foreach (var row in wanted)
        {
            if (!CronExpression.TryParse(row.Cron, out _))
            {
                Log.NoCronExpression(logger, row.Name);
                continue;
            }

            // Replacing a trigger that is as it should be would cost it a firing that is due.
            if (await scheduler.GetTrigger(new TriggerKey(row.Name, Group), cancellation) is not ICronTrigger present || present.CronExpressionString != row.Cron)
                await scheduler.ScheduleJob(Job(row), [Trigger(row)], new ScheduleJobOptions { Replace = true }, cancellation);
        }

        var names = wanted.Select(row => row.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var key in await scheduler.GetJobKeys(GroupMatcher<JobKey>.GroupEquals(Group), cancellation))
        {
            if (!names.Contains(key.Name))
                await scheduler.DeleteJob(key, cancellation);
        }
    }

    private static IJobDetail Job(RecurringRow row) => JobBuilder.Create<RecurringJob>().WithIdentity(row.Name, Group).Build();

    private static ITrigger Trigger(RecurringRow row) => TriggerBuilder.Create().WithIdentity(row.Name, Group).ForJob(row.Name, Group)
        .WithCronSchedule(row.Cron, cron => cron.InTimeZone(TimeZoneInfo.Utc)).Build();
}
