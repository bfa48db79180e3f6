using Backend.MongoImport.Reporting;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Tests.Imports;

namespace Backend.MongoImport.Tests.Rules;

/// <summary>What each rule does to an import.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class RulesOfImportTests
{
    [Test]
    public async Task Names_types_and_what_is_left_out_are_as_the_rules_say()
    {
        using var folder = Given.Folder();
        Dump(folder.Path, "");
        await using var target = await Target.CreateAsync();
        var rules = RulesReader.Read("""
            {"classes": {
                "Old Posts": {"rename": "Post"},
                "Game": {"duplicates": "first-wins", "fields": {
                    "score": {"type": "String"}, "secret": {"skip": true}, "level": {"rename": "stage"}, "post": {"rename": "article"}, "fans": {"rename": "followers"},
                    "list": {"target": "Tag"}, "gone": {"skip": true}, "typo": {"type": "Number"}}},
                "Junk": {"skip": true},
                "_User": {"fields": {"username": {"keeps": "first-created"}, "email": {"keeps": ["u1"]}, "authData": {"keeps": ["u2"]}}},
                "_Role": {"fields": {"name": {"keeps": "last-created"}}},
                "Nowhere": {"skip": true}
            }}
            """);
        var report = await target.ImportAsync(folder.Path, rules);
        Assert.That(report.Classes.Select(c => (c.Name, c.State, c.Message)), Is.EqualTo(new[] { "Game", "Post", "_Role", "_User" }.Select(n => (n, ClassState.Imported, (string?)null))));

        // Fields, and where they lead.
        Assert.That(await Fields(target, "Game"), Is.EqualTo("article Reference Post article, followers Relation Post game_followers, list Relation Tag game_list, nested Array  nested, owner Reference _User owner, score Text  score, stage Number  stage"));
        Assert.That(await target.Get<string>("select string_agg(indexdef, '; ') from pg_indexes where schemaname = 'app' and tablename = 'game' and indexname like '%stage%'"), Does.Contain("stage"));
        Assert.That(await target.Get<string>("select permissions::text from catalog.tables where origin = 'Game'"), Does.Contain("\"stage\"").And.Contains("\"owner\"").And.Not.Contains("secret"));
        Assert.That(await target.Get<bool>("select required from catalog.fields where name = 'stage'"), Is.True);

        // Of equal ids the first; a value that its forced type does not hold is in rest; pointers lead to the new name, also inside of arrays.
        Assert.That(await target.Get<string>("select concat_ws('|', score, stage, article, nested, rest - '_missing') from app.game where id = 'g1'"),
            Is.EqualTo("""3|p1|[{"__type": "Pointer", "objectId": "p1", "className": "Post"}]|{"score": 12}"""));
        Assert.That(await target.Get<string>("select concat_ws('|', score, rest - '_missing') from app.game where id = 'g2'"), Is.EqualTo("high|{}"));
        Assert.That(await target.Get<string>("select owning_id || related_id from app.game_followers"), Is.EqualTo("g1p1"));
        Assert.That(await target.Get<string>("select related_id from app.game_list"), Is.EqualTo("t1"));

        // Which of equal values is not marked.
        Assert.That(await target.Get<string>("select string_agg(id, '') from app.users where username_duplicate"), Is.EqualTo("u2"));
        Assert.That(await target.Get<string>("select string_agg(id, '') from app.users where email_duplicate"), Is.EqualTo("u2"));
        Assert.That(await target.Get<string>("select string_agg(user_id, '') from app.identities where duplicate"), Is.EqualTo("u1"));
        Assert.That(await target.Get<string>("select string_agg(id, '') from app.roles where name_duplicate"), Is.EqualTo("r1"));

        // What was left out is counted; what nothing answers to is said.
        Assert.That(report.Skipped, Is.EqualTo(new[] { ("Game", "secret", 2L) }));
        Assert.That(report.Ignored.Select(i => (i.Name, i.Documents, i.Reason)), Is.EquivalentTo(new[] { ("Junk", 2L, "skipped by rule"), ("_Join:gone:Game", 1L, "skipped by rule") }));
        Assert.That(report.Notes, Has.Some.Contains("classes.Nowhere").And.Some.Contains("classes.Game.fields.typo"));
        var text = new StringWriter();
        ReportText.Write(report, text);
        Assert.That(text.ToString(), Does.Contain("Game.secret: 2"));

        // Kept with the rows, for who compares them later.
        var stored = await StoredRules.RequireAsync(target.Database.DataSource, null, default);
        Assert.That(RulesText.Of(stored.For("Game")), Is.EqualTo(RulesText.Of(rules.For("Game"))));
        Assert.That(await StoredRules.RequireAsync(target.Database.DataSource, rules, default), Is.SameAs(rules));
        Assert.That(() => StoredRules.RequireAsync(target.Database.DataSource, ImportRules.None, default), Throws.TypeOf<SourceException>().With.Message.Contains("Game"));
    }

    [Test]
    public async Task Rules_name_classes_without_the_prefix_of_their_collections()
    {
        using var folder = Given.Folder();
        Dump(folder.Path, "app1_");
        await using var target = await Target.CreateAsync();
        var report = await target.ImportAsync(folder.Path, RulesReader.Read("""{"classes": {"Old Posts": {"rename": "Post"}, "Game": {"fields": {"level": {"rename": "stage"}}}, "Junk": {"skip": true}}}"""));
        Assert.That(report.Classes.Select(c => c.Name), Is.EqualTo(new[] { "Game", "Post", "_Role", "_User" }));
        Assert.That(await Fields(target, "Game"), Does.Contain("stage Number  stage").And.Contains("post Reference Post post"));
        Assert.That(await target.Get<long>("select count(*) from app.post"), Is.EqualTo(1));
    }

    [TestCase("""{"classes": {"Game": {"rename": "Junk"}}}""", "Junk")]
    [TestCase("""{"classes": {"Game": {"fields": {"level": {"rename": "score"}}}}}""", "score")]
    [TestCase("""{"classes": {"Junk": {"fields": {"a": {"rename": "b"}}}}}""", "b")]
    [TestCase("""{"classes": {"_User": {"fields": {"username": {"type": "Number"}}}}}""", "classes._User.fields.username")]
    [TestCase("""{"classes": {"Game": {"fields": {"fans": {"type": "Array"}}}}}""", "classes.Game.fields.fans")]
    [TestCase("""{"classes": {"Game": {"fields": {"score": {"type": "Pointer"}}}}}""", "classes.Game.fields.score.target")]
    public async Task A_rule_that_cannot_be_followed_is_refused_before_anything_is_written(string rules, string named)
    {
        using var folder = Given.Folder();
        Dump(folder.Path, "");
        await using var target = await Target.CreateAsync();
        Assert.That(() => target.ImportAsync(folder.Path, RulesReader.Read(rules)), Throws.TypeOf<SourceException>().With.Message.Contains(named));
        Assert.That(await target.Get<long>("select count(*) from catalog.imports"), Is.Zero);
    }

    [Test]
    public void A_document_that_cannot_be_decoded_keeps_its_place_in_the_file()
    {
        using var folder = Given.Folder();
        var good = Given.Bson("""{"_id":"1","a":"x"}""");
        byte[] bad = [.. good];
        bad[4] = 0x55;
        folder.Write("Game.bson", [.. good, .. good, .. bad, .. good]);
        using var source = RuledSource.Over(DumpSource.Open(folder.Path, null, folder.Path), RulesReader.Read("""{"classes": {"Game": {"fields": {"a": {"rename": "longer"}}}}}"""));
        var blocks = new List<(long, long, int)>();
        source.Scan((_, block) =>
        {
            blocks.Add((block.Offset, block.FirstNumber, block.Count));
            block.Dispose();
        }, default);
        Assert.That(blocks, Is.EqualTo(new[] { (0L, 1L, 2), (2L * good.Length, 3L, 1), (3L * good.Length, 4L, 1) }));
    }

    private static void Dump(string folder, string prefix)
    {
        void Write(string name, string lines) => File.WriteAllBytes(Path.Combine(folder, prefix + name + ".bson"), Given.Bson(lines));
        Write("_SCHEMA", """
            {"_id":"Game","score":"number","level":"number","secret":"string","post":"*Old Posts","fans":"relation<Old Posts>","nested":"array","owner":"*_User","gone":"relation<Tag>","_metadata":{"fields_options":{"level":{"required":true},"secret":{"required":true}},"indexes":{"level_1":{"level":1},"secret_1":{"secret":1}},"class_permissions":{"find":{"*":true},"readUserFields":["owner"],"protectedFields":{"*":["level","secret"],"userField:owner":["secret"]}}}}
            {"_id":"Old Posts","title":"string"}
            {"_id":"Junk","b":"string","a":"string"}
            """);
        Write("Game", """
            {"_id":"g1","score":12,"level":3,"secret":"x","_p_post":"Old Posts$p1","nested":[{"__type":"Pointer","className":"Old Posts","objectId":"p1"}],"_created_at":{"$date":"2020-01-01T00:00:00Z"}}
            {"_id":"g2","score":"high","secret":"x","_created_at":{"$date":"2020-01-01T00:00:00Z"}}
            {"_id":"g1","score":"late","_created_at":{"$date":"2020-01-01T00:00:00Z"}}
            """);
        File.WriteAllText(Path.Combine(folder, prefix + "Game.metadata.json"), """{"indexes":[{"v":2,"key":{"level":1},"name":"level_1"},{"v":2,"key":{"secret":1},"name":"secret_1"}]}""");
        Write("Old Posts", """{"_id":"p1","title":"t","_created_at":{"$date":"2020-01-01T00:00:00Z"}}""");
        Write("Junk", "{\"_id\":\"1\",\"a\":\"1\"}\n{\"_id\":\"2\",\"b\":\"1\"}");
        Write("_Join%3Afans%3AGame", """{"_id":"1","owningId":"g1","relatedId":"p1"}""");
        Write("_Join%3Alist%3AGame", """{"_id":"1","owningId":"g1","relatedId":"t1"}""");
        Write("_Join%3Agone%3AGame", """{"_id":"1","owningId":"g1","relatedId":"t1"}""");
        Write("_User", """
            {"_id":"u1","username":"same","email":"same@example.com","_auth_data_fb":{"id":"1"},"_created_at":{"$date":"2020-01-01T00:00:00Z"},"_updated_at":{"$date":"2020-01-01T00:00:00Z"}}
            {"_id":"u2","username":"same","email":"same@example.com","_auth_data_fb":{"id":"1"},"_created_at":{"$date":"2020-01-02T00:00:00Z"},"_updated_at":{"$date":"2020-01-02T00:00:00Z"}}
            """);
        Write("_Role", """
            {"_id":"r1","name":"same","_created_at":{"$date":"2020-01-01T00:00:00Z"},"_updated_at":{"$date":"2020-02-02T00:00:00Z"}}
            {"_id":"r2","name":"same","_created_at":{"$date":"2020-01-02T00:00:00Z"},"_updated_at":{"$date":"2020-01-02T00:00:00Z"}}
            """);
    }

    private static async Task<string> Fields(Target target, string origin) => (await target.Get<string>(
        $"select string_agg(format('%s %s %s %s', f.name, f.kind, f.target, f.column_name), ', ' order by f.name) from catalog.fields f join catalog.tables t on t.number = f.table_number where t.origin = '{origin}'"))!;
}
