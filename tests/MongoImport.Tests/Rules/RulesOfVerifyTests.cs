using Backend.MongoImport.Commands;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Tests.Imports;
using Backend.MongoImport.Tests.Verifying;

namespace Backend.MongoImport.Tests.Rules;

/// <summary>A comparison goes by the rules of the import, and finds nothing where nothing is wrong.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class RulesOfVerifyTests
{
    [Test]
    public async Task What_was_imported_by_rules_has_no_difference_by_the_same_rules()
    {
        var folder = Given.File("samples", "game");
        var rules = RulesReader.Read("""
            {"classes": {
                "GameScore": {"rename": "Score", "fields": {"player": {"rename": "by"}, "cheat": {"skip": true}, "fans": {"rename": "followers"}}},
                "Post": {"rename": "Article"},
                "Coupon": {"fields": {"serial": {"type": "Number"}}},
                "Mixed": {"fields": {"text": {"type": "Object"}, "number": {"type": "String"}, "when": {"type": "Boolean"}, "list": {"rename": "items"}, "owner": {"type": "Pointer", "target": "Post"}}},
                "Places": {"fields": {"point": {"type": "Array"}, "area": {"type": "Object"}}},
                "Types": {"fields": {"odd": {"type": "String"}}},
                "Dates": {"duplicates": "first-wins", "fields": {"when": {"type": "Number"}}},
                "Keys": {"skip": true},
                "_User": {"fields": {"karma": {"skip": true}, "username": {"keeps": "first-created"}}}
            }}
            """);
        await using var target = await Target.CreateAsync();
        var import = await target.ImportAsync(folder, rules);
        Assert.That(import.ExitCode, Is.Zero);
        var report = await target.VerifyAsync(folder);
        Assert.That(VerifyTests.Unexplained(report), Is.Empty);
        Assert.That((report.ExitCode, report.IsComplete), Is.EqualTo((Command.Done, true)));
        Assert.That(report.Classes.Select(c => c.Name), Does.Contain("Score").And.Contain("Article").And.Not.Contain("Keys"));
        Assert.That(() => target.VerifyAsync(folder, o => o with { Rules = ImportRules.None }), Throws.TypeOf<SourceException>().With.Message.Contains("Score"));
    }

    [Test]
    public async Task The_first_of_equal_ids_is_compared_when_the_first_wins()
    {
        using var folder = Given.Folder();
        folder.Write("Game.json", """[{"objectId":"a","n":1},{"objectId":"b","n":2},{"objectId":"a","n":3},{"objectId":"a","n":4}]""");
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(folder.Path, RulesReader.Read("""{"classes": {"Game": {"duplicates": "first-wins"}}}"""));
        Assert.That(await target.Get<string>("select string_agg(id || n, ' ' order by id) from app.game"), Is.EqualTo("a1 b2"));
        var report = await target.VerifyAsync(folder.Path);
        Assert.That(VerifyTests.Unexplained(report), Is.Empty);
    }
}
