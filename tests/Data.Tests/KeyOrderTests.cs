using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.Testing;

namespace Backend.Data.Tests;

[Parallelizable(ParallelScope.All)]
internal sealed class KeyOrderTests
{
    [TestCase(false, null)]
    [TestCase(true, null)]
    [TestCase(true, true)]
    [TestCase(false, false)]
    public async Task An_index_serves_the_order_of_a_range_without_sorting(bool descending, bool? nullsFirst)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var table = (await node.Catalog.EnsureAsync("Score", [new FieldSpec("score", FieldKind.Number)])).FindByOrigin("Score")!;
        var score = table.Find("score")!;
        await database.ExecuteAsync($"create index on app.score (score{KeyOrder.Suffix(score.Column!, false)})");
        await database.ExecuteAsync("insert into app.score (id, created_at, updated_at, score) select n::text, now(), now(), n from generate_series(1, 5000) n");
        await database.ExecuteAsync("analyze app.score");

        var sql = new Statement();
        sql.Sql("explain ");
        var query = new RowQuery { Table = table, Filter = new Filter.Compare(score, Comparison.Greater, Value.Of(2500)), Sort = [new Sort(score, descending, nullsFirst)], Limit = 20 };
        ReadCompiler.PrintRows(sql, query, Caller.Anonymous);
        var plan = new List<string>();
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var command = sql.ToCommand(connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            plan.Add(reader.GetString(0));

        Assert.That(plan, Has.Some.Contains("Index Scan").And.None.Contains("Sort"), string.Join('\n', plan));
    }

    [TestCase("x", 5d, null)]
    [TestCase("x", 5d, Comparison.Less)]
    [TestCase("x", 995d, Comparison.Greater)]
    [TestCase("y.z", 5d, null)]
    public async Task An_imported_index_on_a_place_inside_an_object_serves_conditions_on_it(string path, double value, Comparison? comparison)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await node.Catalog.EnsureAsync("Doc", [new FieldSpec("o", FieldKind.Object)]);
        await database.ExecuteAsync("insert into app.doc (id, created_at, updated_at, o) select n::text, now(), now(), jsonb_build_object('x', n % 1000, 'y', jsonb_build_object('z', n % 1000)) from generate_series(1, 20000) n");
        await database.ExecuteAsync("""insert into app.doc (id, created_at, updated_at, o) values ('list', now(), now(), '{"x":[1,5],"y":[{"z":5}]}'), ('text', now(), now(), '{"x":"5"}')""");
        await database.ExecuteAsync("create index doc_o_x on app.doc ((o #> array['x']::text[]) nulls first)");
        await database.ExecuteAsync("create index doc_o_y_z on app.doc ((o #> array['y', 'z']::text[]) nulls first)");
        await database.ExecuteAsync("analyze app.doc");
        await node.Catalog.AddIndexAsync("Doc", new TableIndex("x", "doc_o_x", """{"o.x":1}"""));
        var table = (await node.Catalog.AddIndexAsync("Doc", new TableIndex("yz", "doc_o_y_z", """{"o.y.z":-1}"""))).FindByOrigin("Doc")!;
        var place = new FieldPath(table.Find("o")!, [.. path.Split('.')]);
        Filter filter = comparison is { } c ? new Filter.Compare(place, c, Value.Of(value)) : new Filter.Equal(place, Value.Of(value));
        var query = new RowQuery { Table = table, Filter = filter };

        var sql = new Statement();
        sql.Sql("explain ");
        ReadCompiler.PrintCount(sql, query, Caller.Anonymous);
        var plan = new List<string>();
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using (var command = sql.ToCommand(connection))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
                plan.Add(reader.GetString(0));
        }

        Assert.That(plan, Has.Some.Contains("Index Scan").And.None.Contains("Seq Scan"), string.Join('\n', plan));
        var unindexed = new FieldPath(table.Find("o")! with { IndexedPaths = [] }, place.Steps);
        var same = query with { Filter = comparison is { } d ? new Filter.Compare(unindexed, d, Value.Of(value)) : new Filter.Equal(unindexed, Value.Of(value)) };
        Assert.That(await node.Get<RowStore>().CountAsync(query, Caller.Anonymous), Is.EqualTo(await node.Get<RowStore>().CountAsync(same, Caller.Anonymous)).And.GreaterThan(20));
    }
}
