using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.Testing;
using Npgsql;

namespace Backend.Data.Tests;

/// <summary>Inserts, changes and reads by id that come at the same time share statements, and nobody notices.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class GatheringTests
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
        await others.WaitAsync(Patience.Limit);
        Assert.That(held.Select(h => h.IsCompleted), Has.All.False);

        await transaction.RollbackAsync();
        await Task.WhenAll(held);
        Assert.That(await database.ScalarAsync<long>($"select count(*) from {table.Quoted}"), Is.EqualTo(22));
    }

    [Test]
    public async Task Changes_that_meet_share_commits_and_each_gives_its_own_values_back()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var (store, table) = await TableAsync(node);
        var ids = await RowsAsync(store, table, 100);
        var written = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => Task.Run(() =>
            store.ChangeAsync(table, ids[i % 100], Increment(table, 1), i % 2 == 0 ? Caller.Anonymous : Caller.Administrator))));

        for (var row = 0; row < 100; row++)
        {
            var own = Enumerable.Range(0, 3).Select(round => written[row + (100 * round)]).ToList();
            Assert.That(own.Select(w => w.Id), Has.All.EqualTo(ids[row]));
            Assert.That(own.Select(w => w.Values.Single().Value.AsNumber), Is.EquivalentTo(new[] { row + 1d, row + 2d, row + 3d }));
        }

        Assert.That(await database.ScalarAsync<double>($"select sum(number) from {table.Quoted}"), Is.EqualTo((99 * 100 / 2) + 300));

        // Whether those did meet is chance. While as many as go at once wait for a lock, those that come after them do.
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand($"select from {table.Quoted} where id = any($1) for update", connection, transaction))
        {
            command.Parameters.Add(new NpgsqlParameter { Value = ids[..2] });
            await command.ExecuteNonQueryAsync();
        }

        var changes = ids.Select(id => store.ChangeAsync(table, id, Increment(table, 1), Caller.Administrator)).ToList();
        await Task.WhenAll(changes.Skip(2)).WaitAsync(Patience.Limit);
        await transaction.RollbackAsync();
        await Task.WhenAll(changes);
        Assert.That(await database.ScalarAsync<long>($"select count(distinct xmin::text) from {table.Quoted} where not id = any($1)", (object)ids[..2]), Is.LessThan(98));
    }

    [Test]
    public async Task Every_kind_of_change_is_the_same_in_company_as_alone()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var snapshot = await node.Get<LiveCatalog>().EnsureAsync("Thing",
        [
            new FieldSpec("text", FieldKind.Text), new FieldSpec("number", FieldKind.Number), new FieldSpec("flag", FieldKind.Boolean), new FieldSpec("at", FieldKind.Timestamp),
            new FieldSpec("bytes", FieldKind.Bytes), new FieldSpec("place", FieldKind.Point), new FieldSpec("object", FieldKind.Object), new FieldSpec("array", FieldKind.Array),
        ]);
        var (store, table) = (node.Get<RowStore>(), snapshot.FindByOrigin("Thing")!);
        ChangeSet Changed(int i) => new ChangeSet()
            .Add(new Change.Set(table.Find("text")!, Value.Of($"a \"quoted\" \\ {{text}} {i}")))
            .Add(new Change.Increment(table.Find("number")!, 0.5 + i))
            .Add(new Change.Set(table.Find("flag")!, Value.Of(i % 2 == 0)))
            .Add(new Change.Set(table.Find("at")!, Value.Timestamp(1_600_000_000_123 + i)))
            .Add(new Change.Set(table.Find("bytes")!, Value.Of([(byte)i, 0, 255])))
            .Add(new Change.Set(table.Find("place")!, Value.Point(new GeoPoint(i / 10d, -i / 20d))))
            .Add(new Change.Set(table.Find("object")!, Value.Object(System.Text.Encoding.UTF8.GetBytes($$"""{"n": {{i}}, "s": "\u00e9\""}"""))))
            .Add(new Change.Set(new FieldPath(table.Find("object")!, ["deep", "er"]), Value.Of($"place {i}")))
            .Add(new Change.AppendUnique(table.Find("array")!, System.Text.Encoding.UTF8.GetBytes($"[{i % 3}, \"x\"]")));

        var ids = await RowsAsync(store, table, 60);
        var alone = await RowsAsync(store, table, 60);
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Task.Run(() => store.ChangeAsync(table, ids[i], Changed(i), Caller.Administrator))));
        for (var i = 0; i < 60; i++)
        {
            await store.ChangeAsync(table, alone[i], Changed(i), Caller.Administrator);
            var (one, other) = ((await store.GetAsync(table, ids[i], Caller.Administrator))!, (await store.GetAsync(table, alone[i], Caller.Administrator))!);
            foreach (var field in table.Fields)
                Assert.That(one.Get(field.Name)?.ToString(), Is.EqualTo(other.Get(field.Name)?.ToString()), field.Name);
            Assert.That(one.Get("object")!.Value.ToString(), Does.Contain($"place {i}").And.Contains($"\"n\": {i}").Or.Contains($"\"n\":{i}"));
            Assert.That(one.Get("text"), Is.EqualTo(Value.Of($"a \"quoted\" \\ {{text}} {i}")));
        }
    }

    [Test]
    public async Task Changes_of_values_beside_their_columns_share_statements_too()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var catalog = node.Get<LiveCatalog>();
        await catalog.EnsureAsync("Thing", [new FieldSpec("text", FieldKind.Text), new FieldSpec("number", FieldKind.Number), new FieldSpec("object", FieldKind.Object), new FieldSpec("array", FieldKind.Array)]);
        var store = node.Get<RowStore>();
        Table Thing() => catalog.Current.FindByOrigin("Thing")!;
        foreach (var name in new[] { "text", "number", "object", "array" })
            await store.InsertAsync(Thing(), new ChangeSet().Add(new Change.Set(Thing().Find(name)!, Value.Null)), Caller.Administrator);
        var table = Thing();
        Assert.That(table.Fields.Select(f => f.HasRest), Has.All.True);
        Field Of(string name) => table.Find(name)!;
        byte[] Json(string json) => System.Text.Encoding.UTF8.GetBytes(json);
        var shapes = new Dictionary<string, Func<int, Change>>
        {
            ["a value of the column's type"] = i => new Change.Set(Of("text"), Value.Of($"text {i}")),
            ["a value of another type"] = i => new Change.Set(Of("text"), Value.Of((double)i)),
            ["null"] = _ => new Change.Set(Of("number"), Value.Null),
            ["nothing"] = _ => new Change.Unset(Of("text")),
            ["a sum"] = i => new Change.Increment(Of("number"), i),
            ["elements"] = i => new Change.Append(Of("array"), Json($"[{i}]")),
            ["new elements"] = i => new Change.AppendUnique(Of("array"), Json($"[{i % 2}]")),
            ["no elements"] = i => new Change.RemoveElements(Of("array"), Json($"[{i % 2}]")),
            ["a place"] = i => new Change.Set(new FieldPath(Of("object"), ["a", "b"]), Value.Of((double)i)),
            ["a sum at a place"] = i => new Change.Increment(new FieldPath(Of("object"), ["n"]), i),
            ["nothing at a place"] = _ => new Change.Unset(new FieldPath(Of("object"), ["n"])),
        };

        var ids = await RowsAsync(store, table, 40);
        var alone = await RowsAsync(store, table, 40);
        foreach (var (name, shape) in shapes)
        {
            var gathered = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(() => store.ChangeAsync(table, ids[i], new ChangeSet().Add(shape(i)), Caller.Administrator))));
            Assert.That(gathered.Select(w => w.Version).Distinct().Count(), Is.LessThan(40), name);
            for (var i = 0; i < 40; i++)
            {
                var single = await store.ChangeAsync(table, alone[i], new ChangeSet().Add(shape(i)), Caller.Administrator);
                Assert.That(gathered[i].Values.Select(v => v.Value.ToString()), Is.EqualTo(single.Values.Select(v => v.Value.ToString())), name);
            }
        }

        Assert.That(await database.ScalarAsync<long>($"""
            select count(*) from {table.Quoted} a join {table.Quoted} b on b.id = (array['{string.Join("','", alone)}'])[array_position(array['{string.Join("','", ids)}'], a.id)]
            where (a.text, a.number, a.object, a."array", a.rest) is not distinct from (b.text, b.number, b.object, b."array", b.rest)
            """), Is.EqualTo(40));
    }

    [Test]
    public async Task Changes_of_one_row_that_meet_all_count()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var (store, table) = await TableAsync(node);
        var ids = await RowsAsync(store, table, 1);
        var written = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => store.ChangeAsync(table, ids[0], Increment(table, 1), Caller.Anonymous))));
        Assert.That(written.Select(w => w.Values.Single().Value.AsNumber), Is.EquivalentTo(Enumerable.Range(1, 100).Select(n => (double)n)));
    }

    [Test]
    public async Task A_change_that_waits_for_somebody_elses_lock_holds_up_no_others()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var (store, table) = await TableAsync(node);
        var ids = await RowsAsync(store, table, 40);
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand($"update {table.Quoted} set number = 1000 where number < 10", connection, transaction))
            await command.ExecuteNonQueryAsync();

        var changes = ids.Select(id => store.ChangeAsync(table, id, Increment(table, 1), Caller.Administrator)).ToList();
        await Task.WhenAll(changes.Skip(10)).WaitAsync(Patience.Limit);
        Assert.That(changes.Take(10).Select(c => c.IsCompleted), Has.All.False);

        await transaction.CommitAsync();
        var written = await Task.WhenAll(changes);
        Assert.That(written.Take(10).Select(w => w.Values.Single().Value.AsNumber), Has.All.EqualTo(1001));
    }

    [Test]
    public async Task Rows_that_are_not_there_or_not_the_callers_are_refused_in_company_too()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var (store, table) = await TableAsync(node);
        var own = await Task.WhenAll(Enumerable.Range(0, 30).Select(async i =>
            (await store.InsertAsync(table, new ChangeSet { Acl = new RowAcl([$"user{i}"], [$"user{i}", "role:editors"]) }.Add(new Change.Set(table.Find("number")!, Value.Of(0d))),
                Caller.Administrator)).Id));

        // Row by row: its owner, a stranger, an editor who does not see it, nobody, and a row that is not there.
        var refused = await Task.WhenAll(Enumerable.Range(0, 30).SelectMany(i => new (string Id, Caller Caller)[]
        {
            (own[i], Caller.User($"user{i}", [])), (own[i], Caller.User($"user{(i + 1) % 30}", [])), (own[i], Caller.User("someone", ["editors", "read\"ers"])),
            (own[i], Caller.Anonymous), ($"missing{i}", Caller.Administrator),
        }).Select(c => Task.Run(async () =>
        {
            try
            {
                await store.ChangeAsync(table, c.Id, Increment(table, 1), c.Caller);
                return "";
            }
            catch (Refusal refusal)
            {
                return refusal.Kind.ToString();
            }
        })));
        Assert.That(refused.Chunk(5), Has.All.EqualTo(new[] { "", "NotFound", "", "NotFound", "NotFound" }));
        Assert.That(await database.ScalarAsync<long>($"select count(*) from {table.Quoted} where number = 2"), Is.EqualTo(30));
    }

    [Test]
    public async Task Reads_that_meet_give_each_caller_the_row_as_he_may_see_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var (store, table) = await TableAsync(node);
        var ids = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            var row = new ChangeSet { Acl = i % 2 == 0 ? new RowAcl([$"user{i}", "role:a, \"b\""], []) : null };
            return (await store.InsertAsync(table, row.Add(new Change.Set(table.Find("number")!, Value.Of((double)i))), Caller.Administrator)).Id;
        }));
        Caller[] Callers(int i) => [Caller.Anonymous, Caller.User($"user{i}", []), Caller.User($"user{i + 1}", ["x"]), Caller.User("u", ["y", "a, \"b\""]), Caller.Administrator];

        var read = await Task.WhenAll(Enumerable.Range(0, 50).SelectMany(i => Callers(i).Select(caller => Task.Run(() => store.GetAsync(table, ids[i], caller)))));
        for (var i = 0; i < 50; i++)
        {
            var isPublic = i % 2 == 1;
            Assert.That(read[(i * 5)..((i * 5) + 5)].Select(r => r?.Get("number")?.AsNumber), Is.EqualTo(new double?[] { isPublic ? i : null, i, isPublic ? i : null, i, i }));
        }

        var missing = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => store.GetAsync(table, $"missing{i}", Caller.Anonymous))));
        Assert.That(missing, Has.All.Null);
    }

    private static async Task<string[]> RowsAsync(RowStore store, Table table, int count)
    {
        var ids = new string[count];
        for (var i = 0; i < count; i++)
            ids[i] = (await store.InsertAsync(table, new ChangeSet().Add(new Change.Set(table.Find("number")!, Value.Of((double)i))), Caller.Administrator)).Id;
        return ids;
    }

    private static ChangeSet Increment(Table table, double amount) => new ChangeSet().Add(new Change.Increment(table.Find("number")!, amount));

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
