using System.Text.Json.Nodes;

namespace Backend.ParseCompat.Tests.Hooks;

[Parallelizable(ParallelScope.All)]
internal sealed class TriggerTests
{
    [Test]
    public async Task BeforeSave_sees_what_would_be_saved_and_its_answer_is_saved_and_told()
    {
        await using var app = await App.StartAsync();
        await app.TriggerAsync("Thing", "beforeSave", body =>
        {
            var o = body["object"]!;
            return $$$"""{"success":{"a":{{{o["a"]!.ToJsonString()}}},"b":"hook","n":{{{o["n"]!.ToJsonString()}}},"createdAt":"x","className":"Other","__type":"Object"}}""";
        });

        var (status, made) = await app.Server.CallAsync("POST", "/classes/Thing", """{"a":1,"n":5,"gone":true}""");
        var id = (string)made!["objectId"]!;
        var seen = app.Receiver.Take("/beforeSave").Single();

        Assert.That(status, Is.EqualTo(201));
        Assert.That(made.AsObject().Select(p => p.Key), Is.EquivalentTo(new[] { "objectId", "createdAt", "b", "gone" }));
        Assert.That((string?)made["b"], Is.EqualTo("hook"));
        Assert.That(made["gone"]!.ToJsonString(), Is.EqualTo("""{"__op":"Delete"}"""));
        Assert.That(seen["object"]!.ToJsonString(), Is.EqualTo("""{"a":1,"n":5,"gone":true,"className":"Thing"}"""));
        Assert.That((string?)seen["triggerName"], Is.EqualTo("beforeSave"));
        Assert.That((bool?)seen["master"], Is.False);
        Assert.That(seen["original"], Is.Null);

        // The operation stays one: its result came back as it was.
        var (_, changed) = await app.Server.CallAsync("PUT", $"/classes/Thing/{id}", """{"n":{"__op":"Increment","amount":2}}""");
        seen = app.Receiver.Take("/beforeSave").Single();
        Assert.That((int?)changed!["n"], Is.EqualTo(7));
        Assert.That((int?)seen["object"]!["n"], Is.EqualTo(7));
        Assert.That((int?)seen["original"]!["n"], Is.EqualTo(5));
        Assert.That((string?)seen["original"]!["objectId"], Is.EqualTo(id));

        var (_, row) = await app.Server.CallAsync("GET", $"/classes/Thing/{id}");
        Assert.That(row!.AsObject().Where(p => p.Key is not ("objectId" or "createdAt" or "updatedAt")).Select(p => $"{p.Key}={p.Value}"), Is.EquivalentTo(new[] { "a=1", "b=hook", "n=7" }));
    }

    [Test]
    public async Task BeforeSave_may_answer_with_repeated_names_half_characters_and_great_depth()
    {
        await using var app = await App.StartAsync();
        var answer = "";
        await app.TriggerAsync("Odd", "beforeSave", _ => answer);

        answer = """{"success":{"a":1,"a":2,"o":{"x":1,"x":2},"s":"\ud800"}}""";
        Assert.That(await app.Server.SendAsync("POST", "/classes/Odd", """{"a":0,"a":5,"s":"\ud800","o":{"x":3,"x":4}}"""), Does.StartWith("201 "));
        var (_, found) = await app.Server.CallAsync("GET", "/classes/Odd");
        Assert.That($"{found!["results"]![0]!["a"]} {found["results"]![0]!["o"]!["x"]}", Is.EqualTo("2 2"));

        foreach (var depth in new[] { 40, 201, 500, 990 })
        {
            answer = $$$"""{"success":{"o":{{{string.Concat(Enumerable.Repeat("{\"a\":", depth))}}}1{{{new string('}', depth)}}}}}""";
            Assert.That(await app.Server.SendAsync("POST", "/classes/Odd", "{}"), Does.StartWith(depth < 200 ? "201 " : "400 "), $"{depth}");
        }
    }

