using System.Globalization;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.Testing;
using Npgsql;

namespace Backend.Data.Tests.Query;

/// <summary>Pages in the order of one index are planned once, whatever their values, and the plan is the one that the values would have had.</summary>
internal sealed class SettledPlanTests
{
    private const int Rows = 20_000;

    private TestDatabase _database = null!;
    private Node _node = null!;
    private Table _table = null!;

    [OneTimeSetUp]
    public async Task FillAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _node = await Node.StartAsync(_database);
        await _node.Catalog.CreateTableAsync("Score", [new("score", FieldKind.Number), new("name", FieldKind.Text)], null);
        var catalog = await _node.Catalog.AlterAsync("Score", new TableAlteration { AddIndexes = [new IndexSpec("byScore", "{}", [("score", false)])] });
        _table = catalog.FindByOrigin("Score")!;
        while (!await _database.ScalarAsync<bool>("select bool_and(indisvalid) and count(*) = 3 from pg_index where indrelid = 'app.score'::regclass"))
            await Task.Delay(20);
        await _database.ExecuteAsync($"""
            insert into app.score (id, created_at, updated_at, score, name, acl_read)
            select 'row' || n, now() - n * interval '1 second', now(), (n * 7919::bigint) % {Rows}, repeat('name', 30), case when n % 2 = 0 then array['role:r'] end
            from generate_series(1, {Rows}) n
            """);
        await _database.ExecuteAsync("vacuum analyze app.score");
    }

    [OneTimeTearDown]
    public async Task DropAsync()
    {
        await _node.DisposeAsync();
        await _database.DisposeAsync();
    }

    [TestCase("a narrow range", 5000, 5400, 20)]
    [TestCase("nearly all rows between two ends", 1, 19999, 20)]
    [TestCase("a long page between two ends", 1, 19999, 1000)]
    [TestCase("a limit that nobody uses, between two ends", 1, 19999, 777)]
    [TestCase("one end", 100, null, 100)]
    [TestCase("one end, a long page", 100, null, 1000)]
    [TestCase("no end", null, null, 100)]
    public async Task Such_a_page_has_one_plan_that_goes_along_its_index(string name, int? from, int? to, int limit)
    {
        foreach (var descending in new[] { true, false })
        {
            var plan = await SettleAsync(Page(from, to, limit, descending), Caller.Anonymous);

            Assert.That(plan.Generic, Is.GreaterThan(0), $"{name}: planned once");
            Assert.That(plan.Lines, Has.Some.Contains(descending ? "Index Scan Backward using score_by_score" : "Index Scan using score_by_score"), name);
            Assert.That(plan.Lines, Has.Some.Contains("Index Cond").And.Contains("public_read"), $"{name}: rows that are not for him are not visited");
            Assert.That(plan.Lines, Has.None.Contains("Sort"), name);
        }
    }

    [TestCase("a range", 5000, 5400, 20)]
    [TestCase("a long page of nearly all rows between two ends", 1, 19999, 1000)]
    [TestCase("one end", 100, null, 100)]
    [TestCase("no end", null, null, 100)]
    public async Task A_users_page_of_an_open_table_has_one_plan_too(string name, int? from, int? to, int limit)
    {
        foreach (var roles in new string[][] { ["r"], [] })
        {
            var plan = await SettleAsync(Page(from, to, limit, true), Caller.User("ann", [.. roles]), isOpen: true);

            Assert.That(plan.Generic, Is.GreaterThan(0), $"{name}: planned once");
            Assert.That(plan.Lines, Has.Some.Contains("Index Scan Backward using score_by_score"), name);
            Assert.That(plan.Lines, Has.None.Contains("Sort"), name);
        }
    }

    [Test]
    public async Task Open_is_a_table_of_which_everybody_may_read_a_tenth()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var tables = new List<Table>();
        foreach (var (origin, isPublic) in new[] { ("All", "true"), ("Fifth", "n % 5 = 0"), ("Hundredth", "n % 100 = 0"), ("Nothing", "false") })
        {
            var table = (await node.Get<LiveCatalog>().CreateTableAsync(origin, [], null)).FindByOrigin(origin)!;
            await database.ExecuteAsync($"insert into {table.Quoted} (id, created_at, updated_at, acl_read) select n, now(), now(), case when {isPublic} then null else '{{ann}}'::text[] end from generate_series(1, 1000) n");
            tables.Add(table);
        }

        var open = node.Get<OpenTables>();
        await open.ReadAsync(CancellationToken.None);
        Assert.That(tables.Select(open.Contains), Has.All.False, "nothing is known yet");
        await database.ExecuteAsync("analyze");
        await open.ReadAsync(CancellationToken.None);
        Assert.That(tables.Select(open.Contains), Is.EqualTo(new[] { true, true, false, false }));
    }

    [Test]
    public void A_page_whose_plan_depends_on_values_shows_them()
    {
        var score = _table.Find("score")!;
        var name = new Filter.Compare(_table.Find("name")!, Comparison.Less, Value.Of("x"));
        var page = Page(1, 2, 20, true);

        Assert.That(Text(page, Caller.Anonymous), Does.Contain("(select $1)"));
        Assert.That(Text(page, Caller.Administrator), Does.Contain("(select $1)"));
        Assert.That(Text(page, Caller.User("ann", ["r"])), Does.Not.Contain("(select"), "how many rows are his depends on who he is");
        Assert.That(Text(page, Caller.User("ann", ["r"]), isOpen: true), Does.Contain("(select $1)"), "the page is soon full whoever he is");
        Assert.That(Text(page with { Offset = 10 }, Caller.Anonymous), Does.Not.Contain("(select"));
        Assert.That(Text(page with { Filter = new Filter.AllOf([page.Filter, name]) }, Caller.Anonymous), Does.Not.Contain("(select"), "another field's index may be better");
        Assert.That(Text(page with { Sort = [] }, Caller.Anonymous), Does.Not.Contain("(select"), "two indexes");
        Assert.That(Text(page with { Sort = [new Sort(_table.Find("name")!)] }, Caller.Anonymous), Does.Not.Contain("(select"), "no index");
        Assert.That(Text(Page(1, null, 777, true), Caller.Anonymous), Does.Not.Contain("(select"), "each such limit would be a statement");
        Assert.That(Text(page with { Filter = new Filter.Equal(score, Value.Of(3d)) }, Caller.Anonymous), Does.Not.Contain("(select"));
    }

    [Test]
    public async Task It_gives_the_rows_that_it_should()
    {
        var store = _node.Get<RowStore>();
        for (var i = 0; i < 8; i++)
        {
            var rows = new List<double>();
            await using var cursor = await store.OpenAsync(Page(5000, 5400 + i, 5, true), Caller.Anonymous);
            while (await cursor.ReadAsync())
                rows.Add(cursor.GetNumber(0));
            Assert.That(rows, Has.Count.EqualTo(5));
            Assert.That(rows, Is.Ordered.Descending.And.All.InRange(5380, 5399 + i));
        }
    }

    private RowQuery Page(int? from, int? to, int limit, bool descending)
    {
        var score = _table.Find("score")!;
        var conditions = new List<Filter>();
        if (from is { } lower)
            conditions.Add(new Filter.Compare(score, Comparison.GreaterOrEqual, Value.Of((double)lower)));
        if (to is { } upper)
            conditions.Add(new Filter.Compare(score, Comparison.Less, Value.Of((double)upper)));
        return new RowQuery { Table = _table, Filter = new Filter.AllOf([.. conditions]), Sort = [new Sort(score, descending)], Limit = limit };
    }

    private static string Text(RowQuery query, Caller caller, bool isOpen = false)
    {
        var sql = new Statement();
        ReadCompiler.PrintRows(sql, query, caller, isOpen);
        return sql.ToString();
    }

    /// <summary>Runs a read often enough for PostgreSQL to settle on a plan, and shows it.</summary>
    private async Task<(long Generic, List<string> Lines)> SettleAsync(RowQuery query, Caller caller, bool isOpen = false)
    {
        await using var connection = await _database.DataSource.OpenConnectionAsync();
        for (var i = 0; i < 7; i++)
        {
            var sql = new Statement();
            ReadCompiler.PrintRows(sql, query, caller, isOpen);
            await using var command = sql.ToCommand(connection);
            await command.PrepareAsync();
            await command.ExecuteNonQueryAsync();
        }

        var values = ((Filter.AllOf)query.Filter).Filters.Cast<Filter.Compare>().Select(c => c.Value.AsNumber.ToString(CultureInfo.InvariantCulture)).ToList();
        if (caller.UserId is not null)
            values.Insert(0, $"'{{{string.Join(',', caller.Principals)}}}'");
        await using var name = new NpgsqlCommand("select name, generic_plans, cardinality(parameter_types) from pg_prepared_statements where statement = $1", connection);
        name.Parameters.Add(new NpgsqlParameter { Value = Text(query, caller, isOpen) });
        string statement;
        long generic;
        await using (var reader = await name.ExecuteReaderAsync())
        {
            await reader.ReadAsync();
            (statement, generic) = (reader.GetString(0), reader.GetInt64(1));
            if (reader.GetInt32(2) > values.Count)
                values.Add(query.Limit!.Value.ToString(CultureInfo.InvariantCulture));
        }

        var arguments = values.Count == 0 ? "" : $"({string.Join(", ", values)})";
        await using var explain = new NpgsqlCommand($"explain execute {statement}{arguments}", connection);
        await using var plan = await explain.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await plan.ReadAsync())
            lines.Add(plan.GetString(0));
        return (generic, lines);
    }
}
