using System.Diagnostics;
using Backend.Testing;

namespace Backend.MongoImport.Tests.Following;

/// <summary>The follower as a process that is killed, and started again.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class KilledFollowTests
{
    private const int Kills = 10;

    [Test]
    public async Task Killed_at_random_moments_and_started_again_a_follow_loses_nothing_and_does_nothing_twice()
    {
        var seed = Seed.Value;
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var followed = await Followed.StartAsync(seed);
        var before = followed.App.Changes;
        using var folder = Given.Folder();
        var address = "@" + folder.Write("uri", followed.Server.Uri());
        using var enough = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                followed.App.Change();
                await Task.Delay(2);
            }
        });
        for (var kill = 0; kill < Kills; kill++)
        {
            using var process = Process.Start(new ProcessStartInfo("dotnet",
            [
                "exec", Path.Combine(AppContext.BaseDirectory, "Backend.MongoImport.dll"), "follow", address, "--connection", followed.Target.Database.ConnectionString,
                "--rejects", Path.Combine(folder.Path, "rejects.jsonl"),
            ])
            { RedirectStandardError = true, RedirectStandardOutput = true })!;
            while (await process.StandardError.ReadLineAsync() is { } line && !line.Contains("Following", StringComparison.Ordinal))
            {
                TestContext.Out.WriteLine(line);
            }
            var after = random.Next(1500);
            await Task.Delay(after);
            process.Kill();
            await process.WaitForExitAsync();
            TestContext.Out.WriteLine($"kill {kill}: after {after} ms, {await followed.Target.Get<long>("select changes from catalog.follow")} changes");
        }
        await enough.CancelAsync();
        await writing;
        await followed.CatchUpAsync();
        await followed.ExpectAsImportedAsync($"seed {seed}");
        Assert.That(await followed.Target.Get<long>("select changes from catalog.follow"), Is.EqualTo(followed.App.Changes - before), $"each change once, seed {seed}");
    }
}
