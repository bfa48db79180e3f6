using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Catalog.Promotion;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.Testing;

namespace Backend.Data.Tests.Catalog;

/// <summary>Tables with more fields than PostgreSQL has columns.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ManyFieldsTests
{
    [Test]
    public async Task A_table_of_more_fields_than_PostgreSQL_has_columns_has_a_row_with_a_value_in_each()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await node.Catalog.EnsureAsync("Wide", [.. Enumerable.Range(0, 700).Select(i => new FieldSpec($"f{i}", FieldKind.Text))]);
        var table = (await node.Catalog.EnsureAsync("Wide", [.. Enumerable.Range(700, 1_000).Select(i => new FieldSpec($"f{i}", FieldKind.Text))])).FindByOrigin("Wide")!;
        Assert.That(table.Fields, Has.Length.EqualTo(1_700));
        var version = node.Catalog.Current.Version;
        Assert.That(await node.Get<FieldPromoter>().RunAsync(), Is.EqualTo(1_700 - CatalogChange.MaxColumns), "fields without a column go on waiting for one");
        Assert.That(node.Catalog.Current.Version, Is.EqualTo(version), "which changes nothing");
        Assert.That(await database.ScalarAsync<short>("select relnatts from pg_class where oid = 'app.wide'::regclass"), Is.EqualTo(CatalogChange.MaxColumns + 8), "with those of every table");

        // 24 bytes each: the most that PostgreSQL leaves in the row.
        var changes = new ChangeSet();
        foreach (var field in table.Fields)
            changes.Add(new Change.Set(field, Value.Of(field.Name.PadLeft(23, '.'))));
        var store = node.Get<RowStore>();
        await store.InsertAsync(table, changes, Caller.Administrator, "one");
        var row = (await store.GetAsync(table, "one", Caller.Administrator))!;
        Assert.That(table.Fields.Select(f => row.Get(f.Name)!.Value.AsText), Is.EqualTo(table.Fields.Select(f => f.Name.PadLeft(23, '.'))));
    }

    [Test]
    public async Task Columns_that_were_dropped_count_and_the_end_comes_before_PostgreSQLs()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await node.Catalog.EnsureAsync("Worn", [new FieldSpec("first", FieldKind.Number)]);
        var names = Enumerable.Range(0, CatalogChange.MaxColumnsEver - 10).Select(i => $"gone{i}").ToList();
        await database.ExecuteAsync($"alter table app.worn {string.Join(", ", names.Select(n => $"add column {n} int"))}");
        await database.ExecuteAsync($"alter table app.worn {string.Join(", ", names.Select(n => $"drop column {n}"))}");

        // As by a client that makes a field and a key that drops it, again and again.
        for (var i = 0; i < 3; i++)
        {
            await node.Catalog.EnsureAsync("Worn", [new FieldSpec("comes", FieldKind.Number)]);
            await node.Catalog.DropFieldAsync("Worn", "comes");
        }

        var table = (await node.Catalog.EnsureAsync("Worn", [new FieldSpec("comes", FieldKind.Number)])).FindByOrigin("Worn")!;
        Assert.That((table.Find("first")!.Column, table.Find("comes")!.Column), Is.EqualTo(("first", (string?)null)));
        await node.Get<FieldPromoter>().RunAsync();
        Assert.That(await database.ScalarAsync<short>("select relnatts from pg_class where oid = 'app.worn'::regclass"), Is.EqualTo(CatalogChange.MaxColumnsEver));
        var store = node.Get<RowStore>();
        await store.InsertAsync(table, new ChangeSet().Add(new Change.Set(table.Find("comes")!, Value.Of(1))), Caller.Administrator, "one");
        await store.ChangeAsync(table, "one", new ChangeSet().Add(new Change.Increment(table.Find("comes")!, 2)), Caller.Administrator);
        Assert.That((await store.GetAsync(table, "one", Caller.Administrator))!.Get("comes"), Is.EqualTo(Value.Of(3)));
    }

    [Test]
    public async Task Who_is_overtaken_tries_again_as_long_as_changes_come_and_time_is_left()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var patient = new Overtaking(node.Catalog, TimeSpan.FromHours(1));
        for (var i = 0; i < 12; i++)
        {
            await database.ExecuteAsync("update catalog.state set version = version + 1");
            Assert.That(await patient.TryAgainAsync(), Is.True, $"change {i}");
        }

        var tries = 0;
        while (await patient.TryAgainAsync())
            tries++;
        Assert.That(tries, Is.EqualTo(7), "without any change that could be the cause it ends soon");
        await database.ExecuteAsync("update catalog.state set version = version + 1");
        Assert.That(await new Overtaking(node.Catalog, TimeSpan.Zero).TryAgainAsync(), Is.False, "the time is over");
    }
}