    [Test]
    public async Task BeforeSave_may_choose_an_id_that_a_client_could_have_chosen()
    {
        await using var app = await App.StartAsync();
        var id = "";
        await app.TriggerAsync("Named", "beforeSave", _ => $$$"""{"success":{"objectId":"{{{id}}}","a":1}}""");

        id = "of the hook";
        var (_, made) = await app.Server.CallAsync("POST", "/classes/Named", """{"a":1}""");
        Assert.That((string?)made!["objectId"], Is.EqualTo(id));
        foreach (var bad in new[] { "a\\u0000b", new string('x', 1025) })
        {
            id = bad;
            Assert.That(await app.Server.SendAsync("POST", "/classes/Named", """{"a":1}"""), Does.StartWith("400 {\"code\":104"), bad[..2]);
        }
    }

    [Test]
    public async Task AfterFind_leaves_a_plan_alone()
    {
        await using var app = await App.StartAsync();
        await app.Server.CreateAsync("Planned", """{"a":1}""");
        await app.TriggerAsync("Planned", "afterFind", _ => """{"success":[]}""");

        Assert.That(await app.Server.SendAsync("GET", "/classes/Planned?explain=true", null, master: true), Does.StartWith("200 {\"results\":{"));
        Assert.That(app.Receiver.Take("/afterFind"), Is.Empty);
    }

