namespace Backend.ParseCompat.Tests.Hooks;

[Parallelizable(ParallelScope.All)]
internal sealed class FunctionTests
{
    [Test]
    public async Task Hooks_are_declared_listed_changed_and_removed_by_the_master_key()
    {
        await using var server = await ParseServer.StartAsync();

        Assert.That(await server.SendAsync("GET", "/hooks/functions"), Is.EqualTo("""403 {"error":"unauthorized: master key is required"}"""));
        await Master("GET", "/hooks/functions", null, "200 []");
        await Master("POST", "/hooks/functions", """{"functionName":"f","url":"http://a/f"}""", """200 {"functionName":"f","url":"http://a/f"}""");
        await Master("POST", "/hooks/functions", """{"functionName":"f","url":"http://a/g"}""", """400 {"code":143,"error":"function name: f already exists"}""");
        await Master("POST", "/hooks/triggers", """{"className":"A","triggerName":"beforeSave","url":"http://a/t"}""", """200 {"className":"A","triggerName":"beforeSave","url":"http://a/t"}""");
        await Master("POST", "/hooks/triggers", """{"className":"A","triggerName":"beforeSave","url":"http://a/t"}""", """400 {"code":143,"error":"class A already has trigger beforeSave"}""");
        await Master("GET", "/hooks/functions", null, """200 [{"functionName":"f","url":"http://a/f"}]""");
        await Master("GET", "/hooks/triggers", null, """200 [{"className":"A","triggerName":"beforeSave","url":"http://a/t"}]""");
        await Master("GET", "/hooks/functions/f", null, """200 {"functionName":"f","url":"http://a/f"}""");
        await Master("GET", "/hooks/functions/g", null, """400 {"code":143,"error":"no function named: g is defined"}""");
        await Master("GET", "/hooks/triggers/A/beforeSave", null, """200 {"className":"A","triggerName":"beforeSave","url":"http://a/t"}""");
        await Master("GET", "/hooks/triggers/A/afterSave", null, """400 {"code":143,"error":"class A does not exist"}""");
        await Master("PUT", "/hooks/functions/f", """{"url":"http://b/f"}""", """200 {"functionName":"f","url":"http://b/f"}""");
        await Master("PUT", "/hooks/functions/g", """{"url":"http://b/f"}""", """400 {"code":143,"error":"no function named: g is defined"}""");
        await Master("PUT", "/hooks/functions/f", "{}", """400 {"code":143,"error":"invalid hook declaration"}""");
        await Master("PUT", "/hooks/triggers/A/beforeSave", """{"url":"http://b/t"}""", """200 {"className":"A","triggerName":"beforeSave","url":"http://b/t"}""");
        await Master("PUT", "/hooks/triggers/B/beforeSave", """{"url":"http://b/t"}""", """400 {"code":143,"error":"class B does not exist"}""");
        await Master("PUT", "/hooks/functions/f", """{"__op":"Delete"}""", "200 {}");
        await Master("PUT", "/hooks/triggers/A/beforeSave", """{"__op":"Delete"}""", "200 {}");
        await Master("GET", "/hooks/functions", null, "200 []");
        await Master("GET", "/hooks/triggers", null, "200 []");

        async Task Master(string method, string path, string? body, string expected) =>
            Assert.That(await server.SendAsync(method, path, body, master: true), Is.EqualTo(expected), $"{method} {path} {body}");
    }

    [TestCase("""{"functionName":"f"}""")]
    [TestCase("""{"functionName":"f","url":1}""")]
    [TestCase("""{"className":"A","url":"http://a"}""")]
    [TestCase("""{"className":"A","triggerName":"onceInAWhile","url":"http://a"}""")]
    [TestCase("""{"triggerName":"beforeSave","url":"http://a"}""")]
    [TestCase("{}")]
    public async Task A_declaration_that_lacks_something_is_refused(string body)
    {
        var server = await Shared.ServerAsync();

        Assert.That(await server.SendAsync("POST", "/hooks/triggers", body, master: true), Is.EqualTo("""400 {"code":143,"error":"invalid hook declaration"}"""));
    }

