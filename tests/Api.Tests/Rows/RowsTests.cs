using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Catalog;

namespace Backend.Api.Tests.Rows;

[Parallelizable(ParallelScope.All)]
internal sealed class RowsTests
{
    private static readonly FieldSpec[] Everything =
    [
        new("score", FieldKind.Number), new("name", FieldKind.Text), new("cheat", FieldKind.Boolean), new("at", FieldKind.Timestamp),
        new("blob", FieldKind.Bytes), new("stats", FieldKind.Object), new("tags", FieldKind.Array), new("picture", FieldKind.File),
        new("place", FieldKind.Point), new("area", FieldKind.Polygon),
    ];

    private ApiHost _api = null!;

    [OneTimeSetUp]
    public async Task Start() => _api = await ApiHost.StartAsync(("Files:Url", "https://files.example/f"));

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [Test]
    public async Task A_row_comes_back_in_the_forms_in_which_it_was_written()
    {
        var table = await _api.TableAsync(Everything);
        const string body = """
            {"score": 1.5, "name": "Zoë \"x\"", "cheat": true, "at": "2026-01-02T03:04:05.678Z", "blob": "AAEC/w==", "stats": {"b": 1, "a": [null, "x"]},
             "tags": ["a", 1, {"c": false}], "picture": {"name": "p q.png", "url": "ignored"}, "place": {"type": "Point", "coordinates": [13.4, 52.5]},
             "area": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}, "acl": {"read": ["*"], "write": ["*", "role:Admin"]}}
            """;
        using var created = await _api.SendAsync("POST", $"rows/{table.Name}", body, ("Prefer", "return=representation"));
        Assert.That(created.Status, Is.EqualTo(201), created.Text);
        var row = created.Json[0];
        var id = row.GetProperty("id").GetString()!;
        Assert.That(created["Location"], Is.EqualTo($"/api/v2/rows/{table.Name}/{id}"));
        Assert.That(created["Preference-Applied"], Is.EqualTo("return=representation"));
        Assert.That(row.GetProperty("createdAt").GetString(), Does.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"));

        using var read = await _api.GetAsync($"rows/{table.Name}/{id}?select=score,name,cheat,at,blob,stats,tags,picture,place,area,acl");
        Assert.That(Plain(read.Json), Is.EqualTo(Plain("""
            {"score":1.5,"name":"Zoë \"x\"","cheat":true,"at":"2026-01-02T03:04:05.678Z","blob":"AAEC/w==","stats":{"a":[null,"x"],"b":1},
             "tags":["a",1,{"c":false}],"picture":{"name":"p q.png","url":"https://files.example/f/p%20q.png"},"place":{"type":"Point","coordinates":[13.4,52.5]},
             "area":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]},"acl":{"read":["*"],"write":["*","role:Admin"]}}
            """)));
    }

    [Test]
    public async Task A_list_has_its_range_and_on_request_its_count()
    {
        var table = await _api.TableAsync([new("n", FieldKind.Number)]);
        await InsertManyAsync(table, 150);

        using var page = await _api.GetAsync($"rows/{table.Name}");
        Assert.That((page.Status, page.Json.GetArrayLength(), page["Content-Range"]), Is.EqualTo((200, 100, "0-99/*")));

        using var counted = await _api.GetAsync($"rows/{table.Name}?limit=10&offset=145&order=n", ("Prefer", "count=exact"));
        Assert.That((counted.Status, counted.Json.GetArrayLength(), counted["Content-Range"]), Is.EqualTo((206, 5, "145-149/150")));
        Assert.That(counted.Json[0].GetProperty("n").GetDouble(), Is.EqualTo(145));

        using var ranged = await _api.GetAsync($"rows/{table.Name}?order=n.desc", ("Range", "3-4"), ("Range-Unit", "items"));
        Assert.That((ranged["Content-Range"], ranged.Json[0].GetProperty("n").GetDouble()), Is.EqualTo(("3-4/*", 146d)));

        using var all = await _api.GetAsync($"rows/{table.Name}?limit=1000", ("Prefer", "count=exact"));
        Assert.That((all.Status, all["Content-Range"]), Is.EqualTo((200, "0-149/150")));

        using var beyond = await _api.GetAsync($"rows/{table.Name}?offset=151", ("Prefer", "count=exact"));
        Assert.That((beyond.Status, beyond.Code, beyond["Content-Range"]), Is.EqualTo((416, "PGRST103", "*/150")));

        using var head = await _api.SendAsync("HEAD", $"rows/{table.Name}?n=gte.100", null, ("Prefer", "count=exact"));
        Assert.That((head.Status, head.Text, head["Content-Range"]), Is.EqualTo((200, "", "0-49/50")));

        using var none = await _api.GetAsync($"rows/{table.Name}?limit=0", ("Prefer", "count=exact"));
        Assert.That((none.Text, none["Content-Range"]), Is.EqualTo(("[]", "*/150")));
    }

    [Test]
    public async Task A_page_longer_than_what_is_held_back_streams()
    {
        var table = await _api.TableAsync([new("text", FieldKind.Text)]);
        var text = new string('x', 5_000);
        for (var i = 0; i < 3; i++)
        {
            using var inserted = await _api.SendAsync("POST", $"rows/{table.Name}", $"[{string.Join(",", Enumerable.Repeat($$"""{"text":"{{text}}"}""", 200))}]");
            Assert.That(inserted.Status, Is.EqualTo(201));
        }

        using var page = await _api.GetAsync($"rows/{table.Name}?limit=1000");
        Assert.That((page.Status, page.Json.GetArrayLength()), Is.EqualTo((200, 600)));
        using var counted = await _api.GetAsync($"rows/{table.Name}?limit=500", ("Prefer", "count=exact"));
        Assert.That((counted.Status, counted["Content-Range"]), Is.EqualTo((206, "0-499/600")));
    }

    [Test]
    public async Task Null_is_unknown_as_in_SQL()
    {
        var table = await _api.TableAsync([new("n", FieldKind.Number), new("t", FieldKind.Text)]);
        await _api.SendAsync("POST", $"rows/{table.Name}", """[{"t":"null"},{"t":"one","n":1},{"t":"two","n":2}]""");
        foreach (var (query, expected) in new[]
        {
            ("n=neq.1", "two"), ("n=not.eq.1", "two"), ("n=is.null", "null"), ("n=not.is.null", "one,two"), ("n=isdistinct.1", "null,two"),
            ("not.and=(n.eq.1,t.eq.one)", "null,two"), ("or=(n.gt.1,n.is.null)", "null,two"), ("n=not.in.(1)", "two"), ("n=in.()", ""),
        })
        {
            using var found = await _api.GetAsync($"rows/{table.Name}?select=t&order=t&{query}");
            Assert.That(string.Join(",", found.Json.EnumerateArray().Select(r => r.GetProperty("t").GetString())), Is.EqualTo(expected), query);
        }

        using var ascending = await _api.GetAsync($"rows/{table.Name}?select=n&order=n");
        Assert.That(ascending.Text, Is.EqualTo("""[{"n":1},{"n":2},{"n":null}]"""));
        using var descending = await _api.GetAsync($"rows/{table.Name}?select=n&order=n.desc");
        Assert.That(descending.Text, Is.EqualTo("""[{"n":null},{"n":2},{"n":1}]"""));
    }

    [Test]
    public async Task One_object_is_one_object_or_an_error()
    {
        var table = await _api.TableAsync([new("n", FieldKind.Number)]);
        await InsertManyAsync(table, 2);
        (string, string)[] single = [("Accept", "application/vnd.pgrst.object+json")];
        using var one = await _api.GetAsync($"rows/{table.Name}?n=eq.1&select=n", single);
        Assert.That((one.Text, one["Content-Type"]), Is.EqualTo(("""{"n":1}""", "application/vnd.pgrst.object+json; charset=utf-8")));
        using var none = await _api.GetAsync($"rows/{table.Name}?n=eq.7", single);
        Assert.That((none.Status, none.Code, none.Json.GetProperty("details").GetString()), Is.EqualTo((406, "PGRST116", "The result contains 0 rows")));
        using var two = await _api.GetAsync($"rows/{table.Name}", single);
        Assert.That((two.Status, two.Json.GetProperty("details").GetString()), Is.EqualTo((406, "The result contains 2 rows")));
    }

    [Test]
    public async Task A_reference_is_embedded_and_filters_when_inner()
    {
        var team = await _api.TableAsync([new("name", FieldKind.Text), new("city", FieldKind.Text)]);
        var player = await _api.TableAsync([new("name", FieldKind.Text), new("team", FieldKind.Reference, team.Origin)]);
        var red = await _api.InsertAsync(team, """{"name":"Red","city":"Rome"}""");
        var secret = await _api.InsertAsync(team, """{"name":"Secret"}""");
        await _api.Rows.ChangeAsync(team, secret, new Backend.Data.Rows.ChangeSet { Acl = new RowAcl([], []) }, Caller.Administrator);
        await _api.SendAsync("POST", $"rows/{player.Name}", $$"""[{"name":"a","team":"{{red}}"},{"name":"b","team":"{{secret}}"},{"name":"c","team":"gone"},{"name":"d"}]""");

        using var plain = await _api.GetAsync($"rows/{player.Name}?select=name,team&order=name&limit=1");
        Assert.That(plain.Text, Is.EqualTo($$"""[{"name":"a","team":"{{red}}"}]"""));
        using var embedded = await _api.GetAsync($"rows/{player.Name}?select=name,team(name)&order=name");
        Assert.That(embedded.Text, Is.EqualTo("""[{"name":"a","team":{"name":"Red"}},{"name":"b","team":null},{"name":"c","team":null},{"name":"d","team":null}]"""));
        using var aliased = await _api.GetAsync($"rows/{player.Name}?select=name,club:{team.Name}(id,city)&name=eq.a");
        Assert.That(aliased.Text, Is.EqualTo($$$"""[{"name":"a","club":{"id":"{{{red}}}","city":"Rome"}}]"""));
        using var inner = await _api.GetAsync($"rows/{player.Name}?select=name,team!inner(name)&team.city=eq.Rome");
        Assert.That(inner.Text, Is.EqualTo("""[{"name":"a","team":{"name":"Red"}}]"""));
        using var readable = await _api.GetAsync($"rows/{player.Name}?select=name,team!inner(name)");
        Assert.That(readable.Json.GetArrayLength(), Is.EqualTo(1), "what the caller may not read does not match");
    }

    [Test]
    public async Task A_row_has_a_version_by_which_a_write_is_conditional()
    {
        var table = await _api.TableAsync([new("n", FieldKind.Number)]);
        var id = await _api.InsertAsync(table, """{"n":1}""");
        var path = $"rows/{table.Name}/{id}";
        using var read = await _api.GetAsync(path);
        var tag = read["ETag"]!;
        using var known = await _api.GetAsync(path, ("If-None-Match", tag));
        Assert.That((known.Status, known.Text), Is.EqualTo((304, "")));

        using var first = await _api.SendAsync("PATCH", path, """{"n":2}""", ("If-Match", tag));
        Assert.That(first.Status, Is.EqualTo(204), first.Text);
        using var second = await _api.SendAsync("PATCH", path, """{"n":3}""", ("If-Match", tag));
        Assert.That((second.Status, second.Code), Is.EqualTo((412, "precondition_failed")));
        using var third = await _api.SendAsync("PATCH", path, """{"n":4}""", ("If-Match", "W/" + first["ETag"]), ("Prefer", "return=representation"));
        Assert.That((third.Status, third.Json.GetProperty("n").GetDouble()), Is.EqualTo((200, 4d)));
        using var stale = await _api.SendAsync("DELETE", path, null, ("If-Match", tag));
        Assert.That(stale.Status, Is.EqualTo(412));
        using var gone = await _api.SendAsync("DELETE", path, null, ("If-Match", third["ETag"]!), ("Prefer", "return=representation"));
        Assert.That((gone.Status, gone.Json.GetProperty("n").GetDouble()), Is.EqualTo((200, 4d)));
        using var missing = await _api.GetAsync(path);
        Assert.That((missing.Status, missing.Code), Is.EqualTo((404, "row_not_found")));
        using var again = await _api.SendAsync("DELETE", path);
        Assert.That(again.Status, Is.EqualTo(404));
    }

    [Test]
    public async Task Rows_change_and_go_by_a_condition()
    {
        var table = await _api.TableAsync([new("n", FieldKind.Number), new("t", FieldKind.Text)]);
        await InsertManyAsync(table, 5);
        using var changed = await _api.SendAsync("PATCH", $"rows/{table.Name}?n=gte.3&select=n,t&order=n", """{"t":"big"}""", ("Prefer", "return=representation,count=exact"));
        Assert.That((changed.Status, changed.Json.GetArrayLength(), changed["Content-Range"]), Is.EqualTo((200, 2, "*/2")), changed.Text);
        using var unset = await _api.SendAsync("PATCH", $"rows/{table.Name}?n=eq.3", """{"t":null}""");
        Assert.That((unset.Status, unset.Text), Is.EqualTo((204, "")));
        using var big = await _api.GetAsync($"rows/{table.Name}?t=eq.big&select=n");
        Assert.That(big.Text, Is.EqualTo("""[{"n":4}]"""));

        using var unconditional = await _api.SendAsync("DELETE", $"rows/{table.Name}");
        Assert.That((unconditional.Status, unconditional.Code), Is.EqualTo((400, "21000")));
        using var most = await _api.SendAsync("DELETE", $"rows/{table.Name}?n=lt.4", null, ("Prefer", "handling=strict,max-affected=2"));
        Assert.That((most.Status, most.Code), Is.EqualTo((400, "PGRST124")));
        using var deleted = await _api.SendAsync("DELETE", $"rows/{table.Name}?n=lt.4&select=n", null, ("Prefer", "return=representation"));
        Assert.That((deleted.Status, deleted.Json.GetArrayLength()), Is.EqualTo((200, 4)), deleted.Text);
        using var left = await _api.GetAsync($"rows/{table.Name}?select=n");
        Assert.That(left.Text, Is.EqualTo("""[{"n":4}]"""));
    }

    [Test]
    public async Task Of_many_conditional_writes_one_wins()
    {
        var table = await _api.TableAsync([new("state", FieldKind.Number), new("by", FieldKind.Number)]);
        await _api.InsertAsync(table, """{"state":0}""");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            _api.SendAsync("PATCH", $"rows/{table.Name}?state=eq.0", $$"""{"state":1,"by":{{i}}}""", ("Prefer", "return=representation"))));
        Assert.That(answers.Select(a => a.Status), Is.All.EqualTo(200));
        Assert.That(answers.Count(a => a.Json.GetArrayLength() == 1), Is.EqualTo(1));
    }

    [Test]
    public async Task An_insert_of_many_is_all_or_nothing()
    {
        var table = await _api.TableAsync([new("n", FieldKind.Number) { Required = true }]);
        using var bad = await _api.SendAsync("POST", $"rows/{table.Name}", """[{"n":1},{"n":2},{}]""");
        Assert.That((bad.Status, bad.Code), Is.EqualTo((400, "23502")), bad.Text);
        using var none = await _api.GetAsync($"rows/{table.Name}");
        Assert.That(none.Text, Is.EqualTo("[]"));
        using var good = await _api.SendAsync("POST", $"rows/{table.Name}?columns=n&select=n", """[{"n":2,"extra":1},{"n":1}]""", ("Prefer", "return=representation"));
        Assert.That((good.Status, good.Text), Is.EqualTo((201, """[{"n":2},{"n":1}]""")));
        using var empty = await _api.SendAsync("POST", $"rows/{table.Name}", "[]", ("Prefer", "return=representation"));
        Assert.That((empty.Status, empty.Text), Is.EqualTo((201, "[]")));
    }

    [TestCase("""{"missing":1}""", 400, "PGRST204")]
    [TestCase("""{"n":"1"}""", 400, "42804")]
    [TestCase("""{"n":1e999}""", 400, "22003")]
    [TestCase("""{"t":5}""", 400, "42804")]
    [TestCase("""{"at":"tomorrow"}""", 400, "22P02")]
    [TestCase("""{"blob":"%%"}""", 400, "22P02")]
    [TestCase("""{"place":{"type":"Point","coordinates":[0,91]}}""", 400, "22P02")]
    [TestCase("""{"place":{"type":"Polygon","coordinates":[]}}""", 400, "22P02")]
    [TestCase("""{"o":[]}""", 400, "42804")]
    [TestCase("""{"id":"x"}""", 400, "428C9")]
    [TestCase("""{"acl":{"read":[1]}}""", 400, "22P02")]
    [TestCase("""{"acl":["*"]}""", 400, "22P02")]
    [TestCase("""{"n":1""", 400, "PGRST102")]
    [TestCase("""[{"n":1},2]""", 400, "PGRST102")]
    [TestCase("""{"n":1}{}""", 400, "PGRST102")]
    [TestCase("", 400, "PGRST102")]
    [TestCase("5", 400, "PGRST102")]
    public async Task A_bad_body_is_refused_with_a_code(string body, int status, string code)
    {
        var table = await BodiesTable();
        using var answer = await _api.SendAsync("POST", $"rows/{table.Name}", body);
        Assert.That((answer.Status, answer.Code), Is.EqualTo((status, code)), answer.Text);
        Assert.That(answer["Content-Type"], Is.EqualTo("application/problem+json"));
    }

    [Test]
    public async Task Nothing_is_made_by_a_row()
    {
        using var table = await _api.SendAsync("POST", "rows/NeverMade", """{"n":1}""");
        Assert.That((table.Status, table.Code), Is.EqualTo((404, "PGRST205")));
        using var list = await _api.GetAsync("rows/NeverMade");
        Assert.That(list.Status, Is.EqualTo(404));
        Assert.That(_api.Catalog.Current.Find("NeverMade"), Is.Null);
    }

    [Test]
    public async Task Deep_and_broken_bodies_are_refused()
    {
        var table = await BodiesTable();
        using var deep = await _api.SendAsync("POST", $"rows/{table.Name}", """{"o":{"a":""" + string.Concat(Enumerable.Repeat("[", 500)) + string.Concat(Enumerable.Repeat("]", 500)) + "}}");
        Assert.That((deep.Status, deep.Code), Is.EqualTo((400, "PGRST102")));
        using var type = await _api.SendAsync("POST", $"rows/{table.Name}", "n=1", ("Content-Type", "application/x-www-form-urlencoded"));
        Assert.That(type.Status, Is.EqualTo(415));
        foreach (var bytes in new byte[][] { [0x7b, 0x22, 0x74, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d], [0xff] })
        {
            using var client = _api.CreateClient();
            using var answer = await client.PostAsync($"/api/v2/rows/{table.Name}", new ByteArrayContent(bytes) { Headers = { ContentType = new("application/json") } });
            Assert.That((int)answer.StatusCode, Is.EqualTo(400));
            using var notGzip = await client.PostAsync($"/api/v2/rows/{table.Name}", new ByteArrayContent(bytes) { Headers = { ContentType = new("application/json"), ContentEncoding = { "gzip" } } });
            Assert.That((int)notGzip.StatusCode, Is.EqualTo(400));
        }

        using var csv = await _api.GetAsync($"rows/{table.Name}", ("Accept", "text/csv"));
        Assert.That((csv.Status, csv.Code), Is.EqualTo((406, "PGRST107")));
        using var upsert = await _api.SendAsync("POST", $"rows/{table.Name}", "{}", ("Prefer", "resolution=merge-duplicates"));
        Assert.That((upsert.Status, upsert.Code), Is.EqualTo((400, "PGRST127")));
        using var put = await _api.SendAsync("PUT", $"rows/{table.Name}", "{}");
        Assert.That((put.Status, put.Code), Is.EqualTo((405, "PGRST117")));
    }

    [Test]
    public async Task Text_that_PostgreSQL_cannot_hold_is_kept()
    {
        var table = await BodiesTable();
        var id = await _api.InsertAsync(table, """{"t":"a\u0000b","o":{"k":"\ud800"}}""");
        using var read = await _api.GetAsync($"rows/{table.Name}/{id}?select=t,o");
        Assert.That(read.Text, Is.EqualTo("""{"t":"a\u0000b","o":{"k":"\ud800"}}"""));
    }

    [Test]
    public async Task A_value_of_another_type_is_null_and_reported()
    {
        var table = await _api.TableAsync([new("n", FieldKind.Number)]);
        var id = await _api.InsertAsync(table, """{"n":1}""");
        await _api.Catalog.MarkRestAsync(table.Origin, ["n"]);
        await _api.Database.ExecuteAsync($"update {table.Quoted} set n = null, rest = '{{\"n\": \"ten\"}}' where id = $1", id);
        using var read = await _api.GetAsync($"rows/{table.Name}/{id}?select=n");
        Assert.That(read.Text, Is.EqualTo("""{"n":null,"$untyped":{"n":"ten"}}"""));
    }

    [Test]
    public async Task Permissions_and_access_lists_hold()
    {
        var closed = await _api.TableAsync([new("n", FieldKind.Number)], new TablePermissions { Find = PermissionRule.Nobody, Create = PermissionRule.Nobody });
        using var find = await _api.GetAsync($"rows/{closed.Name}");
        Assert.That((find.Status, find.Code, find["WWW-Authenticate"]), Is.EqualTo((401, "42501", "Bearer")));
        using var create = await _api.SendAsync("POST", $"rows/{closed.Name}", """{"n":1}""");
        Assert.That(create.Status, Is.EqualTo(401));

        var open = await _api.TableAsync([new("n", FieldKind.Number)]);
        await _api.SendAsync("POST", $"rows/{open.Name}", """[{"n":1,"acl":{"read":["someone"],"write":["*"]}},{"n":2,"acl":{"read":["*"],"write":["someone"]}}]""");
        using var seen = await _api.GetAsync($"rows/{open.Name}?select=n");
        Assert.That(seen.Text, Is.EqualTo("""[{"n":2}]"""));
        using var unwritable = await _api.SendAsync("PATCH", $"rows/{open.Name}?n=eq.2", """{"n":3}""", ("Prefer", "count=exact"));
        Assert.That((unwritable.Status, unwritable["Content-Range"]), Is.EqualTo((204, "*/0")));
    }

    [TestCase("POST", "{}")]
    [TestCase("PATCH", """{"username":"x"}""")]
    [TestCase("DELETE", null)]
    public async Task The_services_own_tables_are_read_only(string method, string? body)
    {
        foreach (var table in new[] { "users", "sessions", "roles", "installations" })
        {
            using var answer = await _api.SendAsync(method, $"rows/{table}?id=eq.x", body);
            Assert.That((answer.Status, answer.Code), Is.EqualTo((403, "42501")), table);
        }
    }

    [Test]
    public async Task No_secret_of_an_account_is_readable()
    {
        foreach (var column in new[] { "password_hash", "passwordHash", "hashedPassword", "_hashed_password", "password", "sessionToken", "legacySessionToken", "resetToken", "authData" })
        {
            using var users = await _api.GetAsync($"rows/users?select={column}");
            Assert.That((users.Status, users.Code), Is.EqualTo((400, "42703")), column);
            using var filter = await _api.GetAsync($"rows/users?{column}=is.null");
            Assert.That(filter.Status, Is.EqualTo(400), column);
            using var sessions = await _api.GetAsync($"rows/sessions?order={column}");
            Assert.That(sessions.Status, Is.EqualTo(400), column);
        }
    }

    [Test]
    public async Task Metacharacters_are_data()
    {
        var table = await BodiesTable();
        foreach (var name in new[] { "x'; drop table app.users; --", "\"", "a\\", "$1", "%", "é", "\0", "a.b", "*" })
        {
            using var column = await _api.GetAsync($"rows/{table.Name}?{Uri.EscapeDataString($"\"{name.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"")}=eq.1");
            Assert.That((column.Status, column.Code), Is.EqualTo((400, "42703")), name);
            using var value = await _api.GetAsync($"rows/{table.Name}?t=eq.{Uri.EscapeDataString(name)}");
            Assert.That(value.Status, Is.EqualTo(200), value.Text);
            using var like = await _api.GetAsync($"rows/{table.Name}?t=ilike.{Uri.EscapeDataString(name)}");
            Assert.That(like.Status, Is.EqualTo(name.EndsWith('\\') ? 400 : 200), like.Text);
            if (name == "\0")
                continue; // no path: the server refuses it itself
            using var resource = await _api.GetAsync($"rows/{Uri.EscapeDataString(name)}");
            Assert.That(resource.Status, Is.AnyOf(404, 400), name);
            using var id = await _api.GetAsync($"rows/{table.Name}/{Uri.EscapeDataString(name)}");
            Assert.That(id.Status, Is.AnyOf(404, 400), name);
        }

        using var pattern = await _api.GetAsync($"rows/{table.Name}?t=match.(");
        Assert.That((pattern.Status, pattern.Code), Is.EqualTo((400, "2201B")), pattern.Text);
    }

    private Task<Table>? _bodies;

    private Task<Table> BodiesTable()
    {
        lock (this)
        {
            return _bodies ??= _api.TableAsync(
            [
                new("n", FieldKind.Number), new("t", FieldKind.Text), new("at", FieldKind.Timestamp), new("blob", FieldKind.Bytes),
                new("place", FieldKind.Point), new("o", FieldKind.Object),
            ]);
        }
    }

    private async Task InsertManyAsync(Table table, int count)
    {
        using var answer = await _api.SendAsync("POST", $"rows/{table.Name}", $"[{string.Join(",", Enumerable.Range(0, count).Select(n => $$"""{"n":{{n}}}"""))}]");
        Assert.That(answer.Status, Is.EqualTo(201), answer.Text);
    }

    private static string Plain(JsonElement json) => JsonSerializer.Serialize(json);

    private static string Plain(string json) => JsonSerializer.Serialize(JsonDocument.Parse(json).RootElement);
}