    [Test]
    public async Task An_operation_whose_result_the_hook_hands_back_is_still_atomic()
    {
        await using var app = await App.StartAsync();
        await app.TriggerAsync("Counter", "beforeSave", body => $$"""{"success":{{body["object"]!.ToJsonString()}}}""");
        var (_, made) = await app.Server.CallAsync("POST", "/classes/Counter", """{"n":0}""");

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => app.Server.CallAsync("PUT", $"/classes/Counter/{made!["objectId"]}", """{"n":{"__op":"Increment","amount":1}}""")));

        Assert.That(await app.Server.FindAsync("Counter", "{}"), Is.EqualTo("8"));
    }

    [TestCase("""{"error":"no"}""", """400 {"code":141,"error":"no"}""")]
    [TestCase("""{"error":{"code":7,"message":"told"}}""", """400 {"code":141,"error":"told"}""")]
    [TestCase("nonsense", """400 {"code":141,"error":{"error":"Malformed response","code":-1,"partialResponse":"nonsense"}}""")]
    public async Task A_refusal_stops_saves_deletes_and_finds_and_leaves_no_trace(string answer, string expected)
    {
        await using var app = await App.StartAsync();
        var id = await app.Server.CreateAsync("Thing", """{"n":1}""");
        foreach (var trigger in new[] { "beforeSave", "beforeDelete", "beforeFind" })
            await app.TriggerAsync("Thing", trigger, _ => answer);
        await app.TriggerAsync("New", "beforeSave", _ => answer);

        Assert.That(await app.Server.SendAsync("POST", "/classes/Thing", """{"n":2,"new":1}"""), Is.EqualTo(expected));
        Assert.That(await app.Server.SendAsync("POST", "/classes/New", """{"n":2}"""), Is.EqualTo(expected));
        Assert.That(await app.Server.SendAsync("PUT", "/classes/Thing/" + id, """{"n":2}"""), Is.EqualTo(expected));
        Assert.That(await app.Server.SendAsync("DELETE", "/classes/Thing/" + id), Is.EqualTo(expected));
        Assert.That(await app.Server.SendAsync("GET", "/classes/Thing"), Is.EqualTo(expected));
        Assert.That(await app.Server.SendAsync("GET", "/classes/Thing/" + id), Is.EqualTo(expected));

        await app.Server.SendAsync("PUT", "/hooks/triggers/Thing/beforeFind", """{"__op":"Delete"}""", master: true);
        Assert.That(await app.Server.FindAsync("Thing", "{}"), Is.EqualTo("1"));
        var (_, schemas) = await app.Server.CallAsync("GET", "/schemas", master: true);
        Assert.That(schemas!["results"]!.AsArray().Any(s => (string?)s!["className"] == "New"), Is.False);
        Assert.That(schemas["results"]!.AsArray().Single(s => (string?)s!["className"] == "Thing")!["fields"]!["new"], Is.Null);
    }

    [Test]
    public async Task No_hook_is_called_for_what_the_caller_may_not_do()
    {
        await using var app = await App.StartAsync();
        await app.Server.CallAsync("POST", "/schemas/Closed", """{"classLevelPermissions":{"find":{"*":true},"get":{"*":true},"create":{},"update":{"*":true},"delete":{"*":true}}}""", master: true);
        var id = await app.Server.CreateAsync("Closed", """{"ACL":{"*":{"read":true}}}""");
        foreach (var trigger in new[] { "beforeSave", "afterSave", "beforeDelete", "afterDelete" })
            await app.TriggerAsync("Closed", trigger, _ => "{}");

        Assert.That(await app.Server.SendAsync("POST", "/classes/Closed", "{}"), Does.StartWith("400 {\"code\":119"));
        Assert.That(await app.Server.SendAsync("PUT", "/classes/Closed/" + id, "{}"), Is.EqualTo("""404 {"code":101,"error":"Object not found."}"""));
        Assert.That(await app.Server.SendAsync("DELETE", "/classes/Closed/" + id), Is.EqualTo("""404 {"code":101,"error":"Object not found for delete."}"""));
        Assert.That(app.Receiver.Calls, Is.Empty);
    }

    [Test]
    public async Task AfterSave_hears_of_the_whole_row_and_cannot_undo_it()
    {
        await using var app = await App.StartAsync();
        var answer = """{"error":"too late"}""";
        await app.TriggerAsync("Thing", "afterSave", _ => answer);

        var (status, made) = await app.Server.CallAsync("POST", "/classes/Thing", """{"n":{"__op":"Increment","amount":3}}""");
        var id = (string)made!["objectId"]!;
        var seen = app.Receiver.Take("/afterSave").Single();
        Assert.That((status, (int?)seen["object"]!["n"], (string?)seen["object"]!["objectId"]), Is.EqualTo((201, 3, id)));
        Assert.That(seen["object"]!["updatedAt"], Is.Not.Null);

        answer = """{"success":{}}""";
        var (_, changed) = await app.Server.CallAsync("PUT", "/classes/Thing/" + id, """{"n":{"__op":"Increment","amount":1}}""");
        seen = app.Receiver.Take("/afterSave").Single();
        Assert.That(((int?)changed!["n"], (int?)seen["object"]!["n"], (int?)seen["original"]!["n"]), Is.EqualTo((4, 4, 3)));

        answer = """{"success":{"instead":1}}""";
        Assert.That(await app.Server.SendAsync("PUT", "/classes/Thing/" + id, """{"n":9}"""), Is.EqualTo("""200 {"instead":1}"""));
    }

    [Test]
    public async Task Deletes_are_announced_before_and_told_after()
    {
        await using var app = await App.StartAsync();
        var id = await app.Server.CreateAsync("Thing", """{"n":1}""");
        foreach (var trigger in new[] { "beforeDelete", "afterDelete" })
            await app.TriggerAsync("Thing", trigger, _ => """{"success":true}""");

        Assert.That(await app.Server.SendAsync("DELETE", "/classes/Thing/" + id), Is.EqualTo("200 {}"));

        Assert.That(app.Receiver.Calls.Select(c => $"{c.Path} {c.Body["object"]!["n"]} {c.Body["object"]!["className"]}"), Is.EqualTo(new[] { "/beforeDelete 1 Thing", "/afterDelete 1 Thing" }));
    }

    [Test]
    public async Task Finds_and_gets_tell_their_query_and_answer_with_what_afterFind_makes_of_the_rows()
    {
        await using var app = await App.StartAsync();
        var id = await app.Server.CreateAsync("Thing", """{"n":1}""");
        await app.Server.CreateAsync("Thing", """{"n":2}""");
        await app.TriggerAsync("Thing", "beforeFind", _ => "{}");
        await app.TriggerAsync("Thing", "afterFind", body =>
        {
            var objects = body["objects"]!.AsArray();
            foreach (var o in objects)
                o!["extra"] = "x";
            return new JsonObject { ["success"] = objects.DeepClone() }.ToJsonString();
        });

        var (_, found) = await app.Server.CallAsync("GET", """/classes/Thing?where={"n":{"$gt":1}}&limit=5&order=-n&include=a,b&count=1""");
        Assert.That(found!["results"]![0]!["extra"]!.ToString(), Is.EqualTo("x"));
        Assert.That((int?)found["count"], Is.EqualTo(1));
        var calls = app.Receiver.Calls.ToList();
        Assert.That(calls.Select(c => c.Path), Is.EqualTo(new[] { "/beforeFind", "/afterFind" }));
        Assert.That(calls[0].Body["query"]!.ToJsonString(), Is.EqualTo("""{"where":{"n":{"$gt":1}},"limit":5,"order":"-n","include":"a,b"}"""));
        Assert.That(((bool?)calls[0].Body["isGet"], (bool?)calls[0].Body["count"]), Is.EqualTo((false, true)));
        app.Receiver.Take("/");

        await app.Server.CallAsync("GET", "/classes/Thing?readPreference=SECONDARY");
        Assert.That(app.Receiver.Take("/beforeFind").Single()["query"]!.ToJsonString(), Is.EqualTo("""{"where":{},"readPreference":"SECONDARY","limit":100}"""), "the limit that counts");
        app.Receiver.Take("/");

        var (_, got) = await app.Server.CallAsync("GET", "/classes/Thing/" + id);
        Assert.That((string?)got!["extra"], Is.EqualTo("x"));
        var call = app.Receiver.Take("/beforeFind").Single();
        Assert.That(((bool?)call["isGet"], (string?)call["query"]!["where"]!["objectId"]), Is.EqualTo((true, id)));

        // A save reads the row too, which is no find.
        await app.Server.CallAsync("PUT", "/classes/Thing/" + id, """{"n":3}""");
        Assert.That(app.Receiver.Calls, Is.Empty);
    }

    [Test]
    public async Task Included_rows_meet_the_triggers_of_their_class_once()
    {
        await using var app = await App.StartAsync();
        var a = await app.Server.CreateAsync("Inner", """{"n":1}""");
        var b = await app.Server.CreateAsync("Inner", """{"n":2}""");
        foreach (var (id, n) in new[] { (a, 1), (b, 2) })
            await app.Server.CreateAsync("Outer", $$$"""{"n":{{{n}}},"p":{"__type":"Pointer","className":"Inner","objectId":"{{{id}}}"}}""");
        await app.TriggerAsync("Inner", "beforeFind", _ => "{}");
        await app.TriggerAsync("Inner", "afterFind", body =>
        {
            var one = body["objects"]!.AsArray().Single(o => (int?)o!["n"] == 1)!;
            one["n"] = 10;
            one["extra"] = new JsonObject { ["deep"] = true };
            return new JsonObject { ["success"] = new JsonArray(one.DeepClone()) }.ToJsonString();
        });

        await app.Server.CallAsync("GET", "/classes/Outer");
        Assert.That(app.Receiver.Calls, Is.Empty);

        var (_, found) = await app.Server.CallAsync("GET", "/classes/Outer?include=p&order=n");
        Assert.That((int?)found!["results"]![0]!["p"]!["n"], Is.EqualTo(10));
        Assert.That(found["results"]![0]!["p"]!["extra"]!.ToJsonString(), Is.EqualTo("""{"deep":true}"""));
        Assert.That(found["results"]![1]!["p"], Is.Null);
        Assert.That(app.Receiver.Calls.Select(c => c.Path), Is.EqualTo(new[] { "/beforeFind", "/afterFind" }));
    }

    [Test]
    public async Task A_class_that_refuses_finds_refuses_them_as_sub_queries_and_aggregates_too()
    {
        await using var app = await App.StartAsync();
        await app.Server.CreateAsync("Inner", """{"n":1}""");
        await app.Server.CreateAsync("Outer", """{"n":1}""");
        await app.TriggerAsync("Inner", "beforeFind", _ => """{"error":"closed"}""");

        var select = """{"n":{"$select":{"query":{"className":"Inner","where":{"n":1}},"key":"n"}}}""";
        Assert.That(await app.Server.FindAsync("Outer", select), Is.EqualTo("""400 {"code":141,"error":"closed"}"""));
        Assert.That((string?)app.Receiver.Take("/beforeFind").Single()["query"]!.ToJsonString(), Is.EqualTo("""{"where":{"n":1}}"""));
        Assert.That(await app.Server.SendAsync("GET", "/aggregate/Inner?distinct=n", master: true), Is.EqualTo("""400 {"code":141,"error":"closed"}"""));
    }

    [Test]
    public async Task Items_of_a_batch_meet_the_triggers_one_by_one()
    {
        await using var app = await App.StartAsync();
        await app.TriggerAsync("Thing", "beforeSave", body => (int?)body["object"]!["n"] == 2 ? """{"error":"not two"}""" : """{"success":{"n":5}}""");

        var answer = await app.Server.SendAsync("POST", "/batch", """
            {"requests":[{"method":"POST","path":"/parse/classes/Thing","body":{"n":1}},{"method":"POST","path":"/parse/classes/Thing","body":{"n":2}},
                         {"method":"POST","path":"/parse/classes/Thing","body":{"n":3}}]}
            """);

        Assert.That(answer, Is.EqualTo("""
            200 [{"success":{"objectId":"ID","createdAt":"T","n":5}},{"error":{"code":141,"error":"not two"}},{"success":{"objectId":"ID","createdAt":"T","n":5}}]
            """));
        Assert.That(await app.Server.FindAsync("Thing", "{}"), Is.EqualTo("5,5"));
    }

    [Test]
    public async Task Users_meet_triggers_at_sign_up_log_in_and_log_out()
    {
        await using var app = await App.StartAsync();
        await app.TriggerAsync("_User", "beforeSave", body => $$$"""{"success":{"username":"{{{body["object"]!["username"]}}}","password":"changed","level":1}}""");
        await app.TriggerAsync("_User", "afterSave", _ => "{}");
        var refusal = """{"error":"banned"}""";
        await app.TriggerAsync("_User", "beforeLogin", _ => refusal);
        await app.TriggerAsync("_User", "afterLogin", _ => "{}");
        await app.TriggerAsync("_Session", "afterLogout", _ => "{}");

        var (status, user) = await app.Server.CallAsync("POST", "/users", """{"username":"ann","password":"secret"}""");
        Assert.That((status, (int?)user!["level"], user["password"]), Is.EqualTo((201, 1, (JsonNode?)null)));
        var calls = app.Receiver.Calls.ToList();
        app.Receiver.Take("/");
        Assert.That((string?)calls[0].Body["object"]!["password"], Is.EqualTo("secret"));
        Assert.That((calls[1].Path, calls[1].Body["object"]!["password"], (string?)calls[1].Body["object"]!["sessionToken"]), Is.EqualTo(("/afterSave", (JsonNode?)null, (string?)user["sessionToken"])));

        Assert.That(await app.Server.SendAsync("POST", "/login", """{"username":"ann","password":"secret"}"""), Does.StartWith("404 "));
        Assert.That(app.Receiver.Calls, Is.Empty);
        Assert.That(await app.Server.SendAsync("POST", "/login", """{"username":"ann","password":"changed"}"""), Is.EqualTo("""400 {"code":141,"error":"banned"}"""));
        var (_, sessions) = await app.Server.CallAsync("GET", "/sessions", master: true);
        Assert.That(sessions!["results"]!.AsArray(), Has.Count.EqualTo(1));

        refusal = "{}";
        app.Receiver.Take("/");
        var (_, loggedIn) = await app.Server.CallAsync("POST", "/login", """{"username":"ann","password":"changed"}""");
        var session = (string?)loggedIn!["sessionToken"];
        calls = app.Receiver.Calls.ToList();
        Assert.That(calls.Select(c => c.Path), Is.EqualTo(new[] { "/beforeLogin", "/afterLogin" }));
        Assert.That((calls[0].Body["user"], (string?)calls[1].Body["user"]!["sessionToken"]), Is.EqualTo(((JsonNode?)null, session)));
        app.Receiver.Take("/");

        await app.Server.CallAsync("POST", "/logout", "{}", session: session);
        var call = app.Receiver.Take("/afterLogout").Single();
        Assert.That(((string?)call["object"]!["className"], (string?)call["user"]!["username"]), Is.EqualTo(("_Session", "ann")));
    }

    [Test]
    public async Task A_hook_may_choose_the_id_the_access_list_and_the_types_of_a_new_row()
    {
        await using var app = await App.StartAsync();
        await app.Server.CreateAsync("Thing", """{"n":1}""");
        await app.TriggerAsync("Thing", "beforeSave", _ => """{"success":{"objectId":"chosen","n":2,"ACL":{"*":{"read":true}}}}""");

        // The class's column is a number; that the client sent a text is the hook's affair.
        var (status, made) = await app.Server.CallAsync("POST", "/classes/Thing", """{"n":"2"}""");

        Assert.That((status, (string?)made!["objectId"], (int?)made["n"], made["ACL"]!.ToJsonString()), Is.EqualTo((201, "chosen", 2, """{"*":{"read":true}}""")));
        Assert.That(await app.Server.SendAsync("DELETE", "/classes/Thing/chosen"), Does.StartWith("404 "));
    }

    [TestCase("""{"a":{"constructor":1}}""", """400 {"code":105,"error":"Prohibited keyword in request data: {\u0022key\u0022:\u0022constructor\u0022}."}""")]
    [TestCase("""{"n":"text"}""", """400 {"code":111,"error":"schema mismatch for Thing.n; expected Number but got String"}""")]
    [TestCase("""{"a-b":1}""", """400 {"code":105,"error":"Invalid field name: a-b."}""")]
    public async Task What_a_hook_gives_follows_the_rules_for_what_a_client_gives(string given, string expected)
    {
        await using var app = await App.StartAsync();
        await app.Server.CreateAsync("Thing", """{"n":1}""");
        await app.TriggerAsync("Thing", "beforeSave", _ => $$"""{"success":{{given}}}""");

        Assert.That((await app.Server.SendAsync("POST", "/classes/Thing", "{}")).Replace("\\\"", "\\u0022", StringComparison.Ordinal), Is.EqualTo(expected));
    }

    [Test]
    public async Task Files_are_announced_and_may_be_refused()
    {
        await using var app = await App.StartAsync();
        var answer = """{"error":"too blue"}""";
        await app.TriggerAsync("@File", "beforeSave", _ => answer);
        await app.TriggerAsync("@File", "afterSave", _ => "{}");
        await app.TriggerAsync("@File", "beforeDelete", _ => """{"error":"kept"}""");

        Assert.That(await app.Server.SendAsync("POST", "/files/a.txt", "abc", master: true), Is.EqualTo("""400 {"code":130,"error":"too blue"}"""));
        answer = "{}";
        var (status, file) = await app.Server.CallAsync("POST", "/files/a.txt", "abc", master: true);
        Assert.That(status, Is.EqualTo(201));
        Assert.That(await app.Server.SendAsync("DELETE", $"/files/{file!["name"]}", master: true), Is.EqualTo("""400 {"code":153,"error":"kept"}"""));
        var calls = app.Receiver.Calls.ToList();
        Assert.That(calls.Select(c => c.Path), Is.EqualTo(new[] { "/beforeSave", "/beforeSave", "/afterSave", "/beforeDelete" }));
        Assert.That(((string?)calls[1].Body["file"]!["name"], (int?)calls[1].Body["fileSize"]), Is.EqualTo(("a.txt", 3)));
        Assert.That((string?)calls[2].Body["file"]!["url"], Is.EqualTo((string?)file["url"]));
    }

    [Test]
    public async Task Changes_of_the_settings_are_announced_and_may_be_refused()
    {
        await using var app = await App.StartAsync();
        await app.Server.CallAsync("PUT", "/config", """{"params":{"a":1,"b":2}}""", master: true);
        var answer = "{}";
        await app.TriggerAsync("@Config", "beforeSave", _ => answer);
        await app.TriggerAsync("@Config", "afterSave", _ => """{"error":"heard too late"}""");

        Assert.That(await app.Server.SendAsync("PUT", "/config", """{"params":{"b":3,"c":{"__op":"Increment","amount":4}}}""", master: true), Is.EqualTo("""200 {"result":true}"""));
        var calls = app.Receiver.Calls.ToList();
        Assert.That(calls.Select(c => c.Path), Is.EqualTo(new[] { "/beforeSave", "/afterSave" }));
        Assert.That(calls[0].Body["object"]!.ToJsonString(), Is.EqualTo("""{"b":3,"c":{"__op":"Increment","amount":4},"className":"@Config"}"""));
        Assert.That(calls[0].Body["original"]!.ToJsonString(), Is.EqualTo("""{"a":1,"b":2,"className":"@Config"}"""));
        Assert.That(calls[1].Body["object"]!.ToJsonString(), Is.EqualTo("""{"a":1,"b":3,"c":4,"className":"@Config"}"""));
        Assert.That((bool?)calls[1].Body["master"], Is.True);

        answer = """{"error":"frozen"}""";
        Assert.That(await app.Server.SendAsync("PUT", "/config", """{"params":{"b":4}}""", master: true), Is.EqualTo("""400 {"code":141,"error":"frozen"}"""));
        Assert.That(await app.Server.SendAsync("GET", "/config"), Does.Contain("\"b\":3"));
    }

    [Test]
    public async Task A_password_reset_may_be_refused()
    {
        await using var app = await App.StartAsync(new() { ["Mail:Host"] = "127.0.0.1", ["Mail:From"] = "app@example.com" });
        await app.Server.CallAsync("POST", "/users", """{"username":"ann","password":"secret","email":"ann@example.com"}""");
        var answer = "{}";
        await app.TriggerAsync("_User", "beforePasswordResetRequest", _ => answer);

        Assert.That(await app.Server.SendAsync("POST", "/requestPasswordReset", """{"email":"ann@example.com"}"""), Is.EqualTo("200 {}"));
        Assert.That((string?)app.Receiver.Take("/beforePasswordResetRequest").Single()["object"]!["username"], Is.EqualTo("ann"));
        answer = """{"error":"not now"}""";
        Assert.That(await app.Server.SendAsync("POST", "/requestPasswordReset", """{"email":"ann@example.com"}"""), Is.EqualTo("""400 {"code":141,"error":"not now"}"""));
        Assert.That(await app.Server.SendAsync("POST", "/requestPasswordReset", """{"email":"nobody@example.com"}"""), Is.EqualTo("200 {}"));
    }

    [Test]
    public async Task A_relation_is_changed_though_no_hook_can_say_so()
    {
        await using var app = await App.StartAsync();
        var other = await app.Server.CreateAsync("Other", """{"n":1}""");
        await app.TriggerAsync("Thing", "beforeSave", body => $$"""{"success":{{body["object"]!.ToJsonString()}}}""");

        var (status, made) = await app.Server.CallAsync("POST", "/classes/Thing", $$$"""{"rel":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Other","objectId":"{{{other}}}"}]}}""");

        Assert.That(status, Is.EqualTo(201));
        Assert.That(await app.Server.FindAsync("Other", $$$"""{"$relatedTo":{"object":{"__type":"Pointer","className":"Thing","objectId":"{{{made!["objectId"]}}}"},"key":"rel"}}"""), Is.EqualTo("1"));
    }

    private sealed class App(ParseServer server, HookReceiver receiver) : IAsyncDisposable
    {
        public ParseServer Server => server;

        public HookReceiver Receiver => receiver;

        public static async Task<App> StartAsync(Dictionary<string, string?>? settings = null) => new(await ParseServer.StartAsync(settings), await HookReceiver.StartAsync());

        public async Task TriggerAsync(string className, string trigger, Func<JsonNode, string> answer)
        {
            var body = new JsonObject { ["className"] = className, ["triggerName"] = trigger, ["url"] = receiver.Answer("/" + trigger, answer) };
            Assert.That(await server.SendAsync("POST", "/hooks/triggers", body.ToJsonString(), master: true), Does.StartWith("200 "));
        }

        public async ValueTask DisposeAsync()
        {
            await server.DisposeAsync();
            await receiver.DisposeAsync();
        }
    }
}
