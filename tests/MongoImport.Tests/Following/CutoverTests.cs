using System.Diagnostics;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Tests.Live;

namespace Backend.MongoImport.Tests.Following;

/// <summary>The end of a follow.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class CutoverTests
{
    [Test]
    public async Task A_cut_over_asks_for_the_operators_word_and_a_verify_refuses_what_differs_and_opens_when_nothing_does()
    {
        await using var followed = await Followed.StartAsync();
        var arguments = new[] { followed.Server.Uri(), "--connection", followed.Target.Database.ConnectionString };
        string[] word = [.. arguments, "--source-stopped"];
        Assert.That((await Assert.ThrowsAsync<ArgumentException>(() => new CutoverCommand().RunAsync(arguments, default)))!.Message, Does.Contain("--source-stopped"));
        for (var i = 0; i < 300; i++)
        {
            followed.App.Change();
        }
        await followed.CatchUpAsync();
        Assert.That((await Assert.ThrowsAsync<SourceException>(() => new CutoverCommand().RunAsync(word, default)))!.Message, Does.Contain("No complete verify"));

        Assert.That(await new VerifyCommand().RunAsync(arguments, default), Is.Zero);
        for (var i = 0; i < 300; i++)
        {
            followed.App.Change();
        }
        await followed.CatchUpAsync();
        await followed.Target.Database.ExecuteAsync("""
            begin; set local backend.follows = 'on';
            update app.score set n = -7 where id = (select max(id) from app.score);
            delete from app.score where id = (select min(s.id) from app.score s join catalog.follow_changes c on c.origin = 'Score' and c.id = s.id);
            commit
            """);
        Assert.That(await new CutoverCommand().RunAsync(word, default), Is.EqualTo(Command.Failed), "a row differs and one is missing");
        Assert.That(await followed.Target.Get<DateTime?>("select writes_closed_at from catalog.state"), Is.Not.Null, "writes stay closed");

        // What a document brings again is as it was.
        foreach (var document in followed.Server.Mongo.Documents(LiveServer.Database, "Score"))
        {
            followed.Server.Mongo.Put(LiveServer.Database, "Score", document);
        }
        var clock = Stopwatch.StartNew();
        Assert.That(await new CutoverCommand().RunAsync(word, default), Is.Zero);
        TestContext.Out.WriteLine($"cut over in {clock.Elapsed.TotalSeconds:0.0} s");
        Assert.That(await followed.Target.Get<DateTime?>("select writes_closed_at from catalog.state"), Is.Null, "writes are open");
        Assert.That(await followed.Target.Get<string>("select state from catalog.follow"), Is.EqualTo("cut over"));
        Assert.That(await followed.Target.Get<long>("select count(*) from catalog.way_back"), Is.EqualTo(1), "the way back begins here");
        await followed.Target.Database.ExecuteAsync("update app.score set n = 8");
        Assert.That((await Assert.ThrowsAsync<SourceException>(() => new FollowCommand().RunAsync(arguments, default)))!.Message, Does.Contain("has taken place"));
    }
}