    [TestCase("_Session", "beforeSave", "Only the afterLogout trigger is allowed for the _Session class.")]
    [TestCase("A", "afterLogout", "Only the _Session class is allowed for the afterLogout trigger.")]
    [TestCase("A", "beforeLogin", "Only the _User class is allowed for the beforeLogin and afterLogin triggers")]
    [TestCase("_PushStatus", "beforeSave", "Only afterSave is allowed on _PushStatus")]
    public async Task A_trigger_of_a_class_that_has_no_such_moment_is_refused(string className, string trigger, string error)
    {
        var server = await Shared.ServerAsync();
        var body = $$"""{"className":"{{className}}","triggerName":"{{trigger}}","url":"http://a"}""";

        Assert.That(await server.SendAsync("POST", "/hooks/triggers", body, master: true), Is.EqualTo($$"""400 {"code":143,"error":"{{error}}"}"""));
    }

    [TestCase("""{"success":{"a":[1,{"b":null}]}}""", """200 {"result":{"a":[1,{"b":null}]}}""")]
    [TestCase("""{"success":null}""", """200 {"result":null}""")]
    [TestCase("""{"success":false}""", """200 {"result":false}""")]
    [TestCase("{}", "200 {}")]
    [TestCase("", "200 {}")]
    [TestCase("""{"error":"no"}""", """400 {"code":141,"error":"no"}""")]
    [TestCase("""{"error":{"code":1337,"error":"hacking that one!"}}""", """400 {"code":141,"error":{"code":1337,"error":"hacking that one!"}}""")]
    [TestCase("""{"error":{"code":1337,"message":"told"}}""", """400 {"code":141,"error":"told"}""")]
    [TestCase("""{"error":"","success":1}""", """200 {"result":1}""")]
    [TestCase("<html>", """400 {"code":141,"error":{"error":"Malformed response","code":-1,"partialResponse":"\u003Chtml>"}}""")]
    public async Task A_function_answers_what_its_hook_says(string answer, string expected)
    {
        var server = await Shared.ServerAsync();
        await using var receiver = await HookReceiver.StartAsync();
        var name = "f" + Guid.NewGuid().ToString("N");
        await server.SendAsync("POST", "/hooks/functions", $$"""{"functionName":"{{name}}","url":"{{receiver.Answer("/f", answer)}}"}""", master: true);

        Assert.That((await server.SendAsync("POST", "/functions/" + name, "{}")).Replace("<", "\\u003C", StringComparison.Ordinal), Is.EqualTo(expected));
    }

    [Test]
    public async Task A_hook_is_told_the_parameters_and_who_calls()
    {
        await using var server = await ParseServer.StartAsync(new() { ["ParseCompat:WebhookKey"] = "secret" });
        await using var receiver = await HookReceiver.StartAsync();
        await server.SendAsync("POST", "/hooks/functions", $$"""{"functionName":"f","url":"{{receiver.Answer("/f", "{}")}}"}""", master: true);
        var (_, user) = await server.CallAsync("POST", "/users", """{"username":"ann","password":"secret"}""");
        var session = (string)user!["sessionToken"]!;

        await server.CallAsync(
            "POST",
            "/functions/f?q=1",
            """
            {"q":2,"n":3,"at":{"__type":"Date","iso":"2020-01-02T03:04:05Z"},"p":{"__type":"Pointer","className":"A","objectId":"x"},
             "_ApplicationId":"app","_InstallationId":"i1","_context":{"trace":7}}
            """,
            session: session);

        var (_, body, headers) = receiver.Calls.Single();
        Assert.That(body["params"]!.ToJsonString(), Is.EqualTo("""{"n":3,"at":"2020-01-02T03:04:05.000Z","p":{"__type":"Pointer","className":"A","objectId":"x"},"q":"1"}"""));
        Assert.That((string?)body["functionName"], Is.EqualTo("f"));
        Assert.That((bool?)body["master"], Is.False);
        Assert.That((string?)body["user"]!["username"], Is.EqualTo("ann"));
        Assert.That((string?)body["user"]!["sessionToken"], Is.EqualTo(session));
        Assert.That((string?)body["ip"], Is.EqualTo("127.0.0.1"));
        Assert.That((string?)body["headers"]!["x-parse-session-token"], Is.EqualTo(session));
        Assert.That((string?)headers["X-Parse-Webhook-Key"], Is.EqualTo("secret"));
        Assert.That((string?)headers["X-Parse-Application-Id"], Is.EqualTo("app"));
        Assert.That((string?)headers.ContentType, Is.EqualTo("application/json"));
    }

