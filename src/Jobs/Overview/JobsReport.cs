namespace Backend.Jobs.Overview;

/// <summary>A job as an administrator sees it: without its arguments, which may hold secrets.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Job">Its registered name.</param>
/// <param name="Recurring">The schedule that it is a run of, or null.</param>
/// <param name="State">queued, handed, running, done or dead.</param>
/// <param name="Attempts">How often it was started, the present time included.</param>
/// <param name="EnqueuedAt">When it was enqueued (UTC, as all times here).</param>
/// <param name="RunAt">When it is or was to run.</param>
/// <param name="StartedAt">When its last attempt began.</param>
/// <param name="FinishedAt">When it was done or given up.</param>
/// <param name="Node">Which process ran its last attempt: machine/process id.</param>
/// <param name="Error">What went wrong in the last attempt that failed.</param>
public sealed record JobEntry(
    long Id, string Job, string? Recurring, string State, int Attempts, DateTime EnqueuedAt, DateTime RunAt, DateTime? StartedAt, DateTime? FinishedAt, string? Node,
    string? Error);

/// <summary>A schedule as an administrator sees it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Job">The job that it runs.</param>
/// <param name="Cron">When, in Quartz's cron format.</param>
/// <param name="Next">When it runs next; null: never again.</param>
/// <param name="Last">Its last run, or null.</param>
public sealed record RecurringEntry(string Name, string Job, string Cron, DateTimeOffset? Next, JobEntry? Last);

/// <summary>Some jobs, and how many there are in all.</summary>
/// <param name="Jobs">The first ones.</param>
/// <param name="Total">All of them.</param>
public sealed record JobList(IReadOnlyList<JobEntry> Jobs, long Total);

/// <summary>What background work there is.</summary>
/// <param name="At">PostgreSQL's time.</param>
/// <param name="Running">Being run, longest first.</param>
/// <param name="Waiting">To be run as soon as there is a worker, or at their time; next first.</param>
/// <param name="Failed">Dead letters, newest first.</param>
/// <param name="Done">History of what was enqueued, newest first; the runs of schedules are not in it.</param>
/// <param name="Recurring">Schedules by name.</param>
public sealed record JobsReport(
    DateTime At, JobList Running, JobList Waiting, JobList Failed, JobList Done, IReadOnlyList<RecurringEntry> Recurring);
