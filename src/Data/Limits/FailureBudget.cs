namespace Backend.Data.Limits;

/// <summary>
/// How many failures a process writes to its log with all that belongs to them: when every request fails (a full disk, a broken migration), the
/// first of each spell say what there is to say, and a thousand a second more would fill the disk. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
public sealed class FailureBudget(TimeProvider time)
{
    /// <summary>Failures that are written in each spell.</summary>
    public const int PerSpell = 20;

    /// <summary>How long a spell lasts.</summary>
    public static readonly TimeSpan Spell = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long _start = time.GetTimestamp();
    private int _written;
    private long _left;

    /// <summary>Whether this failure is to be written, and how many before it were not.</summary>
    public bool TryTake(out long leftOut)
    {
        lock (_lock)
        {
            if (time.GetElapsedTime(_start) >= Spell)
            {
                _start = time.GetTimestamp();
                _written = 0;
            }

            if (_written >= PerSpell)
            {
                _left++;
                leftOut = 0;
                return false;
            }

            _written++;
            leftOut = _left;
            _left = 0;
            return true;
        }
    }
}
