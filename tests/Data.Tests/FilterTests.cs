using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.Testing;

namespace Backend.Data.Tests;

/// <summary>The matching rules of contract appendix C, on columns, in arrays, below objects and in <c>rest</c>.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class FilterTests
{
    private TestDatabase _database = null!;
    private Node _node = null!;
    private Table _table = null!;

    [OneTimeSetUp]
    public async Task InsertRows()
    {
        _database = await TestDatabase.CreateAsync();
        _node = await Node.StartAsync(_database);
        var catalog = await _node.Catalog.EnsureAsync("Thing",
        [
            new("n", FieldKind.Number), new("s", FieldKind.Text), new("a", FieldKind.Array), new("o", FieldKind.Object), new("d", FieldKind.Timestamp), new("r", FieldKind.Reference, "Thing"),
            new("f", FieldKind.File), new("y", FieldKind.Bytes), new("p", FieldKind.Point), new("b", FieldKind.Boolean),
        ]);
        _table = catalog.FindByOrigin("Thing")!;
        await InsertAsync("miss");
        await InsertAsync("null", ("n", Value.Null), ("s", Value.Null), ("a", Value.Null), ("o", Value.Null), ("d", Value.Null), ("r", Value.Null));
        await InsertAsync("one", ("n", Value.Of(1)), ("s", Value.Of("a")), ("a", Json("[1,2]")), ("o", Object("""{"x":1,"l":[{"m":1},{"m":2}]}""")), ("d", Value.Timestamp(1000)),
            ("r", Value.Reference("Thing", "two")), ("f", Value.File("f")), ("y", Value.Of([1])), ("p", Value.Point(new(1, 2))), ("b", Value.Of(true)));
        await InsertAsync("two", ("n", Value.Of(2)), ("s", Value.Of("B")), ("a", Json("""[3,"a",null]""")), ("o", Object("""{"x":"1","y":null}""")), ("d", Value.Timestamp(2000)), ("b", Value.Of(false)));
        await InsertAsync("odd", ("n", Value.Of("12")), ("s", Value.Of("nul\0")), ("a", Json("""[{"k":1}]""")), ("o", Object("""{"x":{"__type":"Date","iso":"1970-01-01T00:00:02.000Z"}}""")));
        _table = _node.Catalog.Current.FindByOrigin("Thing")!;
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _node.DisposeAsync();
        await _database.DisposeAsync();
    }

    private static IEnumerable<TestCaseData> Cases()
    {
        TestCaseData Case(string name, Func<Table, Filter> filter, string expected) => new TestCaseData(filter, expected).SetArgDisplayNames(name);
        Filter Eq(Table t, string path, Value v) => new Filter.Equal(Path(t, path), v);
        Filter In(Table t, string path, params Value[] v) => new Filter.In(Path(t, path), [.. v]);
        Filter Cmp(Table t, string path, Comparison c, Value v) => new Filter.Compare(Path(t, path), c, v);
        Filter Not(Filter f) => new Filter.Not(f);

        yield return Case("n = 1", t => Eq(t, "n", Value.Of(1)), "one");
        yield return Case("n = text: another type matches nothing but rest", t => Eq(t, "n", Value.Of("12")), "odd");
        yield return Case("n = 'a'", t => Eq(t, "n", Value.Of("a")), "");
        yield return Case("n = null: missing and null", t => Eq(t, "n", Value.Null), "miss null");
        yield return Case("n != 1: missing and null too", t => Not(Eq(t, "n", Value.Of(1))), "miss null odd two");
        yield return Case("n != null", t => Not(Eq(t, "n", Value.Null)), "odd one two");
        yield return Case("n in (1, null)", t => In(t, "n", Value.Of(1), Value.Null), "miss null one");
        yield return Case("n in ()", t => In(t, "n"), "");
        yield return Case("n not in ()", t => Not(In(t, "n")), "miss null odd one two");
        yield return Case("n in (1, '12')", t => In(t, "n", Value.Of(1), Value.Of("12")), "odd one");
        yield return Case("n not in (1)", t => Not(In(t, "n", Value.Of(1))), "miss null odd two");
        yield return Case("n > 1", t => Cmp(t, "n", Comparison.Greater, Value.Of(1)), "two");
        yield return Case("n >= '1' as text", t => Cmp(t, "n", Comparison.GreaterOrEqual, Value.Of("1")), "odd");
        yield return Case("n <= NaN", t => Cmp(t, "n", Comparison.Less, Value.Null), "");
        yield return Case("n exists: null counts", t => new Filter.Exists(Path(t, "n")), "null odd one two");
        yield return Case("n has value", t => new Filter.HasValue(Path(t, "n")), "odd one two");
        yield return Case("s < 'a': by code point", t => Cmp(t, "s", Comparison.Less, Value.Of("a")), "two");
        yield return Case("s = text with NUL", t => Eq(t, "s", Value.Of("nul\0")), "odd");
        yield return Case("d = 1000 ms", t => Eq(t, "d", Value.Timestamp(1000)), "one");
        yield return Case("d > 1000 ms", t => Cmp(t, "d", Comparison.Greater, Value.Timestamp(1000)), "two");
        yield return Case("d < the end of time", t => Cmp(t, "d", Comparison.Less, Value.Timestamp(long.MaxValue)), "one two");
        yield return Case("d = text", t => Eq(t, "d", Value.Of("1970")), "");
        yield return Case("r = reference", t => Eq(t, "r", Value.Reference("Thing", "two")), "one");
        yield return Case("r = reference to another table", t => Eq(t, "r", Value.Reference("Other", "two")), "");
        yield return Case("r = text", t => Eq(t, "r", Value.Of("two")), "");
        yield return Case("f = file", t => Eq(t, "f", Value.File("f")), "one");
        yield return Case("y = bytes", t => Eq(t, "y", Value.Of([1])), "one");
        yield return Case("p = point", t => Eq(t, "p", Value.Point(new(1, 2))), "one");
        yield return Case("b = true", t => Eq(t, "b", Value.Of(true)), "one");
        yield return Case("b in (true, false)", t => In(t, "b", Value.Of(true), Value.Of(false)), "one two");
        yield return Case("a contains 2", t => Eq(t, "a", Value.Of(2)), "one");
        yield return Case("a contains 'a'", t => Eq(t, "a", Value.Of("a")), "two");
        yield return Case("a contains object", t => Eq(t, "a", Object("""{"k":1}""")), "odd");
        yield return Case("a contains part of an object", t => Eq(t, "a", Object("{}")), "");
        yield return Case("a = null: missing, null, or holding null", t => Eq(t, "a", Value.Null), "miss null two");
        yield return Case("a not 2: missing too", t => Not(Eq(t, "a", Value.Of(2))), "miss null odd two");
        yield return Case("a > 2: any element", t => Cmp(t, "a", Comparison.Greater, Value.Of(2)), "two");
        yield return Case("a matches ^a", t => new Filter.Matches(Path(t, "a"), new TextPattern("^a")), "two");
        yield return Case("a.0 = 1", t => Eq(t, "a.0", Value.Of(1)), "one");
        yield return Case("a.k = 1", t => Eq(t, "a.k", Value.Of(1)), "odd");
        yield return Case("o.x = 1", t => Eq(t, "o.x", Value.Of(1)), "one");
        yield return Case("o.x = '1'", t => Eq(t, "o.x", Value.Of("1")), "two");
        yield return Case("o.l.m = 2: through an array", t => Eq(t, "o.l.m", Value.Of(2)), "one");
        yield return Case("o.y = null", t => Eq(t, "o.y", Value.Null), "miss null odd one two");
        yield return Case("o.y exists", t => new Filter.Exists(Path(t, "o.y")), "two");
        yield return Case("o.x not 1", t => Not(Eq(t, "o.x", Value.Of(1))), "miss null odd two");
        yield return Case("o.x > date", t => Cmp(t, "o.x", Comparison.Greater, Value.Timestamp(1000)), "odd");
        yield return Case("o.x in", t => In(t, "o.x", Value.Of(1), Value.Of("1")), "one two");
        yield return Case("s matches", t => new Filter.Matches(Path(t, "s"), new TextPattern("^[ab]$", IgnoreCase: true)), "one two");
        yield return Case("s has the prefix a", t => new Filter.Matches(Path(t, "s"), new TextPattern("^a", Prefix: "a")), "one");
        yield return Case("s like", t => new Filter.Matches(Path(t, "s"), new TextPattern("b%", IgnoreCase: true, IsLike: true)), "two");
        yield return Case("any of", t => new Filter.AnyOf([Eq(t, "n", Value.Of(1)), Eq(t, "n", Value.Of(2))]), "one two");
        yield return Case("none of", t => Not(new Filter.AnyOf([Eq(t, "n", Value.Of(1)), Eq(t, "n", Value.Of(2))])), "miss null odd");
        yield return Case("all of nothing", t => Filter.Always, "miss null odd one two");
        yield return Case("any of nothing", t => Filter.Never, "");
        yield return Case("in query", t => new Filter.InQuery(Path(t, "r"), new RowQuery { Table = t, Filter = Eq(t, "n", Value.Of(2)) }), "one");
        yield return Case("not in query: missing too", t => Not(new Filter.InQuery(Path(t, "r"), new RowQuery { Table = t, Filter = Eq(t, "n", Value.Of(2)) })), "miss null odd two");
    }

    [TestCaseSource(nameof(Cases))]
    public async Task A_filter_finds(Func<Table, Filter> filter, string expected)
    {
        var ids = new List<string>();
        await using var cursor = await _node.Get<RowStore>().OpenAsync(new RowQuery { Table = _table, Filter = filter(_table), Sort = [new Sort(Field.Id)] }, Caller.User("u", ["R"]));
        while (await cursor.ReadAsync())
            ids.Add(cursor.Id);

        Assert.That(string.Join(' ', ids), Is.EqualTo(expected));
    }

    [TestCase("n", false, "miss null one two odd")]
    [TestCase("n", true, "odd two one null miss")]
    public async Task Missing_and_null_come_first_in_ascending_order(string field, bool descending, string expected)
    {
        var ids = new List<string>();
        var query = new RowQuery { Table = _table, Sort = [new Sort(_table.Find(field)!, descending), new Sort(Field.Id, descending)] };
        await using var cursor = await _node.Get<RowStore>().OpenAsync(query, Caller.Anonymous);
        while (await cursor.ReadAsync())
            ids.Add(cursor.Id);

        Assert.That(string.Join(' ', ids), Is.EqualTo(expected));
    }

    private static FieldPath Path(Table table, string path)
    {
        var steps = path.Split('.');
        return new FieldPath(table.Find(steps[0])!, [.. steps.Skip(1)]);
    }

    private static Value Json(string json) => Value.Array(System.Text.Encoding.UTF8.GetBytes(json));

    private static Value Object(string json) => Value.Object(System.Text.Encoding.UTF8.GetBytes(json));

    private async Task InsertAsync(string id, params (string Field, Value Value)[] values)
    {
        var changes = new ChangeSet();
        foreach (var (field, value) in values)
            changes.Add(new Change.Set(_table.Find(field)!, value));
        await _node.Get<RowStore>().InsertAsync(_table, changes, Caller.Anonymous, id);
    }
}
