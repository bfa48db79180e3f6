using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Backend.Data.Files;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Files;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Tests.Imports;

namespace Backend.MongoImport.Tests.Files;

[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class FileImportTests
{
    private const int ChunkSize = 1000;
    private readonly StringBuilder _files = new();
    private readonly List<(string Id, int N, byte[] Data)> _chunks = [];

    [Test]
    public async Task Files_come_whole_whatever_the_order_of_their_chunks()
    {
        var given = new FileImportTests();
        var contents = new Dictionary<string, byte[]>
        {
            ["empty.txt"] = [],
            ["small.txt"] = Content(1),
            ["one.png"] = Content(ChunkSize),
            ["two.bin"] = Content(ChunkSize + 1),
            ["folder/many.bin"] = Content(57 * ChunkSize + 123),
            ["typed"] = Content(10),
        };
        foreach (var (name, content) in contents)
        {
            given.Add(name, content, more: name == "typed" ? """ "contentType":"image/png","metadata":{"by":"ann","n":{"$numberLong":"2"}},"md5":"$$" """ : "");
        }
        given._chunks.Shuffle(new Random(1));
        using var folder = Given.Folder();
        var report = await given.ImportAsync(folder);
        Assert.That((report!.Found, report.Imported, report.Damaged, report.IsIncomplete), Is.EqualTo((6L, 6L, 0L, false)));
        Assert.That(report.Bytes, Is.EqualTo(contents.Values.Sum(c => (long)c.Length)));
        foreach (var (name, content) in contents)
        {
            Assert.That(await File.ReadAllBytesAsync(Path.Combine(folder.Path, "store", name)), Is.EqualTo(content), name);
        }
        var details = await FileStores.Open(new FilesOptions { Directory = Path.Combine(folder.Path, "store") }).ReadDetailsAsync("typed", default);
        Assert.That((details!.ContentType, details.Metadata?.GetRawText()), Is.EqualTo(("image/png", """{"by":"ann","n":2}""")));
        Assert.That(Directory.EnumerateFileSystemEntries(folder.Path, "import-mongo-*"), Is.Empty);

        // Again: everything is there; one that is not, or is another, comes again.
        File.Delete(Path.Combine(folder.Path, "store", "two.bin"));
        await File.WriteAllBytesAsync(Path.Combine(folder.Path, "store", "typed"), Content(10, seed: 9));
        report = await given.ImportAsync(folder);
        Assert.That((report!.Imported, report.Present), Is.EqualTo((2L, 4L)));
        Assert.That(await File.ReadAllBytesAsync(Path.Combine(folder.Path, "store", "typed")), Is.EqualTo(contents["typed"]));
    }

    [Test]
    public async Task Of_equal_names_the_latest_upload_counts_and_what_cannot_be_put_together_is_rejected()
    {
        var given = new FileImportTests();
        given.Add("twice.txt", Encoding.UTF8.GetBytes("newest"), day: 3);
        given.Add("twice.txt", Encoding.UTF8.GetBytes("older"), day: 2);
        given.Add("gap.bin", Content(3 * ChunkSize));
        given._chunks.RemoveAll(c => c.Id == "3" && c.N == 1);
        given.Add("none.bin", Content(2 * ChunkSize));
        given._chunks.RemoveAll(c => c.Id == "4");
        given.Add("short.bin", Content(2 * ChunkSize));
        given._chunks[^1] = given._chunks[^1] with { Data = Content(5) };
        given.Add("conflict.bin", Content(2 * ChunkSize));
        given._chunks.Insert(given._chunks.Count - 1, ("6", 0, Content(ChunkSize, seed: 5)));
        given.Add("same.bin", Content(2 * ChunkSize));
        given._chunks.Insert(given._chunks.Count - 1, given._chunks[^2]);
        given.Add("late.bin", Content(10));
        given._chunks.Add(given._chunks[^1]);
        given.Add("sum.bin", Content(10), more: "\"md5\":\"00000000000000000000000000000000\"");
        given.Add("../evil.txt", Content(10));
        given._files.AppendLine("""{"_id":"99","length":5}""");
        given._chunks.Add(("nobody", 0, Content(5)));
        using var folder = Given.Folder();
        var report = await given.ImportAsync(folder);
        Assert.That((report!.Found, report.Imported, report.Older, report.Damaged, report.OrphanChunks, report.DuplicateChunks), Is.EqualTo((9L, 3L, 1L, 7L, 1L, 3L)));
        Assert.That(report.IsIncomplete, Is.True);
        Assert.That(await File.ReadAllTextAsync(Path.Combine(folder.Path, "store", "twice.txt")), Is.EqualTo("newest"));
        Assert.That(Directory.GetFiles(Path.Combine(folder.Path, "store")).Select(Path.GetFileName), Is.EquivalentTo(new[] { "twice.txt", "same.bin", "late.bin" }));
        var rejects = (await File.ReadAllLinesAsync(Path.Combine(folder.Path, "rejects.jsonl"))).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("reason").GetString()!).ToList();
        Assert.That(rejects, Is.EquivalentTo(new[]
        {
            "gap.bin: 1 of 3 chunks missing: 1",
            "none.bin: none of its chunks is there",
            "short.bin: chunk 1 has 5 bytes, not 1000",
            "conflict.bin: chunk 0 comes twice, with different content",
            "sum.bin: its MD5 is not that of its entry",
            "../evil.txt: no file can have this name",
            "the entry of a file lacks its id, name or length",
            "a chunk of a file that is complete already: the first counts",
        }));
    }

    [Test]
    public async Task Encrypted_files_are_decrypted_and_others_among_them_taken_as_they_are()
    {
        var given = new FileImportTests();
        given.Add("secret.bin", Convert.FromHexString("982656b61805101b26313c47525d68737e89949faa8a9826dc10109b90a8269c50e7798b89"));
        given.Add("plain.bin", Content(2500));
        given.Add("tiny.bin", Content(3));
        using var folder = Given.Folder();
        var report = await given.ImportAsync(folder, passphrase: "open sesame");
        Assert.That((report!.Imported, report.NotEncrypted, report.IsIncomplete), Is.EqualTo((3L, 2L, false)));
        Assert.That(await File.ReadAllBytesAsync(Path.Combine(folder.Path, "store", "secret.bin")), Is.EqualTo(Enumerable.Range(0, 5).Select(i => (byte)(i * 7 + 5))));
        Assert.That(await File.ReadAllBytesAsync(Path.Combine(folder.Path, "store", "plain.bin")), Is.EqualTo(Content(2500)));
        report = await given.ImportAsync(folder, passphrase: "open sesame");
        Assert.That((report!.Imported, report.Present), Is.EqualTo((0L, 3L)));
    }

    [TestCase("photos", "")]
    [TestCase("fs", "app1_")]
    public async Task Buckets_have_names_and_collections_a_prefix(string bucket, string prefix)
    {
        var given = new FileImportTests();
        given.Add("a.txt", Content(10));
        using var folder = Given.Folder();
        if (prefix.Length > 0)
        {
            folder.Write($"dump/{prefix}_SCHEMA.bson", Given.Bson("""{"_id":"Game"}"""));
        }
        var report = await given.ImportAsync(folder, bucket: bucket, prefix: prefix);
        Assert.That(report!.Imported, Is.EqualTo(1));
    }

    [Test]
    public async Task An_import_brings_the_files_along_and_says_what_became_of_them()
    {
        var given = new FileImportTests();
        given.Add("a.txt", Content(10));
        given.Add("b.txt", Content(10));
        using var folder = Given.Folder();
        given.Write(folder, "fs");
        folder.Write("dump/Game.bson", Given.Bson("""{"_id":"1","_created_at":{"$date":"2020-01-01T00:00:00Z"}}"""));
        var dump = Path.Combine(folder.Path, "dump");
        var store = Path.Combine(folder.Path, "store");
        await using var target = await Target.CreateAsync();
        var report = await target.ImportAsync(dump, o => o with { Files = new FileImportOptions() });
        Assert.That((report.ExitCode, report.Files!.Found, report.Files.Imported), Is.EqualTo((2, 2L, 0L)), "files that are left are to be looked at");
        report = await target.ImportAsync(dump, o => o with { Files = new FileImportOptions { Folder = store }, Rules = RulesReader.Read("""{"files": {"skip": true}}""") });
        Assert.That((report.ExitCode, report.Files), Is.EqualTo((0, (FilesReport?)null)));
        Assert.That(report.Ignored.Select(i => i.Name), Is.EquivalentTo(new[] { "fs.files", "fs.chunks" }));
        Assert.That(Directory.Exists(store), Is.False);
        report = await target.ImportAsync(dump, o => o with { Files = new FileImportOptions { Folder = store } });
        Assert.That((report.ExitCode, report.Files!.Imported, report.Ignored.Count), Is.EqualTo((0, 2L, 0)));
        var text = new StringWriter();
        ReportText.Write(report, text);
        Assert.That(text.ToString(), Does.Contain("Files: 2 in GridFS, 2 imported"));

        // A verify compares what the store holds, byte by byte.
        VerifyOptions Named(VerifyOptions o) => o with { Files = new FileImportOptions { Folder = store } };
        var left = await target.VerifyAsync(dump);
        Assert.That((left.ExitCode, left.FilesLeft, left.IsComplete), Is.EqualTo((0, "Files in GridFS were not compared: name the folder of the file store with --files, or set Files__Directory as for the API.", true)));
        var verified = await target.VerifyAsync(dump, Named);
        var files = verified.Classes.Single(c => c.Name == "(files)");
        Assert.That((verified.ExitCode, files.Rows.Documents, files.TableRows, files.Rows.Equal, files.Rows.RowHash == 0), Is.EqualTo((0, 2L, 2L, 2L, false)));
        File.Delete(Path.Combine(store, "a.txt"));
        await File.WriteAllBytesAsync(Path.Combine(store, "b.txt"), [.. Content(9), 0]);
        Directory.CreateDirectory(Path.Combine(store, "below"));
        await File.WriteAllTextAsync(Path.Combine(store, "below", "own.txt"), "not from there");
        verified = await target.VerifyAsync(dump, Named);
        text = new StringWriter();
        verified.WriteText(text);
        Assert.That(verified.ExitCode, Is.EqualTo(Command.LookAtIt));
        Assert.That(text.ToString(), Does.Contain("a.txt: is not in the file store (10 bytes)").And.Contain("b.txt, content: source another from byte 9 on, here 10 bytes").And.Contain("file-extra: 1").And.Contain("    below/own.txt"));
        await File.WriteAllBytesAsync(Path.Combine(store, "b.txt"), Content(10));
        await File.WriteAllBytesAsync(Path.Combine(store, "a.txt"), Content(10));

        // By themselves, from an archive or a folder, without a database.
        File.Delete(Path.Combine(store, "b.txt"));
        Assert.That(await new FilesCommand().RunAsync([dump, "--files", store, "--rejects", Path.Combine(folder.Path, "r.jsonl")], default), Is.Zero);
        Assert.That(File.Exists(Path.Combine(store, "b.txt")), Is.True);
    }

    [Test]
    public void Arguments_name_the_store_the_bucket_and_the_passphrase()
    {
        using var folder = Given.Folder();
        var key = folder.Write("key", "open sesame\nnot this\n");
        var options = ImportOptions.Parse(["dump", "--connection", "Host=x", "--files", "store", "--files-key", key, "--bucket", "photos"]);
        Assert.That((options.Files.Folder, options.Files.Passphrase, options.Files.Bucket), Is.EqualTo(("store", "open sesame", "photos")));
        Assert.That(() => ImportOptions.Parse(["dump", "--connection", "Host=x", "--files-key", folder.Path + "/none"]), Throws.TypeOf<SourceException>().With.Message.Contains("none"));
    }

    private static byte[] Content(int length, int seed = 1)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }

    private void Add(string name, byte[] content, int day = 1, string more = "")
    {
        var id = (_files.ToString().Count(c => c == '\n') + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var sum = Convert.ToHexStringLower(MD5.HashData(content));
        var rest = more.Length > 0 ? "," + more.Replace("$$", sum, StringComparison.Ordinal) : "";
        _files.AppendLine($$$"""{"_id":"{{{id}}}","filename":"{{{name}}}","length":{{{content.Length}}},"chunkSize":{{{ChunkSize}}},"uploadDate":{"$date":"2020-01-0{{{day}}}T00:00:00Z"} {{{rest}}} }""");
        _chunks.AddRange(content.Chunk(ChunkSize).Select((data, n) => (id, n, data)));
    }

    private void Write(TemporaryFolder folder, string bucket)
    {
        folder.Write($"dump/{bucket}.files.bson", Given.Bson(_files.ToString()));
        folder.Write($"dump/{bucket}.chunks.bson", Given.Bson(string.Join('\n', _chunks.Select((c, i) =>
            $$$"""{"_id":{{{i}}},"files_id":"{{{c.Id}}}","n":{{{c.N}}},"data":{"$binary":{"base64":"{{{Convert.ToBase64String(c.Data)}}}","subType":"00"} } }"""))));
    }

    private async Task<FilesReport?> ImportAsync(TemporaryFolder folder, string? passphrase = null, string bucket = "fs", string prefix = "")
    {
        Write(folder, prefix + bucket);
        using var source = DumpSource.Open(Path.Combine(folder.Path, "dump"), null, folder.Path);
        source.Scan((_, block) => block.Dispose(), default);
        using var rejects = new RejectFile(Path.Combine(folder.Path, "rejects.jsonl"));
        using var progress = new Progress(TextWriter.Null, terminal: false);
        var options = new FileImportOptions { Folder = Path.Combine(folder.Path, "store"), Passphrase = passphrase, Bucket = bucket };
        return await FileImport.RunAsync(options, source, folder.Path, rejects, progress, default);
    }
}

file static class Lists
{
    public static void Shuffle<T>(this List<T> list, Random random)
    {
        for (var i = list.Count - 1; i > 0; i--)
        {
            var j = random.Next(i + 1);
            (list[i], list[j]) = (list[j], list[i]);
        }
    }
}
