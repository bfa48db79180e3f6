namespace Backend.Jobs;

/// <summary>How often and how long a job is tried.</summary>
public sealed record JobPolicy
{
    /// <summary>The default: 10 attempts over about six hours, five minutes each.</summary>
    public static JobPolicy Default { get; } = new();

    /// <summary>Attempts until the job becomes a dead letter.</summary>
    public int MaxAttempts { get; init; } = 10;

    /// <summary>The pause after the first failure; it doubles with each further one.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The longest pause.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromHours(2);

    /// <summary>How long one attempt may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The pause after a failed attempt: exponential, of which a random half is taken away, so that jobs that failed together (a mail server
    /// that was down) do not come back together.
    /// </summary>
    internal TimeSpan PauseAfter(int attempt, Random random)
    {
        var full = Math.Min(LongestPause.TotalMilliseconds, FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 1, 40)));
        return TimeSpan.FromMilliseconds(full * (0.5 + random.NextDouble() / 2));
    }
}
