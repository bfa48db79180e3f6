using System.Text;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Tests.Sources;

[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class DamageTests
{
    private static readonly byte[] Sample = Given.Bytes("mongo-tools", "sample.bson");

    [Test]
    public void A_file_that_ends_too_early_names_file_byte_and_document()
    {
        var damage = Damage("A.bson", Sample[..^3]);
        Assert.That(damage.Message, Does.Contain("A.bson").And.Contains("document 4"));
        Assert.That(damage.Offset, Is.EqualTo(Sample.Length - BitConverter.ToInt32(Sample, LastDocument())));
    }

    [Test]
    public void A_length_that_cannot_be_is_damage()
    {
        var broken = Sample.ToArray();
        broken[LastDocument() + 3] = 0x7F;
        Assert.That(Damage("A.bson", broken).Offset, Is.EqualTo(LastDocument()));
    }

    [Test]
    public void A_compressed_file_that_was_cut_or_altered_is_damage()
    {
        var packed = Given.Gzip([.. Enumerable.Repeat(Sample, 500).SelectMany(s => s)]);
        Assert.That(Damage("A.bson.gz", packed[..(packed.Length / 2)]).Path, Does.EndWith("A.bson.gz"));
        Assert.That(Damage("A.bson.gz", packed[..^4]).Path, Does.EndWith("A.bson.gz"));
        var altered = packed.ToArray();
        altered[packed.Length / 2] ^= 0x55;
        Assert.That(Damage("A.bson.gz", altered).Path, Does.EndWith("A.bson.gz"));
    }

    [TestCase("""{"results":[{"a":1},{"a":2""")]
    [TestCase("""{"results":[{"a":1}""")]
    [TestCase("""[{"a":1},3]""")]
    [TestCase("nothing of the kind")]
    public void An_export_that_is_cut_or_is_none_is_damage(string text) => Assert.That(Damage("A.json", Encoding.UTF8.GetBytes(text)).Path, Does.EndWith("A.json"));

    [Test]
    public void The_other_files_of_a_folder_are_read_all_the_same()
    {
        using var folder = Given.Folder();
        folder.Write("Bad.bson", Sample[..^3]);
        folder.Write("Good.bson", Sample);
        using var source = DumpSource.Open(folder.Path, null, Path.GetTempPath());
        Assert.That(Given.ReadAll(source).Keys, Is.EqualTo(new[] { "Good" }));
    }

    private static int LastDocument()
    {
        var at = 0;
        while (at + BitConverter.ToInt32(Sample, at) < Sample.Length)
        {
            at += BitConverter.ToInt32(Sample, at);
        }
        return at;
    }

    private static SourceDamagedException Damage(string name, byte[] bytes)
    {
        using var folder = Given.Folder();
        using var source = DumpSource.Open(folder.Write(name, bytes), null, Path.GetTempPath());
        source.Scan((_, block) => block.Dispose(), CancellationToken.None);
        return source.Collections.Single().Damage ?? throw new AssertionException("no damage was noticed");
    }
}
