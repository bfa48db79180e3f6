using Backend.MongoImport.Commands;
using Backend.MongoImport.Following;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Tests.Extended;
using Backend.MongoImport.Tests.Imports;

namespace Backend.MongoImport.Tests.Oplogs;

[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class OplogFollowTests
{
    private const string Times = """ "_created_at":{"$date":"2020-01-01T00:00:00Z"},"_updated_at":{"$date":"2020-01-02T00:00:00Z"} """;
    private const string ItemSchema = """{"_id":"Item","objectId":"string","createdAt":"date","updatedAt":"date","n":"number","list":"array","info":"object","friends":"relation<Item>"}""";
    private const string ItemSchemaLater = """{"_id":"Item","objectId":"string","createdAt":"date","updatedAt":"date","n":"number","list":"array","info":"object","friends":"relation<Item>","added":"string"}""";

    [Test]
    public async Task The_rows_after_a_follow_are_those_of_an_import_of_what_the_source_held_in_the_end()
    {
        using var folder = Given.Folder();
        Write(folder, "dump", "app_",
            ItemSchema,
            [Item("a", "\"n\":1,\"list\":[1,2],\"info\":{\"x\":1}"), Item("b", "\"n\":2"), Item("c", "\"n\":3"), Item("late", "\"n\":50")],
            [Pair("111111111111111111111111", "a", "b")]);
        var oplog = new Oplog()
            .Nothing()
            .Insert("app_Item", Item("d", "\"n\":4,\"list\":[]"))
            .Insert("app_Item", Item("late", "\"n\":5"))
            .Update("app_Item", "\"gone\"", """{"$v":2,"diff":{"u":{"n":1}}}""")
            .Update("app_Item", "\"late\"", """{"$v":2,"diff":{"u":{"n":50}}}""")
            .Update("app_Item", "\"a\"", """{"$v":1,"$set":{"n":11,"info.y.z":2,"list.1":9}}""")
            .Update("app_Item", "\"a\"", """{"$v":2,"diff":{"u":{"n":12},"sinfo":{"d":{"x":false}},"slist":{"a":true,"u2":7}}}""")
            .Update("app_Item", "\"d\"", """{"$v":2,"diff":{"slist":{"a":true,"u0":"x"}}}""")
            .Update("app_Item", "\"b\"", Item("b", "\"n\":22"))
            .Delete("app_Item", "\"c\"")
            .Add("i", "other.app_Item", Item("foreign", "\"n\":1"))
            .Update("app__SCHEMA", "\"Item\"", """{"$v":2,"diff":{"i":{"added":"string"}}}""")
            .Command($$$"""{"applyOps":[{"op":"u","ns":"app.app_Item","o":{"$v":2,"diff":{"i":{"added":"yes"} } },"o2":{"_id":"a"}},{"op":"c","ns":"app.$cmd","o":{"applyOps":[{"op":"i","ns":"app.app_Item","o":{{{Item("e", "\"n\":5")}}}}]}}]}""")
            .Insert("app__Join:friends:Item", Pair("222222222222222222222222", "b", "a"))
            .Delete("app__Join:friends:Item", """{"$oid":"111111111111111111111111"}""")
            .Command($$$"""{"applyOps":[{"op":"i","ns":"app.app_Item","o":{{{Item("t1", "\"n\":1")}}}}],"partialTxn":true}""", Txn(1))
            .Command($$$"""{"applyOps":[{"op":"i","ns":"app.app_Item","o":{{{Item("no", "\"n\":1")}}}}],"prepare":true}""", Txn(2))
            .Insert("app_Item", Item("between", "\"n\":1"))
            .Command("""{"applyOps":[{"op":"d","ns":"app.app_Item","o":{"_id":"between"}}],"count":2}""", Txn(1))
            .Command("""{"abortTransaction":1}""", Txn(2))
            .Command("""{"createIndexes":"app_Item","v":2}""");
        folder.Write("dump/oplog.bson", oplog.ToBytes());
        await using var target = await Target.CreateAsync();
        var report = await target.ImportAsync(Path.Combine(folder.Path, "dump"));
        Assert.That(report.ExitCode, Is.Zero);
        Assert.That(report.Notes, Has.Some.Contains($"{oplog.Count} entries of the oplog"));
        Assert.That((await target.VerifyAsync(Path.Combine(folder.Path, "dump"))).Unexplained, Is.Zero);

        var said = await FollowAsync(target, Path.Combine(folder.Path, "dump"));

        Assert.That(said, Does.Contain("1 changes of another database: other").And.Contain("1 updates of documents that are not here"));
        Write(folder, "final", "app_",
            ItemSchemaLater,
            [
                Item("a", "\"n\":12,\"list\":[1,9,7],\"info\":{\"y\":{\"z\":2}},\"added\":\"yes\""), Item("b", "\"n\":22"), Item("late", "\"n\":50"),
                Item("d", "\"n\":4,\"list\":[\"x\"]"), Item("e", "\"n\":5"), Item("t1", "\"n\":1"),
            ],
            [Pair("222222222222222222222222", "b", "a")]);
        await ExpectAsync(target, Path.Combine(folder.Path, "final"));

        // Once more: nothing is done twice.
        var changes = await target.Get<long>("select changes from catalog.follow");
        Assert.That(await FollowAsync(target, Path.Combine(folder.Path, "dump")), Does.Contain($"{oplog.Count} were there before"));
        Assert.That(await target.Get<long>("select changes from catalog.follow"), Is.EqualTo(changes));
        // What the oplog changed differs from the dump, and is explained.
        Assert.That(await target.Get<bool>("select count(*) > 5 from catalog.follow_changes"), Is.True);
    }

    [Test]
    public async Task Dumps_of_the_oplog_come_one_after_another_and_a_gap_between_them_is_refused()
    {
        using var folder = Given.Folder();
        Write(folder, "dump", "", ItemSchema, [Item("a", "\"n\":1")], []);
        var oplog = new Oplog();
        for (var i = 0; i < 12; i++)
        {
            oplog.Insert("Item", Item($"i{i}", $"\"n\":{i}"));
        }
        oplog.Command($$$"""{"applyOps":[{"op":"i","ns":"app.Item","o":{{{Item("whole", "\"n\":1")}}}}],"partialTxn":true}""", Txn(1))
            .Insert("Item", Item("other", "\"n\":1"))
            .Command("""{"applyOps":[{"op":"u","ns":"app.Item","o":{"$v":2,"diff":{"u":{"n":2}}},"o2":{"_id":"whole"}}]}""", Txn(1));
        folder.Write("dump/oplog.bson.gz", Given.Gzip(oplog.ToBytes(0, 3)));
        var second = folder.Write("second/local/oplog.rs.bson", oplog.ToBytes(1, 6));
        var gap = folder.Write("gap/oplog.rs.bson", oplog.ToBytes(8));
        var third = folder.Write("third/oplog.rs.bson.gz", Given.Gzip(oplog.ToBytes(4, 14)));
        var fourth = folder.Write("fourth/oplog.rs.bson", oplog.ToBytes(11));
        await using var target = await Target.CreateAsync();
        Assert.That((await target.ImportAsync(Path.Combine(folder.Path, "dump", "app"))).ExitCode, Is.Zero);

        Assert.That(() => FollowAsync(target, second), Throws.TypeOf<SourceException>().With.Message.Contains("The first follow after an import is that of the imported dump"));
        await FollowAsync(target, Path.Combine(folder.Path, "dump", "app"));
        Assert.That(() => FollowAsync(target, gap), Throws.TypeOf<SourceException>().With.Message.Contains("Is there a dump between the two?"));
        await FollowAsync(target, Path.Combine(folder.Path, "second"));
        Assert.That(await target.Get<long>("select count(*) from app.item"), Is.EqualTo(7));
        Assert.That(() => FollowAsync(target, gap), Throws.TypeOf<SourceException>());
        Assert.That(await FollowAsync(target, third), Does.Contain("1 transactions are not finished"));
        Assert.That(await target.Get<long>("select count(*) from app.item where id = 'whole'"), Is.Zero);
        await FollowAsync(target, fourth);
        Assert.That(await target.Get<long>("select count(*) from app.item"), Is.EqualTo(15));
        Assert.That(await target.Get<double>("select n from app.item where id = 'whole'"), Is.EqualTo(2));
    }

    [Test]
    public async Task A_dump_is_cut_over_after_its_verify_and_a_verify_after_the_follow_explains_what_the_oplog_changed()
    {
        using var folder = Given.Folder();
        Write(folder, "dump", "", ItemSchema, [Item("a", "\"n\":1"), Item("b", "\"n\":2"), Item("c", "\"n\":3")], [Pair("111111111111111111111111", "a", "b")]);
        folder.Write("dump/oplog.bson", new Oplog()
            .Update("Item", "\"a\"", """{"$v":2,"diff":{"u":{"n":7}}}""")
            .Delete("Item", "\"b\"")
            .Insert("Item", Item("d", "\"n\":4"))
            .Delete("_Join:friends:Item", """{"$oid":"111111111111111111111111"}""")
            .ToBytes());
        var dump = Path.Combine(folder.Path, "dump");
        var rules = RulesReader.Read("""{"classes":{"Item":{"rename":"Thing","fields":{"n":{"rename":"number"},"list":{"skip":true}}}}}""");
        await using var target = await Target.CreateAsync();
        Assert.That((await target.ImportAsync(dump, rules)).ExitCode, Is.Zero);
        string[] arguments = [dump, "--connection", target.Database.ConnectionString];
        string[] word = [.. arguments, "--source-stopped"];
        Assert.That((await Assert.ThrowsAsync<SourceException>(() => new CutoverCommand().RunAsync(word, default)))!.Message, Does.Contain("No complete verify"));
        Assert.That(await new VerifyCommand().RunAsync(arguments, default), Is.Zero);
        Assert.That(await new FollowCommand().RunAsync(arguments, default), Is.Zero);
        Assert.That(await target.Get<string>("select string_agg(id || number, ' ' order by id) from app.thing"), Is.EqualTo("a7 c3 d4"), "by the rules of the import");
        Assert.That(await target.Get<DateTime?>("select writes_closed_at from catalog.state"), Is.Not.Null, "writes stay closed");

        Assert.That((await target.VerifyAsync(dump)).Unexplained, Is.Zero);
        await target.Database.ExecuteAsync("update catalog.verifications set unexplained = 1");
        Assert.That(await new CutoverCommand().RunAsync(word, default), Is.EqualTo(Command.Failed));
        await target.Database.ExecuteAsync("update catalog.verifications set unexplained = 0");
        Assert.That(await new CutoverCommand().RunAsync(word, default), Is.Zero);
        Assert.That(await target.Get<DateTime?>("select writes_closed_at from catalog.state"), Is.Null, "writes are open");
        Assert.That(await target.Get<string>("select state from catalog.follow"), Is.EqualTo("cut over"));
    }

    [Test]
    public async Task An_update_that_changes_nothing_leaves_every_form_of_row_as_it_was()
    {
        using var folder = Given.Folder();
        ExtendedDump.Instance.Write(folder);
        var oplog = new Oplog("extended").Nothing();
        using (var dumped = DumpSource.Open(folder.Path, null, folder.Path))
        {
            foreach (var (collection, documents) in Given.ReadAll(dumped))
            {
                foreach (var document in documents)
                {
                    oplog.Touch(collection, document);
                }
            }
        }
        folder.Write("oplog.bson", oplog.ToBytes());
        await using var target = await Target.CreateAsync();
        Assert.That((await target.ImportAsync(folder.Path)).Notes, Has.Some.Contains("entries of the oplog"));
        // Closing writes makes triggers.
        async Task<IEnumerable<string>> RowsAsync() => (await target.LinesAsync()).Where(line => !line.StartsWith("(triggers)", StringComparison.Ordinal));
        var before = await RowsAsync();

        var said = await FollowAsync(target, folder.Path);

        Assert.That(await RowsAsync(), Is.EqualTo(before), said);
        Assert.That(await target.Get<long>("select changes from catalog.follow"), Is.GreaterThan(100));
    }

    [Test]
    public async Task Updates_that_build_on_one_another_come_whole_through_many_batches_and_stops()
    {
        const int items = 30, rounds = 250;
        using var folder = Given.Folder();
        Write(folder, "dump", "", ItemSchema, [.. Enumerable.Range(0, items).Select(i => Item($"i{i}", "\"n\":0,\"list\":[]"))], []);
        var oplog = new Oplog().Nothing();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < items; i++)
            {
                oplog.Update("Item", $"\"i{i}\"", $$$"""{"$v":2,"diff":{"u":{"n":{{{round}}} },"slist":{"a":true,"u{{{round}}}":{{{round}}} } } }""");
            }
        }
        folder.Write("dump/oplog.bson", oplog.ToBytes());
        var dump = Path.Combine(folder.Path, "dump");
        await using var target = await Target.CreateAsync();
        Assert.That((await target.ImportAsync(dump)).ExitCode, Is.Zero);
        foreach (var milliseconds in new[] { 300, 500, 700, 900 })
        {
            using var stop = new CancellationTokenSource(milliseconds);
            try
            {
                await FollowAsync(target, dump, stop.Token);
            }
            catch (OperationCanceledException)
            {
                TestContext.Out.WriteLine($"stopped after {await target.Get<long>("select changes from catalog.follow")} changes");
            }
        }

        await FollowAsync(target, dump);

        Assert.That(await target.Get<long>("select changes from catalog.follow"), Is.EqualTo(items * rounds));
        Assert.That(await target.Get<long>($"select count(*) from app.item where n = {rounds - 1} and list = (select jsonb_agg(g order by g) from generate_series(0, {rounds - 1}) g)"), Is.EqualTo(items));
    }

    [Test]
    public async Task The_oplog_of_an_archive_of_mongodump_is_read_to_its_end()
    {
        await using var target = await Target.CreateAsync();
        var archive = Given.File("mongo-tools", "dump-w-oplog.archive");
        var report = await target.ImportAsync(archive);
        Assert.That(report.Notes, Has.Some.Contains("entries of the oplog"));
        Assert.That(await FollowAsync(target, archive), Does.Match("[1-9][0-9,]* entries, to "));
    }

    [Test]
    public async Task Renamed_collections_and_a_dropped_database_are_followed_where_the_oplog_tells_what_they_held()
    {
        using var folder = Given.Folder();
        Write(folder, "dump", "", ItemSchema, [Item("a", "\"n\":1"), Item("b", "\"n\":2,\"list\":[1,\"x\"]")], [Pair("111111111111111111111111", "a", "b")]);
        var rename = """{"renameCollection":"app.Item","to":"app.Moved","stayTemp":false}""";
        var oplog = new Oplog().Nothing().Insert("Item", Item("c", "\"n\":3"));
        folder.Write("dump/oplog.bson", oplog.ToBytes());
        folder.Write("during/oplog.bson", new Oplog().Nothing().Command(rename).ToBytes());
        Write(folder, "during", "", ItemSchema, [Item("a", "\"n\":1")], []);
        oplog
            // What an aggregate's $out does, the second time under a name that was used before.
            .Command("""{"create":"tmp.agg_out.1"}""").Insert("tmp.agg_out.1", Item("old", "\"n\":0")).Command("""{"drop":"tmp.agg_out.1"}""")
            .Command("""{"create":"tmp.agg_out.1","temp":true}""")
            .Insert("tmp.agg_out.1", Item("o1", "\"n\":10"))
            .Command($$$"""{"applyOps":[{"op":"i","ns":"app.tmp.agg_out.1","o":{{{Item("o2", "\"n\":20,\"list\":[1]")}}}}]}""")
            .Command("""{"renameCollection":"app.tmp.agg_out.1","to":"app.Item","stayTemp":false,"dropTarget":true}""")
            .Update("Item", "\"o2\"", """{"$v":2,"diff":{"slist":{"a":true,"u1":"y"}}}""")
            .Insert("Item", Item("after", "\"n\":30"))
            .Command(rename)
            .Update("Moved", "\"after\"", """{"$v":2,"diff":{"u":{"n":31}}}""")
            .Insert("Item", Item("again", "\"n\":1"))
            .Command("""{"createIndexes":"Item","v":2,"key":{"n":1},"name":"n_1"}""");
        var second = folder.Write("second/oplog.rs.bson", oplog.ToBytes(1));
        var from = oplog.Count;
        oplog.Command("""{"dropDatabase":1}""").Insert("Item", Item("new", "\"n\":7"));
        var third = folder.Write("third/oplog.rs.bson", oplog.ToBytes(from - 1));
        oplog.Command("""{"renameCollection":"app.Unknown","to":"app.Item","dropTarget":true}""");
        var unknown = folder.Write("unknown/oplog.rs.bson", oplog.ToBytes(from));
        var dump = Path.Combine(folder.Path, "dump");
        var during = Path.Combine(folder.Path, "during");

        await using (var other = await Target.CreateAsync())
        {
            Assert.That((await other.ImportAsync(during)).ExitCode, Is.Zero);
            Assert.That(() => FollowAsync(other, during), Throws.TypeOf<SourceException>().With.Message.Contains("nobody knows what the collection held then"));
        }
        await using var target = await Target.CreateAsync();
        Assert.That((await target.ImportAsync(dump)).ExitCode, Is.Zero);
        Assert.That((await target.VerifyAsync(dump)).Unexplained, Is.Zero);
        await FollowAsync(target, dump);

        Assert.That(await FollowAsync(target, second), Does.Contain("Indexes were made, dropped or changed, which an oplog does not bring here: Item."));
        Assert.That(await target.Get<string>("select string_agg(id || n || coalesce(list::text, ''), ' ' order by id collate \"C\") from app.moved"), Is.EqualTo("after31 o110 o220[1, \"y\"]"));
        Assert.That(await target.Get<string>("select string_agg(id || n, ' ') from app.item"), Is.EqualTo("again1"));

        Assert.That(await FollowAsync(target, third), Does.Contain("the whole database was dropped at"));
        Assert.That(await target.Get<string>("select (select count(*) from app.moved) || ' ' || (select string_agg(id, ' ') from app.item) || ' ' || (select count(*) from app.item_friends)"), Is.EqualTo("0 new 0"));
        Assert.That(() => FollowAsync(target, unknown), Throws.TypeOf<SourceException>().With.Message.Contains("does not show what it held"));

        // What the operator counted is compared.
        string[] cutOver = [third, "--connection", target.Database.ConnectionString, "--source-stopped", "--counts"];
        string[] wrong = [.. cutOver, folder.Write("wrong.json", """{"Item":2}""")];
        Assert.That(await new CutoverCommand().RunAsync(wrong, default), Is.EqualTo(Command.Failed));
        string[] right = [.. cutOver, folder.Write("right.json", """{"Item":1,"_SCHEMA":1,"_Join:friends:Item":0,"other":5}""")];
        Assert.That(await new CutoverCommand().RunAsync(right, default), Is.Zero);
    }

    private static string Item(string id, string fields) => $$"""{"_id":"{{id}}",{{Times}},{{fields}}}""";

    private static string Pair(string id, string owning, string related) => $$$"""{"_id":{"$oid":"{{{id}}}"},"owningId":"{{{owning}}}","relatedId":"{{{related}}}"}""";

    private static string Txn(int session) => $$$"""{"lsid":{"id":"{{{session}}}"},"txnNumber":{"$numberLong":"1"}}""";

    private static void Write(TemporaryFolder folder, string name, string prefix, string schema, string[] items, string[] pairs)
    {
        folder.Write($"{name}/app/{prefix}_SCHEMA.bson", Given.Bson(schema));
        folder.Write($"{name}/app/{prefix}Item.bson", [.. items.SelectMany(i => Given.Bson(i))]);
        folder.Write($"{name}/app/{prefix}_Join%3Afriends%3AItem.bson", [.. pairs.SelectMany(i => Given.Bson(i))]);
    }

    private static async Task<string> FollowAsync(Target target, string path, CancellationToken stop = default)
    {
        using var folder = Given.Folder();
        using var said = new StringWriter();
        await using var source = new DumpFollowed(path, null, folder.Path);
        await using var follower = await Follower.OpenAsync(target.Database.ConnectionString, source, Path.Combine(folder.Path, "rejects.jsonl"), new FollowLine(said, terminal: false), stop);
        await follower.BeginAsync(stop);
        await follower.RunAsync(_ => false, stop);
        return said.ToString();
    }

    private static async Task ExpectAsync(Target target, string dump)
    {
        await using var anew = await Target.CreateAsync();
        Assert.That((await anew.ImportAsync(dump)).ExitCode, Is.Zero);
        foreach (var sql in new[]
        {
            "select string_agg((jsonb_strip_nulls(to_jsonb(t)) - 'seq')::text, chr(10) order by id collate \"C\") from app.item t",
            "select string_agg(owning_id || ' ' || related_id, chr(10) order by owning_id, related_id) from app.item_friends",
            "select string_agg(f.name || ' ' || f.kind, chr(10) order by f.name) from catalog.tables t join catalog.fields f on f.table_number = t.number where t.origin = 'Item'",
        })
        {
            Assert.That(await target.Get<string>(sql), Is.Not.Null.And.EqualTo(await anew.Get<string>(sql)));
        }
    }
}
