using Backend.MongoDouble;
using Backend.MongoDouble.Bson;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Tests.Imports;

namespace Backend.MongoImport.Tests.Live;

/// <summary>What is in a live server, through the real driver.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class SnapshotTests
{
    [Test]
    public async Task A_live_server_and_a_dump_of_it_are_imported_alike()
    {
        var folder = Given.File("samples", "game");
        await using var server = LiveServer.Start();
        server.SeedFolder(folder);
        await using var fromDump = await Target.CreateAsync();
        await using var fromServer = await Target.CreateAsync();
        var expected = await fromDump.ImportAsync(folder);
        var report = await fromServer.ImportAsync(server.Uri());
        Assert.That(report.ExitCode, Is.Zero);
        Assert.That(report.Classes.Select(c => (c.Name, c.Imported)), Is.EquivalentTo(expected.Classes.Select(c => (c.Name, c.Imported))));
        Assert.That(await fromServer.LinesAsync(), Is.EqualTo(await fromDump.LinesAsync()));
        var verified = await fromServer.VerifyAsync(server.Uri());
        Assert.That((verified.IsComplete, verified.Unexplained), Is.EqualTo((true, 0L)));
        Assert.That(server.Mongo.OpenCursors, Is.Zero);
    }

    [Test]
    public async Task Documents_come_byte_for_byte_whatever_is_in_them_and_however_large_they_are()
    {
        await using var server = LiveServer.Start();
        // What JavaScript objects would change: keys that look like numbers, keys that come twice, bytes that are not UTF-8, types it does not have.
        byte[] odd = [.. new MongoDoc { { "_id", "odd" }, { "10", 1.0 }, { "2", 2 }, { "a", 3L }, { "a", -0.0 }, { "__proto__", new MongoDoc { { "z", null } } }, { "u", new RawValue(0x06, default) }, { "t", new RawValue(0x02, new byte[] { 2, 0, 0, 0, 0xff, 0 }) } }.ToBytes()];
        var large = new MongoDoc { { "_id", 7 }, { "text", new string('x', 16 * 1024 * 1024 - 100) } }.ToBytes();
        var small = Enumerable.Range(0, 3000).Select(i => new MongoDoc { { "_id", ObjectId.New() }, { "n", i } }.ToBytes()).ToList();
        server.Mongo.Seed(LiveServer.Database, "Odd", odd);
        server.Mongo.Seed(LiveServer.Database, "Large", large, new MongoDoc { { "_id", 8 } }.ToBytes());
        server.Mongo.Seed(LiveServer.Database, "Many", small);
        server.Mongo.Seed(LiveServer.Database, "Empty", []);
        using var folder = Given.Folder();
        using (var source = DumpSource.Open(server.Uri(), null, folder.Path))
        {
            var read = Given.ReadAll(source);
            Assert.That(read["Odd"], Is.EqualTo(new[] { odd }));
            Assert.That(read["Large"][0], Is.EqualTo(large));
            Assert.That(read["Large"], Has.Count.EqualTo(2));
            Assert.That(read["Many"], Is.EqualTo(small));
            Assert.That(read["Empty"], Is.Empty);
            Assert.That(source.Position, Is.Not.Null);
            Assert.That(source.Size, Is.GreaterThan(16_000_000));
        }
        Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.Empty, "something was left in the temporary folder");
    }

    [Test]
    public async Task Nothing_is_read_that_is_older_than_the_position()
    {
        await using var server = LiveServer.Start();
        server.Mongo.Put(LiveServer.Database, "Game", new MongoDoc { { "_id", "a" } }.ToBytes());
        using var source = DumpSource.Open(server.Uri("readPreference=secondaryPreferred"), null, Path.GetTempPath());
        Given.ReadAll(source);
        var concern = server.Mongo.Last("find")!.Nested("readConcern")!;
        Assert.That(concern.Text("level"), Is.EqualTo("majority"));
        Assert.That(concern["afterClusterTime"], Is.TypeOf<Timestamp>());
    }

    [Test]
    public async Task A_collection_that_a_broken_connection_cut_off_is_read_again_from_its_beginning()
    {
        await using var server = LiveServer.Start();
        var documents = Enumerable.Range(0, 5000).Select(i => new MongoDoc { { "_id", i } }.ToBytes()).ToList();
        server.Mongo.Seed(LiveServer.Database, "Many", documents);
        server.Mongo.Faults.Drop("getMore", skip: 2, times: 2);
        using var source = DumpSource.Open(server.Uri(), null, Path.GetTempPath());
        var said = new List<string>();
        source.Say = said.Add;
        Assert.That(Given.ReadAll(source)["Many"], Is.EqualTo(documents));
        Assert.That(said, Has.Count.InRange(1, 2));
        Assert.That(said[0], Does.Contain("Many").And.Contain("once more"));
    }

    [Test]
    public async Task A_connection_that_breaks_again_and_again_ends_the_import_and_nothing_is_published()
    {
        await using var server = LiveServer.Start();
        server.SeedFolder(Given.File("samples", "game"));
        server.Mongo.Seed(LiveServer.Database, "Many", Enumerable.Range(0, 5000).Select(i => new MongoDoc { { "_id", i } }.ToBytes()));
        server.Mongo.Faults.Drop("getMore", skip: 1, times: int.MaxValue);
        await using var target = await Target.CreateAsync();
        var error = (await Assert.ThrowsAsync<SourceException>(() => target.ImportAsync(server.Uri())))!;
        Assert.That(error.Message, Does.Contain("could not be read to its end in 5 attempts"));
        Assert.That(await target.Get<long>("select count(*) from catalog.tables where origin = 'GameScore'"), Is.Zero);
    }

    [Test]
    public async Task A_server_that_stopped_answering_is_given_up_with_a_message()
    {
        await using var server = LiveServer.Start();
        server.Mongo.Seed(LiveServer.Database, "Many", Enumerable.Range(0, 5000).Select(i => new MongoDoc { { "_id", i } }.ToBytes()));
        server.Mongo.Faults.Stall("listCollections");
        using var source = DumpSource.Open(server.Mongo.Uri(LiveServer.Database, "socketTimeoutMS=300", "serverSelectionTimeoutMS=2000"), null, Path.GetTempPath());
        var error = Assert.Throws<SourceException>(() => Given.ReadAll(source))!;
        Assert.That(error.Message, Does.Contain(server.Mongo.Address).And.Contain("timed out"));
    }

    [Test]
    public async Task A_password_is_checked_and_never_shown()
    {
        await using var server = LiveServer.Start(new MongoServerOptions { User = "reader", Password = "pass/w@rd" });
        server.Mongo.Seed(LiveServer.Database, "Game", new MongoDoc { { "_id", "a" } }.ToBytes());
        using (var source = DumpSource.Open(server.Uri(), null, Path.GetTempPath()))
        {
            Assert.That(Given.ReadAll(source)["Game"], Has.Count.EqualTo(1));
            Assert.That(source.Description, Is.EqualTo($"live MongoDB mongodb://reader@{server.Mongo.Address}/app"));
        }
        using (var source = DumpSource.Open(server.Uri().Replace("pass%2Fw%40rd", "wrongword", StringComparison.Ordinal), null, Path.GetTempPath()))
        {
            var error = Assert.Throws<SourceException>(() => Given.ReadAll(source))!;
            Assert.That(error.ToString(), Does.Contain("refuses the user or the password").And.Not.Contain("wrongword"));
        }
    }

    [Test]
    public async Task A_server_behind_TLS_is_read_when_its_certificate_is_trusted()
    {
        await using var server = LiveServer.Start(new MongoServerOptions { Tls = true });
        server.Mongo.Seed(LiveServer.Database, "Game", new MongoDoc { { "_id", "a" } }.ToBytes());
        using (var source = DumpSource.Open(server.Uri("tlsCAFile=" + Uri.EscapeDataString(server.Mongo.CertificateFile)), null, Path.GetTempPath()))
        {
            Assert.That(Given.ReadAll(source)["Game"], Has.Count.EqualTo(1));
        }
        using (var source = DumpSource.Open(server.Uri(), null, Path.GetTempPath()))
        {
            Assert.That(Assert.Throws<SourceException>(() => Given.ReadAll(source))!.Message, Does.Contain("cannot be reached: self-signed certificate"));
        }
    }

    [Test]
    public async Task Who_may_not_read_a_collection_is_told_so()
    {
        await using var server = LiveServer.Start();
        server.Mongo.Seed(LiveServer.Database, "Game", new MongoDoc { { "_id", "a" } }.ToBytes());
        server.Mongo.Faults.Refuse("find", 13, "Unauthorized", "not authorized on app to execute command");
        using var source = DumpSource.Open(server.Uri(), null, Path.GetTempPath());
        Assert.That(Assert.Throws<SourceException>(() => Given.ReadAll(source))!.Message, Does.Contain("may not do this: not authorized on app"));
    }

    [Test]
    public void A_server_that_cannot_be_reached_is_named()
    {
        using var source = DumpSource.Open("mongodb://me:secret99@127.0.0.1:1/app?serverSelectionTimeoutMS=300", null, Path.GetTempPath());
        var error = Assert.Throws<SourceException>(() => Given.ReadAll(source))!;
        Assert.That(error.Message, Does.StartWith("mongodb://me@127.0.0.1:1/app: cannot be reached").And.Not.Contain("secret99"));
    }

    [Test]
    public async Task A_server_that_is_too_old_for_the_driver_is_refused_with_a_way_out()
    {
        await using var server = LiveServer.Start(new MongoServerOptions { Version = "4.0.28", WireVersion = 7 });
        using var source = DumpSource.Open(server.Uri(), null, Path.GetTempPath());
        Assert.That(Assert.Throws<SourceException>(() => Given.ReadAll(source))!.Message, Does.Contain("MongoDB 4.2").And.Contain("mongodump"));
    }

    [Test]
    public async Task Of_several_databases_the_one_with_a_schema_is_read_and_another_by_name()
    {
        await using var server = LiveServer.Start();
        server.Mongo.Seed("app", "_SCHEMA", new MongoDoc { { "_id", "Game" } }.ToBytes());
        server.Mongo.Seed("other", "Thing", new MongoDoc { { "_id", "a" } }.ToBytes());
        using (var source = DumpSource.Open(server.Mongo.Uri(), null, Path.GetTempPath()))
        {
            Assert.That(Given.ReadAll(source).Keys, Is.EquivalentTo(new[] { "_SCHEMA" }));
        }
        using (var source = DumpSource.Open(server.Uri(), "other", Path.GetTempPath()))
        {
            Assert.That(Given.ReadAll(source).Keys, Is.EquivalentTo(new[] { "Thing" }));
        }
        server.Mongo.Seed("third", "_SCHEMA", new MongoDoc { { "_id", "Game" } }.ToBytes());
        using (var source = DumpSource.Open(server.Mongo.Uri(), null, Path.GetTempPath()))
        {
            Assert.That(Assert.Throws<SourceException>(() => Given.ReadAll(source))!.Message, Does.Contain("--database"));
        }
    }

    [Test]
    public async Task A_standalone_server_is_read_but_has_no_position()
    {
        await using var server = LiveServer.Start(new MongoServerOptions { ReplicaSet = false });
        server.Mongo.Seed(LiveServer.Database, "Game", new MongoDoc { { "_id", "a" } }.ToBytes());
        using var source = DumpSource.Open(server.Uri(), null, Path.GetTempPath());
        Assert.That(Given.ReadAll(source)["Game"], Has.Count.EqualTo(1));
        Assert.That(source.Position, Is.Null);
        await using var changes = server.Changes(null);
        var error = (await Assert.ThrowsAsync<SourceException>(async () => await changes.ReadAsync(CancellationToken.None)))!;
        Assert.That(error.Message, Does.Contain("no replica set").And.Contain("but not followed"));
    }
}
