using System.Text;
using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Backend.Jobs.Outbox;

/// <summary>A job that a runner has started.</summary>
internal sealed record StartedJob(string Job, string? Arguments, int Attempts);

/// <summary>
/// Table <c>jobs.outbox</c>. Each method is one statement that commits by itself, except <see cref="AddAsync"/> in a caller's transaction.
/// The times are PostgreSQL's.
/// </summary>
internal sealed class OutboxTable(NpgsqlDataSource database)
{
    /// <summary>How long a relay that claimed a row has it for itself.</summary>
    public static readonly TimeSpan Claim = TimeSpan.FromSeconds(30);

    public const int MaxErrorLength = 8_000;

    public async Task<long> AddAsync(NpgsqlTransaction? transaction, string job, string arguments, DateTimeOffset? at, CancellationToken cancellation)
    {
        const string sql = """
            insert into jobs.outbox (job, arguments, run_at, relay_at)
            values ($1, $2, coalesce($3, now()), coalesce($3, now())) returning id
            """;
        await using var command = transaction is null
            ? database.CreateCommand(sql)
            : new NpgsqlCommand(sql, transaction.Connection, transaction);
        command.Parameters.Add(new() { Value = job });
        command.Parameters.Add(new() { Value = arguments });
        command.Parameters.Add(new() { Value = at is { } time ? time.UtcDateTime : DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Adds a run of a recurring job, unless the one before has not ended. Returns whether it was added.</summary>
    public async Task<bool> AddRunAsync(string recurring, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await connection.ExecuteAsync(new CommandDefinition("""
            insert into jobs.outbox (job, arguments, recurring)
            select job, arguments, name from jobs.recurring where name = @recurring
            on conflict (recurring) where state in ('queued', 'handed', 'running') do nothing
            """, new { recurring }, cancellationToken: cancellation)) == 1;
    }

    /// <summary>Claims rows whose time has come, those of a relay that died included.</summary>
    public async Task<long[]> ClaimAsync(int limit, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<long>(new CommandDefinition("""
            update jobs.outbox set state = 'handed', relay_at = now() + @Claim
            where id = any(array(
                select id from jobs.outbox where relay_at <= now() order by relay_at limit @limit for update skip locked))
            returning id
            """, new { Claim, limit }, cancellationToken: cancellation))];
    }

    /// <summary>Notes that Quartz has these. A row that has been started, or has even ended, in the meantime is left as it is.</summary>
    public async Task HandedAsync(long[] ids, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition("""
            update jobs.outbox set relay_at = null where id = any(@ids) and state = 'handed'
            """, new { ids }, cancellationToken: cancellation));
    }

    /// <summary>
    /// Starts an attempt. Null: nothing to do, because the job is done already (Quartz forgets a finished job and runs a second hand-over
    /// again), is a dead letter, or waits for its next attempt.
    /// </summary>
    public async Task<StartedJob?> StartAsync(long id, string node, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<StartedJob>(new CommandDefinition("""
            update jobs.outbox set state = 'running', relay_at = null, attempts = attempts + 1, started_at = now(), node = @node
            where id = @id and state in ('handed', 'running')
            returning job, arguments, attempts
            """, new { id, node }, cancellationToken: cancellation));
    }

    public async Task DoneAsync(long id, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition("""
            update jobs.outbox set state = 'done', relay_at = null, finished_at = now(), error = null, arguments = null where id = @id
            """, new { id }, cancellationToken: cancellation));
    }

    /// <summary>Queues the job again. Only the attempt that is the newest may: one that was taken for dead and replaced has no say.</summary>
    public async Task RetryAsync(long id, int attempt, TimeSpan pause, string error, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition("""
            update jobs.outbox set state = 'queued', run_at = now() + @pause, relay_at = now() + @pause, error = @error
            where id = @id and state = 'running' and attempts = @attempt
            """, new { id, attempt, pause, error = Cut(error) }, cancellationToken: cancellation));
    }

    public async Task DeadAsync(long id, int attempt, string error, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition("""
            update jobs.outbox set state = 'dead', relay_at = null, finished_at = now(), error = @error
            where id = @id and state = 'running' and attempts = @attempt
            """, new { id, attempt, error = Cut(error) }, cancellationToken: cancellation));
    }

    /// <summary>Queues the job again as if this attempt had not been.</summary>
    public async Task PutBackAsync(long id, int attempt, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition("""
            update jobs.outbox set state = 'queued', attempts = attempts - 1, run_at = now(), relay_at = now()
            where id = @id and state = 'running' and attempts = @attempt
            """, new { id, attempt }, cancellationToken: cancellation));
    }

    /// <summary>
    /// Rows that Quartz should have but has not: its tables were emptied or restored from another time, or it dropped a job because a runner
    /// could not even note its start. One statement, so one snapshot: Quartz commits a hand-over before it is noted here and
    /// forgets a job after its end is noted here.
    /// </summary>
    public async Task<long[]> LostAsync(string scheduler, string group, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<long>(new CommandDefinition("""
            select o.id from jobs.outbox o
            where o.state in ('handed', 'running') and o.relay_at is null
              and not exists (
                select from jobs.qrtz_triggers t where t.sched_name = @scheduler and t.job_group = @group and t.job_name = o.id::text and t.trigger_state <> 'ERROR')
              and not exists (
                select from jobs.qrtz_fired_triggers f where f.sched_name = @scheduler and f.job_group = @group and f.job_name = o.id::text)
            limit 1000
            """, new { scheduler, group }, cancellationToken: cancellation))];
    }

    /// <summary>Lets a relay take these again.</summary>
    public async Task ReleaseAsync(long[] ids, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition("""
            update jobs.outbox set state = 'queued', relay_at = now()
            where id = any(@ids) and state in ('handed', 'running') and relay_at is null
            """, new { ids }, cancellationToken: cancellation));
    }

    /// <summary>Queues a dead letter again, with all its attempts before it. False: it is not a dead letter, or its schedule has a run waiting.</summary>
    public async Task<bool> RequeueAsync(long id, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        try
        {
            return await connection.ExecuteAsync(new CommandDefinition("""
                update jobs.outbox set state = 'queued', attempts = 0, run_at = now(), relay_at = now(), finished_at = null
                where id = @id and state = 'dead'
                """, new { id }, cancellationToken: cancellation)) == 1;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
    }

    private static string Cut(string error)
    {
        // PostgreSQL's text holds no NUL, and a lone surrogate, also one that the cut leaves, is no UTF-8: each becomes U+FFFD.
        var cut = error.Length <= MaxErrorLength ? error : error[..MaxErrorLength];
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(cut.Replace('\0', '\uFFFD')));
    }
}
