namespace Backend.Jobs;

/// <summary>Thrown by a job that would fail the same way each time: it becomes a dead letter at once.</summary>
public sealed class PermanentFailureException : Exception
{
    /// <summary>Says why.</summary>
    public PermanentFailureException(string message)
        : base(message)
    {
    }

    /// <summary>Says why, and what was behind it.</summary>
    public PermanentFailureException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
