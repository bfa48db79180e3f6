using System.Globalization;
using System.Security.Cryptography;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Files;
using Backend.MongoImport.Tests.Imports;
using Backend.MongoImport.Tests.Live;
using Backend.MongoImport.Tests.Oplogs;

namespace Backend.MongoImport.Tests.Following;

/// <summary>Files that come into GridFS while it is followed.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class FollowedFilesTests
{
    private const int ChunkSize = 1000;

    [Test]
    public async Task Files_that_come_and_go_in_a_followed_source_come_and_go_in_the_store()
    {
        await using var followed = await Followed.StartAsync(before: app =>
        {
            Upload(app, "f1", "kept.txt", Content(10));
            Upload(app, "f2", "goes.txt", Content(20));
            Upload(app, "f3", "lost.txt", Content(30));
        });
        using var folder = Given.Folder();
        var store = Path.Combine(folder.Path, "store");
        Assert.That((await followed.Target.ImportAsync(followed.Server.Uri(), o => o with { Files = new FileImportOptions { Folder = store } })).ExitCode, Is.Zero);
        File.Delete(Path.Combine(store, "lost.txt"));
        var (mongo, app) = (followed.Server.Mongo, followed.App);

        // Without a store they wait; whoever names one then gets them all.
        Upload(app, "f4", "many.bin", Content(7 * ChunkSize + 5));
        Upload(app, "f5", "folder/one.bin", Content(ChunkSize), md5: true);
        await followed.CatchUpAsync();
        Assert.That(File.Exists(Path.Combine(store, "many.bin")), Is.False);
        Assert.That(followed.Said.ToString(), Does.Contain("2 files wait: name the file store with --files"));
        mongo.Delete(LiveServer.Database, "fs.files", "f2");
        mongo.Delete(LiveServer.Database, "fs.chunks", "f2.0");
        Upload(app, "f6", "kept.txt", Content(10, seed: 5), day: 2);
        Upload(app, "f7", "gap.bin", Content(3 * ChunkSize), without: 1);
        app.Insert();
        await followed.CatchUpAsync(new FileImportOptions { Folder = store });

        Assert.That(Names(store), Is.EquivalentTo(new[] { "kept.txt", "lost.txt", "many.bin", "folder/one.bin", "goes.txt" }), "what went before anybody knew of it is known by nobody");
        Assert.That(await File.ReadAllBytesAsync(Path.Combine(store, "many.bin")), Is.EqualTo(Content(7 * ChunkSize + 5)));
        Assert.That(await File.ReadAllBytesAsync(Path.Combine(store, "kept.txt")), Is.EqualTo(Content(10, seed: 5)), "of the same length, and nevertheless another");
        Assert.That(followed.Said.ToString(), Does.Contain("1 files cannot be put together").And.Contain("gap.bin: 1 of 3 chunks missing: 1").And.Not.Contain("fs.chunks"));

        // The rest of an upload comes; an older upload of a name counts again; what is known goes.
        Chunk(app, "f7", 1, Content(3 * ChunkSize)[ChunkSize..(2 * ChunkSize)]);
        mongo.Delete(LiveServer.Database, "fs.files", "f6");
        mongo.Delete(LiveServer.Database, "fs.files", "f3");
        await followed.CatchUpAsync(new FileImportOptions { Folder = store });
        Assert.That(Names(store), Is.EquivalentTo(new[] { "kept.txt", "many.bin", "folder/one.bin", "goes.txt", "gap.bin" }));
        Assert.That(await File.ReadAllBytesAsync(Path.Combine(store, "kept.txt")), Is.EqualTo(Content(10)));
        Assert.That(await followed.Target.Get<long>("select count(*) from catalog.follow_files where pending or gone"), Is.Zero);

        // The cut-over brings what came last, and compares.
        string[] arguments = [followed.Server.Uri(), "--connection", followed.Target.Database.ConnectionString];
        string[] withFiles = [.. arguments, "--files", store];
        Assert.That(await new VerifyCommand().RunAsync(withFiles, default), Is.Zero, "goes.txt is in the store alone: listed, and no difference");
        Upload(app, "f8", "last.txt", Content(5));
        string[] word = [.. arguments, "--source-stopped"];
        Assert.That(await new CutoverCommand().RunAsync(word, default), Is.EqualTo(Command.Failed), "a file waits, and no store is named");
        File.Delete(Path.Combine(store, "many.bin"));
        string[] named = [.. word, "--files", store];
        Assert.That(await new CutoverCommand().RunAsync(named, default), Is.EqualTo(Command.Failed), "a file that came meanwhile is not there any more");
        Assert.That(File.Exists(Path.Combine(store, "last.txt")), Is.True);
        Assert.That(await new CutoverCommand().RunAsync(named, default), Is.Zero, "brought once more");
        Assert.That(await File.ReadAllBytesAsync(Path.Combine(store, "many.bin")), Is.EqualTo(Content(7 * ChunkSize + 5)));
    }

    [Test]
    public async Task Files_of_an_oplog_come_from_its_dumps_also_when_their_pieces_are_in_several()
    {
        using var folder = Given.Folder();
        folder.Write("dump/app/_SCHEMA.bson", Given.Bson("""{"_id":"Item","objectId":"string"}"""));
        folder.Write("dump/app/fs.files.bson", Given.Bson(Entry("a", "a.txt", 10)));
        // Its first pieces were dumped, the entry comes with the oplog.
        folder.Write("dump/app/fs.chunks.bson", [.. Given.Bson(ChunkText("a", 0, Content(10))), .. Given.Bson(ChunkText("b", 0, Content(ChunkSize)))]);
        var oplog = new Oplog().Nothing()
            .Insert("fs.chunks", ChunkText("b", 1, Content(5)))
            .Insert("fs.files", Entry("b", "b.bin", ChunkSize + 5))
            .Insert("fs.chunks", ChunkText("c", 0, Content(7)))
            .Insert("fs.chunks", ChunkText("x", 0, Content(7)))
            .Delete("fs.chunks", "\"x.0\"");
        folder.Write("dump/oplog.bson", oplog.ToBytes());
        oplog.Insert("fs.files", Entry("c", "c.bin", 7)).Delete("fs.files", "\"a\"").Delete("fs.chunks", "\"a.0\"");
        var later = folder.Write("later/oplog.rs.bson", oplog.ToBytes(3));
        var dump = Path.Combine(folder.Path, "dump");
        var store = Path.Combine(folder.Path, "store");
        await using var target = await Target.CreateAsync();
        Assert.That((await target.ImportAsync(dump, o => o with { Files = new FileImportOptions { Folder = store } })).ExitCode, Is.Zero);
        string[] arguments = ["--connection", target.Database.ConnectionString, "--files", store];
        string[] first = [dump, .. arguments];
        Assert.That(await new FollowCommand().RunAsync(first, default), Is.Zero);
        Assert.That(Names(store), Is.EquivalentTo(new[] { "a.txt", "b.bin" }));
        Assert.That(await File.ReadAllBytesAsync(Path.Combine(store, "b.bin")), Is.EqualTo(Content(ChunkSize).Concat(Content(5))));
        Assert.That(await target.Get<long>("select count(*) from catalog.follow_chunks"), Is.EqualTo(1));
        string[] second = [later, .. arguments];
        Assert.That(await new FollowCommand().RunAsync(second, default), Is.Zero);
        Assert.That(Names(store), Is.EquivalentTo(new[] { "b.bin", "c.bin" }));
        Assert.That(await target.Get<long>("select count(*) from catalog.follow_chunks"), Is.Zero);
    }

    private static IEnumerable<string> Names(string store) => Directory.EnumerateFiles(store, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(store, f)).Where(f => f[0] != '.');

    private static byte[] Content(int length, int seed = 1)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }

    // As a driver does it: the pieces first.
    private static void Upload(OldServer app, string id, string name, byte[] content, int day = 1, bool md5 = false, int without = -1)
    {
        foreach (var (n, data) in content.Chunk(ChunkSize).Index().Where(c => c.Index != without))
        {
            Chunk(app, id, n, data);
        }
        app.Put("fs.files", id, d =>
        {
            d.Text("filename", name).Long("length", content.Length).Int("chunkSize", ChunkSize).Date("uploadDate", 1_700_000_000_000 + day);
            if (md5)
            {
                d.Text("md5", Convert.ToHexStringLower(MD5.HashData(content)));
            }
        });
    }

    private static void Chunk(OldServer app, string id, int n, byte[] data) =>
        app.Put("fs.chunks", $"{id}.{n}", d => d.Text("files_id", id).Int("n", n).Binary("data", 0, data));

    private static string Entry(string id, string name, int length) =>
        $$"""{"_id":"{{id}}","filename":"{{name}}","length":{{length.ToString(CultureInfo.InvariantCulture)}},"chunkSize":{{ChunkSize}},"uploadDate":{"$date":"2020-01-01T00:00:00Z"} }""";

    private static string ChunkText(string id, int n, byte[] data) =>
        $$$"""{"_id":"{{{id}}}.{{{n}}}","files_id":"{{{id}}}","n":{{{n}}},"data":{"$binary":{"base64":"{{{Convert.ToBase64String(data)}}}","subType":"00"} } }""";
}
