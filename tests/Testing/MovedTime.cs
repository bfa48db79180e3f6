namespace Backend.Testing;

/// <summary>The system's clock, set ahead by a test.</summary>
public sealed class MovedTime : TimeProvider
{
    /// <summary>By how much; zero at first.</summary>
    public TimeSpan Ahead { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;
}
