using Backend.Data.Catalog;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Tests.Rules;

[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class RulesReaderTests
{
    [TestCase("""{"klasses": {}}""", "klasses")]
    [TestCase("""{"version": 2}""", "version")]
    [TestCase("""{"classes": []}""", "classes")]
    [TestCase("""{"classes": {"A": {"skipp": true}}}""", "classes.A.skipp")]
    [TestCase("""{"classes": {"A": {"skip": "yes"}}}""", "classes.A.skip")]
    [TestCase("""{"classes": {"A": {"duplicates": "both"}}}""", "classes.A.duplicates")]
    [TestCase("""{"classes": {"A": {"rename": "1x"}}}""", "classes.A.rename")]
    [TestCase("""{"classes": {"_User": {"rename": "People"}}}""", "classes._User.rename")]
    [TestCase("""{"classes": {"A": {"rename": "B"}, "B": {}}}""", "classes.A and classes.B")]
    [TestCase("""{"classes": {"A": {"fields": {"n": {"type": "Integer"}}}}}""", "classes.A.fields.n.type")]
    [TestCase("""{"classes": {"A": {"fields": {"n": {"type": "Number", "target": "B"}}}}}""", "classes.A.fields.n.target")]
    [TestCase("""{"classes": {"A": {"fields": {"n": {"skip": true, "rename": "m"}}}}}""", "classes.A.fields.n")]
    [TestCase("""{"classes": {"A": {"fields": {"n": {"rename": "m"}, "m": {}}}}}""", "classes.A.fields.n and classes.A.fields.m")]
    [TestCase("""{"classes": {"A": {"fields": {"objectId": {"rename": "m"}}}}}""", "classes.A.fields.objectId.rename")]
    [TestCase("""{"classes": {"A": {"fields": {"_p_n": {"skip": true}}}}}""", "classes.A.fields._p_n.skip")]
    [TestCase("""{"classes": {"A": {"fields": {"n": {"keeps": "last-seen"}}}}}""", "classes.A.fields.n.keeps")]
    [TestCase("""{"classes": {"_User": {"fields": {"email": {"keeps": "nobody"}}}}}""", "classes._User.fields.email.keeps")]
    [TestCase("""{"files": {"skipp": true}}""", "files.skipp")]
    [TestCase("""{"classes": {"A": {}, "A": {}}}""", "not JSON")]
    [TestCase("{", "not JSON")]
    public void A_wrong_entry_is_named(string text, string named) =>
        Assert.That(() => RulesReader.Read(text), Throws.TypeOf<SourceException>().With.Message.StartsWith(named + ":"));

    [Test]
    public void Comments_are_allowed_and_the_same_rules_have_one_text()
    {
        var rules = RulesReader.Read("""
            {
                // what we settled
                "version": 1,
                "classes": {
                    "Game": { "fields": { "owner": { "type": "Pointer", "target": "_User" }, "b": { "rename": "c" } }, "duplicates": "first-wins", },
                    "Seen": { "accept": true },
                    "_User": { "fields": { "username": { "keeps": ["u1", "u2"] }, "email": { "keeps": "first-created" } } },
                    /* nobody needs it */ "Old": { "skip": true },
                },
            }
            """);
        Assert.That(rules.Class("Game").Field("owner").Type, Is.EqualTo(FieldKind.Reference));
        var text = RulesText.Of(rules);
        Assert.That(text, Is.EqualTo(
            """{"classes":{"Game":{"duplicates":"first-wins","fields":{"b":{"rename":"c"},"owner":{"type":"Pointer","target":"_User"}}},"Old":{"skip":true},"_User":{"fields":{"email":{"keeps":"first-created"},"username":{"keeps":["u1","u2"]}}}}}"""));
        Assert.That(RulesText.Of(RulesReader.Read(text)), Is.EqualTo(text));
        Assert.That(RulesText.Of(RulesReader.Read("")), Is.Empty);
    }

    [Test]
    public void A_file_that_is_not_there_is_named() =>
        Assert.That(() => RulesReader.ReadFile("/nowhere.json"), Throws.TypeOf<SourceException>().With.Message.StartsWith("/nowhere.json: "));
}
