using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.Testing;

namespace Backend.Data.Tests;

[Parallelizable(ParallelScope.All)]
internal sealed class InsertManyTests
{
    private static readonly FieldSpec[] EveryKind =
    [
        new("text", FieldKind.Text), new("number", FieldKind.Number), new("flag", FieldKind.Boolean), new("at", FieldKind.Timestamp), new("bytes", FieldKind.Bytes),
        new("object", FieldKind.Object), new("array", FieldKind.Array), new("file", FieldKind.File), new("player", FieldKind.Reference, "Player"), new("point", FieldKind.Point),
        new("polygon", FieldKind.Polygon), new("friends", FieldKind.Relation, "Player"),
    ];

    private static readonly Value[] Samples =
    [
        Value.Of("é😀\"{}\\,"), Value.Of(-1.5e300), Value.Of(false), Value.Timestamp(1451606400123), Value.Of([0, 1, 255]), Value.Object("""{"a": {"b": [1, null]}}"""u8.ToArray()),
        Value.Array("""[1, "x", {"y": true}]"""u8.ToArray()), Value.File("f.png"), Value.Reference("Player", "p1"), Value.Point(new(-20.5, 30)),
        Value.Polygon([new(0, 0), new(0, 1), new(1, 1), new(0, 0)]),
    ];

    [Test]
    public async Task Rows_of_one_list_hold_what_each_was_given_and_nothing_of_their_neighbours()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var (store, table) = await TableAsync(node);
        var rows = Enumerable.Range(0, Samples.Length).Select(i => new NewRow(new ChangeSet().Add(new Change.Set(table.Fields.First(f => f.Name == EveryKind[i].Name), Samples[i])))).ToList();
        rows.Add(new NewRow(new ChangeSet(), "anEmptyOne"));

        var written = await store.InsertManyAsync(table, rows, Caller.Anonymous);

        for (var i = 0; i < rows.Count; i++)
        {
            var row = (await store.GetAsync(table, written[i].Id, Caller.Anonymous))!;
            for (var field = 0; field < Samples.Length; field++)
                Assert.That(row.Get(EveryKind[field].Name), Is.EqualTo(field == i ? Samples[field] : (Value?)null), $"row {i}, {EveryKind[field].Name}");
            Assert.That(row.CreatedAt, Is.EqualTo(written[i].CreatedAt));
            Assert.That(row.UpdatedAt, Is.EqualTo(row.CreatedAt));
        }

