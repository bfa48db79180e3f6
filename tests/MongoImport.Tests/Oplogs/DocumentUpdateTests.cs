using Backend.MongoImport.Oplogs;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Tests.Oplogs;

[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class DocumentUpdateTests
{
    // The old form: dotted paths, digits are an index of an array and a name in a document.
    [TestCase("""{"a":1}""", """{"$v":1,"$set":{"a":2,"b":"x"}}""", """{"a":2,"b":"x"}""")]
    [TestCase("""{"a":{"b":1}}""", """{"$set":{"a.b":2,"a.c.d":3}}""", """{"a":{"b":2,"c":{"d":3}}}""")]
    [TestCase("""{"a":{"0":1}}""", """{"$set":{"a.0":2}}""", """{"a":{"0":2}}""")]
    [TestCase("""{"a":[1,2]}""", """{"$set":{"a.0":9,"a.3":4}}""", """{"a":[9,2,null,4]}""")]
    [TestCase("""{"a":[{"b":1}]}""", """{"$set":{"a.0.b":2}}""", """{"a":[{"b":2}]}""")]
    [TestCase("""{"a":1,"b":{"c":1,"d":2}}""", """{"$v":1,"$unset":{"a":true,"b.c":true,"x.y":true}}""", """{"b":{"d":2}}""")]
    [TestCase("""{"a":[1,2]}""", """{"$unset":{"a.0":true}}""", """{"a":[null,2]}""")]
    [TestCase("""{"a":1}""", """{"$set":{"a.b":2}}""", """{"a":1}""")]
    [TestCase("""{"a":[1]}""", """{"$set":{"a.b":2}}""", """{"a":[1]}""")]
    // The new form: differences, nested ones under a name with s in front, of arrays with a.
    [TestCase("""{"a":1,"b":2}""", """{"$v":2,"diff":{"d":{"a":false},"u":{"b":3},"i":{"c":4}}}""", """{"b":3,"c":4}""")]
    [TestCase("""{"a":{"b":1,"c":{"d":1}}}""", """{"$v":2,"diff":{"sa":{"u":{"b":2},"sc":{"i":{"e":5}}}}}""", """{"a":{"b":2,"c":{"d":1,"e":5}}}""")]
    [TestCase("""{"s":{"d":1},"u":1}""", """{"$v":2,"diff":{"u":{"u":2},"ss":{"u":{"d":2}}}}""", """{"s":{"d":2},"u":2}""")]
    [TestCase("""{"a":[1,2,3]}""", """{"$v":2,"diff":{"sa":{"a":true,"l":2,"u0":9}}}""", """{"a":[9,2]}""")]
    [TestCase("""{"a":[1]}""", """{"$v":2,"diff":{"sa":{"a":true,"u3":4}}}""", """{"a":[1,null,null,4]}""")]
    [TestCase("""{"a":[{"b":[1,2]},2]}""", """{"$v":2,"diff":{"sa":{"a":true,"s0":{"sb":{"a":true,"u1":7}},"u1":3}}}""", """{"a":[{"b":[1,7]},3]}""")]
    [TestCase("""{"a":"text"}""", """{"$v":2,"diff":{"sa":{"a":true,"u0":1}}}""", """{"a":"text"}""")]
    [TestCase("""{"a":[1]}""", """{"$v":2,"diff":{"sa":{"u":{"0":2}}}}""", """{"a":[1]}""")]
    public void An_update_gives_the_document_that_MongoDB_has_after_it_also_when_it_comes_twice(string before, string update, string after)
    {
        var applied = DocumentUpdate.Apply(Given.Bson(before), Given.Bson(update));
        Assert.That(Given.Show(applied), Is.EqualTo(Given.Show(Given.Bson(after))));
        Assert.That(Given.Show(DocumentUpdate.Apply(applied, Given.Bson(update))), Is.EqualTo(Given.Show(applied)));
    }

    [Test]
    public void A_whole_document_is_known_from_its_names() => Assert.Multiple(() =>
    {
        Assert.That(DocumentUpdate.IsReplacement(Given.Bson("""{"_id":"a","diff":{"u":1}}""")), Is.True);
        Assert.That(DocumentUpdate.IsReplacement(Given.Bson("""{"$v":2,"diff":{"u":{}}}""")), Is.False);
        Assert.That(DocumentUpdate.IsReplacement(Given.Bson("""{"$set":{"a":1}}""")), Is.False);
    });

    [TestCase("""{"$v":3,"other":{}}""")]
    [TestCase("""{"$v":2,"diff":{"b":{}}}""")]
    public void An_update_of_an_unknown_form_is_refused(string update) =>
        Assert.That(() => DocumentUpdate.Apply(Given.Bson("""{"a":1}"""), Given.Bson(update)), Throws.TypeOf<SourceException>().With.Message.Contains("form that is not known"));
}
