using Npgsql;

namespace Backend.Jobs.Housekeeping;

/// <summary>Asks for <see cref="ExpireSignIns"/>.</summary>
internal sealed record ExpiredSignIns;

/// <summary>
/// Deletes sessions and refresh tokens whose time is over. They are refused from the moment on at which they expire; this only tidies up, a day
/// later, so that a client that comes just too late still hears that its session has expired.
/// </summary>
internal sealed class ExpireSignIns(NpgsqlDataSource database) : IJob<ExpiredSignIns>
{
    public async Task RunAsync(ExpiredSignIns arguments, JobRun run, CancellationToken cancellation)
    {
        await Batches.DeleteAsync(database, $"""
            delete from app.refresh_tokens where ctid = any(array(
                select ctid from app.refresh_tokens where expires_at < now() - interval '1 day' limit {Batches.Size} for update skip locked))
            """, [], cancellation);
        await Batches.DeleteAsync(database, $"""
            delete from app.sessions where id = any(array(
                select id from app.sessions where expires_at < now() - interval '1 day' limit {Batches.Size} for update skip locked))
            """, [], cancellation);
    }
}
