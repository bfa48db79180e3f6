using System.Text.Json.Nodes;

namespace Backend.ParseCompat.Tests.Contract;

/// <summary>Contract sections 7 (create, read, update, delete) and 8 (operations), sentence by sentence, by requests against a started server.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class WriteRulesTests
{
    private const string NotFound = """404 {"code":101,"error":"Object not found."}""";

    private ParseServer _server = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _server = await ParseServer.StartAsync();
        await _server.CreateAsync("Op", """{"num":1,"text":"t","arr":[1],"o":{"c":2,"list":[1],"deep":{}},"rel":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Target","objectId":"x"}]}}""");
    }

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    // 7.1
    [TestCase("[]", "objectId,createdAt")]
    [TestCase("[{\"a\":1}]", "objectId,createdAt")]
    [TestCase(null, "objectId,createdAt")]
    [TestCase("{\"num\":5}", "objectId,createdAt")]
    [TestCase("{\"num\":{\"__op\":\"Increment\",\"amount\":5},\"text\":\"a\"}", "objectId,createdAt,num")]
    [TestCase("{\"arr\":{\"__op\":\"Add\",\"objects\":[1,1]},\"num\":{\"__op\":\"Delete\"}}", "objectId,createdAt,arr")]
    public async Task A_create_answers_with_id_and_time_and_the_results_of_operations(string? body, string keys)
    {
        var (status, made) = await _server.CallAsync("POST", "/classes/Op", body);
        Assert.That((status, string.Join(',', made!.AsObject().Select(p => p.Key))), Is.EqualTo((201, keys)));
    }

    [Test]
    public async Task Defaults_and_the_default_access_list_stand_in_the_answer_of_a_create()
    {
        await _server.CallAsync("POST", "/schemas/Preset", """{"fields":{"level":{"type":"Number","defaultValue":3},"name":{"type":"String","required":true}},"classLevelPermissions":{"find":{"*":true},"get":{"*":true},"create":{"*":true},"ACL":{"*":{"read":true}}}}""", master: true);
        var (_, made) = await _server.CallAsync("POST", "/classes/Preset", """{"name":"a"}""");
        Assert.That(((int?)made!["level"], made["ACL"]?.ToJsonString(), made["name"]), Is.EqualTo(((int?)3, """{"*":{"read":true}}""", (JsonNode?)null)), made.ToJsonString());
        var (_, given) = await _server.CallAsync("POST", "/classes/Preset", """{"name":"a","level":4}""");
        Assert.That(given!["level"], Is.Null);
        Assert.That(await _server.SendAsync("POST", "/classes/Preset", "{}"), Is.EqualTo("""400 {"code":142,"error":"name is required"}"""));
    }

    // 7.2
    [TestCase("keys=num")]
    [TestCase("include=rel")]
    [TestCase("excludeKeys=num")]
    [TestCase("readPreference=SECONDARY")]
    [TestCase("includeReadPreference=SECONDARY")]
    [TestCase("subqueryReadPreference=SECONDARY")]
    [TestCase("where={}", false)]
    [TestCase("limit=1", false)]
    [TestCase("order=num", false)]
    public async Task A_get_takes_the_parameters_of_a_get(string query, bool allowed = true)
    {
        var id = await _server.CreateAsync("Op", "{}");
        Assert.That(await _server.SendAsync("GET", $"/classes/Op/{id}?{query}"),
            allowed ? Does.StartWith("200") : Is.EqualTo("""400 {"code":102,"error":"Improper encode of parameter"}"""));
    }

    [Test]
    public async Task What_may_not_be_read_or_written_is_not_found_and_a_user_sees_his_own_token()
    {
        var locked = await _server.CreateAsync("Op", """{"ACL":{}}""");
        Assert.That(await _server.SendAsync("GET", "/classes/Op/" + locked), Is.EqualTo(NotFound));
        Assert.That(await _server.SendAsync("PUT", "/classes/Op/" + locked, """{"num":1}"""), Is.EqualTo(NotFound));
        Assert.That(await _server.SendAsync("DELETE", "/classes/Op/" + locked), Is.EqualTo(NotFound));
        var readable = await _server.CreateAsync("Op", """{"ACL":{"*":{"read":true}}}""");
        Assert.That(await _server.SendAsync("PUT", "/classes/Op/" + readable, """{"num":1}"""), Is.EqualTo(NotFound));

        var (_, ann) = await _server.CallAsync("POST", "/users", """{"username":"ann","password":"p"}""");
        var (id, token) = ((string)ann!["objectId"]!, (string)ann["sessionToken"]!);
        var (_, self) = await _server.CallAsync("GET", "/users/" + id, session: token);
        Assert.That((string?)self!["sessionToken"], Is.EqualTo(token));
        var (_, seen) = await _server.CallAsync("GET", "/classes/_User/" + id, master: true);
        Assert.That(seen!["sessionToken"], Is.Null);
        Assert.That(await _server.SendAsync("PUT", "/users/" + id, "{}"), Is.EqualTo($$"""400 {"code":206,"error":"Cannot modify user {{id}}."}"""));
        var (_, bob) = await _server.CallAsync("POST", "/users", """{"username":"bob","password":"p"}""");
        Assert.That(await _server.SendAsync("PUT", "/users/" + id, "{}", session: (string)bob!["sessionToken"]!), Is.EqualTo("""400 {"code":206,"error":"Insufficient auth."}"""));

        // 7.4: a session that is not there is not found for delete.
        Assert.That(await _server.SendAsync("DELETE", "/sessions/nothing", session: token), Is.EqualTo("""404 {"code":101,"error":"Object not found for delete."}"""));
    }

    // 7.3
    [Test]
    public async Task An_update_touches_what_it_names_and_nothing_else()
    {
        var id = await _server.CreateAsync("Op", """{"num":1,"text":"a","ACL":{"*":{"read":true,"write":true},"role:x":{"read":true}}}""");
        var path = "/classes/Op/" + id;
        var before = (await _server.CallAsync("GET", path)).Body!;
        await Task.Delay(5);
        Assert.That(await _server.SendAsync("PUT", path, "{}"), Is.EqualTo("""200 {"updatedAt":"T"}"""));
        var after = (await _server.CallAsync("GET", path)).Body!;
        Assert.That(string.CompareOrdinal((string)after["updatedAt"]!, (string)before["updatedAt"]!), Is.GreaterThan(0));
        after["updatedAt"] = before["updatedAt"]!.DeepClone();
        Assert.That(JsonNode.DeepEquals(before, after), Is.True);

        Assert.That(await _server.SendAsync("PUT", path, """{"text":null,"objectId":"another","ACL":null}"""), Is.EqualTo("""200 {"updatedAt":"T"}"""));
        after = (await _server.CallAsync("GET", path)).Body!;
        Assert.That((after.AsObject().ContainsKey("text"), after["text"], (int?)after["num"], (string?)after["objectId"], (string?)after["createdAt"]),
            Is.EqualTo((true, (JsonNode?)null, (int?)1, id, (string?)before["createdAt"])));
        Assert.That(JsonNode.DeepEquals(after["ACL"], before["ACL"]), Is.True, "a null leaves the access list as it was");
    }

    [TestCase("""{"ACL":{"__op":"Delete"}}""")]
    [TestCase("""{"ACL":{}}""")]
    public async Task An_access_list_that_is_deleted_or_emptied_locks_the_row(string body)
    {
        var id = await _server.CreateAsync("Op", """{"num":1,"ACL":{"*":{"read":true,"write":true}}}""");
        Assert.That(await _server.SendAsync("PUT", "/classes/Op/" + id, body), Is.EqualTo("""200 {"updatedAt":"T"}"""));
        Assert.That(await _server.SendAsync("GET", "/classes/Op/" + id), Is.EqualTo(NotFound));
        Assert.That((await _server.CallAsync("GET", "/classes/Op/" + id, master: true)).Body!["ACL"]!.ToJsonString(), Is.EqualTo("{}"));
        Assert.That(await _server.SendAsync("PUT", "/classes/Op/" + id, """{"ACL":{"*":{"read":true,"write":true}}}""", master: true), Does.StartWith("200"));
        Assert.That(await _server.SendAsync("GET", "/classes/Op/" + id), Does.StartWith("200"));
    }

    // 7.4
    [Test]
    public async Task A_delete_leaves_pointers_and_links_to_the_row_as_they_are()
    {
        var target = await _server.CreateAsync("Target", """{"n":1}""");
        var pointer = $$"""{"__type":"Pointer","className":"Target","objectId":"{{target}}"}""";
        var holder = await _server.CreateAsync("Op", $$$"""{"to":{{{pointer}}},"rel":{"__op":"AddRelation","objects":[{{{pointer}}}]}}""");
        Assert.That(await _server.SendAsync("DELETE", "/classes/Target/" + target), Is.EqualTo("200 {}"));
        var (_, row) = await _server.CallAsync("GET", "/classes/Op/" + holder);
        Assert.That((string?)row!["to"]!["objectId"], Is.EqualTo(target));
        Assert.That(await _server.SendAsync("GET", $"/classes/Op/{holder}?include=to"), Does.StartWith("200"), "what it pointed to is not there, the row is");
        Assert.That(await _server.SendAsync("DELETE", "/classes/Target/" + target), Is.EqualTo(NotFound));
    }

    // 8: what a row becomes, and what the answer says.
    [TestCase("""{"num":1}""", """{"num":{"__op":"Increment","amount":2.5}}""", """{"num":3.5}""", """{"num":3.5}""")]
    [TestCase("{}", """{"num":{"__op":"Increment","amount":-2}}""", """{"num":-2}""", """{"num":-2}""")]
    [TestCase("""{"num":null}""", """{"num":{"__op":"Increment","amount":2}}""", """{"num":2}""", """{"num":2}""")]
    [TestCase("""{"arr":[1,{"a":1}]}""", """{"arr":{"__op":"Add","objects":[1,{"a":1}]}}""", """{"arr":[1,{"a":1},1,{"a":1}]}""", """{"arr":[1,{"a":1},1,{"a":1}]}""")]
    [TestCase("{}", """{"arr":{"__op":"Add","objects":[1,1]}}""", """{"arr":[1,1]}""", """{"arr":[1,1]}""")]
    [TestCase("""{"arr":null}""", """{"arr":{"__op":"Add","objects":[1]}}""", """{"arr":[1]}""", """{"arr":[1]}""")]
    [TestCase("""{"arr":[2,2,{"a":1,"b":2}]}""", """{"arr":{"__op":"AddUnique","objects":[3,2,{"b":2,"a":1},3,{"a":1}]}}""", """{"arr":[2,2,{"a":1,"b":2},3,{"a":1}]}""", """{"arr":[2,2,{"a":1,"b":2},3,{"a":1}]}""")]
    [TestCase("""{"arr":[1,2,1,{"a":1}]}""", """{"arr":{"__op":"Remove","objects":[1,{"a":1},9]}}""", """{"arr":[2]}""", """{"arr":[2]}""")]
    [TestCase("""{"num":1}""", """{"arr":{"__op":"Remove","objects":[1]}}""", "{}", """{"num":1}""")]
    [TestCase("""{"num":1,"text":"a"}""", """{"text":{"__op":"Delete"}}""", "{}", """{"num":1}""")]
    [TestCase("""{"num":1}""", """{"text":{"__op":"Delete"}}""", "{}", """{"num":1}""")]
    [TestCase("""{"o":{"c":2,"d":1}}""", """{"o.c":{"__op":"Increment","amount":1}}""", """{"o":{"c":3}}""", """{"o":{"c":3,"d":1}}""")]
    [TestCase("{}", """{"o.x.y":{"__op":"Increment","amount":1}}""", """{"o":{"x":{"y":1}}}""", """{"o":{"x":{"y":1}}}""")]
    [TestCase("""{"o":{"c":2}}""", """{"o.c":{"__op":"Delete"}}""", "{}", """{"o":{}}""")]
    [TestCase("""{"o":{"c":2}}""", """{"o.x.y":5,"o.c":null}""", "{}", """{"o":{"c":null,"x":{"y":5}}}""")]
    [TestCase("""{"o":{"list":[1,2]}}""", """{"o.list":{"__op":"Add","objects":[2]}}""", """{"o":{"list":[1,2,2]}}""", """{"o":{"list":[1,2,2]}}""")]
    [TestCase("""{"arr":[5,6,7]}""", """{"arr.1":9}""", "{}", """{"arr":[5,9,7]}""")]
    [TestCase("""{"arr":[5,{"n":6}]}""", """{"arr.1.n":{"__op":"Increment","amount":1}}""", null, """{"arr":[5,{"n":7}]}""")]
    public async Task An_operation_changes_the_row_and_says_what_came_of_it(string stored, string change, string? told, string expected)
    {
        var path = "/classes/Op/" + await _server.CreateAsync("Op", stored);
        var (status, answer) = await _server.CallAsync("PUT", path, change);
        answer!.AsObject().Remove("updatedAt");
        Assert.That(status, Is.EqualTo(200), answer.ToJsonString());
        if (told is not null)
            Assert.That(JsonNode.DeepEquals(answer, JsonNode.Parse(told)), Is.True, answer.ToJsonString());
        var row = (await _server.CallAsync("GET", path)).Body!.AsObject();
        foreach (var key in (string[])["objectId", "createdAt", "updatedAt", "rel"])
            row.Remove(key);
        Assert.That(JsonNode.DeepEquals(row, JsonNode.Parse(expected)), Is.True, row.ToJsonString());
    }

    [TestCase("""{"num":{"__op":"Increment","amount":"1"}}""", "400 107 incrementing must provide a number", "400 107 objects to add must be an array")]
    [TestCase("""{"num":{"__op":"Increment"}}""", "400 107 incrementing must provide a number", "400 107 objects to add must be an array")]
    [TestCase("""{"text":{"__op":"Increment","amount":1}}""", "400 111 schema mismatch for Op.text; expected String but got Number", "400 111 schema mismatch for Op.text; expected String but got Number")]
    [TestCase("""{"arr":{"__op":"Add","objects":1}}""", "400 107 objects to add must be an array", "400 107 objects to add must be an array")]
    [TestCase("""{"arr":{"__op":"AddUnique"}}""", "400 107 objects to add must be an array", "400 107 objects to add must be an array")]
    [TestCase("""{"arr":{"__op":"Remove","objects":{}}}""", "400 107 objects to remove must be an array", null)]
    [TestCase("""{"num":{"__op":"Frobnicate"}}""", "400 108 The Frobnicate operator is not supported yet.", "400 108 The Frobnicate operator is not supported yet.")]
    [TestCase("""{"rel":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Another","objectId":"x"}]}}""", "400 111 schema mismatch for Op.rel; expected Relation<Target> but got Relation<Another>",
        "400 111 schema mismatch for Op.rel; expected Relation<Target> but got Relation<Another>")]
    [TestCase("""{"rel":{"__op":"AddRelation","objects":[]}}""", "200", "201")]
    [TestCase("""{"rel":{"__op":"RemoveRelation","objects":[{"__type":"Pointer","className":"Target","objectId":"never"}]}}""", "200", "201")]
    public async Task Mistakes_in_operations_have_their_codes(string body, string update, string? create)
    {
        var id = await _server.CreateAsync("Op", """{"arr":[1],"num":1,"text":"t"}""");
        Assert.That(await AskAsync("PUT", "/classes/Op/" + id, body), Is.EqualTo(update));
        if (create is not null)
            Assert.That(await AskAsync("POST", "/classes/Op", body), Is.EqualTo(create));
    }

    [Test]
    public async Task Relations_are_linked_once_unlinked_and_both_in_one_batch_operation()
    {
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
            ids.Add(await _server.CreateAsync("Target", $$"""{"n":{{i}}}"""));
        string Pointers(params int[] which) => string.Join(',', which.Select(i => $$"""{"__type":"Pointer","className":"Target","objectId":"{{ids[i]}}"}"""));
        var id = await _server.CreateAsync("Op", $$$"""{"rel":{"__op":"AddRelation","objects":[{{{Pointers(0, 0)}}}]}}""");
        var path = "/classes/Op/" + id;
        Assert.That(await _server.SendAsync("PUT", path, $$$"""{"rel":{"__op":"AddRelation","objects":[{{{Pointers(0, 1)}}}]}}"""), Is.EqualTo("""200 {"updatedAt":"T"}"""));
        Assert.That(await LinkedAsync(), Is.EqualTo("0,1"));
        Assert.That(await _server.SendAsync("PUT", path, $$$"""{"rel":{"__op":"Batch","ops":[{"__op":"AddRelation","objects":[{{{Pointers(2)}}}]},{"__op":"RemoveRelation","objects":[{{{Pointers(0)}}}]}]}}"""), Is.EqualTo("""200 {"updatedAt":"T"}"""));
        Assert.That(await LinkedAsync(), Is.EqualTo("1,2"));

        Task<string> LinkedAsync() => _server.FindAsync("Target", $$$"""{"$relatedTo":{"object":{"__type":"Pointer","className":"Op","objectId":"{{{id}}}"},"key":"rel"}}""");
    }

    [Test]
    public async Task Increments_and_additions_at_the_same_time_all_count()
    {
        var id = await _server.CreateAsync("Op", """{"num":0,"arr":[]}""");
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            _server.CallAsync("PUT", "/classes/Op/" + id, $$$"""{"num":{"__op":"Increment","amount":1},"arr":{"__op":"AddUnique","objects":[{{{i % 5}}}]},"o.c":{"__op":"Increment","amount":1}}""")));
        var (_, row) = await _server.CallAsync("GET", "/classes/Op/" + id);
        Assert.That(((int?)row!["num"], row["arr"]!.AsArray().Count, (int?)row["o"]!["c"]), Is.EqualTo(((int?)20, 5, (int?)20)));
    }

    private async Task<string> AskAsync(string method, string path, string body)
    {
        var (status, answer) = await _server.CallAsync(method, path, body);
        return status < 300 ? $"{status}" : $"{status} {answer!["code"]} {answer["error"]}";
    }
}
