using Microsoft.Extensions.Logging;

namespace Backend.Jobs;

/// <summary>Every log line of this project. No arguments, addresses or messages of failed jobs: those stand in the job's row.</summary>
internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Warning, "Job {Job} {Id}: attempt {Attempt} failed with {Exception}, next one in {Pause}.")]
    public static partial void JobFailed(ILogger logger, string job, long id, int attempt, string exception, TimeSpan pause);

    [LoggerMessage(2002, LogLevel.Error, "Job {Job} {Id} is a dead letter after {Attempts} attempts; the last ended with {Exception}.")]
    public static partial void JobDead(ILogger logger, string job, long id, int attempts, string exception);

    [LoggerMessage(2003, LogLevel.Information, "Job {Id} was handed over again but needs no run.")]
    public static partial void JobSkipped(ILogger logger, long id);

    [LoggerMessage(2004, LogLevel.Information, "Job {Job} {Id} was interrupted by the stop of this process and is queued again.")]
    public static partial void JobInterrupted(ILogger logger, string job, long id);

    [LoggerMessage(2005, LogLevel.Warning, "The end of job {Id} could not be noted; trying again.")]
    public static partial void EndNotNoted(ILogger logger, long id, Exception exception);

    [LoggerMessage(2006, LogLevel.Warning, "{Count} jobs were lost by the scheduler and are queued again.")]
    public static partial void JobsLost(ILogger logger, int count);

    [LoggerMessage(2007, LogLevel.Warning, "The relay of background jobs failed; trying again.")]
    public static partial void RelayFailed(ILogger logger, Exception exception);

    [LoggerMessage(2008, LogLevel.Warning, "Running jobs did not end in time for the stop of this process: interrupting them.")]
    public static partial void Interrupting(ILogger logger);

    [LoggerMessage(2009, LogLevel.Warning, "Rows of {Relation} cannot expire by {Column}: {Reason}")]
    public static partial void CannotExpire(ILogger logger, string relation, string column, string reason);

    [LoggerMessage(2010, LogLevel.Error, "Rows of {Relation} could not be deleted though their time is over.")]
    public static partial void ExpirationFailed(ILogger logger, string relation, Exception exception);

    [LoggerMessage(2011, LogLevel.Error, "Schedule {Name} in jobs.recurring has no cron expression that Quartz understands and does not run.")]
    public static partial void NoCronExpression(ILogger logger, string name);

    [LoggerMessage(2012, LogLevel.Information, "Writes are closed: jobs and schedules wait until they are open again.")]
    public static partial void Paused(ILogger logger);

    [LoggerMessage(2013, LogLevel.Information, "Writes are open: jobs and schedules go on.")]
    public static partial void Resumed(ILogger logger);
}
