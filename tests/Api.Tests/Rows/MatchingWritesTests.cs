using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Changes;
using Backend.Data.Values;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Backend.Api.Tests.Rows;

/// <summary>PATCH and DELETE of the rows that fulfil a condition.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class MatchingWritesTests
{
    private static readonly (string, string) Representation = ("Prefer", "return=representation");

    private ApiHost _api = null!;
    private (string Id, (string, string) Bearer) _ann;
    private (string Id, (string, string) Bearer) _bob;

    [OneTimeSetUp]
    public async Task Start()
    {
        _api = await ApiHost.StartAsync(("Rows:MaxChanged", "300"));
        _ann = await SignUpAsync("ann");
        _bob = await SignUpAsync("bob");
    }

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [Test]
    public async Task Any_number_of_rows_is_one_statement()
    {
        var table = await _api.TableAsync([new("n", FieldKind.Number), new("t", FieldKind.Text)]);
        await InsertAsync(table, 250);
        foreach (var (method, query, body, prefer, statements) in new[]
        {
            ("PATCH", "n=lt.3", """{"t":"few"}""", "count=exact", 1), ("PATCH", "n=gte.3", """{"t":"many"}""", "count=exact", 1),
            ("PATCH", "n=gte.3", """{"t":"shown"}""", "return=representation", 2), // what was written is read as anybody reads it
            ("PATCH", "n=gte.0", """{"t":"too many"}""", "handling=strict,max-affected=249", 1),
            ("DELETE", "n=lt.3", null, "return=representation", 1), ("DELETE", "n=gte.3", null, "return=minimal", 1),
        })
        {
            using var counter = new StatementCounter(_api, table);
            using var answer = await _api.SendAsync(method, $"rows/{table.Name}?{query}", body, ("Prefer", prefer));
            Assert.That(answer.Status, Is.AnyOf(200, 204, prefer.Contains("max-affected", StringComparison.Ordinal) ? 400 : 200), answer.Text);
            Assert.That(counter.Statements, Has.Count.EqualTo(statements), $"{method} {query}: {string.Join("\n", counter.Statements)}");
        }

        using var posted = new StatementCounter(_api, table);
        await InsertAsync(table, 250);
        Assert.That(posted.Statements, Has.Count.EqualTo(1), "and so are rows that are inserted together");
    }

    [Test]
    public async Task Rows_that_may_be_seen_but_not_changed_are_passed_over_and_what_may_not_be_seen_does_not_match()
    {
        var table = await _api.TableAsync([new("n", FieldKind.Number), new("t", FieldKind.Text)]);
        using var inserted = await _api.SendAsync("POST", $"rows/{table.Name}", $$$"""
            [{"n":1}, {"n":2,"acl":{"read":["*"],"write":["{{{_ann.Id}}}"]}}, {"n":3,"acl":{"read":["{{{_ann.Id}}}"],"write":["*"]}},
             {"n":4,"acl":{"read":["*"],"write":[]}}, {"n":5,"acl":{"read":["{{{_ann.Id}}}"],"write":["{{{_ann.Id}}}"]}}]
            """);
        Assert.That(inserted.Status, Is.EqualTo(201), inserted.Text);
        using var bob = await _api.SendAsync("PATCH", $"rows/{table.Name}?n=gt.0&select=n", """{"t":"bob"}""", _bob.Bearer, ("Prefer", "return=representation,count=exact"));
        Assert.That((bob.Text, bob["Content-Range"]), Is.EqualTo(("""[{"n":1}]""", "*/1")));
        using var ann = await _api.SendAsync("PATCH", $"rows/{table.Name}?n=gt.0&select=n", """{"t":"ann"}""", _ann.Bearer, Representation);
        Assert.That(ann.Text, Is.EqualTo("""[{"n":1},{"n":2},{"n":3},{"n":5}]"""));

        // Out of the caller's own sight: changed, counted, and not shown.
        using var hidden = await _api.SendAsync("PATCH", $"rows/{table.Name}?n=eq.1&select=n", """{"acl":{"read":[],"write":[]}}""", _bob.Bearer, ("Prefer", "return=representation,count=exact"));
        Assert.That((hidden.Status, hidden.Text, hidden["Content-Range"]), Is.EqualTo((200, "[]", "*/1")));
        using var gone = await _api.SendAsync("DELETE", $"rows/{table.Name}?n=gt.0&select=n,t,acl", null, _ann.Bearer, Representation);
        Assert.That(gone.Json.EnumerateArray().Select(r => (r.GetProperty("n").GetInt32(), r.GetProperty("t").GetString())), Is.EqualTo(new[] { (2, "ann"), (3, "ann"), (5, "ann") }), gone.Text);
        Assert.That(gone.Json[0].GetProperty("acl").GetRawText(), Is.EqualTo($$"""{"read":["*"],"write":["{{_ann.Id}}"]}"""));
        Assert.That(await _api.Database.ScalarAsync<string>($"select string_agg(n::text, ',' order by n) from {table.Quoted}"), Is.EqualTo("1,4"));
    }

    [Test]
    public async Task Permissions_by_users_in_the_row_and_hidden_fields_hold()
    {
        var owner = new PermissionRule(false, false, [], ["owner"]);
        var table = await _api.TableAsync([new("owner", FieldKind.Reference, "_User"), new("pin", FieldKind.Number), new("n", FieldKind.Number)], new TablePermissions
        {
            Update = owner,
            Delete = owner,
            ProtectedFields = new Dictionary<string, ImmutableArray<string>> { ["*"] = ["pin"], ["userField:owner"] = [] }.ToImmutableSortedDictionary(StringComparer.Ordinal),
        });
        using var inserted = await _api.SendAsync("POST", $"rows/{table.Name}", $$"""
            [{"owner":"{{_ann.Id}}","pin":7,"n":1},{"owner":"{{_bob.Id}}","pin":8,"n":2},{"pin":9,"n":3}]
            """);
        Assert.That(inserted.Status, Is.EqualTo(201), inserted.Text);
        using var anonymous = await _api.SendAsync("PATCH", $"rows/{table.Name}?n=gt.0", """{"n":9}""", ("Prefer", "count=exact"));
        Assert.That((anonymous.Status, anonymous["Content-Range"]), Is.EqualTo((204, "*/0")), anonymous.Text);
        using var asked = await _api.SendAsync("PATCH", $"rows/{table.Name}?pin=eq.8", """{"n":9}""", _ann.Bearer);
        Assert.That((asked.Status, asked.Code), Is.EqualTo((403, "42501")), "a condition on a hidden field would tell its value");
        using var changed = await _api.SendAsync("PATCH", $"rows/{table.Name}?n=gt.0&select=n,pin", """{"n":10}""", _ann.Bearer, Representation);
        Assert.That(changed.Text, Is.EqualTo("""[{"n":10,"pin":7}]"""));
        using var deleted = await _api.SendAsync("DELETE", $"rows/{table.Name}?n=gt.0&select=n,pin", null, _bob.Bearer, Representation);
        Assert.That(deleted.Text, Is.EqualTo("""[{"n":2,"pin":8}]"""));

        var visible = await _api.TableAsync([new("pin", FieldKind.Number), new("n", FieldKind.Number)], new TablePermissions
        {
            ProtectedFields = new Dictionary<string, ImmutableArray<string>> { ["*"] = ["pin"] }.ToImmutableSortedDictionary(StringComparer.Ordinal),
        });
        await _api.SendAsync("POST", $"rows/{visible.Name}", """[{"pin":7,"n":1}]""");
        using var unseen = await _api.SendAsync("DELETE", $"rows/{visible.Name}?n=eq.1", null, _ann.Bearer, Representation);
        Assert.That((unseen.Json.GetArrayLength(), unseen.Json[0].TryGetProperty("pin", out var pin) && pin.ValueKind != System.Text.Json.JsonValueKind.Null), Is.EqualTo((1, false)), unseen.Text);

        foreach (var (rules, method) in new[]
        {
            (new TablePermissions { Find = PermissionRule.Nobody }, "PATCH"), (new TablePermissions { Update = PermissionRule.Nobody }, "PATCH"),
            (new TablePermissions { Delete = PermissionRule.Nobody }, "DELETE"), (new TablePermissions { Get = PermissionRule.Nobody }, "PATCH"),
        })
        {
            var closed = await _api.TableAsync([new("n", FieldKind.Number)], rules);
            using var refused = await _api.SendAsync(method, $"rows/{closed.Name}?n=eq.1", method == "PATCH" ? """{"n":1}""" : null, _ann.Bearer, Representation);
            Assert.That((refused.Status, refused.Code), Is.EqualTo((403, "42501")), "whether or not there are such rows");
        }
    }

    [Test]
    public async Task Out_of_the_bounds_that_were_named_nothing_is_written()
    {
        var table = await _api.TableAsync([new("n", FieldKind.Number), new("must", FieldKind.Text) { Required = true }, new("free", FieldKind.Text) { Default = Value.Of("d") }]);
        await _api.SendAsync("POST", $"rows/{table.Name}", $"[{string.Join(",", Enumerable.Range(0, 301).Select(n => $$"""{"n":{{n}},"must":"m"}"""))}]");
        var path = $"rows/{table.Name}";
        (string, string)[] one = [Representation, ("Accept", "application/vnd.pgrst.object+json")];
        foreach (var (method, body) in new[] { ("PATCH", """{"n":-1}"""), ("DELETE", null) })
        {
            using var limit = await _api.SendAsync(method, $"{path}?n=gte.0", body);
            Assert.That((limit.Status, limit.Code, limit.Json.GetProperty("message").GetString()), Is.EqualTo((400, "54000", "One request may write 300 rows.")), limit.Text);
            using var most = await _api.SendAsync(method, $"{path}?n=lt.4", body, ("Prefer", "handling=strict,max-affected=3"));
            Assert.That((most.Status, most.Code, most.Json.GetProperty("details").GetString()), Is.EqualTo((400, "PGRST124", "The query affects 4 rows")));
            using var two = await _api.SendAsync(method, $"{path}?n=lt.2", body, one);
            Assert.That((two.Status, two.Code), Is.EqualTo((406, "PGRST116")));
            using var none = await _api.SendAsync(method, $"{path}?n=lt.0", body, one);
            Assert.That((none.Status, none.Code), Is.EqualTo((406, "PGRST116")));
        }

        using var required = await _api.SendAsync("PATCH", $"{path}?n=lt.2", """{"must":null,"n":-1}""");
        Assert.That((required.Status, required.Code), Is.EqualTo((400, "23502")), required.Text);
        using var nobody = await _api.SendAsync("PATCH", $"{path}?n=lt.0", """{"must":null}""");
        Assert.That(nobody.Status, Is.EqualTo(204), "without a row none misses what it requires");
        Assert.That(await _api.Database.ScalarAsync<long>($"select count(*) from {table.Quoted} where n >= 0 and must = 'm' and updated_at = created_at"), Is.EqualTo(301), "nothing was written");

        using var unset = await _api.SendAsync("PATCH", $"{path}?n=lt.2&select=n,free", """{"free":null}""", Representation);
        Assert.That(unset.Text, Is.EqualTo("""[{"n":0,"free":null},{"n":1,"free":null}]"""), "a default is for new rows");
        Assert.That(await _api.Database.ScalarAsync<long>($"select count(distinct updated_at) from {table.Quoted} where n < 2 and updated_at >= created_at"), Is.EqualTo(1));
        using var single = await _api.SendAsync("DELETE", $"{path}?n=eq.300&select=n", null, one);
        Assert.That((single.Status, single.Text), Is.EqualTo((200, """{"n":300}""")));
        using var all = await _api.SendAsync("DELETE", $"{path}?n=gte.0", null, ("Prefer", "return=headers-only,count=exact"));
        Assert.That((all.Status, all["Content-Range"]), Is.EqualTo((204, "*/300")));
    }

    [Test]
    public async Task A_value_of_another_type_goes_when_its_field_is_written()
    {
        var table = await _api.TableAsync([new("n", FieldKind.Number), new("t", FieldKind.Text), new("stats", FieldKind.Object)]);
        await _api.SendAsync("POST", $"rows/{table.Name}", """[{"t":"a"},{"t":"b"}]""");
        await _api.Catalog.MarkRestAsync(table.Origin, ["n", "other"]);
        await _api.Database.ExecuteAsync($$"""update {{table.Quoted}} set rest = '{"n": "ten", "other": 1}' where t = 'a'""");
        using var changed = await _api.SendAsync("PATCH", $"rows/{table.Name}?t=in.(a,b)&select=t,n", """{"n":1,"stats":{"x":[1]}}""", Representation);
        Assert.That(changed.Text, Is.EqualTo("""[{"t":"a","n":1},{"t":"b","n":1}]"""));
        Assert.That(await _api.Database.ScalarAsync<string>($"select string_agg(coalesce(rest::text, 'none'), ' ' order by t) from {table.Quoted}"), Is.EqualTo("""{"other": 1} none"""));
        using var stored = await _api.SendAsync("PATCH", $"rows/{table.Name}?n=eq.1", """{"t":"a\u0000b"}""");
        Assert.That(stored.Status, Is.EqualTo(204), stored.Text);
        using var read = await _api.GetAsync($"rows/{table.Name}?select=t");
        Assert.That(read.Json.EnumerateArray().Select(r => r.GetRawText()), Is.All.Contains("\\u0000"), "text that no column holds is in rest, of all of them");
    }

    [Test]
    public async Task The_change_feed_has_every_row_as_it_was()
    {
        var table = await _api.TableAsync([new("n", FieldKind.Number)]);
        await _api.Services.GetRequiredService<ChangeFeed>().EnableAsync("test-" + table.Origin, [table.Origin]);
        await InsertAsync(table, 20);
        using var changed = await _api.SendAsync("PATCH", $"rows/{table.Name}?n=gte.10", """{"n":100}""", ("Prefer", "count=exact"));
        using var deleted = await _api.SendAsync("DELETE", $"rows/{table.Name}?n=lt.5", null, ("Prefer", "count=exact"));
        Assert.That((changed["Content-Range"], deleted["Content-Range"]), Is.EqualTo(("*/10", "*/5")));
        Assert.That(await _api.Database.ScalarAsync<string>($"""
            select string_agg(o || ' ' || c || ' ' || least || '-' || most, ', ' order by o) from
            (select operation::text o, count(*) c, count(distinct xid), coalesce(min((old ->> 'n')::int), 0) least, coalesce(max((old ->> 'n')::int), 0) most
             from app.changes where table_number = {table.Number} group by 1) x
            """), Is.EqualTo("d 5 0-4, i 20 0-0, u 10 10-19"));
    }

    [Test]
    public async Task Overlapping_writes_wait_for_each_other_and_see_what_the_other_left()
    {
        var table = await _api.TableAsync([new("n", FieldKind.Number), new("state", FieldKind.Number), new("by", FieldKind.Number)]);
        await _api.SendAsync("POST", $"rows/{table.Name}", $"[{string.Join(",", Enumerable.Range(0, 200).Select(n => $$"""{"n":{{n}},"state":0}"""))}]");
        for (var round = 0; round < 5; round++)
        {
            // Each sees all rows in state 0, in an order of its own; where one waits, the rows that another took do not match any more.
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => _api.SendAsync(
                "PATCH", $"rows/{table.Name}?state=eq.{round}&n={(i % 2 == 0 ? "lt.150" : "gte.50")}", $$"""{"state":{{round + 1}},"by":{{i}}}""", ("Prefer", "count=exact"))));
            Assert.That(answers.Select(a => a.Status), Is.All.EqualTo(204), string.Join("\n", answers.Select(a => a.Text)));
            Assert.That(answers.Sum(a => int.Parse(a["Content-Range"]![2..], System.Globalization.CultureInfo.InvariantCulture)), Is.EqualTo(200), "each row has one winner");
        }

        Assert.That(await _api.Database.ScalarAsync<long>($"select count(*) from {table.Quoted} where state = 5"), Is.EqualTo(200));

        // One statement waits for a transaction that takes some rows out of its conditions and changes others: it goes by what is there then.
        await using var other = new NpgsqlConnection(_api.Database.ConnectionString);
        await other.OpenAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await ExecuteAsync($"""update {table.Quoted} set state = 0, rest = null where n < 10; update {table.Quoted} set by = 77 where n = 20; delete from {table.Quoted} where n = 30""");
        var waiting = _api.SendAsync("PATCH", $"rows/{table.Name}?state=eq.5", """{"state":6}""", ("Prefer", "count=exact"));
        var removal = _api.SendAsync("DELETE", $"rows/{table.Name}?state=eq.5&n=eq.30", null, ("Prefer", "count=exact"));
        while (await _api.Database.ScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") < 2)
            await Task.Delay(5);
        await transaction.CommitAsync();
        using var waited = await waiting;
        using var removed = await removal;
        Assert.That((waited.Status, waited["Content-Range"], removed["Content-Range"]), Is.EqualTo((204, "*/189", "*/0")), waited.Text);
        Assert.That(await _api.Database.ScalarAsync<string>($"select concat_ws(' ', count(*), sum(state), max(by)) from {table.Quoted} where n < 10 or n = 20"), Is.EqualTo("11 6 77"));

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, other, transaction);
            await command.ExecuteNonQueryAsync();
        }
    }

    private async Task InsertAsync(Table table, int count)
    {
        using var answer = await _api.SendAsync("POST", $"rows/{table.Name}", $"[{string.Join(",", Enumerable.Range(0, count).Select(n => $$"""{"n":{{n}}}"""))}]");
        Assert.That(answer.Status, Is.EqualTo(201), answer.Text);
    }

    private async Task<(string Id, (string, string) Bearer)> SignUpAsync(string name)
    {
        using var answer = await _api.SendAsync("POST", "auth/sign-up", $$"""{"username":"{{name}}","password":"p4ss"}""");
        return (answer.Json.GetProperty("user_id").GetString()!, ("Authorization", "Bearer " + answer.Json.GetProperty("access_token").GetString()));
    }

    /// <summary>The statements that name one table, as the driver tells of them.</summary>
    private sealed class StatementCounter : IDisposable
    {
        private readonly ActivityListener _listener;

        public StatementCounter(ApiHost api, Table table)
        {
            var database = new NpgsqlConnectionStringBuilder(api.Database.ConnectionString).Database;
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == "Npgsql",
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
                ActivityStopped = activity =>
                {
                    var tags = activity.TagObjects.Select(t => t.Value as string).ToList();
                    if (tags.Contains(database) && tags.Find(t => t?.Contains(table.Quoted, StringComparison.Ordinal) is true) is { } text)
                        Statements.Enqueue(text);
                },
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public ConcurrentQueue<string> Statements { get; } = new();

        public void Dispose() => _listener.Dispose();
    }
}
