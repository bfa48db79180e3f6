using System.Text.Json.Nodes;
using Backend.ParseCompat.Tests.Hooks;
using Backend.Testing;

namespace Backend.ParseCompat.Tests.Batch;

/// <summary>Transactions over classes with triggers and over classes with ways of their own (contract section 24, decision 009).</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class StagedBatchTests
{
    [Test]
    public async Task Triggers_before_run_before_the_transaction_and_those_after_run_after_its_commit()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var server = await ParseServer.StartAsync(null, database);
        await using var hooks = await HookReceiver.StartAsync();
        var seen = new List<string>();
        await HookAsync("beforeSave", async body =>
        {
            seen.Add($"before {body["object"]!["n"]} open={await OpenTransactionsAsync()} rows={await server.FindAsync("Watched", "{}")}");
            return (int?)body["object"]!["n"] == 13 ? """{"error":"never 13"}""" : $$$"""{"success":{"n":{{{body["object"]!["n"]}}},"by":"hook"}}""";
        });
        await HookAsync("afterSave", async body =>
        {
            seen.Add($"after {body["object"]!["n"]} rows={await server.FindAsync("Watched", "{}")}");
            return "{}";
        });
        await HookAsync("beforeDelete", async body =>
        {
            seen.Add($"beforeDelete {body["object"]!["n"]} open={await OpenTransactionsAsync()}");
            return "{}";
        });
        await HookAsync("afterDelete", async body =>
        {
            seen.Add($"afterDelete {body["object"]!["n"]} rows={await server.FindAsync("Watched", "{}")}");
            return "{}";
        });

        var old = await server.CreateAsync("Watched", """{"n":0}""");
        seen.Clear();
        var (status, answer) = await BatchAsync(Post("Watched", """{"n":1}"""), Post("Plain", """{"n":5}"""), Delete("Watched", old), Post("Watched", """{"n":2}"""));

        Assert.That(status, Is.EqualTo(200), answer!.ToJsonString());
        Assert.That(answer.AsArray().Select(a => string.Join(',', a!["success"]!.AsObject().Select(p => p.Key))), Is.EqualTo(["objectId,createdAt,by", "objectId,createdAt", "", "objectId,createdAt,by"]));
        Assert.That(seen, Is.EqualTo([
            "before 1 open=0 rows=0", "beforeDelete 0 open=0", "before 2 open=0 rows=0",
            "after 1 rows=1,2", "afterDelete 0 rows=1,2", "after 2 rows=1,2"]));

        // The last is refused by its hook: nothing is written, nobody is told of anything after.
        seen.Clear();
        Assert.That((await BatchAsync(Post("Watched", """{"n":3}"""), Post("Plain", """{"n":6}"""), Post("Watched", """{"n":13}"""))) is (400, { } refused) ? refused.ToJsonString() : "",
            Is.EqualTo("""{"code":141,"error":"never 13"}"""));
        // The last fails as it is written: the same.
        var id = (string)answer[0]!["success"]!["objectId"]!;
        var (_, missed) = await BatchAsync(Put("Watched", id, """{"n":7}"""), Put("Plain", "nothing", """{"n":6}"""));
        Assert.That(missed!.ToJsonString(), Is.EqualTo("""{"code":101,"error":"Object not found."}"""));
        Assert.That(seen.Where(s => s.StartsWith("after", StringComparison.Ordinal)), Is.Empty);
        Assert.That($"{await server.FindAsync("Watched", "{}")} {await server.FindAsync("Plain", "{}")}", Is.EqualTo("1,2 5"));
        Assert.That(server.Errors, Is.Empty);

        // What says no after the commit is that item's answer: its write stands.
        await HookAsync("afterDelete", _ => Task.FromResult("""{"error":"too late"}"""));
        var (_, late) = await BatchAsync(Delete("Watched", id), Post("Plain", """{"n":8}"""));
        Assert.That($"{late![0]!.ToJsonString()} {late[1]!["success"] is not null} {await server.FindAsync("Watched", "{}")} {await server.FindAsync("Plain", "{}")}",
            Is.EqualTo("""{"error":{"code":141,"error":"too late"}} True 2 5,8"""));

        async Task HookAsync(string trigger, Func<JsonNode, Task<string>> answerOf)
        {
            var url = hooks.Answer("/" + trigger, async (body, http) => await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(http.Response, await answerOf(body)));
            var hook = new JsonObject { ["className"] = "Watched", ["triggerName"] = trigger, ["url"] = url };
            if (!(await server.SendAsync("POST", "/hooks/triggers", hook.ToJsonString(), master: true)).StartsWith("200", StringComparison.Ordinal))
                Assert.That(trigger, Is.EqualTo("afterDelete"));
        }

        // One that is held over a call is open as long as the call; the server's own work in the background has some that end by themselves.
        async Task<long> OpenTransactionsAsync()
        {
            const string Query = "select count(*) from pg_stat_activity where datname = current_database() and xact_start is not null and state <> 'active' and pid <> pg_backend_pid()";
            var watch = System.Diagnostics.Stopwatch.StartNew();
            var open = await database.ScalarAsync<long>(Query);
            while (open > 0 && watch.Elapsed < Patience.Limit)
            {
                await Task.Delay(25);
                open = await database.ScalarAsync<long>(Query);
            }

            return open;
        }

        Task<(int Status, JsonNode? Body)> BatchAsync(params string[] items) =>
            server.CallAsync("POST", "/batch", $$"""{"transaction":true,"requests":[{{string.Join(',', items)}}]}""", master: true);
    }

    [Test]
    public async Task Sessions_installations_and_users_of_other_providers_are_written_or_not_with_the_rest()
    {
        await using var server = await ParseServer.StartAsync();
        var (_, ann) = await server.CallAsync("POST", "/users", """{"username":"ann","password":"secret"}""");
        var token = (string)ann!["sessionToken"]!;
        const string fails = """{"method":"PUT","path":"/parse/classes/Thing/nothing","body":{"n":1}}""";
        string[] items =
        [
            """{"method":"POST","path":"/parse/sessions","body":{"label":"second"}}""",
            """{"method":"POST","path":"/parse/installations","body":{"installationId":"AB-1","deviceType":"ios","deviceToken":"t1"}}""",
            """{"method":"POST","path":"/parse/users","body":{"authData":{"anonymous":{"id":"device-1"}}}}""",
            """{"method":"POST","path":"/parse/classes/Thing","body":{"n":1}}""",
        ];

        Assert.That(await BatchAsync([.. items, fails]), Is.EqualTo("""404 {"code":101,"error":"Object not found."}""").Or.EqualTo("""400 {"code":101,"error":"Object not found."}"""));
        Assert.That(await CountsAsync(), Is.EqualTo("sessions 1 installations 0 users 1 things 0"));

        var (status, done) = await SendAsync(items);
        Assert.That(status, Is.EqualTo(200), done!.ToJsonString());
        Assert.That(await CountsAsync(), Is.EqualTo("sessions 3 installations 1 users 2 things 1"), "the second session of the first user, and the second user's");
        Assert.That((string?)done[0]!["success"]!["label"], Is.EqualTo("second"));
        Assert.That(await server.SendAsync("GET", "/users/me", session: (string?)done[0]!["success"]!["sessionToken"]), Does.StartWith("200"));
        Assert.That(await server.SendAsync("GET", "/users/me", session: (string?)done[2]!["success"]!["sessionToken"]), Does.StartWith("200"));

        // The same device again: its row is changed, and one that had its token goes; or neither.
        var other = """{"method":"POST","path":"/parse/installations","body":{"installationId":"ab-2","deviceType":"ios","deviceToken":"t1","badge":3}}""";
        var same = """{"method":"POST","path":"/parse/users","body":{"authData":{"anonymous":{"id":"device-1"}}}}""";
        Assert.That(await BatchAsync(other, fails), Does.Contain("\"code\":101"));
        Assert.That($"{await CountsAsync()} {await server.FindAsync("_Installation", "{}", "installationId")}", Is.EqualTo("sessions 3 installations 1 users 2 things 1 ab-1"));
        var (_, again) = await SendAsync(other, """{"method":"PUT","path":"/parse/classes/Thing/ID","body":{"n":2}}""".Replace("ID", (string)done[3]!["success"]!["objectId"]!, StringComparison.Ordinal));
        Assert.That(again![1]!["success"], Is.Not.Null);
        Assert.That($"{await server.FindAsync("_Installation", "{}", "installationId")} {await server.FindAsync("Thing", "{}")}", Is.EqualTo("ab-2 2"));

        // A log-in by what a provider vouches for is one of the writes: no session without the rest.
        var before = await CountsAsync();
        var (_, loggedOut) = await server.CallAsync("POST", "/batch", $$"""{"transaction":true,"requests":[{{same}},{{fails}}]}""");
        Assert.That($"{loggedOut!["code"]} {await CountsAsync()}", Is.EqualTo($"101 {before}"));
        var (_, loggedIn) = await server.CallAsync("POST", "/batch", $$"""{"transaction":true,"requests":[{{same}},{{items[3]}}]}""");
        Assert.That(await server.SendAsync("GET", "/users/me", session: (string?)loggedIn![0]!["success"]!["sessionToken"]), Does.StartWith("200"));

        var mine = (string)done[0]!["success"]!["objectId"]!;
        Assert.That(await BatchAsync($$"""{"method":"DELETE","path":"/parse/sessions/{{mine}}"}""", items[3]), Does.StartWith("200"));
        Assert.That(await server.SendAsync("GET", "/users/me", session: (string?)done[0]!["success"]!["sessionToken"]), Does.Contain("\"code\":209"));

        Task<(int Status, JsonNode? Body)> SendAsync(params string[] requests) =>
            server.CallAsync("POST", "/batch", $$"""{"transaction":true,"requests":[{{string.Join(',', requests)}}]}""", session: token);

        async Task<string> BatchAsync(params string[] requests)
        {
            var (code, body) = await SendAsync(requests);
            return $"{code} {body!.ToJsonString()}";
        }

        async Task<string> CountsAsync() => $"sessions {await CountAsync("_Session")} installations {await CountAsync("_Installation")} users {await CountAsync("_User")} things {await CountAsync("Thing")}";

        async Task<int> CountAsync(string className) => (int)(await server.CallAsync("GET", $"/classes/{className}?count=1&limit=0", null, master: true)).Body!["count"]!;
    }

    [TestCase("""{"method":"GET","path":"/parse/classes/Any"}""", "GET /classes/Any")]
    [TestCase("""{"method":"POST","path":"/parse/functions/any"}""", "POST /functions/any")]
    [TestCase("""{"method":"POST","path":"/parse/login","body":{"username":"a","password":"b"}}""", "POST /login")]
    public async Task What_writes_no_object_is_refused_before_anything_is_done(string item, string named) =>
        Assert.That(await (await Shared.ServerAsync()).SendAsync("POST", "/batch", $$"""{"transaction":true,"requests":[{"method":"POST","path":"/parse/classes/AnyStaged"},{{item}}]}"""),
            Is.EqualTo($$"""400 {"code":108,"error":"A transaction writes objects; it cannot hold {{named}}."}"""));

    private static string Post(string className, string body) => Item("POST", className, body);

    private static string Put(string className, string id, string body) => Item("PUT", $"{className}/{id}", body);

    private static string Delete(string className, string id) => Item("DELETE", $"{className}/{id}", "{}");

    private static string Item(string method, string path, string body) => $$"""{"method":"{{method}}","path":"/parse/classes/{{path}}","body":{{body}} }""";
}
