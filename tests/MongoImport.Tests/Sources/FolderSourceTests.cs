using System.Text;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Tests.Sources;

[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class FolderSourceTests
{
    [Test]
    public void A_dump_in_which_every_file_is_compressed_is_read_with_its_metadata()
    {
        using var source = DumpSource.Open(Given.File("mongo-tools", "prelude_gzip"), null, Path.GetTempPath());
        var read = Given.ReadAll(source);
        Assert.That(read.Keys, Is.EqualTo(new[] { "foo" }));
        Assert.That(read["foo"], Is.Not.Empty);
        Assert.That(source.Collections[0].Metadata.Indexes.Select(i => i.Name), Is.EqualTo(new[] { "_id_" }));
    }

    [Test]
    public void A_first_document_whose_length_looks_like_compression_is_read()
    {
        using var folder = Given.Folder();
        var document = new Backend.MongoDouble.Bson.MongoDoc { { "_id", "a" }, { "text", new string('x', 0x8b1f - 27) } }.ToBytes();
        Assert.That(document[..2], Is.EqualTo(new byte[] { 0x1f, 0x8b }));
        folder.Write("Game.bson", document);
        using var source = DumpSource.Open(folder.Path, null, Path.GetTempPath());
        Assert.That(Given.ReadAll(source)["Game"], Is.EqualTo(new[] { document }));
    }

    [Test]
    public void Metadata_name_keys_and_options_of_indexes()
    {
        var hashed = CollectionMetadata.Parse(Given.Bytes("mongo-tools", "hashedIndexes.metadata.json"));
        Assert.That(hashed.Indexes.Select(i => string.Join(',', i.Key.Select(k => $"{k.Key} {k.Value}"))),
            Is.EqualTo(new[] { "_id 1", "a.a 1", "a.b hashed", "b hashed" }));
        var collated = CollectionMetadata.Parse(Given.Bytes("mongo-tools", "index_collation.json"));
        Assert.That(collated.Indexes[0].Options.Keys, Does.Contain("collation"));
        Assert.That(collated.Indexes[1].Key.Select(k => k.Value), Is.EqualTo(new[] { "text", "1" }));
    }

    [Test]
    public void The_sample_dump_names_its_collections_truly()
    {
        using var source = DumpSource.Open(Given.File("samples"), null, Path.GetTempPath());
        var read = Given.ReadAll(source);
        Assert.That(read.ToDictionary(r => r.Key, r => r.Value.Count), Is.EquivalentTo(Samples.Counts));
    }

    [TestCase("_Join%3Ausers%3A_Role", "_Join:users:_Role")]
    [TestCase("a+b", "a b")]
    [TestCase("100%", "100%")]
    [TestCase("_Join:users:_Role", "_Join:users:_Role")]
    public void A_dumped_file_name_is_unescaped(string file, string name) => Assert.That(CollectionNames.FromDump(file), Is.EqualTo(name));

    [TestCase("_Join\uA789tags\uA789Article", "_Join:tags:Article")]
    [TestCase("_Join%3Atags%3AArticle", "_Join:tags:Article")]
    [TestCase("_Join_users__Role", "_Join:users:_Role")]
    [TestCase("_User", "_User")]
    public void An_exported_join_has_its_colons_whatever_the_file_system_made_of_them(string file, string name) =>
        Assert.That(CollectionNames.FromExport(file), Is.EqualTo(name));

    [Test]
    public void Every_form_of_export_gives_the_same_documents()
    {
        using var folder = Given.Folder();
        folder.Write("Wrapped.json", """{ "results": [ {"objectId":"a","n":1}, {"objectId":"b","n":2} ] }""");
        folder.Write("Counted.json", """{"count":2,"results":[{"objectId":"a","n":1},{"objectId":"b","n":2}]}""");
        folder.Write("Bare.json", "\uFEFF[\n{\"objectId\":\"a\",\"n\":1},\n{\"objectId\":\"b\",\"n\":2}\n]\n");
        folder.Write("Lines.json", "{\"objectId\":\"a\",\"n\":1}\r\n{\"objectId\":\"b\",\"n\":2}\n");
        folder.Write("Empty.json", "");
        folder.Write("None.json", """{"results":[]}""");
        using var source = DumpSource.Open(folder.Path, null, Path.GetTempPath());
        var read = Given.ReadAll(source);
        foreach (var name in new[] { "Wrapped", "Counted", "Bare", "Lines" })
        {
            Assert.That(read[name].Select(d => Given.Show(d)), Is.EqualTo(new[] { "{objectId: Text 'a', n: Int32 1}", "{objectId: Text 'b', n: Int32 2}" }), name);
        }
        Assert.That(read["Empty"], Is.Empty);
        Assert.That(read["None"], Is.Empty);
    }

    [TestCase("""{"$oid":"546651e74bf6e4cb017c5312"}""", "ObjectId 546651e74bf6e4cb017c5312")]
    [TestCase("""{"$date":"2009-04-01T00:00:00.000-0700"}""", "Date 1238569200000")]
    [TestCase("""{"$date":"2009-04-01T00:00:00Z"}""", "Date 1238544000000")]
    [TestCase("""{"$date":1451606400000}""", "Date 1451606400000")]
    [TestCase("""{"$date":{"$numberLong":"-1"}}""", "Date -1")]
    [TestCase("""{"$numberInt":"7"}""", "Int32 7")]
    [TestCase("""{"$numberLong":"9007199254740993"}""", "Int64 9007199254740993")]
    [TestCase("""{"$numberDouble":"-Infinity"}""", "Double -Infinity")]
    [TestCase("""{"$numberDecimal":"1.50"}""", "Decimal128 1.50")]
    [TestCase("""{"$binary":"aGk=","$type":"00"}""", "Binary 0 6869")]
    [TestCase("""{"$binary":{"base64":"aGk=","subType":"05"}}""", "Binary 5 6869")]
    [TestCase("""{"$uuid":"00112233-4455-6677-8899-aabbccddeeff"}""", "Binary 4 00112233445566778899aabbccddeeff")]
    [TestCase("""{"$regex":"^a","$options":"i"}""", "Regex /^a/i")]
    [TestCase("""{"$regularExpression":{"pattern":"^a","options":""}}""", "Regex /^a/")]
    [TestCase("""{"$timestamp":{"t":1415991783,"i":1}}""", "Timestamp (1415991783, 1)")]
    [TestCase("""{"$undefined":true}""", "Undefined")]
    [TestCase("""{"$minKey":1}""", "MinKey")]
    [TestCase("""{"$code":"f()"}""", "Code 'f()'")]
    [TestCase("""{"$code":"f()","$scope":{}}""", "CodeWithScope 'f()' {}")]
    [TestCase("""{"$symbol":"s"}""", "Symbol 's'")]
    [TestCase("""{"$date":[]}""", "{$date: array {}}")]
    [TestCase("""{"$set":1}""", "{$set: Int32 1}")]
    [TestCase("NaN", "Double NaN")]
    [TestCase("-Infinity", "Double -Infinity")]
    [TestCase("1.0", "Double 1")]
    [TestCase("-0", "Double -0")]
    [TestCase("9007199254740993", "Int64 9007199254740993")]
    [TestCase("1e400", "Double Infinity")]
    [TestCase("[1,[2,{\"a\":null}]]", "array {0: Int32 1, 1: array {0: Int32 2, 1: {a: Null}}}")]
    [TestCase("\"\\ud83d\\ude00 \\u003c \\/ \\n\"", "Text '😀 < / \n'")]
    public void Extended_json_of_both_versions_is_understood(string json, string shown)
    {
        using var reader = new JsonBlockReader(new MemoryStream(Encoding.UTF8.GetBytes($"{{\"v\": {json} }}")), "a.json");
        Assert.That(Given.Show(Given.Read(reader).Single()), Is.EqualTo($"{{v: {shown}}}"));
    }

    [Test]
    public void A_lone_surrogate_in_json_is_kept_as_the_bytes_that_no_utf8_has()
    {
        using var reader = new JsonBlockReader(new MemoryStream("""{"v":"a\ud83d"}"""u8.ToArray()), "a.json");
        byte[] kept = [(byte)'a', 0xED, 0xA0, 0xBD];
        Assert.That(Given.Read(reader).Single().AsSpan().IndexOf(kept), Is.GreaterThan(0));
    }

    [Test]
    public void A_document_that_is_no_json_is_rejected_and_its_neighbours_are_read()
    {
        var rejected = new List<Rejection>();
        using var reader = new JsonBlockReader(new MemoryStream("""{"results":[{"a":1},{"a":},{"a":3}]}"""u8.ToArray()), "a.json") { Rejected = rejected.Add };
        Assert.That(Given.Read(reader).Select(d => Given.Show(d)), Is.EqualTo(new[] { "{a: Int32 1}", "{a: Int32 3}" }));
        Assert.That(rejected.Select(r => (r.Document, r.Offset)), Is.EqualTo(new[] { (2L, 20L) }));
    }

    [Test]
    public void Documents_larger_than_a_block_and_many_small_ones_arrive_whole()
    {
        var large = $"{{\"objectId\":\"large\",\"text\":\"{new string('x', 3_000_000)}\"}}";
        var lines = string.Join('\n', Enumerable.Range(0, 30_000).Select(n => $"{{\"objectId\":\"{n}\",\"list\":[1,2,\"}}]\"]}}").Append(large));
        using var reader = new JsonBlockReader(new MemoryStream(Encoding.UTF8.GetBytes(lines)), "a.json");
        var documents = Given.Read(reader);
        Assert.That(documents, Has.Count.EqualTo(30_001));
        Assert.That(documents[^1], Has.Length.GreaterThan(3_000_000));
        using var folder = Given.Folder();
        folder.Write("A.bson", [.. documents.SelectMany(d => d)]);
        using var source = DumpSource.Open(folder.Path, null, Path.GetTempPath());
        Assert.That(Given.ReadAll(source)["A"], Is.EqualTo(documents));
    }
}
