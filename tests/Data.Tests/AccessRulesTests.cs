using System.Collections.Frozen;
using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.Testing;

namespace Backend.Data.Tests;

[Parallelizable(ParallelScope.All)]
internal sealed class AccessRulesTests
{
    private static readonly Caller User = Caller.User("u1", ["Admin"]);
    private static readonly Caller Stranger = Caller.User("u2", []);

    private static IEnumerable<TestCaseData> Rules()
    {
        TestCaseData Case(string name, PermissionRule rule, Caller caller, RefusalKind? refused) => new TestCaseData(rule, caller, refused).SetArgDisplayNames(name);
        PermissionRule Principals(params string[] principals) => new(false, false, principals.ToFrozenSet(), []);

        yield return Case("everybody, anonymous", PermissionRule.Everybody, Caller.Anonymous, null);
        yield return Case("nobody, user", PermissionRule.Nobody, User, RefusalKind.PermissionDenied);
        yield return Case("nobody, administrator", PermissionRule.Nobody, Caller.Administrator, null);
        yield return Case("authentication, anonymous", new(false, true, [], []), Caller.Anonymous, RefusalKind.AuthenticationRequired);
        yield return Case("authentication, user", new(false, true, [], []), Stranger, null);
        yield return Case("role, member", Principals("role:Admin"), User, null);
        yield return Case("role, stranger", Principals("role:Admin"), Stranger, RefusalKind.PermissionDenied);
        yield return Case("user, himself", Principals("u1"), User, null);
        yield return Case("user, anonymous", Principals("u1"), Caller.Anonymous, RefusalKind.PermissionDenied);
        yield return Case("by a field of the row", new(false, false, [], ["list"]), User, null);
        yield return Case("by a field, anonymous", new(false, false, [], ["list"]), Caller.Anonymous, null);
        yield return Case("authentication and a field, anonymous", new(false, true, [], ["list"]), Caller.Anonymous, RefusalKind.AuthenticationRequired);
    }

    [TestCaseSource(nameof(Rules))]
    public void A_rule_lets_in_or_refuses(PermissionRule rule, Caller caller, RefusalKind? refused)
    {
        var permissions = new TablePermissions { Get = rule, Find = rule, Count = rule, Update = rule, Delete = rule };
        foreach (var operation in new[] { Operation.Get, Operation.Find, Operation.Count, Operation.Update, Operation.Delete })
        {
            RefusalKind? actual = null;
            try
            {
                AccessRules.Require(TableWith(permissions), operation, caller);
            }
            catch (Refusal e)
            {
                actual = e.Kind;
            }

            Assert.That(actual, Is.EqualTo(refused), operation.ToString());
        }
    }

    [Test]
    public void Who_may_only_read_is_refused_every_write() =>
        Assert.That(() => AccessRules.Require(TableWith(null), Operation.Create, Caller.ReadOnlyAdministrator), Throws.InstanceOf<Refusal>().With.Property("Kind").EqualTo(RefusalKind.ReadOnly));

