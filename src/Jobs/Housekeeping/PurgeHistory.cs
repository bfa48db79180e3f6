using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.Jobs.Housekeeping;

/// <summary>Asks for <see cref="PurgeHistory"/>.</summary>
internal sealed record OldHistory;

/// <summary>Deletes finished jobs and dead letters that are older than the settings say. The last run of each schedule stays.</summary>
internal sealed class PurgeHistory(NpgsqlDataSource database, IOptions<JobsOptions> options) : IJob<OldHistory>
{
    public async Task RunAsync(OldHistory arguments, JobRun run, CancellationToken cancellation)
    {
        await DeleteAsync("state = 'done' and recurring is null", options.Value.KeepHistory, cancellation);
        await DeleteAsync("""
            state = 'done' and recurring is not null
            and exists (select from jobs.outbox later where later.recurring = o.recurring and later.id > o.id)
            """, options.Value.KeepRecurringHistory, cancellation);
        await DeleteAsync("state = 'dead'", options.Value.KeepDeadLetters, cancellation);
    }

    private Task DeleteAsync(string condition, TimeSpan keep, CancellationToken cancellation) => Batches.DeleteAsync(database, $"""
        delete from jobs.outbox where id = any(array(
            select id from jobs.outbox o where {condition} and finished_at < now() - $1 limit {Batches.Size} for update skip locked))
        """, [keep], cancellation);
}
