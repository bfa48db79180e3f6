using System.Globalization;
using Backend.MongoImport.Live;

namespace Backend.MongoImport.Following;

/// <summary>How far a follow has come: one line that is written over on a terminal, a line every few seconds elsewhere.</summary>
/// <param name="to">Where it goes.</param>
/// <param name="terminal">Whether that is a terminal.</param>
internal sealed class FollowLine(TextWriter to, bool terminal)
{
    private readonly Lock _lock = new();
    private readonly TimeSpan _pause = terminal ? TimeSpan.FromMilliseconds(250) : TimeSpan.FromSeconds(5);
    private long _changes;
    private long _shownChanges;
    private long _shownAt;
    private int _width;
    private TimeSpan _worst;

    /// <summary>The greatest lag since it was asked for the last time: how long after it happened the last change of a batch was applied.</summary>
    public TimeSpan TakeWorst()
    {
        lock (_lock)
        {
            var worst = _worst;
            _worst = TimeSpan.Zero;
            return worst;
        }
    }

    /// <summary>Changes applied since the first follow.</summary>
    public long Changes => Interlocked.Read(ref _changes);

    /// <summary>It begins, with so many changes applied already.</summary>
    public void Begin(long changes)
    {
        _changes = _shownChanges = changes;
        _shownAt = Environment.TickCount64;
        Say($"Following; {changes.ToString("N0", CultureInfo.InvariantCulture)} changes were applied before. Both APIs answer writes with 503.");
    }

    /// <summary>A sentence for the operator.</summary>
    public void Say(string sentence)
    {
        lock (_lock)
        {
            Clear();
            to.WriteLine(sentence);
        }
    }

    /// <summary>Changes were applied.</summary>
    public void Applied(IReadOnlyList<ChangeEvent> events, int waiting)
    {
        Interlocked.Add(ref _changes, events.Count);
        var lag = events[^1].At is { } at ? DateTimeOffset.UtcNow - at : TimeSpan.Zero;
        lock (_lock)
        {
            _worst = lag > _worst ? lag : _worst;
        }
        Show($"{Math.Max(0, lag.TotalSeconds).ToString("0.0", CultureInfo.InvariantCulture)} s behind, {waiting} changes waiting");
    }

    /// <summary>Nothing has come.</summary>
    public void Quiet() => Show("caught up");

    /// <summary>It ends.</summary>
    public void End(IReadOnlyDictionary<string, long> ignored)
    {
        lock (_lock)
        {
            Clear();
            to.WriteLine($"{Changes.ToString("N0", CultureInfo.InvariantCulture)} changes applied.");
            foreach (var (collection, count) in ignored.OrderBy(i => i.Key, StringComparer.Ordinal))
            {
                to.WriteLine($"  {collection}: {count} changes left out, as the import leaves the collection out.");
            }
        }
    }

    private void Show(string where)
    {
        lock (_lock)
        {
            var now = Environment.TickCount64;
            var elapsed = TimeSpan.FromMilliseconds(now - _shownAt);
            if (elapsed < _pause)
            {
                return;
            }
            var rate = (Changes - _shownChanges) / elapsed.TotalSeconds;
            (_shownAt, _shownChanges) = (now, Changes);
            var line = string.Create(CultureInfo.InvariantCulture, $"{DateTime.Now:HH:mm:ss}  {Changes:N0} changes, {rate:0} a second, {where}");
            if (terminal)
            {
                to.Write("\r" + line.PadRight(_width));
                _width = line.Length;
            }
            else
            {
                to.WriteLine(line);
            }
        }
    }

    private void Clear()
    {
        if (_width > 0)
        {
            to.Write("\r" + new string(' ', _width) + "\r");
            _width = 0;
        }
    }
}
