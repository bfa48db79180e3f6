using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
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
}
