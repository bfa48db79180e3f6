using System.Text.Json;
using Backend.Jobs.Outbox;
using Npgsql;
using Quartz;

namespace Backend.Jobs;

/// <summary>
/// Where work is put that is to be done later: durable in PostgreSQL, done at least once, by any process. A job that concerns rows is
/// enqueued in their transaction: it exists if and only if they do.
/// </summary>
public sealed class JobQueue
{
    private readonly OutboxTable _outbox;
    private readonly RecurringTable _recurring;
    private readonly JobRegistry _registry;
    private readonly RelaySignal _signal;

    internal JobQueue(OutboxTable outbox, RecurringTable recurring, JobRegistry registry, RelaySignal signal)
    {
        _outbox = outbox;
        _recurring = recurring;
        _registry = registry;
        _signal = signal;
    }

    /// <summary>Enqueues a job, to be done as soon as possible. Returns its id.</summary>
    public Task<long> EnqueueAsync<TArguments>(TArguments arguments, CancellationToken cancellation = default)
        where TArguments : class => AddAsync(null, arguments, null, cancellation);

    /// <summary>
    /// Enqueues a job in the caller's transaction and returns its id. It begins at most a second after the commit, at once when
    /// <see cref="Signal"/> is called then.
    /// </summary>
    public Task<long> EnqueueAsync<TArguments>(NpgsqlTransaction transaction, TArguments arguments, CancellationToken cancellation = default)
        where TArguments : class => AddAsync(transaction, arguments, null, cancellation);

    /// <summary>Enqueues a job that is to begin at a given time (or within a second after it). Returns its id.</summary>
    public Task<long> ScheduleAsync<TArguments>(TArguments arguments, DateTimeOffset at, CancellationToken cancellation = default)
        where TArguments : class => AddAsync(null, arguments, at, cancellation);

    /// <summary>The same in the caller's transaction.</summary>
    public Task<long> ScheduleAsync<TArguments>(NpgsqlTransaction transaction, TArguments arguments, DateTimeOffset at, CancellationToken cancellation = default)
        where TArguments : class => AddAsync(transaction, arguments, at, cancellation);

    /// <summary>
    /// Adds or changes a job that runs by the clock. A run begins only when the one before has ended; runs that were missed are made up for
    /// by one. Jobs that are always there are registered with <see cref="JobServices.AddRecurringJob{TArguments}"/> instead.
    /// </summary>
    /// <param name="name">Names the schedule.</param>
    /// <param name="cron">Quartz's cron format (seconds, minutes, hours, day of month, month, day of week), in UTC.</param>
    /// <param name="arguments">What each run gets.</param>
    /// <param name="cancellation">Cancels the call.</param>
    /// <exception cref="FormatException">The cron expression is wrong.</exception>
    public async Task RecurAsync<TArguments>(string name, string cron, TArguments arguments, CancellationToken cancellation = default)
        where TArguments : class
    {
        if (!CronExpression.TryParse(cron, out _))
            throw new FormatException($"Not a cron expression: {cron}");
        await _recurring.SetAsync(name, _registry.For(typeof(TArguments)).Name, Json(arguments), cron, declared: false, cancellation);
        _signal.Reschedule();
    }

    /// <summary>Ends a schedule that <see cref="RecurAsync"/> made. A run that has begun goes on.</summary>
    public async Task StopRecurringAsync(string name, CancellationToken cancellation = default)
    {
        await _recurring.RemoveAsync(name, cancellation);
        _signal.Reschedule();
    }

    /// <summary>Says that a transaction with a job in it has been committed. Optional: without it the job begins within a second.</summary>
    public void Signal() => _signal.Set();

    internal static string Json<TArguments>(TArguments arguments) => JsonSerializer.Serialize(arguments, arguments!.GetType(), JsonSerializerOptions.Web);

    private async Task<long> AddAsync<TArguments>(NpgsqlTransaction? transaction, TArguments arguments, DateTimeOffset? at, CancellationToken cancellation)
        where TArguments : class
    {
        var id = await _outbox.AddAsync(transaction, _registry.For(typeof(TArguments)).Name, Json(arguments), at, cancellation);
        if (transaction is null && at is null)
            _signal.Set();
        return id;
    }
}
