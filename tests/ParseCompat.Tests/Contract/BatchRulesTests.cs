using System.Text.Json;

namespace Backend.ParseCompat.Tests.Contract;

/// <summary>The sentences of contract section 24 that no other test states, by requests against a started server.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class BatchRulesTests
{
    private ParseApp _app = null!;

    [OneTimeSetUp]
    public async Task Start() => _app = await ParseApp.StartAsync(("ParseCompat:PublicServerUrl", "https://api.example.com/mobile/v1"));

    [OneTimeTearDown]
    public async Task Stop() => await _app.DisposeAsync();

    [TestCase("/parse/classes/A", "/parse")]
    [TestCase("/1/classes/A", "/parse")]
    [TestCase("/parse/classes/A", "/1")]
    [TestCase("/mobile/v1/classes/A", "/parse")]
    public async Task Paths_are_those_of_the_mounts_and_of_the_public_address(string path, string mount) =>
        Assert.That(await _app.SendAsync("POST", mount + "/batch", $$"""{"requests":[{"method":"POST","path":"{{path}}","body":{"n":1} }]}"""), Does.StartWith("200 [{\"success\":{\"objectId\""));

    [TestCase("""{"method":"POST","path":"/mobile/classes/A"}""", "cannot route batch path /mobile/classes/A")]
    [TestCase("""{"method":"POST","path":"classes/A"}""", "cannot route batch path classes/A")]
    [TestCase("""{"method":"POST","path":"/parse/files/a.txt","body":{}}""", "cannot route POST /files/a.txt")]
    [TestCase("""{"method":"GET","path":"/parse/apps/choose_password"}""", "cannot route GET /apps/choose_password")]
    [TestCase("""{"path":"/parse/classes/A"}""", "cannot route undefined /classes/A")]
    [TestCase("""{"method":"POST","path":"/mobile/v1/batch","body":{"requests":[]}}""", "nested batch requests are not allowed")]
    [TestCase("5", "batch request path must be a string")]
    public async Task One_entry_that_cannot_be_routed_refuses_the_whole(string entry, string message)
    {
        Assert.That(await _app.SendAsync("POST", "/parse/batch", $$"""{"requests":[{"method":"POST","path":"/parse/classes/Unrouted","body":{} },{{entry}}]}"""), Is.EqualTo($$"""400 {"code":107,"error":"{{message}}"}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/classes/Unrouted?count=1&limit=0"), Is.EqualTo("""200 {"results":[],"count":0}"""), "nothing was done");
    }

    [Test]
    public async Task Entries_that_all_fail_are_still_200_each_with_its_own_code_and_text()
    {
        var answer = await _app.JsonAsync("POST", "/parse/batch", """
            {"requests":[{"method":"PUT","path":"/parse/classes/A/none","body":{"n":{"__op":"Frobnicate"}}},
            {"method":"POST","path":"/parse/functions/nothing","body":{}},
            {"method":"DELETE","path":"/parse/classes/A/none"},
            {"method":"POST","path":"/parse/users","body":{"username":"x"}},
            {"method":"GET","path":"/parse/users/me"}]}
            """);
        Assert.That(answer.EnumerateArray().Select(e => e.GetProperty("error").GetRawText()), Is.EqualTo([
            """{"code":108,"error":"The Frobnicate operator is not supported yet."}""", """{"code":141,"error":"Invalid function: \"nothing\""}""",
            """{"code":101,"error":"Object not found."}""", """{"code":201,"error":"password is required"}""", """{"code":209,"error":"Invalid session token"}"""]),
            string.Join('\n', answer.EnumerateArray().Select(e => e.GetRawText())));
    }

    [Test]
    public async Task Entries_share_the_callers_rights_and_their_order_is_kept_over_hundreds()
    {
        var (id, token) = await _app.SignUpAsync("ann");
        var items = string.Join(',', Enumerable.Range(0, 400).Select(i => i % 100 == 7
            ? $$"""{"method":"PUT","path":"/parse/classes/Many/none{{i}}","body":{} }"""
            : $$"""{"method":"POST","path":"/parse/classes/Many","body":{"n":{{i}},"ACL":{"{{id}}":{"read":true} } } }"""));
        var answer = await _app.JsonAsync("POST", "/parse/batch", $$"""{"requests":[{{items}},{"method":"GET","path":"/parse/classes/Many?limit=3&order=-n"},{"method":"GET","path":"/parse/classes/Many","body":{"where":{"n":5} } },{"method":"GET","path":"/parse/users/me"}]}""", ParseApp.As(token));
        var entries = answer.EnumerateArray().ToList();
        Assert.That(entries, Has.Count.EqualTo(403));
        Assert.That(entries.Take(400).Select((e, i) => e.TryGetProperty("error", out _) == (i % 100 == 7)), Is.All.True);
        Assert.That(Values(entries[400]), Is.EqualTo([399, 398, 397]));
        Assert.That(Values(entries[401]), Is.EqualTo([5]));
        Assert.That(entries[402].GetProperty("success").GetProperty("objectId").GetString(), Is.EqualTo(id));
        Assert.That(await _app.SendAsync("GET", "/parse/classes/Many?limit=0&count=1"), Is.EqualTo("""200 {"results":[],"count":0}"""), "they are the user's alone");

        static int[] Values(JsonElement entry) => [.. entry.GetProperty("success").GetProperty("results").EnumerateArray().Select(r => r.GetProperty("n").GetInt32())];
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Several_writes_of_one_row_are_done_in_their_order(bool transaction)
    {
        var id = (await _app.JsonAsync("POST", "/parse/classes/Twice", """{"n":1,"list":[]}""")).GetProperty("objectId").GetString();
        string Put(string body) => $$"""{"method":"PUT","path":"/parse/classes/Twice/{{id}}","body":{{body}} }""";
        var answer = await _app.JsonAsync("POST", "/parse/batch", $$"""
            {"transaction":{{(transaction ? "true" : "false")}},"requests":[{{Put("""{"n":5,"list":{"__op":"Add","objects":["a"]}}""")}},{{Put("""{"n":{"__op":"Increment","amount":2},"list":{"__op":"Add","objects":["b"]}}""")}},{{Put("""{"list":{"__op":"Remove","objects":["a"]}}""")}}]}
            """);
        Assert.That(answer[1].GetProperty("success").GetProperty("n").GetInt32(), Is.EqualTo(7));
        Assert.That(answer[2].GetProperty("success").GetProperty("list").GetRawText(), Is.EqualTo("""["b"]"""));
        Assert.That(await _app.SendAsync("GET", $"/parse/classes/Twice/{id}?keys=n,list"), Does.Contain("\"n\":7").And.Contain("""["b"]"""));
    }

    [TestCase("\"true\"")]
    [TestCase("1")]
    [TestCase("null")]
    public async Task Only_true_asks_for_a_transaction(string value) =>
        Assert.That(await _app.SendAsync("POST", "/parse/batch", $$"""{"transaction":{{value}},"requests":[{"method":"POST","path":"/parse/classes/Loose","body":{} },{"method":"PUT","path":"/parse/classes/Loose/none","body":{} }]}"""),
            Does.StartWith("200 [{\"success\"").And.EndWith("""{"error":{"code":101,"error":"Object not found."}}]"""));
}
