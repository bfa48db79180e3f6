using Backend.MongoImport.Tests.Following;

namespace Backend.MongoImport.Tests.Rules;

/// <summary>A follow goes by the rules of the import, which it finds with the rows.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class RulesOfFollowTests
{
    [Test]
    public async Task What_comes_after_an_import_by_rules_comes_by_the_same()
    {
        await using var followed = await Followed.StartAsync(3, """
            {"classes": {
                "Score": {"rename": "Result", "fields": {"n": {"rename": "points"}, "extra": {"skip": true}, "name": {"type": "Object"}, "fans": {"rename": "followers"}, "owner": {"rename": "by"}}},
                "_User": {"fields": {"username": {"keeps": "first-created"}, "email": {"keeps": "last-updated"}}},
                "Junk": {"skip": true}
            }}
            """);
        for (var i = 0; i < 500; i++)
        {
            followed.App.Change();
        }
        followed.App.Put("Junk", "j1", d => d.Text("a", "b"));
        followed.App.Put("_Join:fans:Score", "l1", d => d.Text("owningId", "s1").Text("relatedId", "u1"));
        followed.App.Put("Score", "new", d => d.Double("n", 7).Text("_p_owner", "_User$u1").Text("_p_best", "Score$s1").Double("extra", 1));
        await followed.CatchUpAsync();
        await followed.ExpectAsImportedAsync();
        Assert.That(await followed.Target.Get<string>("select concat_ws(' ', points, by, best) from app.result where id = 'new'"), Is.EqualTo("7 u1 s1"));
        Assert.That(await followed.Target.Get<long>("select count(*) from catalog.tables where origin in ('Score', 'Junk')"), Is.Zero);
        Assert.That(await followed.Target.Get<string>("select target from catalog.fields where name = 'best'"), Is.EqualTo("Result"));
    }
}
