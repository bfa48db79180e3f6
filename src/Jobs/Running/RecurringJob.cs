using Backend.Jobs.Outbox;
using Quartz;

namespace Backend.Jobs.Running;

/// <summary>What Quartz runs by the clock: it only enqueues a run, which then has retries, history and dead letters like any job.</summary>
internal sealed class RecurringJob(OutboxTable outbox, RelaySignal signal) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellation)
    {
        if (await outbox.AddRunAsync(context.JobDetail.Key.Name, cancellation))
            signal.Set();
    }
}
