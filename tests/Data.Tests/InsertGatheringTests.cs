using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.Testing;
using Npgsql;

namespace Backend.Data.Tests;

/// <summary>Inserts that come at the same time share statements, and nobody notices.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class InsertGatheringTests
{
    [Test]
    public async Task Inserts_that_meet_share_commits_and_each_has_its_own_row()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var (store, table) = await TableAsync(node);
        var written = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => Task.Run(() => store.InsertAsync(table, Row(table, i), Caller.Administrator))));

        Assert.That(written.Select(w => w.Id), Is.Unique);
        for (var i = 0; i < written.Length; i++)
        {
            var row = (await store.GetAsync(table, written[i].Id, Caller.Administrator))!;
            Assert.That(row.Get("number"), Is.EqualTo(Value.Of((double)i)));
            Assert.That(row.Get("text"), Is.EqualTo(i % 3 == 0 ? Value.Of($"row {i}") : (Value?)null), "rows of other shapes are no neighbours");
            Assert.That(row.Acl?.Read, Is.EqualTo(i % 2 == 0 ? new[] { $"user{i}" } : null));
            Assert.That((row.CreatedAt, row.UpdatedAt), Is.EqualTo((written[i].CreatedAt, written[i].CreatedAt)));
        }

        Assert.That(await database.ScalarAsync<long>($"select count(distinct xmin::text) from {table.Quoted}"), Is.LessThan(300));
    }

    [Test]
    public async Task A_row_that_is_refused_does_not_take_those_that_travelled_with_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var (store, table) = await TableAsync(node);
        await database.ExecuteAsync($"create unique index on {table.Quoted} (text)");
        await store.InsertAsync(table, Text(table, "taken"), Caller.Administrator);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(async () =>
        {
            try
            {
                await store.InsertAsync(table, Text(table, i % 20 == 0 ? "taken" : $"free {i}"), Caller.Administrator);
                return (RefusalKind?)null;
            }
            catch (Refusal refusal)
            {
                return refusal.Kind;
            }
        })));

        Assert.That(outcomes.Select((kind, i) => (kind, i)), Has.All.Matches<(RefusalKind? Kind, int I)>(o => o.Kind == (o.I % 20 == 0 ? RefusalKind.Duplicate : null)));
        Assert.That(await database.ScalarAsync<long>($"select count(*) from {table.Quoted}"), Is.EqualTo(191));
    }

    [Test]
    public async Task Inserts_that_wait_for_somebody_elses_lock_hold_up_no_others()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var (store, table) = await TableAsync(node);
        await database.ExecuteAsync($"create unique index on {table.Quoted} (text)");
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand($"insert into {table.Quoted} (id, created_at, updated_at, text) select 'held0000' || n, now(), now(), 'held' || n from generate_series(1, 2) n", connection, transaction))
            await command.ExecuteNonQueryAsync();

        Task<WriteResult>[] held = [store.InsertAsync(table, Text(table, "held1"), Caller.Administrator), store.InsertAsync(table, Text(table, "held2"), Caller.Administrator)];
        var others = Task.WhenAll(Enumerable.Range(0, 20).Select(_ => store.InsertAsync(table, Row(table, 1), Caller.Administrator)));
        await others.WaitAsync(TimeSpan.FromSeconds(9));
        Assert.That(held.Select(h => h.IsCompleted), Has.All.False);

        await transaction.RollbackAsync();
        await Task.WhenAll(held);
        Assert.That(await database.ScalarAsync<long>($"select count(*) from {table.Quoted}"), Is.EqualTo(22));
    }

    private static ChangeSet Text(Table table, string text) => new ChangeSet().Add(new Change.Set(table.Find("text")!, Value.Of(text)));

    private static ChangeSet Row(Table table, int i)
    {
        var row = new ChangeSet { Acl = i % 2 == 0 ? new RowAcl([$"user{i}"], []) : null };
        if (i % 3 == 0)
            row.Add(new Change.Set(table.Find("text")!, Value.Of($"row {i}")));
        return row.Add(new Change.Set(table.Find("number")!, Value.Of((double)i)));
    }

    private static async Task<(RowStore Store, Table Table)> TableAsync(Node node)
    {
        var snapshot = await node.Get<LiveCatalog>().EnsureAsync("Thing", [new FieldSpec("text", FieldKind.Text), new FieldSpec("number", FieldKind.Number)]);
        return (node.Get<RowStore>(), snapshot.FindByOrigin("Thing")!);
    }
}
