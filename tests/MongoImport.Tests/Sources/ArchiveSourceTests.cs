using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Tests.Sources;

[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class ArchiveSourceTests
{
    private static readonly byte[] Real = Given.Bytes("mongo-tools", "dump-w-oplog.archive");

    [Test]
    public void An_archive_of_mongodump_is_read_and_its_oplog_is_no_collection()
    {
        using var source = DumpSource.Open(Given.File("mongo-tools", "dump-w-oplog.archive"), null, Path.GetTempPath());
        var read = Given.ReadAll(source);
        Assert.That(read, Is.Not.Empty);
        Assert.That(read.Keys, Has.None.Contains("oplog"));
        Assert.That(source.Collections.Select(c => c.Damage), Has.All.Null);
    }

    [Test]
    public void An_archive_from_standard_input_plain_or_compressed_gives_what_the_file_gives()
    {
        using var file = DumpSource.Open(Given.File("mongo-tools", "dump-w-oplog.archive"), null, Path.GetTempPath());
        var expected = Given.ReadAll(file);
        using var folder = Given.Folder();
        foreach (var bytes in new[] { Real, Given.Gzip(Real) })
        {
            using (var piped = new ArchiveSource(new MemoryStream(bytes), "standard input", null, folder.Path))
            {
                Assert.That(Given.ReadAll(piped), Is.EqualTo(expected));
            }
            Assert.That(Directory.GetFiles(folder.Path), Is.Empty, "the temporary file is gone");
        }
        using var packed = DumpSource.Open(folder.Write("a.archive.gz", Given.Gzip(Real)), null, folder.Path);
        Assert.That(Given.ReadAll(packed), Is.EqualTo(expected));
    }

    [Test]
    public void Collections_that_interleave_come_apart_in_their_own_order()
    {
        using var folder = Given.Folder();
        var path = folder.Write("a.archive", Archive(crcOfB: null));
        using var source = DumpSource.Open(path, null, Path.GetTempPath());
        var read = Given.ReadAll(source);
        Assert.That(read["A"].Select(d => Given.Show(d)), Is.EqualTo(Enumerable.Range(0, 6).Select(n => $"{{n: Int32 {n}}}")));
        Assert.That(read["B"].Select(d => Given.Show(d)), Is.EqualTo(Enumerable.Range(100, 6).Select(n => $"{{n: Int32 {n}}}")));
    }

    [Test]
    public void A_wrong_check_sum_is_damage_of_that_collection_alone()
    {
        using var folder = Given.Folder();
        using var source = DumpSource.Open(folder.Write("a.archive", Archive(crcOfB: 1)), null, Path.GetTempPath());
        Assert.That(Given.ReadAll(source).Keys, Is.EqualTo(new[] { "A" }));
        Assert.That(source.Collections.Single(c => c.Name == "B").Damage!.Reason, Does.Contain("CRC"));
    }

    [Test]
    public void An_archive_that_ends_too_early_damages_what_was_not_complete()
    {
        var whole = Archive(crcOfB: null);
        for (var length = whole.Length - 5; length > whole.Length - 150; length -= 7)
        {
            using var folder = Given.Folder();
            using var source = DumpSource.Open(folder.Write("a.archive", whole[..length]), null, Path.GetTempPath());
            Given.ReadAll(source);
            Assert.That(source.Collections.Single(c => c.Name == "A").Damage?.Message, Does.Contain("a.archive"), $"cut after {length} bytes");
        }
    }

    [Test]
    public void The_check_sum_is_that_of_the_specification()
    {
        var crc = default(Crc64);
        crc.Add("123456789"u8);
        Assert.That(crc.Value, Is.EqualTo(0x995D_C9BB_DF19_39FAUL));
    }

    private static byte[] Archive(long? crcOfB)
    {
        using var archive = new MemoryStream();
        archive.Write([0x6d, 0xe2, 0x99, 0x81]);
        Document(archive, w => Text(w, "version", "0.1"));
        foreach (var name in new[] { "A", "B" })
        {
            Document(archive, w =>
            {
                Text(w, "db", "game");
                Text(w, "collection", name);
                Text(w, "metadata", "");
            });
        }
        Terminator(archive);
        var crcs = new Dictionary<string, Crc64>();
        for (var round = 0; round < 3; round++)
        {
            foreach (var (name, first) in new[] { ("A", 0), ("B", 100) })
            {
                Header(archive, name, false, 0);
                var start = (int)archive.Length;
                Document(archive, w => Number(w, first + (2 * round)));
                Document(archive, w => Number(w, first + (2 * round) + 1));
                var crc = crcs.GetValueOrDefault(name);
                crc.Add(archive.ToArray().AsSpan(start));
                crcs[name] = crc;
                Terminator(archive);
            }
        }
        foreach (var name in new[] { "B", "A" })
        {
            Header(archive, name, true, name == "B" && crcOfB is { } wrong ? wrong : (long)crcs[name].Value);
            Terminator(archive);
        }
        return archive.ToArray();
    }

    private static void Header(Stream archive, string name, bool eof, long crc) => Document(archive, w =>
    {
        Text(w, "db", "game");
        Text(w, "collection", name);
        w.Element(BsonType.Boolean, "EOF"u8);
        w.Byte(eof ? (byte)1 : (byte)0);
        w.Element(BsonType.Int64, "CRC"u8);
        w.Int64(crc);
    });

    private static void Text(BsonWriter writer, string name, string text)
    {
        writer.Element(BsonType.Text, System.Text.Encoding.UTF8.GetBytes(name));
        writer.Text(System.Text.Encoding.UTF8.GetBytes(text));
    }

    private static void Number(BsonWriter writer, int number)
    {
        writer.Element(BsonType.Int32, "n"u8);
        writer.Int32(number);
    }

    private static void Document(Stream to, Action<BsonWriter> fill)
    {
        var writer = new BsonWriter();
        writer.Begin();
        fill(writer);
        writer.End();
        to.Write(writer.Written);
    }

    private static void Terminator(Stream to) => to.Write([0xFF, 0xFF, 0xFF, 0xFF]);
}
