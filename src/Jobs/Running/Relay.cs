using System.Globalization;
using Backend.Jobs.Outbox;
using Microsoft.Extensions.Logging;
using Quartz;

namespace Backend.Jobs.Running;

/// <summary>
/// Hands the rows of the outbox whose time has come to Quartz (design section 8). The claim is a transaction of its own, so that neither an
/// enqueuer nor another relay ever waits for Quartz's store, and Quartz never for them.
/// </summary>
internal sealed class Relay(OutboxTable outbox, ILogger<Relay> logger)
{
    /// <summary>Quartz's group of these jobs; the name is the id of the row.</summary>
    public const string Group = "outbox";

    private const int BatchSize = 50;

    /// <summary>Hands over everything that waits.</summary>
    public async Task RunAsync(IScheduler scheduler, CancellationToken cancellation)
    {
        while (await outbox.ClaimAsync(BatchSize, cancellation) is { Length: > 0 } ids)
        {
            await HandOverAsync(scheduler, ids, cancellation);
            await outbox.HandedAsync(ids, cancellation);
            if (ids.Length < BatchSize)
                break;
        }
    }

    /// <summary>Takes back what Quartz has lost.</summary>
    public async Task RecoverAsync(IScheduler scheduler, CancellationToken cancellation)
    {
        var lost = await outbox.LostAsync(scheduler.SchedulerName, Group, cancellation);
        if (lost.Length == 0)
            return;
        Log.JobsLost(logger, lost.Length);
        await scheduler.DeleteJobs([.. lost.Select(Key)], cancellation);
        await outbox.ReleaseAsync(lost, cancellation);
    }

    private static JobKey Key(long id) => new(id.ToString(CultureInfo.InvariantCulture), Group);

    /// <summary>Gives rows to Quartz; what it has already it keeps as it is.</summary>
    internal static async Task HandOverAsync(IScheduler scheduler, long[] ids, CancellationToken cancellation)
    {
        var jobs = ids.ToDictionary(Job, id => (IReadOnlyCollection<ITrigger>)[Trigger(id)]);
        try
        {
            await scheduler.ScheduleJobs(jobs, cancellationToken: cancellation);
            return;
        }
        catch (ObjectAlreadyExistsException)
        {
            // One of them is there already: a relay died after its hand-over, or the attempt before is just ending. One by one then.
        }

        foreach (var (job, triggers) in jobs)
        {
            try
            {
                await scheduler.ScheduleJob(job, triggers, cancellationToken: cancellation);
            }
            catch (ObjectAlreadyExistsException)
            {
                // Quartz has it. If that was the attempt before, on its way out, RecoverAsync finds the row.
            }
        }
    }

    private static IJobDetail Job(long id) => JobBuilder.Create<OutboxJob>().WithIdentity(Key(id)).RequestRecovery().Build();

    private static ITrigger Trigger(long id) => TriggerBuilder.Create()
        .WithIdentity(id.ToString(CultureInfo.InvariantCulture), Group).ForJob(Key(id)).StartNow().Build();
}
