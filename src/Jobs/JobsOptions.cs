namespace Backend.Jobs;

/// <summary>How background jobs run: section <c>Jobs</c>.</summary>
public sealed class JobsOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Jobs";

    /// <summary>Whether this process runs jobs (default) or only enqueues them for others.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How many jobs this process runs at a time.</summary>
    public int Workers { get; set; } = 4;

    /// <summary>How long a stopping process waits for its running jobs before it cancels and re-queues them. Below the host's shutdown time-out (20 s).</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// After how long without a sign of life the other processes take a process for dead and run its cut-off jobs again. A process that merely
    /// pauses for longer has its jobs run twice.
    /// </summary>
    public TimeSpan DeadAfter { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long finished jobs stay visible.</summary>
    public TimeSpan KeepHistory { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long finished runs of recurring jobs stay visible.</summary>
    public TimeSpan KeepRecurringHistory { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How long dead letters can be queued again.</summary>
    public TimeSpan KeepDeadLetters { get; set; } = TimeSpan.FromDays(90);

    internal string? Mistake() => this switch
    {
        { Workers: < 1 or > 100 } => "Jobs:Workers must be between 1 and 100.",
        { StopGrace.Ticks: < 0 } => "Jobs:StopGrace must not be negative.",
        { DeadAfter.TotalSeconds: < 2 } => "Jobs:DeadAfter must be at least 2 seconds.",
        { KeepHistory.Ticks: < 0 } or { KeepRecurringHistory.Ticks: < 0 } or { KeepDeadLetters.Ticks: < 0 } => "Jobs:Keep… must not be negative.",
        _ => null,
    };
}
