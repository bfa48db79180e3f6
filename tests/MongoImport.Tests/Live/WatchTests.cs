using Backend.MongoDouble.Bson;
using Backend.MongoImport.Live;
using Backend.MongoImport.Sources;
using Backend.Testing;

namespace Backend.MongoImport.Tests.Live;

/// <summary>The changes of a live server, through the real driver.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class WatchTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Test]
    public async Task What_changes_after_the_position_of_an_import_comes_in_order_with_whole_documents()
    {
        await using var server = LiveServer.Start();
        var mongo = server.Mongo;
        mongo.Seed(LiveServer.Database, "Game", Game("a", 1), Game("b", 1));
        byte[]? position;
        using (var source = DumpSource.Open(server.Uri(), null, Path.GetTempPath()))
        {
            Given.ReadAll(source);
            position = source.Position;
        }
        mongo.Put(LiveServer.Database, "Game", Game("c", 1));
        mongo.Put(LiveServer.Database, "Game", Game("a", 2));
        mongo.Update(LiveServer.Database, "Game", Game("b", 2));
        mongo.Update(LiveServer.Database, "Game", Game("b", 3));
        mongo.Update(LiveServer.Database, "Game", Game("c", 2));
        mongo.Delete(LiveServer.Database, "Game", "c");
        mongo.Put("elsewhere", "Game", Game("z", 1));
        mongo.Put(LiveServer.Database, "Late", new MongoDoc { { "_id", new ObjectId("0102030405060708090a0b0c") }, { "2", 1 }, { "1", 1 } }.ToBytes());
        mongo.Rename(LiveServer.Database, "Late", "Later");
        mongo.Drop(LiveServer.Database, "Later");
        await using var changes = server.Changes(position);
        var events = await ReadAsync(changes, 9);
        Assert.That(events.Select(e => $"{e.Kind} {e.Collection} {(e.Id is null ? "" : Given.Show(e.Id))} {(e.Document is null ? "-" : Given.Show(e.Document))}{e.NewName}"), Is.EqualTo(new[]
        {
            "Upsert Game {_id: Text 'c'} {_id: Text 'c', n: Int32 1}",
            "Upsert Game {_id: Text 'a'} {_id: Text 'a', n: Int32 2}",
            // Looked up when they are told: as it is by then, or gone.
            "Upsert Game {_id: Text 'b'} {_id: Text 'b', n: Int32 3}",
            "Upsert Game {_id: Text 'b'} {_id: Text 'b', n: Int32 3}",
            "Upsert Game {_id: Text 'c'} -",
            "Delete Game {_id: Text 'c'} -",
            "Upsert Late {_id: ObjectId 0102030405060708090a0b0c} {_id: ObjectId 0102030405060708090a0b0c, 2: Int32 1, 1: Int32 1}",
            "Rename Late  -Later",
            "Drop Later  -",
        }));
        Assert.That(events.Select(e => e.At), Is.All.InRange(DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1)));
    }

    [Test]
    public async Task While_nothing_happens_the_position_moves_on_and_reading_goes_on_from_any_of_them()
    {
        await using var server = LiveServer.Start();
        await using var changes = server.Changes(null);
        var first = (await changes.ReadAsync(None))!;
        Assert.That(first.Events, Is.Empty);
        server.Mongo.Put("elsewhere", "Game", Game("z", 1));
        var second = (await changes.ReadAsync(None))!;
        Assert.That(second.Events, Is.Empty);
        Assert.That(second.Position, Is.Not.EqualTo(first.Position));
        server.Mongo.Put(LiveServer.Database, "Game", Game("a", 1));
        var third = (await changes.ReadAsync(None))!;
        Assert.That(third.Events, Has.Count.EqualTo(1));
        server.Mongo.Put(LiveServer.Database, "Game", Game("b", 1));
        foreach (var (position, expected) in new[] { (first.Position, 2), (second.Position, 2), (third.Position, 1) })
        {
            await using var again = server.Changes(position);
            Assert.That(await ReadAsync(again, expected), Has.Count.EqualTo(expected));
            Assert.That((await again.ReadAsync(None))!.Events, Is.Empty);
        }
    }

    [Test]
    public async Task A_change_stream_survives_an_election_and_a_server_that_was_away_is_found_again()
    {
        await using var server = LiveServer.Start();
        await using var changes = server.Changes(null, "serverSelectionTimeoutMS=1500");
        await changes.ReadAsync(None);
        server.Mongo.DropConnections();
        server.Mongo.Put(LiveServer.Database, "Game", Game("a", 1));
        Assert.That(await ReadAsync(changes, 1), Has.Count.EqualTo(1));

        server.Mongo.GoAway();
        var lost = (await Assert.ThrowsAsync<SourceLostException>(async () =>
        {
            while (true)
            {
                await changes.ReadAsync(None);
            }
        }))!;
        Assert.That(lost.Message, Does.Contain(server.Mongo.Address));
        server.Mongo.Return();
        server.Mongo.Put(LiveServer.Database, "Game", Game("b", 1));
        var events = await ReadAsync(changes, 1);
        Assert.That(Given.Show(events.Single().Id), Is.EqualTo("{_id: Text 'b'}"));
    }

    [Test]
    public async Task A_position_that_the_server_has_forgotten_is_told_as_lost_history()
    {
        await using var server = LiveServer.Start();
        byte[] position;
        await using (var changes = server.Changes(null))
        {
            position = (await changes.ReadAsync(None))!.Position;
        }
        server.Mongo.Put(LiveServer.Database, "Game", Game("a", 1));
        server.Mongo.LoseHistory();
        await using var late = server.Changes(position);
        var error = (await Assert.ThrowsAsync<HistoryLostException>(async () => await late.ReadAsync(None)))!;
        Assert.That(error.Message, Does.Contain("no longer has the changes"));

        // Also when it happens to a stream that is open, and its reader was too slow.
        await using var open = server.Changes(null);
        await open.ReadAsync(None);
        server.Mongo.Faults.Refuse("getMore", 136, "CappedPositionLost", "CollectionScan died due to position in capped collection being deleted");
        await Assert.ThrowsAsync<HistoryLostException>(async () =>
        {
            while (true)
            {
                await open.ReadAsync(None);
            }
        });
    }

    [Test]
    public async Task A_flood_of_changes_arrives_whole_and_a_slow_reader_is_waited_for()
    {
        const int many = 5000;
        await using var server = LiveServer.Start();
        await using var changes = server.Changes(null);
        await changes.ReadAsync(None);
        var text = new string('x', 2000);
        for (var i = 0; i < many; i++)
        {
            server.Mongo.Put(LiveServer.Database, "Game", new MongoDoc { { "_id", i }, { "text", text } }.ToBytes());
        }
        var asked = server.Mongo.Commands.Count(c => c == "getMore");
        await Task.Delay(500);
        Assert.That(server.Mongo.Commands.Count(c => c == "getMore") - asked, Is.LessThan(6), "nobody reads, and yet more is asked for");
        var events = await ReadAsync(changes, many);
        Assert.That(events.Select(e => Given.Show(e.Id)), Is.EqualTo(Enumerable.Range(0, many).Select(i => $"{{_id: Int32 {i}}}")));
    }

    [Test]
    public async Task A_database_that_was_dropped_ends_no_stream()
    {
        await using var server = LiveServer.Start();
        server.Mongo.Seed(LiveServer.Database, "Game", Game("a", 1));
        await using var changes = server.Changes(null);
        await changes.ReadAsync(None);
        server.Mongo.DropDatabase(LiveServer.Database);
        server.Mongo.Put(LiveServer.Database, "Game", Game("b", 1));
        Assert.That((await ReadAsync(changes, 2)).Select(e => $"{e.Kind} {e.Collection}"), Is.EqualTo(new[] { "Drop Game", "Upsert Game" }));
    }

    [Test]
    public async Task A_document_too_large_for_an_event_comes_all_the_same()
    {
        await using var server = LiveServer.Start();
        await using var changes = server.Changes(null);
        await changes.ReadAsync(None);
        // An event with its largest document is over MongoDB's limit by less than a name: here the id makes it so.
        var large = new MongoDoc { { "_id", new string('i', 20_000) }, { "text", new string('x', 16 * 1024 * 1024 - 20_100) } }.ToBytes();
        server.Mongo.Put(LiveServer.Database, "Game", Game("before", 1));
        server.Mongo.Put(LiveServer.Database, "Game", large);
        server.Mongo.Update(LiveServer.Database, "Game", large);
        server.Mongo.Put(LiveServer.Database, "Game", Game("after", 1));
        server.Mongo.Delete(LiveServer.Database, "Game", "after");
        var events = await ReadAsync(changes, 5);
        Assert.That(events.Select(e => $"{e.Kind} {e.Document?.Length}"), Is.EqualTo(new[] { $"Upsert {Game("before", 1).Length}", $"Upsert {large.Length}", $"Upsert {large.Length}", "Upsert ", "Delete " }).Or.EqualTo(
            new[] { $"Upsert {Game("before", 1).Length}", $"Upsert {large.Length}", $"Upsert {large.Length}", $"Upsert {Game("after", 1).Length}", "Delete " }));
        Assert.That(events[1].Document, Is.EqualTo(large));
        server.Mongo.Put(LiveServer.Database, "Game", Game("later", 1));
        Assert.That(Given.Show((await ReadAsync(changes, 1))[0].Document), Is.EqualTo("{_id: Text 'later', n: Int32 1}"));
    }

    [Test]
    public async Task A_cancelled_read_ends_the_child_at_once()
    {
        await using var server = LiveServer.Start();
        await using var changes = new LiveChangeSource(server.Address(), null, TimeSpan.FromSeconds(30));
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1.5));
        await Assert.ThrowsAsync<OperationCanceledException>(async () =>
        {
            while (true)
            {
                await changes.ReadAsync(stop.Token);
            }
        });
        await Patience.UntilAsync(() => server.Mongo.Connections == 0, "the child still talks to the server", pause: 50);
    }

    private static byte[] Game(string id, int n) => new MongoDoc { { "_id", id }, { "n", n } }.ToBytes();

    private static async Task<List<ChangeEvent>> ReadAsync(LiveChangeSource changes, int count)
    {
        var events = new List<ChangeEvent>();
        while (events.Count < count)
        {
            events.AddRange((await changes.ReadAsync(None).AsTask().WaitAsync(Patience.Limit))!.Events);
        }
        return events;
    }
}