    [Test]
    public async Task A_hook_that_is_slow_gone_or_endless_is_given_up_and_never_called_twice()
    {
        // Only what never answers may run into the short limit: on a busy machine others are slow too.
        await using var hasty = await ParseServer.StartAsync(new() { ["ParseCompat:WebhookTimeout"] = "00:00:00.5" });
        await using var server = await ParseServer.StartAsync(new() { ["ParseCompat:WebhookMaxAnswerBytes"] = "1000" });
        await using var receiver = await HookReceiver.StartAsync();
        await Declare("slow", receiver.Answer("/slow", async (_, http) => await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default)), hasty);
        await Declare("endless", receiver.Answer("/endless", "\"" + new string('x', 2_000) + "\""));
        await Declare("cut", receiver.Answer("/cut", (_, http) =>
        {
            http.Abort();
            return Task.CompletedTask;
        }));
        await Declare("moved", receiver.Answer("/moved", (_, http) =>
        {
            http.Response.Redirect("/slow");
            return Task.CompletedTask;
        }));
        await Declare("gone", "http://127.0.0.1:1/");
        await Declare("strange", "ftp://127.0.0.1/");

        Assert.That(await hasty.SendAsync("POST", "/functions/slow"), Is.EqualTo("""400 {"code":124,"error":"The web hook did not answer in time."}"""));
        Assert.That(await server.SendAsync("POST", "/functions/endless"), Is.EqualTo("""400 {"code":141,"error":"The web hook\u0027s answer is too large."}""").Or.EqualTo("""400 {"code":141,"error":"The web hook's answer is too large."}"""));
        Assert.That(await server.SendAsync("POST", "/functions/cut"), Is.EqualTo("""400 {"code":141,"error":"The web hook could not be reached."}"""));
        Assert.That(await server.SendAsync("POST", "/functions/gone"), Is.EqualTo("""400 {"code":141,"error":"The web hook could not be reached."}"""));
        Assert.That(await server.SendAsync("POST", "/functions/moved"), Is.EqualTo("""400 {"code":141,"error":"The web hook answered with status 302."}"""));
        Assert.That(await server.SendAsync("POST", "/functions/strange"), Does.StartWith("400 "));
        Assert.That(receiver.Calls.Select(c => c.Path), Is.EqualTo(new[] { "/slow", "/endless", "/cut", "/moved" }));

        Task Declare(string name, string url, ParseServer? on = null) =>
            (on ?? server).SendAsync("POST", "/hooks/functions", $$"""{"functionName":"{{name}}","url":"{{url}}"}""", master: true);
    }

    [Test]
    public async Task What_nobody_declared_is_no_function_and_no_job()
    {
        var server = await Shared.ServerAsync();

        Assert.That(await server.SendAsync("POST", "/functions/a.b"), Is.EqualTo("""400 {"code":141,"error":"Invalid function: \"a.b\""}"""));
        Assert.That(await server.SendAsync("POST", "/jobs/a", master: true), Is.EqualTo("""400 {"code":141,"error":"Invalid job."}"""));
        Assert.That(await server.SendAsync("POST", "/jobs", """{"jobName":"a"}""", master: true), Is.EqualTo("""400 {"code":141,"error":"Invalid job."}"""));
        Assert.That(await server.SendAsync("POST", "/jobs/a"), Is.EqualTo("""403 {"error":"unauthorized: master key is required"}"""));
    }

    [Test]
    public async Task The_other_process_knows_a_hook_when_its_declaration_is_answered()
    {
        await using var database = await Testing.TestDatabase.CreateAsync();
        await using var one = await ParseServer.StartAsync(database: database);
        await using var other = await ParseServer.StartAsync(database: database);
        await using var receiver = await HookReceiver.StartAsync();
        var url = receiver.Answer("/f", """{"success":1}""");

        for (var i = 0; i < 5; i++)
        {
            await one.SendAsync("POST", "/hooks/functions", $$"""{"functionName":"f","url":"{{url}}"}""", master: true);
            Assert.That(await other.SendAsync("POST", "/functions/f"), Is.EqualTo("""200 {"result":1}"""));
            await other.SendAsync("PUT", "/hooks/functions/f", """{"__op":"Delete"}""", master: true);
            Assert.That(await one.SendAsync("POST", "/functions/f"), Does.StartWith("400 "));
        }
    }
}
