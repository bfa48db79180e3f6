using System.Globalization;
using Backend.Jobs.Outbox;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Quartz;

namespace Backend.Jobs.Running;

/// <summary>
/// What Quartz runs for a row of the outbox. Quartz's tables hold this class's full name: renaming it strands the jobs handed over.
/// Everything that can go wrong with a job is dealt with here; to Quartz each run is a success.
/// </summary>
internal sealed class OutboxJob(OutboxTable outbox, JobRegistry registry, JobServer server, IServiceScopeFactory scopes, TimeProvider time, ILogger<OutboxJob> logger)
    : IJob
{
    private static readonly TimeSpan[] PausesBetweenNotes = [TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)];

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellation)
    {
        var id = long.Parse(context.JobDetail.Key.Name, CultureInfo.InvariantCulture);
        if (server.IsPaused)
        {
            // Writes were closed after the hand-over.
            await NoteAsync(id, () => outbox.ReleaseAsync([id], CancellationToken.None));
            return;
        }

        if (await outbox.StartAsync(id, server.Node, CancellationToken.None) is not { } started)
        {
            Log.JobSkipped(logger, id);
            return;
        }

        var job = registry.Find(started.Job);
        var policy = job?.Policy ?? JobPolicy.Default;
        if (started.Attempts > policy.MaxAttempts)
        {
            // The count goes up when an attempt starts, so a job that takes the process down with it does not do so for ever.
            Log.JobDead(logger, started.Job, id, started.Attempts - 1, "cut off");
            await NoteAsync(id, () => outbox.DeadAsync(id, started.Attempts, "The process ended during each of the last attempts.", CancellationToken.None));
            return;
        }

        using var timeout = new CancellationTokenSource(policy.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, server.Interrupted);
        try
        {
            if (job is null)
                throw new InvalidOperationException($"This program has no job named {started.Job}.");
            await using var scope = scopes.CreateAsyncScope();
            await job.RunAsync(scope.ServiceProvider, started.Arguments ?? "null", new JobRun(id, started.Attempts), either.Token);
        }
        catch (Exception) when (server.Interrupted.IsCancellationRequested)
        {
            Log.JobInterrupted(logger, started.Job, id);
            await NoteAsync(id, () => outbox.PutBackAsync(id, started.Attempts, CancellationToken.None));
            return;
        }
        catch (Exception e)
        {
            // Any failure of a job is the job's: noted with the row, tried again, kept in the end.
            var error = timeout.IsCancellationRequested ? $"Not done within {policy.Timeout}. {e.Message}" : $"{e.GetType().Name}: {e.Message}";
            await FailedAsync(id, started, policy, e, error);
            return;
        }

        await NoteAsync(id, () => outbox.DoneAsync(id, CancellationToken.None));
    }

    private async Task FailedAsync(long id, StartedJob started, JobPolicy policy, Exception exception, string error)
    {
        var type = exception.GetType().Name;
        if (started.Attempts >= policy.MaxAttempts || exception is PermanentFailureException)
        {
            Log.JobDead(logger, started.Job, id, started.Attempts, type);
            await NoteAsync(id, () => outbox.DeadAsync(id, started.Attempts, error, CancellationToken.None));
            return;
        }

        var pause = policy.PauseAfter(started.Attempts, Random.Shared);
        Log.JobFailed(logger, started.Job, id, started.Attempts, type, pause);
        await NoteAsync(id, () => outbox.RetryAsync(id, started.Attempts, pause, error, CancellationToken.None));
    }

    // A job that was done but not noted as such is done again, so a short trouble with the database is worth waiting for.
    private async Task NoteAsync(long id, Func<Task> note)
    {
        foreach (var pause in PausesBetweenNotes)
        {
            try
            {
                await note();
                return;
            }
            catch (NpgsqlException e)
            {
                Log.EndNotNoted(logger, id, e);
                await Task.Delay(pause, time);
            }
        }

        await note();
    }
}
