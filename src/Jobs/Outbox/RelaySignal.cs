namespace Backend.Jobs.Outbox;

/// <summary>Wakes the relay of this process. Any number of calls before it looks are one.</summary>
internal sealed class RelaySignal : IDisposable
{
    private readonly SemaphoreSlim _semaphore = new(0, 1);
    private int _reschedule = 1;

    public void Set()
    {
        // Two callers at once may both find it unset: the second release is refused, which is as good.
        try
        {
            if (_semaphore.CurrentCount == 0)
                _semaphore.Release();
        }
        catch (SemaphoreFullException)
        {
        }
    }

    /// <summary>Asks for a look at the recurring jobs as well.</summary>
    public void Reschedule()
    {
        Volatile.Write(ref _reschedule, 1);
        Set();
    }

    public bool TakeReschedule() => Interlocked.Exchange(ref _reschedule, 0) == 1;

    public Task WaitAsync(TimeSpan atMost, CancellationToken cancellation) => _semaphore.WaitAsync(atMost, cancellation);

    public void Dispose() => _semaphore.Dispose();
}
