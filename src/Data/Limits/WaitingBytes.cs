namespace Backend.Data.Limits;

/// <summary>
/// The memory for answers that have been read from the database faster than their clients take them. While there is some, a slow client holds no connection to
/// the database; without, its rows are read as it takes them. One for the process, thread-safe.
/// </summary>
public static class WaitingBytes
{
    /// <summary>The most of one answer.</summary>
    public const int MostOfOne = 4 * 1024 * 1024;

    /// <summary>The most of all answers together.</summary>
    public const long MostOfAll = 64 * 1024 * 1024;

    /// <summary>
    /// So long a client may take for what was sent before it counts as slow. One that is only busy gets its answer piece by piece, which costs least.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private static long _taken;

    /// <summary>Whether what is being sent is taken soon. False: its client is slow.</summary>
    /// <param name="sending">The flush of the answer.</param>
    public static async ValueTask<bool> IsTakenSoonAsync(Task sending)
    {
        try
        {
            await sending.WaitAsync(Patience);
            return true;
        }
        catch (TimeoutException) when (!sending.IsFaulted)
        {
            return false;
        }
    }

    /// <summary>Takes some; false: nothing was taken, since there is not so much left.</summary>
    public static bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= MostOfAll)
            return true;
        Give(bytes);
        return false;
    }

    /// <summary>Gives it back.</summary>
    public static void Give(int bytes) => Interlocked.Add(ref _taken, -bytes);
}
