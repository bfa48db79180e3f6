using System.Threading.Channels;
using Backend.MongoImport.Live;

namespace Backend.MongoImport.Following;

/// <summary>
/// Reads changes while others are applied, and hands over what has gathered: under load the batches grow, up to bounds. A source that is lost is tried again for
/// as long as it takes.
/// </summary>
internal sealed class ChangePump : IAsyncDisposable
{
    private const int MostChanges = 5_000;
    private const long MostBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly ChangeSource _source;
    private readonly Action<string> _say;
    private readonly Channel<ChangeBatch> _read = Channel.CreateBounded<ChangeBatch>(16);
    private readonly CancellationTokenSource _stop;
    private readonly Task _reading;
    private ChangeBatch? _held;
    private int _waiting;

    /// <summary>Begins to read.</summary>
    public ChangePump(ChangeSource source, Action<string> say, CancellationToken stop)
    {
        _source = source;
        _say = say;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _reading = Task.Run(ReadAsync, CancellationToken.None);
    }

    /// <summary>Changes that were read and not handed over yet.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>The next changes together; empty when there are none right now; null when there will never be any more.</summary>
    /// <exception cref="HistoryLostException">The source no longer has them.</exception>
    public async Task<ChangeBatch?> TakeAsync(CancellationToken stop)
    {
        if (Interlocked.Exchange(ref _held, null) is not { } first)
        {
            if (!await _read.Reader.WaitToReadAsync(stop))
            {
                await _reading;
                return null;
            }
            _read.Reader.TryRead(out first!);
        }
        var events = new List<ChangeEvent>(first.Events);
        var position = first.Position;
        var bytes = events.Sum(Size);
        while (!first.Alone && _read.Reader.TryRead(out var next))
        {
            var more = next.Events.Sum(Size);
            if (next.Alone && events.Count == 0)
            {
                Interlocked.Add(ref _waiting, -next.Events.Count);
                return next;
            }
            if (next.Alone || (events.Count > 0 && next.Events.Count > 0 && (events.Count + next.Events.Count > MostChanges || bytes + more > MostBytes)))
            {
                _held = next;
                break;
            }
            events.AddRange(next.Events);
            bytes += more;
            position = next.Position;
        }
        Interlocked.Add(ref _waiting, -events.Count);
        return new ChangeBatch(events, position);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading.ContinueWith(_ => { }, TaskScheduler.Default);
        _stop.Dispose();
    }

    private static long Size(ChangeEvent change) => 200 + (change.Document?.Length ?? 0);

    private async Task ReadAsync()
    {
        var pause = FirstPause;
        var lost = false;
        try
        {
            while (true)
            {
                try
                {
                    if (await _source.ReadAsync(_stop.Token) is not { } batch)
                    {
                        _read.Writer.Complete();
                        return;
                    }
                    if (lost)
                    {
                        _say("The source is back.");
                        (lost, pause) = (false, FirstPause);
                    }
                    Interlocked.Add(ref _waiting, batch.Events.Count);
                    await _read.Writer.WriteAsync(batch, _stop.Token);
                }
                catch (SourceLostException e)
                {
                    lost = true;
                    _say($"{e.Message} Once more in {pause.TotalSeconds:0.#} s.");
                    await Task.Delay(pause, _stop.Token);
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                }
            }
        }
        catch (Exception e)
        {
            // Whoever takes the next changes is told.
            _read.Writer.TryComplete(e);
            throw;
        }
    }
}
