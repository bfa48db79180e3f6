namespace Backend.Data.Tests.Accounts;

/// <summary>The system's clock, set ahead by a test.</summary>
internal sealed class MovedTime : TimeProvider
{
    public TimeSpan Ahead { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;
}
