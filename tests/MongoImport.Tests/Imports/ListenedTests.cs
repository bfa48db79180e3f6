namespace Backend.MongoImport.Tests.Imports;

/// <summary>Imports into tables whose changes somebody listens to.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class ListenedTests
{
    private const string Triggers = """
        select string_agg(tgrelid::regclass || ' ' || pg_get_triggerdef(oid), chr(10) order by tgrelid::regclass::text, tgname) from pg_trigger where tgname like 'feed\_%'
        """;

    [Test]
    public async Task Tables_that_an_import_exchanges_go_on_being_listened_to_and_are_told_to_be_read_anew()
    {
        await using var target = await Target.CreateAsync();
        await target.Database.ExecuteAsync("insert into catalog.feed_listeners values ('test', null); select catalog.keep_feed(number, false) from catalog.tables");
        await target.ImportAsync(Given.File("samples", "game"));
        Assert.That(await target.Get<long>("select count(distinct table_number) from app.changes where operation = 'r'"), Is.GreaterThan(3));
        var relations = await target.Get<long>("select (select count(*) from catalog.tables) + (select count(*) from catalog.fields where kind = 'Relation')");
        Assert.That(await target.Get<long>("select count(*) from pg_trigger where tgname = 'feed_deleted'"), Is.EqualTo(relations));
        await target.Database.ExecuteAsync("truncate app.changes");

        await target.ImportAsync(Given.File("samples", "game"));

        Assert.That(await target.Get<long>("select count(*) from pg_trigger where tgname = 'feed_deleted'"), Is.EqualTo(relations));
        Assert.That(await target.Get<long>("select count(*) from pg_trigger where tgname = 'feed_id_changed'"), Is.EqualTo(await target.Get<long>("select count(*) from catalog.tables")));
        Assert.That(await target.Get<long>("select count(*) from catalog.tables where feed_since is null"), Is.Zero);
        // Only what the tables as a whole went through: the rows were written where nobody listens.
        Assert.That(await target.Get<string>("select string_agg(distinct operation::text, '' order by operation::text) from app.changes"), Is.EqualTo("rx"));
        await target.Database.ExecuteAsync("update app.users set username = username where id = (select min(id) from app.users)");
        Assert.That(await target.Get<long>("""
            select count(*) from app.changes c join catalog.tables t on t.number = c.table_number where c.operation = 'u' and t.origin = '_User' and not c.old ? 'password_hash'
            """), Is.EqualTo(1));
        Assert.That(await target.Get<string>(Triggers), Does.Not.Contain("import."));
    }
}
