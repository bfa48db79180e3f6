using System.Diagnostics;
using System.Globalization;

namespace Backend.MongoImport.Reporting;

/// <summary>Says how far the import is: one line that renews itself on a terminal, plain lines now and then elsewhere.</summary>
internal sealed class Progress : IDisposable
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan InLines = TimeSpan.FromSeconds(5);

    private readonly TextWriter _output;
    private readonly bool _terminal;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Timer _timer;
    private string _phase = "";
    private long _done;
    private long _total;
    private int _width;

    public Progress(TextWriter output, bool terminal)
    {
        _output = output;
        _terminal = terminal;
        var every = terminal ? OnTerminal : InLines;
        _timer = new Timer(_ => Show(), null, every, every);
    }

    public TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>Begins a phase.</summary>
    /// <param name="phase">What is being done.</param>
    /// <param name="total">Documents in all; 0 when not known.</param>
    public void Begin(string phase, long total = 0)
    {
        lock (_output)
        {
            _phase = phase;
            _done = 0;
            _total = total;
            if (!_terminal)
            {
                _output.WriteLine($"{Seconds()} {phase}{(total > 0 ? $": {total.ToString("N0", CultureInfo.InvariantCulture)} documents" : "")}");
            }
        }
    }

    /// <summary>So many documents more were done.</summary>
    public void Loaded(long documents) => Interlocked.Add(ref _done, documents);

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
            var line = $"{Seconds()} {_phase}{(done > 0 ? $": {done.ToString("N0", CultureInfo.InvariantCulture)}" : "")}{(_total > 0 && done > 0 ? $" of {_total.ToString("N0", CultureInfo.InvariantCulture)} ({100 * done / _total} %)" : "")}";
            if (_terminal)
            {
                Wipe();
                _output.Write(line);
                _width = line.Length;
            }
            else
            {
                _output.WriteLine(line);
            }
        }
    }

    private void Wipe()
    {
        if (_terminal && _width > 0)
        {
            _output.Write("\r" + new string(' ', _width) + "\r");
            _width = 0;
        }
    }

    private string Seconds() => string.Create(CultureInfo.InvariantCulture, $"[{_clock.Elapsed.TotalSeconds,7:0.0} s]");
}
