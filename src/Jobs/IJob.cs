namespace Backend.Jobs;

/// <summary>
/// A piece of background work: a plain class with one method, made by the container for each run (in a scope of its own), registered with
/// <see cref="JobServices.AddJob{TJob, TArguments}"/>. It runs <b>at least once</b>: a run that was cut off (killed process, lost
/// connection) is repeated, so what it does must be idempotent, by <see cref="JobRun.Id"/> where nothing better is at hand.
/// </summary>
/// <typeparam name="TArguments">A record that System.Text.Json writes and reads; it names the job, so it belongs to one job only.</typeparam>
public interface IJob<in TArguments>
    where TArguments : class
{
    /// <summary>Does the work. Any exception means: try again later, and in the end keep it as a dead letter.</summary>
    /// <param name="arguments">What was enqueued.</param>
    /// <param name="run">Which run this is.</param>
    /// <param name="cancellation">
    /// Set when the job's time is up (<see cref="JobPolicy.Timeout"/>), or when the process stops and the job did not end within the
    /// grace period; in the second case it is queued again and the attempt does not count.
    /// </param>
    Task RunAsync(TArguments arguments, JobRun run, CancellationToken cancellation);
}

/// <summary>A run of a job.</summary>
/// <param name="Id">The job's id: the same in every attempt.</param>
/// <param name="Attempt">1 for the first attempt.</param>
public sealed record JobRun(long Id, int Attempt);
