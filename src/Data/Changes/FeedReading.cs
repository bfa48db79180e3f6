namespace Backend.Data.Changes;

/// <summary>What reading the feed gave: the next changes, or the word that the position is of no use any more.</summary>
public abstract record FeedReading
{
    private FeedReading()
    {
    }

    /// <summary>The next changes.</summary>
    /// <param name="Changes">In the order of their sequence; none: nothing has been committed since.</param>
    /// <param name="Position">Where to go on. Keep it together with what was made of the changes.</param>
    /// <param name="IsComplete">Whether everything that was committed when reading began has been read now; otherwise read on at once.</param>
    public sealed record Batch(IReadOnlyList<RowChange> Changes, FeedPosition Position, bool IsComplete) : FeedReading;

    /// <summary>The changes after the position are not all there: read the tables themselves, from a new position on.</summary>
    /// <param name="Reason">Why.</param>
    /// <param name="Message">The same as a sentence.</param>
    public sealed record StartAgain(StartAgainReason Reason, string Message) : FeedReading;
}

/// <summary>Why a position is of no use.</summary>
public enum StartAgainReason
{
    /// <summary>It is from another cluster or database: a restored copy, for example, or one that was set back to an earlier time.</summary>
    OtherDatabase,

    /// <summary>It is older than what the feed keeps (<see cref="FeedOptions.Retention"/>).</summary>
    Purged,

    /// <summary>A table was not, or not yet, listened to at that time.</summary>
    NotListened,
}
