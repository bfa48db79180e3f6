using System.Globalization;
using System.Text;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Catalog.Promotion;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.Data.Tests.Catalog;

/// <summary>Fields that start without a column work as any other, and get their column while they are written.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class PromotionTests
{
    [Test]
    public async Task Values_of_every_kind_move_to_a_column_and_what_does_not_fit_stays()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await StartAsync(database, TimeSpan.Zero);
        FieldSpec[] specs =
        [
            new("text", FieldKind.Text), new("number", FieldKind.Number), new("flag", FieldKind.Boolean), new("at", FieldKind.Timestamp), new("bytes", FieldKind.Bytes),
            new("object", FieldKind.Object), new("list", FieldKind.Array), new("file", FieldKind.File), new("of", FieldKind.Reference, "Late"), new("place", FieldKind.Point),
            new("area", FieldKind.Polygon),
        ];
        var table = await WithoutColumnsAsync(database, node, specs);
        var store = node.Get<RowStore>();
        Value[] values =
        [
            Value.Of("a text"), Value.Of(1.5), Value.Of(true), Value.Timestamp(1700000000123), Value.Of([1, 2]), Json("""{"a":{"b":[1]}}"""), Value.Array("[1,\"x\",null]"u8.ToArray()),
            Value.File("f.txt"), Value.Reference("Late", "other"), Value.Point(new GeoPoint(1, 2)),
            Value.Polygon([new(0, 0), new(0, 1), new(1, 1), new(0, 0)]),
        ];
        var changes = new ChangeSet();
        foreach (var (spec, value) in specs.Zip(values))
            changes.Add(new Change.Set(table.Find(spec.Name)!, value));
        await store.InsertAsync(table, changes, Caller.Administrator, "all");
        await store.InsertAsync(table, new ChangeSet().Add(new Change.Set(table.Find("number")!, Value.Of(double.NaN))).Add(new Change.Set(table.Find("text")!, Value.Null)), Caller.Administrator, "odd");

        await PromoteAsync(node);

        table = (await node.Catalog.GetAsync()).FindByOrigin("Late")!;
        Assert.That(table.Fields.Select(f => (f.Column is null, f.Promotion)), Has.All.EqualTo((false, FieldPromotion.None)));
        Assert.That(table.Fields.Where(f => f.HasRest).Select(f => f.Name), Is.EquivalentTo(["number", "text"]), "only where something is left");
        var row = (await store.GetAsync(table, "all", Caller.Administrator))!;
        Assert.That(specs.Select(s => Plain(row.Get(s.Name))), Is.EqualTo(values.Select(v => Plain(v))));
        Assert.That(await database.ScalarAsync<string>("select rest::text from app.late where id = 'all'"), Is.Null);
        var odd = (await store.GetAsync(table, "odd", Caller.Administrator))!;
        Assert.That((odd.Get("number"), odd.Get("text")), Is.EqualTo(((Value?)Value.Of(double.NaN), (Value?)Value.Null)));
    }

    [Test]
    public async Task Nothing_is_lost_or_seen_twice_while_two_processes_write()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var one = await StartAsync(database, TimeSpan.FromHours(1));
        await using var two = await StartAsync(database, TimeSpan.FromHours(1));
        var table = await WithoutColumnsAsync(database, one, [new("count", FieldKind.Number), new("list", FieldKind.Array), new("object", FieldKind.Object), new("last", FieldKind.Text)]);
        const int Rows = 300;
        for (var i = 0; i < Rows; i++)
        {
            await one.Get<RowStore>().InsertAsync(table, new ChangeSet().Add(new Change.Set(table.Find("count")!, Value.Of(100))).Add(new Change.Set(table.Find("last")!, Value.Of("0"))),
                Caller.Administrator, i.ToString("000", CultureInfo.InvariantCulture));
        }

        var seed = Seed.Value;
        using var done = new CancellationTokenSource();
        var written = new List<(int Row, string Text)>[4];
        // How often each writer, and the reader, has begun anew.
        var rounds = new int[5];
        var writers = Enumerable.Range(0, 4).Select(n => Task.Run(async () =>
        {
            var node = n % 2 == 0 ? one : two;
            var random = new Random(seed + n);
            var mine = written[n] = [];
            while (!done.IsCancellationRequested)
            {
                // Each writer has rows of its own for what is set, and shares all for what is computed.
                var row = random.Next(Rows / 4) * 4 + n;
                var text = $"{n}-{mine.Count}";
                Interlocked.Increment(ref rounds[n]);
                var now = (await node.Catalog.GetAsync()).FindByOrigin("Late")!;
                var shared = random.Next(Rows);
                await node.Get<RowStore>().ChangeAsync(now, Id(row), new ChangeSet().Add(new Change.Set(now.Find("last")!, Value.Of(text))), Caller.Administrator);
                await node.Get<RowStore>().ChangeAsync(now, Id(shared), new ChangeSet()
                    .Add(new Change.Increment(now.Find("count")!, 1))
                    .Add(new Change.Append(now.Find("list")!, Encoding.UTF8.GetBytes($"[\"{text}\"]")))
                    .Add(new Change.Increment(new FieldPath(now.Find("object")!, ["n"]), 1)), Caller.Administrator);
                mine.Add((row, text));
            }
        })).ToArray();
        var reader = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                Interlocked.Increment(ref rounds[4]);
                var now = (await two.Catalog.GetAsync()).FindByOrigin("Late")!;
                var query = new RowQuery { Table = now, Filter = new Filter.Exists(now.Find("last")!), Sort = [new Sort(now.Find("count")!)] };
                var counts = new List<double>();
                await using var cursor = await two.Get<RowStore>().OpenAsync(query, Caller.Administrator);
                while (await cursor.ReadAsync())
                {
                    counts.Add(cursor.Get("count")!.Value.AsNumber);
                    Assert.That(cursor.Rest.Count(r => r.Key == "last") + (cursor.IsNull(cursor.Fields.IndexOf(now.Find("last")!)) ? 0 : 1), Is.EqualTo(1), "one value");
                }

                Assert.That(counts, Has.Count.EqualTo(Rows).And.Ordered);
            }
        });
        await PromoteAsync(one, PauseAsync);
        await done.CancelAsync();
        await Task.WhenAll([.. writers, reader]);
        await PromoteAsync(one, OverAsync);

        table = (await one.Catalog.GetAsync()).FindByOrigin("Late")!;
        Assert.That(table.Fields.Select(f => (f.Column is null, f.Promotion)), Has.All.EqualTo((false, FieldPromotion.None)));
        var total = written.Sum(w => w.Count);
        TestContext.Out.WriteLine($"{total} writes of each kind");
        Assert.That(await database.ScalarAsync<double>("select sum(count) from app.late"), Is.EqualTo((Rows * 100) + total));
        Assert.That(await database.ScalarAsync<long>("select sum(jsonb_array_length(list)) from app.late"), Is.EqualTo(total));
        Assert.That(await database.ScalarAsync<decimal>("select sum((object ->> 'n')::numeric) from app.late"), Is.EqualTo(total));
        Assert.That(await database.ScalarAsync<long>("select count(*) from app.late where rest is not null"), Is.Zero);
        foreach (var (row, text) in written.SelectMany(w => w.GroupBy(x => x.Row).Select(g => g.Last())))
            Assert.That(await database.ScalarAsync<string>("select last from app.late where id = $1", Id(row)), Is.EqualTo(text));

        // The pause of an hour is over when all that was under way has ended, however long that takes here.
        async Task PauseAsync()
        {
            var before = rounds.ToArray();
            await Patience.UntilAsync(
                () => reader.IsFaulted || writers.Any(w => w.IsFaulted) || Enumerable.Range(0, rounds.Length).All(n => Volatile.Read(ref rounds[n]) > before[n]), "somebody does not go on");
            await OverAsync();
        }

        Task OverAsync() => database.ExecuteAsync("update catalog.fields set promotion_at = promotion_at - interval '2 hours'");
    }

    [Test]
    public async Task A_field_that_is_about_to_be_closed_is_opened_again_by_who_needs_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await StartAsync(database, TimeSpan.Zero);
        var table = await WithoutColumnsAsync(database, node, [new("text", FieldKind.Text)]);
        var store = node.Get<RowStore>();
        await node.Catalog.PrepareColumnAsync("Late", "text", default);
        await node.Catalog.PromoteAsync("Late", "text", FieldPromotion.Prepared, FieldPromotion.Moving, TimeSpan.Zero, default);
        table = (await node.Catalog.PromoteAsync("Late", "text", FieldPromotion.Moving, FieldPromotion.Closing, TimeSpan.Zero, default)).FindByOrigin("Late")!;

        await store.InsertAsync(table, new ChangeSet().Add(new Change.Set(table.Find("text")!, Value.Null)), Caller.Administrator, "null");
        await PromoteAsync(node);

        var field = node.Catalog.Current.FindByOrigin("Late")!.Find("text")!;
        Assert.That((field.HasRest, field.Promotion), Is.EqualTo((true, FieldPromotion.None)));
    }

    [Test]
    public async Task A_step_waits_until_requests_that_began_before_it_are_over()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await StartAsync(database, TimeSpan.FromMinutes(1));
        await WithoutColumnsAsync(database, node, [new("text", FieldKind.Text)]);

        Assert.That(await node.Get<FieldPromoter>().RunAsync(), Is.EqualTo(1));
        Assert.That(await node.Get<FieldPromoter>().RunAsync(), Is.EqualTo(1));
        Assert.That(node.Catalog.Current.FindByOrigin("Late")!.Find("text")!.Promotion, Is.EqualTo(FieldPromotion.Prepared));
        await database.ExecuteAsync("update catalog.fields set promotion_at = now() - interval '2 minutes'");
        Assert.That(await node.Get<FieldPromoter>().RunAsync(), Is.EqualTo(1));
        Assert.That(node.Catalog.Current.FindByOrigin("Late")!.Find("text")!.Promotion, Is.EqualTo(FieldPromotion.Moving));
    }

    [Test]
    public async Task Fields_beyond_the_last_column_stay_in_rest_and_work()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await StartAsync(database, TimeSpan.Zero);
        var many = Enumerable.Range(0, CatalogChange.MaxColumns).Select(i => new FieldSpec($"f{i}", FieldKind.Number)).ToList();
        await node.Catalog.EnsureAsync("Wide", many);
        var table = (await node.Catalog.EnsureAsync("Wide", [new("number", FieldKind.Number), new("object", FieldKind.Object), new("list", FieldKind.Array), new("text", FieldKind.Text)])).FindByOrigin("Wide")!;
        var (number, nested, list) = (table.Find("number")!, table.Find("object")!, table.Find("list")!);
        Assert.That((number.Column, number.HasRest), Is.EqualTo(((string?)null, true)));
        var store = node.Get<RowStore>();
        foreach (var (id, n) in new[] { ("b", 2d), ("c", 10d), ("a", -1d) })
            await store.InsertAsync(table, new ChangeSet().Add(new Change.Set(number, Value.Of(n))), Caller.Administrator, id);

        var result = await store.ChangeAsync(table, "b", new ChangeSet()
            .Add(new Change.Increment(number, 3))
            .Add(new Change.Set(new FieldPath(nested, ["a", "b"]), Value.Of(1)))
            .Add(new Change.Increment(new FieldPath(nested, ["n"]), 2))
            .Add(new Change.Append(list, "[1]"u8.ToArray())).Add(new Change.AppendUnique(list, "[1,2]"u8.ToArray()))
            .Add(new Change.Set(table.Find("text")!, Value.Of("x"))), Caller.Administrator);
        await store.ChangeAsync(table, "b", new ChangeSet().Add(new Change.Unset(new FieldPath(nested, ["a", "b"]))), Caller.Administrator);
        await node.Get<FieldPromoter>().RunAsync();

        Assert.That(result.Values.Single(v => v.Key.Field.Name == "number").Value, Is.EqualTo(Value.Of(5)));
        var row = (await store.GetAsync(table, "b", Caller.Administrator))!;
        Assert.That(new[] { "number", "object", "list", "text" }.Select(f => Plain(row.Get(f))), Is.EqualTo(["5", """{"a":{},"n":2}""", "[1,2]", "\"x\""]));
        Assert.That(await IdsAsync(store, new RowQuery { Table = table, Sort = [new Sort(number, Descending: true)] }), Is.EqualTo(["c", "b", "a"]));
        Assert.That(await IdsAsync(store, new RowQuery { Table = table, Filter = new Filter.Compare(number, Comparison.Greater, Value.Of(4)) }), Is.EqualTo(["b", "c"]));
        Assert.That(node.Catalog.Current.FindByOrigin("Wide")!.Find("number")!.Column, Is.Null);
    }

    private static Task<Node> StartAsync(TestDatabase database, TimeSpan pause) => Node.StartAsync(database, s => s.Configure<CatalogOptions>(o => o.PromotionPause = pause));

    /// <summary>The table Late with fields whose columns were not to be had, since somebody read the table all the time.</summary>
    private static async Task<Table> WithoutColumnsAsync(TestDatabase database, Node node, FieldSpec[] fields)
    {
        await node.Catalog.EnsureAsync("Late", []);
        await using (var connection = await database.DataSource.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await using var dump = new Npgsql.NpgsqlCommand("lock table app.late in access share mode", connection, transaction);
            await dump.ExecuteNonQueryAsync();
            await node.Catalog.EnsureAsync("Late", fields);
        }

        var table = (await node.Catalog.GetAsync()).FindByOrigin("Late")!;
        Assert.That(table.Fields.Select(f => f.Column), Has.All.Null);
        return table;
    }

    private static async Task PromoteAsync(Node node, Func<Task>? pause = null)
    {
        using var limit = new CancellationTokenSource(3 * Patience.Limit);
        while (await node.Get<FieldPromoter>().RunAsync(limit.Token) > 0)
            await (pause is null ? Task.Delay(50, limit.Token) : pause());
    }

    private static async Task<List<string>> IdsAsync(RowStore store, RowQuery query)
    {
        var ids = new List<string>();
        await using var cursor = await store.OpenAsync(query, Caller.Administrator);
        while (await cursor.ReadAsync())
            ids.Add(cursor.Id);
        return ids;
    }

    /// <summary>A value's JSON without the blanks of jsonb.</summary>
    private static string Plain(Value? value) => value!.Value.ToString().Replace(" ", "", StringComparison.Ordinal);

    private static Value Json(string json) => Value.Object(NestedJson.Normalize(Encoding.UTF8.GetBytes(json)));

    private static string Id(int row) => row.ToString("000", CultureInfo.InvariantCulture);
}
