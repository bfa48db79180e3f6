using Backend.Data.Changes;

namespace Backend.Jobs.Tables;

/// <summary>Asks for <see cref="PurgeChanges"/>.</summary>
internal sealed record OldChanges;

/// <summary>Takes changes out of the change feed that are older than the setting <c>Changes:Retention</c> says.</summary>
internal sealed class PurgeChanges(FeedPurge purge) : IJob<OldChanges>
{
    public Task RunAsync(OldChanges arguments, JobRun run, CancellationToken cancellation) => purge.RunAsync(cancellation);
}
