using Backend.Data.Catalog;
using Backend.Jobs.Outbox;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Quartz;

namespace Backend.Jobs.Running;

/// <summary>
/// Runs jobs in this process: starts Quartz, feeds it from the outbox, looks after what was lost, and on a stop lets running jobs end.
/// A database that is not there (yet) is waited for; enqueuing does not depend on this. While writes are closed (<see cref="WriteSwitch"/>) nothing runs: the
/// server that is being left does the work.
/// </summary>
internal sealed class JobServer(
    SchedulerRecipe recipe, Relay relay, RecurringSchedule recurring, RelaySignal signal, LiveCatalog catalog, IOptions<JobsOptions> options, TimeProvider time, ILogger<JobServer> logger)
    : BackgroundService
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Maintenance = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _interrupt = new();
    private IScheduler? _scheduler;

    /// <summary>How this process is called in the history.</summary>
    public string Node { get; } = $"{Environment.MachineName}/{Environment.ProcessId}";

    /// <summary>Whether jobs are being run, or need not be.</summary>
    public bool IsRunning => !options.Value.Enabled || IsPaused || _scheduler is { Status: SchedulerStatus.Running };

    /// <summary>Whether jobs wait because writes are closed.</summary>
    public bool IsPaused => catalog.Current.WritesClosed;

    /// <summary>Quartz, once it runs.</summary>
    public IScheduler? Scheduler => _scheduler;

    /// <summary>Cancelled when the process stops and its grace period is over.</summary>
    public CancellationToken Interrupted => _interrupt.Token;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // First no new jobs: the relay ends before Quartz does.
        await base.StopAsync(cancellationToken);
        if (_scheduler is null)
            return;
        var stopped = _scheduler.Shutdown(waitForJobsToComplete: true, CancellationToken.None).AsTask();
        var grace = Task.Delay(options.Value.StopGrace, time, cancellationToken);
        if (await Task.WhenAny(stopped, grace) != stopped)
        {
            Log.Interrupting(logger);
            await _interrupt.CancelAsync();
        }

        await stopped.WaitAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _interrupt.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.Enabled)
            return;
        await Task.Yield();
        while (_scheduler is null && !stoppingToken.IsCancellationRequested)
            await TryAsync(StartQuartzAsync, stoppingToken);

        var maintained = long.MinValue;
        while (!stoppingToken.IsCancellationRequested)
        {
            await TryAsync(async cancellation =>
            {
                if (!await MayRunAsync(cancellation))
                {
                    await signal.WaitAsync(Sweep, cancellation);
                    return;
                }

                var due = maintained == long.MinValue || time.GetElapsedTime(maintained) >= Maintenance;
                if (signal.TakeReschedule() || due)
                    await recurring.ApplyAsync(_scheduler!, cancellation);
                if (due)
                {
                    await relay.RecoverAsync(_scheduler!, cancellation);
                    maintained = time.GetTimestamp();
                }

                await relay.RunAsync(_scheduler!, cancellation);
                await signal.WaitAsync(Sweep, cancellation);
            }, stoppingToken);
        }
    }

    // In standby Quartz fires nothing, and takes over nothing from processes that died.
    private async Task<bool> MayRunAsync(CancellationToken cancellation)
    {
        var closed = (await catalog.GetAsync(cancellation)).WritesClosed;
        if (closed && _scheduler!.Status == SchedulerStatus.Running)
        {
            Log.Paused(logger);
            await _scheduler.Standby(cancellation);
        }
        else if (!closed && _scheduler!.Status != SchedulerStatus.Running)
        {
            Log.Resumed(logger);
            await _scheduler.Start(cancellation);
        }

        return !closed;
    }

    private async Task StartQuartzAsync(CancellationToken cancellation) =>
        _scheduler = await recipe.StartAsync(options.Value, cancellation);

    private async Task TryAsync(Func<CancellationToken, Task> work, CancellationToken stopping)
    {
        try
        {
            await work(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            // Whatever it is, requests are answered all the same, and most of what it can be passes (a database that is away).
            Log.RelayFailed(logger, e);
            await Task.Delay(Retry, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
