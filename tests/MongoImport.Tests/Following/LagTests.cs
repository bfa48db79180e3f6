using System.Diagnostics;
using System.Globalization;
using Backend.MongoImport.Following;

namespace Backend.MongoImport.Tests.Following;

/// <summary>How far behind a follow is. Takes a machine of its own, so it is not run with the others.</summary>
[TestFixture]
internal sealed class LagTests
{
    private const int Rate = 1_000;
    private const int Seconds = 20;

    [Test, Explicit("a measurement")]
    public async Task At_a_thousand_changes_a_second_a_follow_is_less_than_a_second_behind()
    {
        await using var followed = await Followed.StartAsync();
        await using var source = new LiveFollowed(followed.Server.Address());
        var line = new FollowLine(TextWriter.Null, terminal: false);
        using var folder = Given.Folder();
        await using var follower = await Follower.OpenAsync(followed.Target.Database.ConnectionString, source, Path.Combine(folder.Path, "rejects.jsonl"), line, CancellationToken.None);
        await follower.BeginAsync(CancellationToken.None);
        using var enough = new CancellationTokenSource();
        var following = follower.RunAsync(_ => enough.IsCancellationRequested, CancellationToken.None);
        for (var i = 0; i < Rate; i++)
        {
            followed.App.Insert();
        }
        await Task.Delay(5000);
        line.TakeWorst();
        var lags = new List<double>();
        var clock = Stopwatch.StartNew();
        var before = line.Changes;
        for (var n = 0; clock.Elapsed.TotalSeconds < Seconds;)
        {
            for (; n < clock.Elapsed.TotalSeconds * Rate; n++)
            {
                followed.App.Insert();
            }
            await Task.Delay(5);
            if (line.TakeWorst() is { Ticks: > 0 } worst)
            {
                lags.Add(worst.TotalSeconds);
            }
        }
        var rate = (line.Changes - before) / clock.Elapsed.TotalSeconds;
        await enough.CancelAsync();
        await following;
        lags.Sort();
        var load = (await File.ReadAllTextAsync("/proc/loadavg"))[..5];
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{rate:0} changes a second applied; behind: median {lags[lags.Count / 2]:0.00} s, 95 % {lags[lags.Count * 95 / 100]:0.00} s, worst {lags[^1]:0.00} s; load {load}"));
        Assert.That(lags[lags.Count / 2], Is.LessThan(1));
    }
}
