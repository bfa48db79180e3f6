using Backend.MongoImport.Reporting;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Tests.Imports;

/// <summary>Imports after the first, and what they must not do.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class RepeatTests
{
    private const string Games = """{"results":[{"objectId":"a","n":1,"createdAt":"2020-01-01T00:00:00.000Z","updatedAt":"2020-01-01T00:00:00.000Z"},{"objectId":"b","n":2,"createdAt":"2020-01-02T00:00:00.000Z","updatedAt":"2020-01-02T00:00:00.000Z"}]}""";
    private const string MoreGames = """{"results":[{"objectId":"a","n":10},{"objectId":"c","n":3}]}""";

    [Test]
    public async Task A_second_import_leaves_every_table_and_the_catalog_as_they_are()
    {
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(Given.File("samples", "game"));
        var before = await target.LinesAsync();
        var report = await target.ImportAsync(Given.File("samples", "game"));
        Assert.That(report.ExitCode, Is.Zero);
        Assert.That(await target.LinesAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task Of_equal_ids_the_last_read_wins()
    {
        await using var target = await Target.CreateAsync();
        var report = await target.ImportAsync(("Game.json", """[{"objectId":"a","n":1},{"objectId":"b","n":2},{"objectId":"a","n":3},{"objectId":"a","n":4}]"""));
        var game = report.Classes.Single();
        Assert.That((game.Read, game.Imported, game.Duplicates), Is.EqualTo((4L, 2L, 2L)));
        Assert.That(await target.Get<string>("select string_agg(id || n, ' ' order by id) from app.game"), Is.EqualTo("a4 b2"));
        Assert.That(await target.Get<long>("select count(*) from information_schema.columns where table_schema = 'app' and table_name = 'game' and column_name = 'import_seq'"), Is.Zero);
    }

    [TestCase("insert into app.game (id, created_at, updated_at) values ('x', now(), now())")]
    [TestCase("update app.game set n = n where id = 'a'")]
    [TestCase("delete from app.game where id = 'a'")]
    [TestCase("delete from app.game where id = 'a'; insert into app.game (id, created_at, updated_at, n) values ('a', '2020-01-01Z', '2020-01-01Z', 1)")]
    [TestCase("update catalog.fields set required = true where name = 'n'")]
    public async Task A_class_that_something_else_has_written_to_is_left_alone_unless_it_is_named(string write)
    {
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(("Game.json", Games));
        await target.Database.ExecuteAsync(write);
        var before = await target.CheckSumsAsync();
        var report = await target.ImportAsync(("Game.json", MoreGames), ("Other.json", Games));
        Assert.That(report.Classes.Single(c => c.Name == "Game").State, Is.EqualTo(ClassState.LeftAlone));
        Assert.That(report.Classes.Single(c => c.Name == "Game").Message, Does.Contain("--replace Game"));
        Assert.That(report.Classes.Single(c => c.Name == "Other").Imported, Is.EqualTo(2));
        Assert.That(report.ExitCode, Is.EqualTo(1));
        var after = await target.CheckSumsAsync();
        Assert.That(after["game"], Is.EqualTo(before["game"]));

        using var folder = Given.Folder();
        folder.Write("Game.json", MoreGames);
        report = await target.ImportAsync(folder.Path, "Game");
        Assert.That(report.ExitCode, Is.Zero);
        Assert.That(await target.Get<string>("select string_agg(id || n, ' ' order by id) from app.game"), Is.EqualTo("a10 c3"));
    }

    [Test]
    public async Task A_class_that_was_only_declared_keeps_its_fields_and_permissions()
    {
        await using var target = await Target.CreateAsync();
        await target.Database.ExecuteAsync("""
            create table app.game (id text collate "C" primary key, created_at timestamptz(3) not null, updated_at timestamptz(3) not null, acl_read text[], acl_write text[], rest jsonb, later boolean);
            insert into catalog.tables (name, origin, relation, permissions) values ('Game', 'Game', 'game', '{"find": {"principals": ["role:Admins"]}}');
            insert into catalog.fields (table_number, name, kind, column_name) select number, 'later', 'Boolean', 'later' from catalog.tables where origin = 'Game';
            update catalog.state set version = version + 1;
            """);
        var report = await target.ImportAsync(("Game.json", Games));
        Assert.That(report.ExitCode, Is.Zero);
        Assert.That(await target.Get<string>("select string_agg(f.name, ' ' order by f.name) from catalog.fields f join catalog.tables t on t.number = f.table_number where t.origin = 'Game'"), Is.EqualTo("later n"));
        Assert.That(await target.Get<string>("select permissions -> 'find' -> 'principals' ->> 0 from catalog.tables where origin = 'Game'"), Is.EqualTo("role:Admins"));
    }

    [Test]
    public async Task A_vacuum_or_an_added_index_is_no_write()
    {
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(("Game.json", Games));
        await target.Database.ExecuteAsync("vacuum (full, freeze) app.game");
        await target.Database.ExecuteAsync("create index on app.game (n)");
        var report = await target.ImportAsync(("Game.json", MoreGames));
        Assert.That(report.Classes.Single().State, Is.EqualTo(ClassState.Imported));
    }

    [Test]
    public async Task Accounts_that_exist_already_are_left_alone()
    {
        await using var target = await Target.CreateAsync();
        await target.Database.ExecuteAsync("insert into app.users (id, username) values ('u1', 'first')");
        var report = await target.ImportAsync(("_User.json", """[{"objectId":"u2","username":"second"}]"""));
        Assert.That(report.Classes.Single().State, Is.EqualTo(ClassState.LeftAlone));
        Assert.That(await target.Get<string>("select string_agg(username, ' ') from app.users"), Is.EqualTo("first"));
    }

    [Test]
    public async Task Sessions_of_users_that_a_later_import_does_not_have_go_with_them()
    {
        await using var target = await Target.CreateAsync();
        await target.ImportAsync(
            ("_User.json", """[{"objectId":"u1","username":"one"},{"objectId":"u2","username":"two"}]"""),
            ("_Session.json", """[{"objectId":"s1","sessionToken":"r:1","user":{"__type":"Pointer","className":"_User","objectId":"u1"}},{"objectId":"s2","sessionToken":"r:2","user":{"__type":"Pointer","className":"_User","objectId":"u2"}}]"""));
        var report = await target.ImportAsync(("_User.json", """[{"objectId":"u2","username":"two"}]"""));
        Assert.That(report.ExitCode, Is.Zero);
        Assert.That(await target.Get<string>("select string_agg(id, ' ') from app.sessions"), Is.EqualTo("s2"));
    }

    [Test]
    public async Task A_damaged_class_stays_as_it_was_and_the_others_are_imported()
    {
        await using var target = await Target.CreateAsync();
        var sample = Given.Bytes("mongo-tools", "sample.bson");
        using var folder = Given.Folder();
        folder.Write("Good.bson", sample);
        folder.Write("Bad.bson", sample);
        await target.ImportAsync(folder.Path);
        var before = await target.CheckSumsAsync();
        folder.Write("Bad.bson", [.. sample, .. sample[..50]]);
        var report = await target.ImportAsync(folder.Path);
        var bad = report.Classes.Single(c => c.Name == "Bad");
        Assert.That(bad.State, Is.EqualTo(ClassState.Damaged));
        Assert.That(bad.Message, Does.Contain("Bad.bson").And.Contains($"byte {sample.Length}"));
        Assert.That(report.ExitCode, Is.EqualTo(1));
        Assert.That(await target.CheckSumsAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task A_document_that_cannot_be_decoded_goes_to_the_reject_file_with_the_reason()
    {
        await using var target = await Target.CreateAsync();
        var broken = Given.Bytes("mongo-tools", "sample.bson");
        var at = broken.AsSpan().IndexOf("I am a string"u8) - 4;
        broken[at] = 0xF0;
        using var folder = Given.Folder();
        folder.Write("Game.bson", broken);
        var report = await target.ImportAsync(folder.Path);
        Assert.That((report.Classes.Single().Read, report.Classes.Single().Imported, report.Classes.Single().Rejected), Is.EqualTo((4L, 3L, 1L)));
        Assert.That(report.ExitCode, Is.EqualTo(2));
        Assert.That(await File.ReadAllTextAsync(target.RejectFile), Does.Contain("\"document\":1").And.Contains("text says it has").And.Contains("\"offset\":0"));
        Assert.That(await target.Get<long>("select count(*) from app.game"), Is.EqualTo(3));
    }

    [Test]
    public async Task A_class_becomes_visible_in_one_commit()
    {
        await using var target = await Target.CreateAsync();
        var lines = string.Join('\n', Enumerable.Range(0, 20_000).Select(n => $"{{\"objectId\":\"{n}\",\"n\":{n}}}"));
        await target.ImportAsync(("Game.json", lines));
        using var done = new CancellationTokenSource();
        var counts = new HashSet<long>();
        var watching = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                counts.Add(await target.Get<long>("select count(*) from app.game"));
            }
        });
        var report = await target.ImportAsync(("Game.json", lines + "\n{\"objectId\":\"last\"}"));
        await done.CancelAsync();
        await watching;
        Assert.That(report.ExitCode, Is.Zero);
        Assert.That(counts, Is.SubsetOf(new[] { 20_000L, 20_001L }));
    }

    [Test]
    public async Task Two_imports_do_not_run_at_once()
    {
        await using var target = await Target.CreateAsync();
        await using var holder = await target.Database.DataSource.OpenConnectionAsync();
        await using var command = new Npgsql.NpgsqlCommand("select pg_advisory_lock(115918758703732)", holder);
        await command.ExecuteNonQueryAsync();
        Assert.That(() => target.ImportAsync(("Game.json", Games)), Throws.InvalidOperationException.With.Message.Contains("Another import"));
    }

    [Test]
    public async Task A_source_that_is_none_is_refused_with_a_sentence()
    {
        await using var target = await Target.CreateAsync();
        Assert.That(() => target.ImportAsync("/nowhere"), Throws.TypeOf<SourceException>().With.Message.Contains("/nowhere"));
    }
}
