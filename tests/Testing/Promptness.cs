using System.Diagnostics;
using NUnit.Framework;

namespace Backend.Testing;

/// <summary>
/// How soon something arrives, measured many times. A machine with more to do than it can brings everything late: how late is seen by what takes no time on an
/// idle one, done in between.
/// </summary>
/// <param name="quick">A round trip over the same ways.</param>
public sealed class Promptness(Func<Task> quick)
{
    private readonly List<TimeSpan> _lags = [];
    private readonly List<TimeSpan> _roundTrips = [];

    /// <summary>Takes down how long something took, and what the machine takes at this moment.</summary>
    public async Task AddAsync(TimeSpan lag)
    {
        _lags.Add(lag);
        var watch = Stopwatch.StartNew();
        await quick();
        _roundTrips.Add(watch.Elapsed);
    }

    /// <summary>Fails the test when half of them took longer than the limit and several round trips.</summary>
    public void AssertWithin(TimeSpan limit) => Assert.That(Median(_lags), Is.LessThan(limit + (5 * Median(_roundTrips))), $"with a round trip of {Median(_roundTrips)}");

    private static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);
}
