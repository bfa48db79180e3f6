using System.Text;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.Testing;

namespace Backend.Data.Tests;

[Parallelizable(ParallelScope.All)]
internal sealed class RowStoreTests
{
    private static readonly FieldSpec[] EveryKind =
    [
        new("text", FieldKind.Text), new("number", FieldKind.Number), new("flag", FieldKind.Boolean), new("at", FieldKind.Timestamp), new("bytes", FieldKind.Bytes),
        new("object", FieldKind.Object), new("array", FieldKind.Array), new("file", FieldKind.File), new("player", FieldKind.Reference, "Player"), new("point", FieldKind.Point),
        new("polygon", FieldKind.Polygon), new("friends", FieldKind.Relation, "Player"),
    ];

    private static Value Sample(FieldKind kind) => kind switch
    {
        FieldKind.Text => Value.Of("é😀"),
        FieldKind.Number => Value.Of(1.5),
        FieldKind.Boolean => Value.Of(true),
        FieldKind.Timestamp => Value.Timestamp(1451606400123),
        FieldKind.Bytes => Value.Of([0, 1, 255]),
        FieldKind.Object => Value.Object("""{"a": {"b": [1, null]}}"""u8.ToArray()),
        FieldKind.Array => Value.Array("""[1, "x", {"y": true}]"""u8.ToArray()),
        FieldKind.File => Value.File("f.png"),
        FieldKind.Reference => Value.Reference("Player", "p1"),
        FieldKind.Point => Value.Point(new(-20.5, 30)),
        _ => Value.Polygon([new(0, 0), new(0, 1), new(1, 1), new(0, 0)]),
    };

    [Test]
    public async Task Values_of_every_kind_come_back_as_they_were_stored()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var table = await TableAsync(node, EveryKind);
        var changes = new ChangeSet();
        foreach (var field in table.Fields.Where(f => f.Kind != FieldKind.Relation))
            changes.Add(new Change.Set(field, Sample(field.Kind)));

        var written = await node.Get<RowStore>().InsertAsync(table, changes, Caller.Anonymous);
        var row = await node.Get<RowStore>().GetAsync(table, written.Id, Caller.Anonymous);

