using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Backend.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backend.Jobs.Tests.Outbox;

[Parallelizable(ParallelScope.All)]
internal sealed class ClosedTests
{
    [Test]
    public async Task While_writes_are_closed_no_job_runs_and_afterwards_all_do()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var node = await JobsNode.StartAsync(database.ConnectionString);
        using var listener = new Listener(database.ConnectionString, NullLogger<Listener>.Instance);
        using var catalog = new LiveCatalog(database.DataSource, listener, NullLogger<LiveCatalog>.Instance) { Follows = true };
        var writes = new WriteSwitch(database.DataSource, catalog);
        var before = await node.Queue.EnqueueAsync(new NoteArguments("before"));
        await JobsDatabase.WaitForAsync(() => database.StateAsync(before), "done");

        await node.Queue.RecurAsync("every-second", "* * * * * ?", new NoteArguments("by the clock"));
        await JobsDatabase.WaitForAsync(async () => await database.CountNotesAsync("by the clock") > 0, true);

        await writes.CloseAsync();
        var during = await node.Queue.EnqueueAsync(new NoteArguments("during"));
        // Its loop sees it within a second or so; one that was about to begin does.
        var runs = 0L;
        await Patience.UntilAsync(async () =>
        {
            runs = await database.CountNotesAsync("by the clock");
            await Task.Delay(2500);
            return runs == await database.CountNotesAsync("by the clock");
        }, "what is to run every second still does");

        Assert.That(await database.CountNotesAsync("during"), Is.Zero);
        Assert.That(await database.StateAsync(during), Is.EqualTo("queued"));

        await writes.OpenAsync();

        await JobsDatabase.WaitForAsync(() => database.StateAsync(during), "done");
        await JobsDatabase.WaitForAsync(async () => await database.CountNotesAsync("by the clock") > runs, true);
    }
}