        Assert.That(written[^1].Id, Is.EqualTo("anEmptyOne"));
    }

    [Test]
    public async Task Access_lists_and_values_that_no_column_holds_stay_with_their_row()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var (store, table) = await TableAsync(node);
        var text = table.Fields.First(f => f.Name == "text");
        var written = await store.InsertManyAsync(table,
        [
            new(new ChangeSet { Acl = new RowAcl(["a\"b", "role:x\\y, z"], []) }.Add(new Change.Set(text, Value.Of("one")))),
            new(new ChangeSet().Add(new Change.Set(text, Value.Of("a\0b")))),
            new(new ChangeSet().Add(new Change.Set(text, Value.Of("lost"))).Add(new Change.Set(text, Value.Null))),
            new(new ChangeSet().Add(new Change.Set(text, Value.Of("lost"))).Add(new Change.Unset(text))),
        ], Caller.Anonymous);

        var current = (await node.Get<LiveCatalog>().GetAsync()).FindByOrigin(table.Origin)!;
        var rows = await store.LookUpAsync(current, [.. written.Select(w => w.Id)], Caller.Administrator);
        Assert.Multiple(() =>
        {
            Assert.That(rows[written[0].Id].Acl!.Read, Is.EqualTo(new[] { "a\"b", "role:x\\y, z" }));
            Assert.That(rows[written[0].Id].Acl!.Write, Is.Empty);
            Assert.That(rows[written[1].Id].Acl, Is.Null);
            Assert.That(rows[written[1].Id].Get("text"), Is.EqualTo(Value.Of("a\0b")));
            Assert.That(rows[written[2].Id].Get("text"), Is.EqualTo(Value.Null));
            Assert.That(rows[written[3].Id].Get("text"), Is.Null);
        });
    }

    [Test]
    public async Task Rows_that_the_database_computes_keep_their_place_and_all_stand_in_order()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var (store, table) = await TableAsync(node);
        var number = table.Fields.First(f => f.Name == "number");
        var rows = Enumerable.Range(0, 40).Select(i => new NewRow(new ChangeSet().Add(i % 7 == 3 ? new Change.Increment(number, i) : new Change.Set(number, Value.Of(i))))).ToList();

        var written = await store.InsertManyAsync(table, rows, Caller.Anonymous);

        Assert.That(written[3].Values.Single().Value, Is.EqualTo(Value.Of(3d)), "a computed value is given back");
        var found = new List<double>();
        await using var cursor = await store.OpenAsync(new RowQuery { Table = table }, Caller.Anonymous);
        while (await cursor.ReadAsync())
            found.Add(cursor.Get("number")!.Value.AsNumber);
        Assert.That(found, Is.EqualTo(Enumerable.Range(0, 40).Select(i => (double)i)));
    }

    [Test]
    public async Task A_row_with_an_instant_of_its_own_keeps_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var (store, table) = await TableAsync(node);
        var instant = new DateTime(2019, 1, 2, 3, 4, 5, 6, DateTimeKind.Utc);

        var written = await store.InsertManyAsync(table, [new(new ChangeSet()), new(new ChangeSet { CreatedAt = instant, UpdatedAt = instant }), new(new ChangeSet())], Caller.Administrator);

        Assert.That((await store.GetAsync(table, written[1].Id, Caller.Administrator))!.CreatedAt, Is.EqualTo(instant));
        Assert.That((await store.GetAsync(table, written[2].Id, Caller.Administrator))!.CreatedAt, Is.GreaterThan(instant));
    }

    [Test]
    public async Task One_row_that_is_refused_leaves_none()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var (store, table) = await TableAsync(node);
        var number = table.Fields.First(f => f.Name == "number");

        var refusal = await Assert.ThrowsAsync<Refusal>(() => store.InsertManyAsync(table,
            [new(new ChangeSet(), "twice"), new(new ChangeSet().Add(new Change.Increment(number, 1))), new(new ChangeSet(), "twice")], Caller.Anonymous));

        Assert.That(refusal?.Kind, Is.EqualTo(RefusalKind.Duplicate));
        Assert.That(await store.CountAsync(new RowQuery { Table = table }, Caller.Anonymous), Is.Zero);
    }

    [Test]
    public async Task Each_row_gets_the_defaults_that_it_lacks()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var catalog = node.Get<LiveCatalog>();
        await catalog.EnsureAsync("Sheet", [new FieldSpec("level", FieldKind.Number) { Default = Value.Of(7) }]);
        var table = catalog.Current.FindByOrigin("Sheet")!;
        var level = table.Fields.First(f => f.Name == "level");

        var written = await node.Get<RowStore>().InsertManyAsync(table,
            [new(new ChangeSet()), new(new ChangeSet().Add(new Change.Set(level, Value.Of(1)))), new(new ChangeSet().Add(new Change.Increment(level, 2)))], Caller.Anonymous);

        Assert.That(written[0].Values.Single().Value, Is.EqualTo(Value.Of(7d)));
        Assert.That(written[1].Values, Is.Empty);
        Assert.That(written[2].Values.Single().Value, Is.EqualTo(Value.Of(2d)));
    }

    private static async Task<(RowStore Store, Table Table)> TableAsync(Node node)
    {
        var catalog = node.Get<LiveCatalog>();
        await catalog.EnsureAsync("Sheet", EveryKind);
        return (node.Get<RowStore>(), catalog.Current.FindByOrigin("Sheet")!);
    }
}