    [TestCase("*:a,b", "", "a b")]
    [TestCase("*:a,b", "u1", "a b")]
    [TestCase("*:a,b;role:Admin:b,c", "u1", "b")]
    [TestCase("*:a,b;role:Admin:", "u1", "")]
    [TestCase("*:a,b;role:Other:", "u1", "a b")]
    [TestCase("authenticated:a", "", "")]
    [TestCase("authenticated:a", "u1", "a")]
    [TestCase("*:a;authenticated:a;u1:", "u1", "")]
    [TestCase("*:a;userField:owner:", "u1", "a")]
    public void Hidden_is_what_every_group_of_the_caller_hides(string declared, string user, string expected)
    {
        var groups = declared.Split(';').Select(g => (Group: g[..g.LastIndexOf(':')], Fields: g[(g.LastIndexOf(':') + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries).ToImmutableArray()));
        var table = TableWith(new TablePermissions { ProtectedFields = groups.ToImmutableSortedDictionary(g => g.Group, g => g.Fields) });

        var hidden = AccessRules.HiddenFields(table, user == "" ? Caller.Anonymous : User);

        Assert.That(string.Join(' ', hidden.Order()), Is.EqualTo(expected));
    }

    [Test]
    public async Task A_rule_by_reference_restricts_to_the_rows_of_the_user()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var rule = new PermissionRule(false, false, [], ["owner"]);
        var catalog = await node.Catalog.CreateTableAsync("Note", [new("owner", FieldKind.Reference, "_User"), new("text", FieldKind.Text)],
            new TablePermissions { Find = rule, Get = rule, Update = rule, Delete = rule });
        var table = catalog.FindByOrigin("Note")!;
        var store = node.Get<RowStore>();
        foreach (var owner in new[] { "u1", "u2" })
            await store.InsertAsync(table, new ChangeSet().Add(new Change.Set(table.Find("owner")!, Value.Reference("_User", owner))), Caller.Anonymous, "of-" + owner);

        Assert.That(await IdsAsync(store, table, User), Is.EqualTo(new[] { "of-u1" }));
        Assert.That(await IdsAsync(store, table, Caller.Anonymous), Is.Empty);
        Assert.That(() => store.ChangeAsync(table, "of-u2", new ChangeSet(), User), Throws.InstanceOf<Refusal>().With.Property("Kind").EqualTo(RefusalKind.NotFound));
        await store.DeleteAsync(table, "of-u1", User);
        Assert.That(() => store.CountAsync(new RowQuery { Table = table }, User), Throws.Nothing);
    }

    [Test]
    public async Task A_hidden_field_is_neither_shown_nor_filtered_nor_sorted_by()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var catalog = await node.Catalog.CreateTableAsync("Note", [new("secret", FieldKind.Text), new("open", FieldKind.Text)],
            new TablePermissions { ProtectedFields = ImmutableSortedDictionary<string, ImmutableArray<string>>.Empty.Add("*", ["secret"]) });
        var table = catalog.FindByOrigin("Note")!;
        var store = node.Get<RowStore>();
        Field secret = table.Find("secret")!;
        await store.InsertAsync(table, new ChangeSet().Add(new Change.Set(secret, Value.Of("x\0"))).Add(new Change.Set(table.Find("open")!, Value.Of("y"))), Caller.Anonymous, "id");
        table = node.Catalog.Current.FindByOrigin("Note")!;

        var row = (await store.GetAsync(table, "id", User))!;
        Assert.That((row.Get("secret"), row.Get("open")), Is.EqualTo(((Value?)null, (Value?)Value.Of("y"))));
        Assert.That((await store.GetAsync(table, "id", Caller.Administrator))!.Get("secret"), Is.EqualTo(Value.Of("x\0")));
        Assert.That(() => store.OpenAsync(new RowQuery { Table = table, Filter = new Filter.Not(new Filter.Equal(secret, Value.Of("x"))) }, User),
            Throws.InstanceOf<Refusal>().With.Property("Kind").EqualTo(RefusalKind.ProtectedFilter));
        Assert.That(() => store.OpenAsync(new RowQuery { Table = table, Sort = [new Sort(secret)] }, User), Throws.InstanceOf<Refusal>().With.Property("Kind").EqualTo(RefusalKind.ProtectedSort));
    }

    private static Table TableWith(TablePermissions? permissions) =>
        new(1, "Note", "Note", "note", false, [new Field { Name = "list", Kind = FieldKind.Array, Column = "list" }], permissions);

    private static async Task<List<string>> IdsAsync(RowStore store, Table table, Caller caller)
    {
        var ids = new List<string>();
        await using var cursor = await store.OpenAsync(new RowQuery { Table = table }, caller);
        while (await cursor.ReadAsync())
            ids.Add(cursor.Id);
        return ids;
    }
}
