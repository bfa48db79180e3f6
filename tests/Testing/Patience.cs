using System.Diagnostics;
using NUnit.Framework;

namespace Backend.Testing;

/// <summary>
/// Waiting for what comes by itself. The limit is for what never comes: no test may fail because its machine is slow, or stood still for some seconds.
/// </summary>
public static class Patience
{
    /// <summary>After how long something will not come any more.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Looks again and again until something is so, and fails the test when it never is.</summary>
    /// <param name="condition">What is to become true.</param>
    /// <param name="message">What it means when it does not.</param>
    /// <param name="pause">Between two looks, in milliseconds.</param>
    /// <returns>How long it took.</returns>
    public static async Task<TimeSpan> UntilAsync(Func<Task<bool>> condition, string message, int pause = 5)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            // The last look came after the limit: a machine that stood still meanwhile gets one more.
            if (watch.Elapsed > Limit && !await condition())
                Assert.Fail($"After {watch.Elapsed.TotalSeconds:0} s: {message}");
            await Task.Delay(pause);
        }

        return watch.Elapsed;
    }

    /// <summary>The same for what is known without waiting.</summary>
    public static Task<TimeSpan> UntilAsync(Func<bool> condition, string message, int pause = 5) => UntilAsync(() => Task.FromResult(condition()), message, pause);
}
