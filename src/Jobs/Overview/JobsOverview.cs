using Backend.Jobs.Outbox;
using Dapper;
using Npgsql;
using Quartz;

namespace Backend.Jobs.Overview;

/// <summary>What an administrator sees of background work, of all processes, and what he can do about it.</summary>
public sealed class JobsOverview
{
    /// <summary>How many jobs of a kind a report lists.</summary>
    public const int ListLimit = 50;

    private const string Columns = """
        id as Id, job as Job, recurring as Recurring, state as State, attempts as Attempts, enqueued_at as EnqueuedAt, run_at as RunAt,
        started_at as StartedAt, finished_at as FinishedAt, node as Node, error as Error
        """;

    private readonly NpgsqlDataSource _database;
    private readonly OutboxTable _outbox;
    private readonly RelaySignal _signal;

    internal JobsOverview(NpgsqlDataSource database, OutboxTable outbox, RelaySignal signal)
    {
        _database = database;
        _outbox = outbox;
        _signal = signal;
    }

    /// <summary>Reads everything, as of one moment.</summary>
    public async Task<JobsReport> ReadAsync(CancellationToken cancellation = default)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellation);
        var at = await connection.QuerySingleAsync<DateTime>(Command("select now()"));
        var running = await ListAsync("state in ('handed', 'running') and state = 'running'", "started_at");
        var waiting = await ListAsync("(relay_at is not null or state in ('handed', 'running') and state = 'handed')", "run_at");
        var failed = await ListAsync("state = 'dead'", "finished_at desc");
        var done = await ListAsync("state = 'done' and recurring is null", "finished_at desc");
        var schedules = await connection.QueryAsync<Schedule>(Command("select name as Name, job as Job, cron as Cron from jobs.recurring order by name"));
        var last = (await connection.QueryAsync<JobEntry>(Command($"""
            select l.* from jobs.recurring r
            cross join lateral (select {Columns} from jobs.outbox o where o.recurring = r.name order by o.id desc limit 1) l
            """))).ToDictionary(run => run.Recurring!);
        await transaction.CommitAsync(cancellation);
        return new JobsReport(at, running, waiting, failed, done, [.. schedules.Select(s => Entry(s, at, last.GetValueOrDefault(s.Name)))]);

        CommandDefinition Command(string sql) => new(sql, transaction: transaction, cancellationToken: cancellation);

        async Task<JobList> ListAsync(string condition, string order)
        {
            var jobs = await connection.QueryAsync<JobEntry>(Command($"select {Columns} from jobs.outbox where {condition} order by {order} limit {ListLimit}"));
            var list = jobs.AsList();
            var total = list.Count < ListLimit ? list.Count : await connection.QuerySingleAsync<long>(Command($"select count(*) from jobs.outbox where {condition}"));
            return new JobList(list, total);
        }
    }

    /// <summary>
    /// Queues a dead letter again, with as many attempts as a new job has. False: it is not a dead letter (any more), or it is a run of a
    /// schedule whose next run waits already.
    /// </summary>
    public async Task<bool> RequeueAsync(long id, CancellationToken cancellation = default)
    {
        if (!await _outbox.RequeueAsync(id, cancellation))
            return false;
        _signal.Set();
        return true;
    }

    private static RecurringEntry Entry(Schedule schedule, DateTime now, JobEntry? last)
    {
        var next = CronExpression.TryParse(schedule.Cron, out _) ? new CronExpression(schedule.Cron, TimeZoneInfo.Utc).GetNextValidTimeAfter(now) : null;
        return new RecurringEntry(schedule.Name, schedule.Job, schedule.Cron, next, last);
    }

    private sealed record Schedule(string Name, string Job, string Cron);
}