        foreach (var field in table.Fields.Where(f => f.Kind != FieldKind.Relation))
            Assert.That(row!.Get(field.Name), Is.EqualTo(Sample(field.Kind)), field.Name);
        Assert.That(row!.CreatedAt, Is.EqualTo(written.CreatedAt));
    }

    [Test]
    public async Task A_cursor_that_is_closed_twice_does_not_close_the_next_one()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var table = await TableAsync(node, EveryKind);
        var store = node.Get<RowStore>();
        await store.InsertManyAsync(table, [.. Enumerable.Range(0, 500).Select(_ => new NewRow(new ChangeSet()))], Caller.Anonymous);

        var first = await store.OpenAsync(new RowQuery { Table = table }, Caller.Anonymous);
        await first.DisposeAsync();
        var others = new List<RowCursor>(); // one of them has the first one's connection
        for (var i = 0; i < 8; i++)
            others.Add(await store.OpenAsync(new RowQuery { Table = table }, Caller.Anonymous));
        await first.DisposeAsync();

        foreach (var other in others)
        {
            var rows = 0;
            while (await other.ReadAsync())
                rows++;
            Assert.That(rows, Is.EqualTo(500));
            await other.DisposeAsync();
        }
    }

    [Test]
    public async Task What_a_column_cannot_hold_is_kept_and_found()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var table = await TableAsync(node, EveryKind);
        var store = node.Get<RowStore>();
        Value nul = Value.Of("a\0b"), lone = Value.Of("\ud800"), nan = Value.Of(double.NaN), far = Value.Timestamp(long.MaxValue), json = Value.Object("""{"a":"\u0000"}"""u8.ToArray());

        var written = await store.InsertAsync(table, new ChangeSet().Add(new Change.Set(table.Find("text")!, nul)).Add(new Change.Set(table.Find("number")!, nan))
            .Add(new Change.Set(table.Find("at")!, far)).Add(new Change.Set(table.Find("object")!, json)).Add(new Change.Set(table.Find("flag")!, Value.Null)), Caller.Anonymous);
        table = node.Catalog.Current.FindByOrigin("Score")!;
        var row = (await store.GetAsync(table, written.Id, Caller.Anonymous))!;
        var found = await IdsAsync(store, table, new Filter.Equal(table.Find("text")!, nul));
        await store.ChangeAsync(table, written.Id, new ChangeSet().Add(new Change.Set(table.Find("text")!, lone)).Add(new Change.Set(table.Find("number")!, Value.Of(2))), Caller.Anonymous);
        var changed = (await store.GetAsync(table, written.Id, Caller.Anonymous))!;

        Assert.Multiple(() =>
        {
            Assert.That(row.Get("text"), Is.EqualTo(nul));
            Assert.That(row.Get("number"), Is.EqualTo(nan));
            Assert.That(row.Get("at"), Is.EqualTo(far));
            Assert.That(row.Get("object"), Is.EqualTo(json));
            Assert.That(row.Get("flag"), Is.EqualTo(Value.Null));
            Assert.That(row.Get("array"), Is.Null);
            Assert.That(found, Is.EqualTo(new[] { written.Id }));
            Assert.That(changed.Get("text"), Is.EqualTo(lone));
            Assert.That(changed.Get("number"), Is.EqualTo(Value.Of(2)));
        });
    }

    [Test]
    public async Task Changes_are_atomic_and_tell_what_they_computed()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var table = await TableAsync(node, EveryKind);
        var store = node.Get<RowStore>();
        Field number = table.Find("number")!, array = table.Find("array")!, o = table.Find("object")!;
        var id = (await store.InsertAsync(table, new ChangeSet().Add(new Change.Set(o, Value.Object("""{"n":1}"""u8.ToArray()))), Caller.Anonymous)).Id;

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => store.ChangeAsync(table, id, new ChangeSet().Add(new Change.Increment(number, 1)), Caller.Anonymous)));
        var added = await store.ChangeAsync(table, id, new ChangeSet().Add(new Change.Append(array, "[1,1,2]"u8.ToArray())), Caller.Anonymous);
        var unique = await store.ChangeAsync(table, id, new ChangeSet().Add(new Change.AppendUnique(array, "[2,3,3]"u8.ToArray())), Caller.Anonymous);
        var removed = await store.ChangeAsync(table, id, new ChangeSet().Add(new Change.RemoveElements(array, "[1]"u8.ToArray())), Caller.Anonymous);
        var nested = await store.ChangeAsync(table, id, new ChangeSet().Add(new Change.Increment(new FieldPath(o, ["n"]), 2)).Add(new Change.Set(new FieldPath(o, ["a", "b"]), Value.Of("x")))
            .Add(new Change.Increment(number, 1)), Caller.Anonymous);
        await store.ChangeAsync(table, id, new ChangeSet().Add(new Change.Unset(new FieldPath(o, ["n"]))), Caller.Anonymous);
        var row = (await store.GetAsync(table, id, Caller.Anonymous))!;

        Assert.Multiple(() =>
        {
            Assert.That(Json(added), Is.EqualTo("array=[1,1,2]"));
            Assert.That(Json(unique), Is.EqualTo("array=[1,1,2,3]"));
            Assert.That(Json(removed), Is.EqualTo("array=[2,3]"));
            Assert.That(Json(nested), Is.EqualTo("object.n=3;number=21"));
            Assert.That(row.Get("number"), Is.EqualTo(Value.Of(21)));
            Assert.That(Encoding.UTF8.GetString(row.Get("object")!.Value.AsBytes), Is.EqualTo("""{"a": {"b": "x"}}"""));
        });
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Many_computed_changes_of_one_value_are_one_statement(bool inRest)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var table = await TableAsync(node, [new("object", FieldKind.Object), new("array", FieldKind.Array)]);
        var store = node.Get<RowStore>();
        Field Find(string name) => inRest ? table.Find(name)! with { Column = null, HasRest = true } : table.Find(name)!;
        Field o = Find("object"), array = Find("array");
        var id = (await store.InsertAsync(table, new ChangeSet().Add(new Change.Set(o, Value.Object("""{"n7":1}"""u8.ToArray()))), Caller.Anonymous)).Id;

        var changes = new ChangeSet();
        for (var i = 0; i < 60; i++)
            changes.Add(new Change.Increment(new FieldPath(o, [$"n{i}"]), i)).Add(new Change.Append(array, [.. "["u8, (byte)('0' + (i % 10)), .. "]"u8]));
        changes.Add(new Change.AppendUnique(new FieldPath(o, ["list"]), "[1,2]"u8.ToArray())).Add(new Change.AppendUnique(new FieldPath(o, ["list"]), "[2,3]"u8.ToArray()));
        var written = await store.ChangeAsync(table, id, changes, Caller.Anonymous);

        Assert.That(written.Values.Where(v => v.Key.Field.Name == "object").Take(60).Select(v => v.Value), Is.EqualTo(Enumerable.Range(0, 60).Select(i => Value.Of(i == 7 ? 8 : i))));
        Assert.That(written.Values.Last().Value.ToString(), Is.EqualTo("[1,2,3]"));
        Assert.That(written.Values.Last(v => v.Key.Field.Name == "array").Value.ToString(), Has.Length.EqualTo(121));
    }

    [Test]
    public async Task Relations_are_linked_unlinked_and_queried_both_ways()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var table = await TableAsync(node, EveryKind);
        var store = node.Get<RowStore>();
        var friends = table.Find("friends")!;
        var player = (await node.Catalog.EnsureAsync("Player", [])).FindByOrigin("Player")!;
        foreach (var id in new[] { "p1", "p2", "p3" })
            await store.InsertAsync(player, new ChangeSet(), Caller.Anonymous, id);

        await store.InsertAsync(table, new ChangeSet().Add(new Change.Link(friends, ["p1", "p2"])), Caller.Anonymous, "owner");
        await store.ChangeAsync(table, "owner", new ChangeSet().Add(new Change.Link(friends, ["p3", "p1"])).Add(new Change.Unlink(friends, ["p2"])), Caller.Anonymous);

        Assert.That(await IdsAsync(store, player, new Filter.RelatedTo(friends, "owner")), Is.EquivalentTo(new[] { "p1", "p3" }));
        Assert.That(await IdsAsync(store, table, new Filter.HasRelated(friends, ["p3"])), Is.EqualTo(new[] { "owner" }));
        Assert.That(await IdsAsync(store, table, new Filter.HasRelated(friends, ["p2"])), Is.Empty);
    }

    [Test]
    public async Task Access_lists_hold_for_reads_changes_and_deletes()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var table = await TableAsync(node, EveryKind);
        var store = node.Get<RowStore>();
        await store.InsertAsync(table, new ChangeSet { Acl = new RowAcl(["u1"], ["u1"]) }, Caller.Anonymous, "private");
        await store.InsertAsync(table, new ChangeSet { Acl = new RowAcl(["*"], ["role:Admin"]) }, Caller.Anonymous, "readable");
        await store.InsertAsync(table, new ChangeSet { Acl = new RowAcl([], []) }, Caller.Anonymous, "locked");
        await store.InsertAsync(table, new ChangeSet(), Caller.Anonymous, "open");
        Caller one = Caller.User("u1", []), admin = Caller.User("u2", ["Admin"]);

        Assert.That(await IdsAsync(store, table, Filter.Always), Is.EquivalentTo(new[] { "readable", "open" }));
        Assert.That(await IdsAsync(store, table, Filter.Always, one), Is.EquivalentTo(new[] { "private", "readable", "open" }));
        Assert.That(await IdsAsync(store, table, Filter.Always, Caller.Administrator), Has.Count.EqualTo(4));
        Assert.That(() => store.ChangeAsync(table, "readable", new ChangeSet(), one), Throws.InstanceOf<Refusal>().With.Property("Kind").EqualTo(RefusalKind.NotFound));
        Assert.That(() => store.DeleteAsync(table, "private", admin), Throws.InstanceOf<Refusal>().With.Property("Kind").EqualTo(RefusalKind.NotFound));
        await store.ChangeAsync(table, "readable", new ChangeSet(), admin);
        await store.DeleteAsync(table, "private", one);
        Assert.That(await store.GetAsync(table, "private", Caller.Administrator), Is.Null);
    }

    [Test]
    public async Task A_change_on_condition_of_a_version_happens_once()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var table = await TableAsync(node, EveryKind);
        var store = node.Get<RowStore>();
        var inserted = await store.InsertAsync(table, new ChangeSet(), Caller.Anonymous);

        var changed = await store.ChangeAsync(table, inserted.Id, new ChangeSet(), Caller.Anonymous, ifVersion: inserted.Version);

        Assert.That(() => store.ChangeAsync(table, inserted.Id, new ChangeSet(), Caller.Anonymous, ifVersion: inserted.Version),
            Throws.InstanceOf<Refusal>().With.Property("Kind").EqualTo(RefusalKind.PreconditionFailed));
        Assert.That((await store.GetAsync(table, inserted.Id, Caller.Anonymous, new RowQuery { Table = table, WithVersion = true }))!.Version, Is.EqualTo(changed.Version));
    }

    private static string Json(WriteResult result) => string.Join(';', result.Values.Select(v => $"{string.Join('.', new[] { v.Key.Field.Name }.Concat(v.Key.Steps))}={v.Value}"));

    [Test]
    public async Task A_place_is_written_into_the_object_that_stands_in_rest()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await TableAsync(node, [new("object", FieldKind.Object)]);
        var origin = node.Catalog.Current.Tables.Single(t => t.Fields.Any(f => f.Name == "object")).Origin;
        var table = (await node.Catalog.MarkRestAsync(origin, ["object"])).FindByOrigin(origin)!;
        var store = node.Get<RowStore>();
        var place = new FieldPath(table.Find("object")!, ["b"]);
        foreach (var (id, rest) in new[] { ("plain", """{"a":1,"b":2}"""), ("null", "null"), ("marked", """{"$json":"{}"}"""), ("scalar", "7"), ("gone", """{"a":1,"b":2}""") })
            await database.ExecuteAsync($"insert into {table.Quoted} (id, created_at, updated_at, rest) values ('{id}', now(), now(), jsonb_build_object('object', '{rest}'::jsonb))");

        await store.ChangeAsync(table, "plain", new ChangeSet().Add(new Change.Increment(place, 3)), Caller.Anonymous);
        await store.ChangeAsync(table, "null", new ChangeSet().Add(new Change.Set(place, Value.Of(1))), Caller.Anonymous);
        await store.ChangeAsync(table, "gone", new ChangeSet().Add(new Change.Unset(place)), Caller.Anonymous);

        Assert.That((await store.GetAsync(table, "plain", Caller.Anonymous))!.Get("object").ToString(), Is.EqualTo("""{"a": 1, "b": 5}"""));
        Assert.That((await store.GetAsync(table, "null", Caller.Anonymous))!.Get("object").ToString(), Is.EqualTo("""{"b": 1}"""));
        Assert.That((await store.GetAsync(table, "gone", Caller.Anonymous))!.Get("object").ToString(), Is.EqualTo("""{"a":1}"""));
        foreach (var id in new[] { "marked", "scalar" })
        {
            Assert.That(() => store.ChangeAsync(table, id, new ChangeSet().Add(new Change.Set(place, Value.Of(1))), Caller.Anonymous),
                Throws.InstanceOf<Refusal>().With.Property("Kind").EqualTo(RefusalKind.InvalidValue));
        }
    }

    private static async Task<Table> TableAsync(Node node, FieldSpec[] fields) => (await node.Catalog.EnsureAsync("Score", fields)).FindByOrigin("Score")!;

    private static async Task<List<string>> IdsAsync(RowStore store, Table table, Filter filter, Caller? caller = null)
    {
        var ids = new List<string>();
        await using var cursor = await store.OpenAsync(new RowQuery { Table = table, Filter = filter }, caller ?? Caller.Anonymous);
        while (await cursor.ReadAsync())
            ids.Add(cursor.Id);
        return ids;
    }
}
