using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.Testing;

namespace Backend.Data.Tests.Access;

/// <summary>Rules by fields of the row: who stands in a reference or in an array of references may do more and sees more.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class OwnerRulesTests
{
    private static readonly Caller Ann = Caller.User("ann", ["Staff"]);
    private static readonly Caller Bob = Caller.User("bob", []);

    private TestDatabase _database = null!;
    private Node _node = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _database = await TestDatabase.CreateAsync();
        _node = await Node.StartAsync(_database);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _node.DisposeAsync();
        await _database.DisposeAsync();
    }

    private RowStore Store => _node.Get<RowStore>();

    [Test]
    public async Task Rows_belong_to_the_users_in_an_array_and_to_the_one_in_a_reference()
    {
        var rule = ByFields("editors", "owner");
        var table = await MakeAsync("Paper", new TablePermissions { Find = rule, Get = rule, Count = rule, Update = rule, Delete = rule });
        await InsertAsync(table, "editors", editors: """[{"__type":"Pointer","className":"_User","objectId":"bob"},{"__type":"Pointer","className":"_User","objectId":"ann"}]""");
        await InsertAsync(table, "owner", owner: "ann");
        await InsertAsync(table, "odd", editors: """[null,3,"ann",{"objectId":"ann"},{"__type":"Pointer","className":"Paper","objectId":"ann"},[{"__type":"Pointer","className":"_User","objectId":"ann"}]]""");
        await InsertAsync(table, "nobody");

        Assert.That(await IdsAsync(table, Ann), Is.EqualTo(["editors", "owner"]));
        Assert.That(await IdsAsync(table, Bob), Is.EqualTo(["editors"]));
        Assert.That(await IdsAsync(table, Caller.Anonymous), Is.Empty);
        Assert.That(await IdsAsync(table, Caller.Administrator), Has.Count.EqualTo(4));
        Assert.That(await Store.CountAsync(new RowQuery { Table = table }, Ann), Is.EqualTo(2));
        Assert.That(await Store.GetAsync(table, "owner", Bob), Is.Null);
        Assert.That((await Store.LookUpAsync(table, ["editors", "owner", "odd"], Bob)).Keys, Is.EqualTo(["editors"]));
        Assert.That(() => Store.ChangeAsync(table, "odd", new ChangeSet(), Ann), Refused(RefusalKind.NotFound));
        Assert.That(() => Store.DeleteAsync(table, "owner", Bob), Refused(RefusalKind.NotFound));
        await Store.ChangeAsync(table, "editors", new ChangeSet(), Bob);
        await Store.DeleteAsync(table, "editors", Ann);
    }

    [Test]
    public async Task An_index_serves_a_rule_by_an_array()
    {
        var rule = ByFields("editors");
        var table = await MakeAsync("Indexed", new TablePermissions { Find = rule });
        await using var connection = await _database.DataSource.OpenConnectionAsync();
        await ExecuteAsync(connection, $"create index on {table.Quoted} using gin ({table.Find("editors")!.QuotedColumn} jsonb_path_ops)");
        await ExecuteAsync(connection, "set enable_seqscan = off");
        var sql = new Statement();
        ReadCompiler.PrintRows(sql, new RowQuery { Table = table, Sort = [new Sort(table.Find("text")!)] }, Ann);

        await using var command = sql.ToCommand(connection);
        command.CommandText = "explain " + command.CommandText;
        var plan = new StringBuilder();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            plan.AppendLine(reader.GetString(0));

        Assert.That(plan.ToString(), Does.Contain("Bitmap Index Scan on indexed_editors_idx"));
    }

    [Test]
    public async Task A_rule_by_a_field_that_asks_for_users_too_lets_in_who_is_both()
    {
        var rule = ByFields("owner") with { RequiresAuthentication = true };
        var table = await MakeAsync("Both", new TablePermissions { Find = rule });
        await InsertAsync(table, "anns", owner: "ann");

        Assert.That(await IdsAsync(table, Ann), Is.EqualTo(["anns"]));
        Assert.That(await IdsAsync(table, Bob), Is.Empty);
        Assert.That(() => IdsAsync(table, Caller.Anonymous), Refused(RefusalKind.AuthenticationRequired));
    }

    [Test]
    public async Task Who_is_named_or_has_a_named_role_is_not_restricted_to_his_rows()
    {
        var rule = ByFields("owner") with { Principals = new[] { "role:Staff" }.ToFrozenSet() };
        var table = await MakeAsync("Named", new TablePermissions { Find = rule, ReadReferenceFields = ["editors"] });
        await InsertAsync(table, "nobody");
        await InsertAsync(table, "bobs", owner: "bob");
        await InsertAsync(table, "with-bob", editors: """[{"__type":"Pointer","className":"_User","objectId":"bob"}]""");

        Assert.That(await IdsAsync(table, Ann), Is.EqualTo(["nobody", "bobs", "with-bob"]));
        Assert.That(await IdsAsync(table, Bob), Is.EqualTo(["bobs", "with-bob"]));
    }

    [Test]
    public async Task The_row_s_own_access_list_still_applies()
    {
        var table = await MakeAsync("Listed", new TablePermissions { Find = ByFields("owner") });
        await InsertAsync(table, "hidden", owner: "ann", acl: new RowAcl(["bob"], ["bob"]));
        await InsertAsync(table, "shown", owner: "ann", acl: new RowAcl(["ann"], []));

        Assert.That(await IdsAsync(table, Ann), Is.EqualTo(["shown"]));
        Assert.That(await IdsAsync(table, Bob), Is.Empty);
    }

    [Test]
    public async Task An_inner_query_finds_only_what_its_own_table_lets_the_caller_find()
    {
        var papers = await MakeAsync("Inner", new TablePermissions { Find = ByFields("editors") });
        await InsertAsync(papers, "anns", editors: """[{"__type":"Pointer","className":"_User","objectId":"ann"}]""");
        await InsertAsync(papers, "bobs", editors: """[{"__type":"Pointer","className":"_User","objectId":"bob"}]""");
        var notes = (await _node.Catalog.CreateTableAsync("Outer", [new("of", FieldKind.Reference, "Inner")], null)).FindByOrigin("Outer")!;
        foreach (var id in new[] { "anns", "bobs" })
            await Store.InsertAsync(notes, new ChangeSet().Add(new Change.Set(notes.Find("of")!, Value.Reference("Inner", id))), Caller.Anonymous, "about-" + id);
        var query = new RowQuery { Table = notes, Filter = new Filter.InQuery(notes.Find("of")!, new RowQuery { Table = papers }) };

        Assert.That(await IdsAsync(query, Ann), Is.EqualTo(["about-anns"]));
        Assert.That(await IdsAsync(query, Caller.Anonymous), Is.Empty);
    }

    [Test]
    public async Task Fields_that_do_not_hold_users_let_nobody_in()
    {
        var table = await MakeAsync("Dangling", new TablePermissions { Find = ByFields("gone", "text", "paper") });
        await InsertAsync(table, "one", paper: "ann");

        Assert.That(await IdsAsync(table, Ann), Is.Empty);
    }

    [Test]
    public async Task Values_in_rest_count_as_well()
    {
        var table = await MakeAsync("Rested", new TablePermissions { Find = ByFields("editors", "owner") });
        await InsertAsync(table, "both");
        await InsertAsync(table, "other");
        await using var connection = await _database.DataSource.OpenConnectionAsync();
        await ExecuteAsync(connection, """update app.rested set rest = '{"owner": {"$reference": ["_User", "ann"]}, "editors": [{"__type":"Pointer","className":"_User","objectId":"bob"}]}' where id = 'both'""");
        table = (await _node.Catalog.MarkRestAsync("Rested", ["owner", "editors"])).FindByOrigin("Rested")!;

        Assert.That(await IdsAsync(table, Ann), Is.EqualTo(["both"]));
        Assert.That(await IdsAsync(table, Bob), Is.EqualTo(["both"]));
        Assert.That(await IdsAsync(table, Caller.User("eve", [])), Is.Empty);
    }

    [Test]
    public async Task To_add_fields_to_a_row_it_must_be_one_s_own_for_that_too()
    {
        var table = await MakeAsync("Grown", new TablePermissions { Update = PermissionRule.Everybody, AddField = ByFields("owner") });
        await InsertAsync(table, "anns", owner: "ann");

        Assert.That(() => AccessRules.RequireAddField(table, Ann, isInsert: false), Throws.Nothing);
        Assert.That(() => AccessRules.RequireAddField(table, Ann, isInsert: true), Refused(RefusalKind.PermissionDenied), "a new row is nobody's");
        Assert.That(() => Store.ChangeAsync(table, "anns", new ChangeSet { AddsFields = true }, Bob), Refused(RefusalKind.NotFound));
        await Store.ChangeAsync(table, "anns", new ChangeSet(), Bob);
        await Store.ChangeAsync(table, "anns", new ChangeSet { AddsFields = true }, Ann);
    }

    [Test]
    public async Task A_row_hides_less_from_the_users_in_its_fields()
    {
        var table = await MakeAsync("Secret", Hiding(("*", ["text", "more"]), ("userField:owner", ["text"]), ("userField:editors", [])));
        await InsertAsync(table, "anns", owner: "ann", text: "a");
        await InsertAsync(table, "with-ann", editors: """[{"__type":"Pointer","className":"_User","objectId":"ann"}]""", text: "b");
        await InsertAsync(table, "bobs", owner: "bob", text: "c");

        Assert.That(await SeenAsync(table, Ann, default), Is.EqualTo(["anns: more", "with-ann: text more", "bobs:"]));
        Assert.That(await SeenAsync(table, Ann, [table.Find("text")!, table.Find("more")!]), Is.EqualTo(["anns: more", "with-ann: text more", "bobs:"]), "the fields of users need not be asked for");
        Assert.That(await SeenAsync(table, Caller.Anonymous, default), Is.EqualTo(["anns:", "with-ann:", "bobs:"]));
        Assert.That(await SeenAsync(table, Caller.Administrator, default), Has.All.Contains("text more"));
        Assert.That(() => Store.OpenAsync(new RowQuery { Table = table, Filter = new Filter.Exists(table.Find("more")!) }, Ann), Refused(RefusalKind.ProtectedFilter));
        var inner = new RowQuery { Table = table, Filter = new Filter.InQuery(table.Find("paper")!, new RowQuery { Table = table, Filter = new Filter.HasValue(table.Find("more")!) }) };
        Assert.That(() => Store.CountAsync(inner, Ann), Refused(RefusalKind.ProtectedFilter));
    }

    [Test]
    public async Task What_users_in_a_field_see_less_does_not_hide_what_everybody_sees()
    {
        var table = await MakeAsync("Shrink", Hiding(("userField:owner", ["text"])));
        await InsertAsync(table, "anns", owner: "ann", text: "a");

        Assert.That(await SeenAsync(table, Ann, default), Is.EqualTo(["anns: text more"]));
    }

    [Test]
    public async Task Who_sees_all_by_his_role_is_not_looked_at_row_by_row()
    {
        var table = await MakeAsync("ByRole", Hiding(("*", ["text"]), ("role:Staff", []), ("userField:owner", [])));
        var sql = new Statement();

        ReadCompiler.PrintRows(sql, new RowQuery { Table = table }, Ann);

        Assert.That(sql.ToString(), Does.Not.Contain("is true"));
    }

    [Test]
    public async Task A_table_without_rules_is_read_as_ever()
    {
        var table = (await _node.Catalog.CreateTableAsync("Plain", [new("text", FieldKind.Text)], null)).FindByOrigin("Plain")!;
        var sql = new Statement();

        ReadCompiler.PrintRows(sql, new RowQuery { Table = table, Limit = 10 }, Ann);

        Assert.That(sql.ToString(), Is.EqualTo("""
            select t.id, t.created_at, t.updated_at, t."text", t.acl_read, t.acl_write from app."plain" t where (t.public_read or t.acl_read && $1) order by t.created_at, t.id limit $2
            """));
    }

    private static NUnit.Framework.Constraints.IResolveConstraint Refused(RefusalKind kind) => Throws.InstanceOf<Refusal>().With.Property("Kind").EqualTo(kind);

    private static PermissionRule ByFields(params string[] fields) => new(false, false, [], [.. fields]);

    private static TablePermissions Hiding(params (string Group, string[] Fields)[] groups) => new()
    {
        ProtectedFields = groups.ToImmutableSortedDictionary(g => g.Group, g => g.Fields.ToImmutableArray(), StringComparer.Ordinal),
    };

    private async Task<Table> MakeAsync(string name, TablePermissions permissions) => (await _node.Catalog.CreateTableAsync(name,
    [
        new("owner", FieldKind.Reference, "_User"), new("editors", FieldKind.Array), new("paper", FieldKind.Reference, name),
        new("text", FieldKind.Text), new("more", FieldKind.Relation, "_User"),
    ], permissions)).FindByOrigin(name)!;

    private async Task InsertAsync(Table table, string id, string? owner = null, string? editors = null, string? text = null, string? paper = null, RowAcl? acl = null)
    {
        var changes = new ChangeSet { Acl = acl };
        if (owner is not null)
            changes.Add(new Change.Set(table.Find("owner")!, Value.Reference("_User", owner)));
        if (editors is not null)
            changes.Add(new Change.Set(table.Find("editors")!, Value.Array(NestedJson.Normalize(Encoding.UTF8.GetBytes(editors)))));
        if (text is not null)
            changes.Add(new Change.Set(table.Find("text")!, Value.Of(text)));
        if (paper is not null)
            changes.Add(new Change.Set(table.Find("paper")!, Value.Reference(table.Origin, paper)));
        await Store.InsertAsync(table, changes, Caller.Administrator, id);
        await Task.Delay(2); // an instant of its own for each
    }

    private Task<List<string>> IdsAsync(Table table, Caller caller) => IdsAsync(new RowQuery { Table = table }, caller);

    private async Task<List<string>> IdsAsync(RowQuery query, Caller caller)
    {
        var ids = new List<string>();
        await using var cursor = await Store.OpenAsync(query, caller);
        while (await cursor.ReadAsync())
            ids.Add(cursor.Id);
        return ids;
    }

    /// <summary>Ids with what is to be seen of text and more, of the rows themselves and of kept copies alike.</summary>
    private async Task<List<string>> SeenAsync(Table table, Caller caller, ImmutableArray<Field> fields)
    {
        var seen = new List<string>();
        await using var cursor = await Store.OpenAsync(new RowQuery { Table = table, Fields = fields }, caller);
        while (await cursor.ReadAsync())
        {
            seen.Add(Describe(cursor));
            Assert.That(Describe(cursor.Keep()), Is.EqualTo(seen[^1]));
        }

        return seen;
    }

    private static string Describe(Row row)
    {
        var more = Enumerable.Range(0, row.Fields.Length).Any(i => row.Fields[i].Name == "more" && !row.IsHidden(i));
        return $"{row.Id}:{(row.Get("text") is null ? "" : " text")}{(more ? " more" : "")}";
    }

    private static async Task ExecuteAsync(Npgsql.NpgsqlConnection connection, string sql)
    {
        await using var command = new Npgsql.NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
