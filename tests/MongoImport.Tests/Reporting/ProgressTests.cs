using Backend.MongoImport.Reporting;

namespace Backend.MongoImport.Tests.Reporting;

/// <summary>What an operator sees while it runs.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class ProgressTests
{
    [Test]
    public void On_a_terminal_one_line_shows_bar_share_rate_and_time_left_and_renews_itself()
    {
        var clock = new HandClock();
        using var output = new StringWriter();
        using var progress = new Progress(output, terminal: true, clock, columns: 120);
        progress.Begin("loading", 1_000_000);
        progress.Loaded(250_000);
        clock.Pass(TimeSpan.FromSeconds(5));
        Assert.That(Line(output), Is.EqualTo("\r[    5.0 s] loading [######------------------] 250,000 of 1,000,000 (25 %), 50,000/s, 0:15 left"));

        progress.Loaded(50_000);
        clock.Pass(TimeSpan.FromSeconds(95));
        Assert.That(Line(output).TrimEnd(), Is.EqualTo("\r[  100.0 s] loading [#######-----------------] 300,000 of 1,000,000 (30 %), 3,000/s, 3:54 left"));

        progress.Expect(8);
        progress.Built();
        progress.Loaded(700_000);
        clock.Pass(TimeSpan.FromSeconds(1));
        Assert.That(Line(output).TrimEnd(), Does.EndWith("[########################] 1,000,000 of 1,000,000 (100 %), 1 of 8 indexes"));

        // A sentence is not written into the bar.
        var width = Line(output).Length;
        progress.Say("Game stays as it was.");
        Assert.That(output.ToString(), Does.EndWith(new string(' ', 80) + "\r[  101.0 s] Game stays as it was." + Environment.NewLine));
        Assert.That(width, Is.LessThan(120));
    }

    [Test]
    public void A_narrow_terminal_gets_what_fits()
    {
        var clock = new HandClock();
        using var output = new StringWriter();
        using var progress = new Progress(output, terminal: true, clock, columns: 50);
        progress.Begin("loading", 100);
        progress.Loaded(10);
        clock.Pass(TimeSpan.FromSeconds(1));
        Assert.That(Line(output), Has.Length.EqualTo(50));
    }

    [Test]
    public void Elsewhere_plain_lines_tell_the_same()
    {
        var clock = new HandClock();
        using var output = new StringWriter();
        using var progress = new Progress(output, terminal: false, clock);
        progress.Begin("scanning dump", 0, bytes: 2_000);
        clock.Pass(TimeSpan.FromSeconds(5));
        progress.Loaded(10, 500);
        clock.Pass(TimeSpan.FromSeconds(5));
        progress.Loaded(10, 5_000);
        clock.Pass(TimeSpan.FromSeconds(10));
        progress.Begin("loading", 7_200_000);
        progress.Loaded(1_000);
        clock.Pass(TimeSpan.FromSeconds(1));
        Assert.That(output.ToString().TrimEnd().Split(Environment.NewLine), Is.EqualTo(new[]
        {
            "[    0.0 s] scanning dump",
            "[   10.0 s] scanning dump: 10 (25 %), 1/s, 0:30 left",
            // More bytes than were said: packed files.
            "[   20.0 s] scanning dump: 20, 1/s",
            "[   20.0 s] loading: 7,200,000 documents",
            "[   21.0 s] loading: 1,000 of 7,200,000 (0 %), 1,000/s, 1:59:59 left",
        }));
    }

    private static string Line(StringWriter output) => output.ToString()[output.ToString().LastIndexOf('\r')..];

    /// <summary>A clock whose timers go off once, at the end of the time that passes.</summary>
    private sealed class HandClock : TimeProvider
    {
        private readonly List<Timer> _timers = [];
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _timers.Add(new Timer(callback));
            return _timers[^1];
        }

        public void Pass(TimeSpan time)
        {
            _now += time.Ticks;
            _timers.ForEach(t => t.Fire());
        }

        private sealed class Timer(TimerCallback callback) : ITimer
        {
            public void Fire() => callback(null);

            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
