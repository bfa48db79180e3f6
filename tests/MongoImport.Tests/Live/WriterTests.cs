using Backend.MongoDouble.Bson;
using Backend.MongoImport.Live;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Tests.Live;

/// <summary>Writing to a live server, through the real driver.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class WriterTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Test]
    public async Task Documents_are_put_and_deleted_byte_for_byte_and_the_last_write_of_each_counts()
    {
        await using var server = LiveServer.Start();
        await using var writer = await LiveWriter.OpenAsync(server.Address(), null, None);
        server.Mongo.Seed(LiveServer.Database, "Game", Game("gone", 1), Game("there", 1));
        var odd = new MongoDoc { { "_id", "odd" }, { "10", 1.0 }, { "2", new MongoDoc { { "7", 1L }, { "1", null } } }, { "a", -0.0 } }.ToBytes();
        var refused = await writer.WriteAsync("Game", [Put("a", Game("a", 1)), Put("b", Game("b", 1)), Put("gone", null), Put("never", null), Put("there", Game("there", 2)), Put("odd", odd), Put("b", null), Put("a", Game("a", 2))], None);
        Assert.That(refused, Is.Empty);
        Assert.That(server.Mongo.Documents(LiveServer.Database, "Game"), Is.EqualTo(new[] { Game("there", 2), Game("a", 2), odd }));
        Assert.That(await writer.WriteAsync("Game", [], None), Is.Empty);
    }

    [Test]
    public async Task A_refused_write_is_named_and_the_others_are_done()
    {
        await using var server = LiveServer.Start();
        await using var writer = await LiveWriter.OpenAsync(server.Address(), null, None);
        // The document says another id than the write does: nothing may be changed so.
        var wrong = Put("a", Game("other", 1));
        server.Mongo.Seed(LiveServer.Database, "Game", Game("a", 0));
        var refused = await writer.WriteAsync("Game", [Put("b", Game("b", 1)), wrong, Put("c", Game("c", 1))], None);
        Assert.That(refused.Single().Write, Is.SameAs(wrong));
        Assert.That(refused.Single().Code, Is.EqualTo(66));
        Assert.That(server.Mongo.Documents(LiveServer.Database, "Game"), Has.Count.EqualTo(3));
    }

    [Test]
    public async Task Many_and_large_writes_go_in_several_commands()
    {
        await using var server = LiveServer.Start();
        await using var writer = await LiveWriter.OpenAsync(server.Address(), null, None);
        var large = new string('x', 15 * 1024 * 1024);
        var writes = Enumerable.Range(0, 2500).Select(i => Put($"{i}", Game($"{i}", i)))
            .Concat(new[] { "l1", "l2" }.Select(id => Put(id, new MongoDoc { { "_id", id }, { "text", large } }.ToBytes()))).ToList();
        Assert.That(await writer.WriteAsync("Game", writes, None), Is.Empty);
        Assert.That(server.Mongo.Documents(LiveServer.Database, "Game"), Has.Count.EqualTo(2502));
        Assert.That(server.Mongo.Commands.Count(c => c == "update"), Is.InRange(3, 6));
    }

    [Test]
    public async Task A_connection_that_breaks_is_made_again_and_the_batch_repeated()
    {
        await using var server = LiveServer.Start();
        var said = new List<string>();
        await using var writer = await LiveWriter.OpenAsync(server.Address(), said.Add, None);
        server.Mongo.Faults.Drop("update", times: 2);
        Assert.That(await writer.WriteAsync("Game", [Put("a", Game("a", 1))], None), Is.Empty);
        Assert.That(server.Mongo.Documents(LiveServer.Database, "Game"), Has.Count.EqualTo(1));
        Assert.That(said, Is.Not.Empty);
    }

    [Test]
    public async Task Who_may_not_write_is_told_so()
    {
        await using var server = LiveServer.Start();
        await using var writer = await LiveWriter.OpenAsync(server.Address(), null, None);
        server.Mongo.Faults.Refuse("update", 13, "Unauthorized", "not authorized on app to execute command");
        var error = (await Assert.ThrowsAsync<SourceException>(() => writer.WriteAsync("Game", [Put("a", Game("a", 1))], None)))!;
        Assert.That(error.Message, Does.Contain("may not do this"));
    }

    [Test]
    public async Task Collections_and_indexes_are_made_where_they_are_missing()
    {
        await using var server = LiveServer.Start();
        await using var writer = await LiveWriter.OpenAsync(server.Address(), null, None);
        var index = new LiveIndex("score_1", new MongoDoc { { "name", "score_1" }, { "key", new MongoDoc { { "score", 1 } } }, { "unique", true } }.ToBytes());
        for (var i = 0; i < 2; i++)
        {
            await writer.EnsureAsync("Game", [index], None);
            await writer.EnsureAsync("Empty", [], None);
        }
        Assert.That(server.Mongo.Collections(LiveServer.Database), Is.EqualTo(new[] { "Empty", "Game" }));
        Assert.That(server.Mongo.Indexes(LiveServer.Database, "Game").Select(i => i.Text("name")), Is.EqualTo(new[] { "_id_", "score_1" }));
        Assert.That(server.Mongo.Indexes(LiveServer.Database, "Game")[1]["unique"], Is.True);
        await writer.DropAsync("Empty", None);
        await writer.DropAsync("Empty", None);
        Assert.That(server.Mongo.Collections(LiveServer.Database), Is.EqualTo(new[] { "Game" }));
    }

    private static byte[] Game(string id, int n) => new MongoDoc { { "_id", id }, { "n", n } }.ToBytes();

    private static LiveWrite Put(string id, byte[]? document) => new(new MongoDoc { { "_id", id } }.ToBytes(), document);
}
