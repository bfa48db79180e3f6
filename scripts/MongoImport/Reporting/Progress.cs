using System.Globalization;

namespace Backend.MongoImport.Reporting;

/// <summary>
/// Says how far the work is: on a terminal one line with a bar that renews itself, elsewhere plain lines now and then. Each tells the documents, the
/// share, the rate over the last seconds and the time left, as far as these are known.
/// </summary>
internal sealed class Progress : IDisposable
{
    private const int BarWidth = 24;
    private const int Samples = 8;
    private static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan InLines = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestGuess = TimeSpan.FromDays(9);

    private readonly TextWriter _output;
    private readonly bool _terminal;
    private readonly int _columns;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly ITimer _timer;
    private readonly Queue<(TimeSpan At, long Done)> _samples = new();
    private string _phase = "";
    private long _done;
    private long _total;
    private long _bytes;
    private long _totalBytes;
    private int _indexes;
    private int _built;
    private int _width;

    /// <summary>Begins to tell.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="terminal">Whether a line can be renewed there.</param>
    /// <param name="time">The clock.</param>
    /// <param name="columns">The terminal's width; null: as it says.</param>
    public Progress(TextWriter output, bool terminal, TimeProvider? time = null, int? columns = null)
    {
        _output = output;
        _terminal = terminal;
        _columns = columns ?? (terminal ? Math.Max(Console.WindowWidth, 40) : int.MaxValue);
        _time = time ?? TimeProvider.System;
        _start = _time.GetTimestamp();
        var every = terminal ? OnTerminal : InLines;
        _timer = _time.CreateTimer(_ => Show(), null, every, every);
    }

    public TimeSpan Elapsed => _time.GetElapsedTime(_start);

    /// <summary>Begins a phase.</summary>
    /// <param name="phase">What is being done.</param>
    /// <param name="total">Documents in all; 0 when not known.</param>
    /// <param name="bytes">Their bytes in all, by which the share is told when the number of documents is not known; 0: nor are these.</param>
    public void Begin(string phase, long total = 0, long bytes = 0)
    {
        lock (_output)
        {
            Wipe();
            _phase = phase;
            (_done, _total, _bytes, _totalBytes) = (0, total, 0, bytes);
            (_indexes, _built) = (0, 0);
            _samples.Clear();
            _samples.Enqueue((Elapsed, 0));
            if (!_terminal)
            {
                _output.WriteLine($"{Seconds()} {phase}{(total > 0 ? $": {N(total)} documents" : "")}");
            }
        }
    }

    /// <summary>So many documents more were done.</summary>
    public void Loaded(long documents, long bytes = 0)
    {
        Interlocked.Add(ref _done, documents);
        Interlocked.Add(ref _bytes, bytes);
    }

    /// <summary>So many indexes will be built in this phase besides.</summary>
    public void Expect(int indexes) => Interlocked.Add(ref _indexes, indexes);

    /// <summary>An index is built.</summary>
    public void Built() => Interlocked.Increment(ref _built);

    /// <summary>A sentence that stays.</summary>
    public void Say(string sentence)
    {
        lock (_output)
        {
            Wipe();
            _output.WriteLine($"{Seconds()} {sentence}");
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        lock (_output)
        {
            Wipe();
        }
    }

    private void Show()
    {
        lock (_output)
        {
            var done = Interlocked.Read(ref _done);
            if (done == 0 && !_terminal)
            {
                return;
            }
            var (first, before) = _samples.Count > 0 ? _samples.Peek() : (TimeSpan.Zero, 0);
            var seconds = (Elapsed - first).TotalSeconds;
            var rate = seconds > 0 ? (done - before) / seconds : 0;
            _samples.Enqueue((Elapsed, done));
            if (_samples.Count > Samples)
            {
                _samples.Dequeue();
            }
            if (!_terminal)
            {
                _output.WriteLine($"{Seconds()} {_phase}: {string.Join(", ", Parts(done, rate))}");
                return;
            }
            var bar = Share(done) is { } share ? $" [{new string('#', (int)(share * BarWidth)).PadRight(BarWidth, '-')}]" : "";
            var line = $"{Seconds()} {_phase}{bar}{(done > 0 ? " " + string.Join(", ", Parts(done, rate)) : "")}";
            line = line.Length < _columns ? line : line[..(_columns - 1)];
            // Over the old line rather than after wiping it: nothing flickers.
            _output.Write("\r" + line.PadRight(_width));
            _width = line.Length;
        }
    }

    private IEnumerable<string> Parts(long done, double rate)
    {
        var share = Share(done);
        yield return (_total > 0 ? $"{N(done)} of {N(_total)}" : N(done)) + (share is { } known ? $" ({(int)(100 * known)} %)" : "");
        if (share is not >= 1 && rate > 0)
        {
            yield return $"{N((long)rate)}/s";
            if (share is { } part and > 0 && Left(done / part - done, rate) is { } left)
            {
                yield return $"{left} left";
            }
        }
        if (_indexes > 0)
        {
            yield return $"{_built} of {_indexes} indexes";
        }
    }

    // Of compressed files the bytes are more than was said: then nothing is known.
    private double? Share(long done) => _total > 0 ? Math.Min(1, (double)done / _total)
        : _totalBytes > 0 && Interlocked.Read(ref _bytes) is var bytes && bytes <= _totalBytes ? (double)bytes / _totalBytes : null;

    private static string? Left(double documents, double rate)
    {
        var seconds = Math.Ceiling(documents / rate);
        if (seconds > LongestGuess.TotalSeconds)
        {
            return null;
        }
        var left = TimeSpan.FromSeconds(seconds);
        return left.TotalHours >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)left.TotalHours}:{left.Minutes:00}:{left.Seconds:00}")
            : string.Create(CultureInfo.InvariantCulture, $"{left.Minutes}:{left.Seconds:00}");
    }

    private void Wipe()
    {
        if (_terminal && _width > 0)
        {
            _output.Write("\r" + new string(' ', _width) + "\r");
            _width = 0;
        }
    }

    private static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private string Seconds() => string.Create(CultureInfo.InvariantCulture, $"[{Elapsed.TotalSeconds,7:0.0} s]");
}
