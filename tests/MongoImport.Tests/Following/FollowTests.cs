using Backend.MongoDouble.Bson;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Tests.Live;

namespace Backend.MongoImport.Tests.Following;

/// <summary>What a live source writes after its import comes into the rows.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class FollowTests
{
    [TestCase(1)]
    [TestCase(2)]
    public async Task After_a_few_thousand_changes_the_rows_are_those_of_a_new_import(int seed)
    {
        await using var followed = await Followed.StartAsync(seed);
        for (var round = 0; round < 5; round++)
        {
            for (var i = 0; i < 400; i++)
            {
                followed.App.Change();
            }
            await followed.CatchUpAsync();
        }
        await followed.ExpectAsImportedAsync($"seed {seed}");
        Assert.That(await followed.Target.Get<DateTime?>("select writes_closed_at from catalog.state"), Is.Not.Null, "writes are closed");
        Assert.That(await followed.Target.Get<long>("select changes from catalog.follow"), Is.GreaterThan(1500));
    }

    [Test]
    public async Task New_classes_and_fields_come_with_their_schema_or_without_and_go_again()
    {
        await using var followed = await Followed.StartAsync();
        var (mongo, app) = (followed.Server.Mongo, followed.App);
        app.Put("_SCHEMA", "Place", d => d.Text("objectId", "string").Text("where", "geopoint").Text("tags", "relation<Score>")
            .Document("_metadata", m => m.Document("class_permissions", p => p.Document("find", f => f.Bool("*", true)).Document("get", _ => { }))));
        app.Put("Place", "p1", d => d.Array("where", a => a.Double("0", 10).Double("1", 20)).Date("_created_at", 1).Date("_updated_at", 2));
        app.Put("_Join:tags:Place", "j1", d => d.Text("owningId", "p1").Text("relatedId", "s1"));
        app.Put("_Join:tags:Place", "j2", d => d.Text("owningId", "p1").Text("relatedId", "s1"));
        app.Put("_Join:tags:Place", "j3", d => d.Text("owningId", "p1").Text("relatedId", "s2"));
        app.Put("Undeclared", "x1", d => d.Text("text", "a").Double("n", 1).Date("_created_at", 1).Date("_updated_at", 2));
        app.Put("agendaJobs", "a1", d => d.Text("not", "of a Parse server"));
        app.Put("_SCHEMA", "Gone", d => d.Text("objectId", "string").Text("a", "string"));
        app.Put("Gone", "g1", d => d.Text("a", "b").Date("_created_at", 1).Date("_updated_at", 2));
        await followed.CatchUpAsync();

        Assert.That(await followed.Target.Get<string>("select st_astext(\"where\") from app.place where id = 'p1'"), Is.EqualTo("POINT(10 20)"));
        Assert.That(await followed.Target.Get<string>("select permissions::text from catalog.tables where origin = 'Place'"), Does.Contain("find"));
        Assert.That(await followed.Target.Get<long>("select count(*) from app.place_tags"), Is.EqualTo(2));
        Assert.That(await followed.Target.Get<double>("select n from app.undeclared where text = 'a'"), Is.EqualTo(1));
        Assert.That(await followed.Target.Get<string>("select to_regclass('app.agenda_jobs')::text"), Is.Null);
        Assert.That(followed.Said.ToString(), Does.Contain("Class Place has come.").And.Contain("agendaJobs: 1 changes left out"));

        mongo.Delete(LiveServer.Database, "_Join:tags:Place", "j1");
        mongo.Delete(LiveServer.Database, "_Join:tags:Place", "j3");
        mongo.Delete(LiveServer.Database, "Gone", "g1");
        mongo.Drop(LiveServer.Database, "Gone");
        mongo.Delete(LiveServer.Database, "_SCHEMA", "Gone");
        app.Put("Other", "o1", d => d.Text("text", "o").Double("n", 2).Date("_created_at", 1).Date("_updated_at", 2));
        mongo.Rename(LiveServer.Database, "Other", "Undeclared");
        // A type that changes: the old server takes the values away first.
        app.Put("Place", "p1", d => d.Date("_created_at", 1).Date("_updated_at", 3));
        await followed.CatchUpAsync();
        app.Put("_SCHEMA", "Place", d => d.Text("objectId", "string").Text("where", "string").Text("tags", "relation<Score>"));
        app.Put("Place", "p1", d => d.Text("where", "here").Date("_created_at", 1).Date("_updated_at", 4));
        await followed.CatchUpAsync();

        Assert.That(await followed.Target.Get<string>("select string_agg(related_id, ',') from app.place_tags"), Is.EqualTo("s1"), "a pair goes with the last document that holds it");
        Assert.That(await followed.Target.Get<string>("select to_regclass('app.gone')::text"), Is.Null);
        Assert.That(await followed.Target.Get<string>("select string_agg(id || text, ',') from app.undeclared"), Is.EqualTo("o1o"));
        Assert.That(await followed.Target.Get<string>("select \"where\" from app.place"), Is.EqualTo("here"));
    }

    [Test]
    public async Task A_source_that_is_lost_is_tried_again_and_one_that_lost_its_history_is_said()
    {
        await using var followed = await Followed.StartAsync();
        followed.App.Insert();
        followed.Server.Mongo.GoAway();
        var following = followed.CatchUpAsync();
        Assert.That(() => followed.Said.ToString(), Does.Contain("Once more in").After(60).Seconds.PollEvery(200).MilliSeconds);
        followed.Server.Mongo.Return();
        await following;
        await followed.ExpectAsImportedAsync();

        followed.App.Insert();
        followed.Server.Mongo.LoseHistory();
        var lost = await Assert.ThrowsAsync<SourceException>(() => followed.CatchUpAsync());
        Assert.That(lost!.Message, Does.Contain("no longer has the changes").And.Contain("Import it again"));
        Assert.That(await followed.Target.Get<DateTime?>("select writes_closed_at from catalog.state"), Is.Not.Null, "writes stay closed");

        Assert.That((await followed.Target.ImportAsync(followed.Server.Uri())).ExitCode, Is.Zero, "what was followed may be imported again");
        followed.App.Insert();
        await followed.CatchUpAsync();
        await followed.ExpectAsImportedAsync();
    }

    [Test]
    public async Task Indexes_that_the_source_declares_or_drops_meanwhile_are_made_and_dropped_here()
    {
        static MongoDoc Index(string name, string key, params (string Name, object Value)[] more)
        {
            var index = new MongoDoc { { "v", 2 }, { "key", new MongoDoc { { key, 1 } } }, { "name", name } };
            Array.ForEach(more, m => index.Add(m.Name, m.Value));
            return index;
        }
        await using var followed = await Followed.StartAsync(before: app => app.CreateIndex("Score", Index("n_1", "n")));
        async Task<string?> MadeAsync() => await followed.Target.Get<string>("""
            select string_agg(i.name || case when x.indisunique then ' unique' when x.indexrelid is null then ' noted' else '' end, ', ' order by i.name)
            from catalog.indexes i join catalog.tables t on t.number = i.table_number left join pg_index x on x.indexrelid = to_regclass('app.' || quote_ident(i.relation)) where t.origin = 'Score'
            """);
        await followed.CatchUpAsync();
        Assert.That(await MadeAsync(), Is.EqualTo("n_1"));

        var app = followed.App;
        app.CreateIndex("Score", Index("name_1", "name", ("unique", true)));
        app.CreateIndex("Score", Index("id_n", "_id", ("unique", true)));
        app.CreateIndex("Score", Index("later_1", "later"));
        app.CreateIndex("Score", Index("at_ttl", "at", ("expireAfterSeconds", 60)));
        app.CreateIndex("Score", Index("ci", "name", ("collation", new MongoDoc { { "locale", "en" } })));
        await followed.CatchUpAsync();
        Assert.That(await MadeAsync(), Is.EqualTo("at_ttl, ci noted, n_1, name_1"), "names are not unique, so the index is not");
        Assert.That(followed.Said.ToString(), Does.Contain("Making index name_1 of Score.").And.Contain("name_1: not unique here").And.Contain("Index ci is not built: its collation").And.Contain("there is no column for later"));
        Assert.That(await followed.Target.Get<long>("select seconds from jobs.expirations where relation = 'score' and column_name = 'at'"), Is.EqualTo(60));

        // A text that no B-tree holds; a field that comes, with its index waiting; an index that goes.
        app.Put("Score", "long", d => d.Text("name", new string('x', 9000)).Date("_created_at", 1).Date("_updated_at", 2));
        app.Put("Score", "with", d => d.Text("later", "a").Date("_created_at", 1).Date("_updated_at", 2));
        followed.Server.Mongo.DropIndex(LiveServer.Database, "Score", "at_ttl");
        followed.Server.Mongo.DropIndex(LiveServer.Database, "Score", "n_1");
        await followed.CatchUpAsync();
        Assert.That(await MadeAsync(), Is.EqualTo("ci noted, later_1, name_1"));
        Assert.That(await followed.Target.Get<long>("select count(*) from jobs.expirations where relation = 'score'"), Is.Zero);
        Assert.That(await followed.Target.Get<bool>("select name is null and length(rest ->> 'name') = 9000 from app.score where id = 'long'"), Is.True);

        // What a server before 6.0 tells nothing of is found at the next start, and at the cut-over.
        followed.Server.Mongo.SeedIndex(LiveServer.Database, "Score", Index("n_again", "n"));
        await followed.CatchUpAsync();
        Assert.That(await MadeAsync(), Is.EqualTo("ci noted, later_1, n_again, name_1"));
    }

    [Test]
    public async Task Rows_of_another_source_are_not_followed()
    {
        await using var followed = await Followed.StartAsync();
        using var folder = Given.Folder();
        folder.Write("Game.json", """{"results":[{"objectId":"g1","createdAt":"2016-01-01T00:00:00.000Z","updatedAt":"2016-01-01T00:00:00.000Z"}]}""");
        Assert.That((await followed.Target.ImportAsync(folder.Path)).ExitCode, Is.Zero);
        var nothing = await Assert.ThrowsAsync<SourceException>(() => followed.CatchUpAsync());
        Assert.That(nothing!.Message, Does.Contain("Nothing was imported"));

        Assert.That((await followed.Target.ImportAsync(followed.Server.Uri())).ExitCode, Is.Zero);
        await followed.CatchUpAsync();
        var refused = await Assert.ThrowsAsync<SourceException>(() => followed.Target.ImportAsync(folder.Path));
        Assert.That(refused!.Message, Does.Contain("--abandon first"));
    }

    [Test]
    public async Task Rows_that_somebody_wrote_since_the_import_keep_the_follow_from_beginning()
    {
        await using var followed = await Followed.StartAsync();
        await followed.Target.Database.ExecuteAsync("update app.score set n = 1 where id = (select min(id) from app.score)");
        var refused = await Assert.ThrowsAsync<SourceException>(() => followed.CatchUpAsync());
        Assert.That(refused!.Message, Does.Contain("1 rows of app.score were written after the last import"));
        Assert.That(await followed.Target.Get<DateTime?>("select writes_closed_at from catalog.state"), Is.Null, "writes are open again");
    }
}
