using System.Text.Json;

namespace Backend.ParseCompat.Tests.Batch;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class BatchTests
{
    private ParseApp _app = null!;

    [OneTimeSetUp]
    public async Task Start() => _app = await ParseApp.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _app.DisposeAsync();

    [TestCase("/parse")]
    [TestCase("/1")]
    public async Task Items_succeed_and_fail_by_themselves_in_their_order(string mount)
    {
        var className = "Ops" + mount[1..];
        var answer = await _app.JsonAsync("POST", mount + "/batch", $$$"""
            {"requests":[{"method":"POST","path":"{{{mount}}}/classes/{{{className}}}","body":{"n":1}},
            {"method":"PUT","path":"{{{mount}}}/classes/{{{className}}}/none","body":{"n":2}},
            {"method":"POST","path":"{{{mount}}}/classes/{{{className}}}","body":{"n":"text"}},
            {"method":"POST","path":"{{{mount}}}/classes/{{{className}}}","body":{"n":3}}]}
            """);

        Assert.That(answer.EnumerateArray().Select(Kind), Is.EqualTo(["objectId,createdAt", """{"code":101,"error":"Object not found."}""",
            $$"""{"code":111,"error":"schema mismatch for {{className}}.n; expected Number but got String"}""", "objectId,createdAt"]));
        Assert.That((await _app.JsonAsync("GET", $"/parse/classes/{className}?count=1&limit=0")).GetProperty("count").GetInt32(), Is.EqualTo(2));
    }

    [Test]
    public async Task Later_items_see_what_earlier_ones_wrote()
    {
        var id = (await _app.JsonAsync("POST", "/parse/classes/Counter", """{"n":1}""")).GetProperty("objectId").GetString();
        var increment = """{"method":"PUT","path":"/parse/classes/Counter/ID","body":{"n":{"__op":"Increment","amount":1}}}""".Replace("ID", id, StringComparison.Ordinal);

        var answer = await _app.JsonAsync("POST", "/parse/batch", $$"""{"requests":[{{increment}},{{increment}},{{increment}}]}""");

        Assert.That(answer.EnumerateArray().Select(a => a.GetProperty("success").GetProperty("n").GetInt32()), Is.EqualTo([2, 3, 4]));
    }

    [Test]
    public async Task Reads_and_accounts_run_in_a_batch_too()
    {
        var answer = await _app.JsonAsync("POST", "/parse/batch", """
            {"requests":[{"method":"POST","path":"/parse/users","body":{"username":"inBatch","password":"x"}},
            {"method":"GET","path":"/parse/classes/Nothing?limit=1"},
            {"method":"GET","path":"/parse/login","body":{"username":"inBatch","password":"wrong"}},
            {"method":"POST","path":"/parse/login","body":{"username":"inBatch","password":"x"}}]}
            """);

        Assert.That(answer.EnumerateArray().Select(Kind), Is.EqualTo(["objectId,createdAt,sessionToken", "results", """{"code":101,"error":"Invalid username/password."}""",
            "objectId,createdAt,updatedAt,username,ACL,sessionToken"]));
    }

    [Test]
    public async Task A_transaction_writes_all_or_nothing()
    {
        Assert.That(await _app.SendAsync("POST", "/parse/batch", """
            {"transaction":true,"requests":[{"method":"POST","path":"/parse/classes/Atom","body":{"n":1}},{"method":"PUT","path":"/parse/classes/Atom/none","body":{"n":2}}]}
            """), Is.EqualTo("""404 {"code":101,"error":"Object not found."}""").Or.EqualTo("""400 {"code":101,"error":"Object not found."}"""));
        Assert.That((await _app.JsonAsync("GET", "/parse/classes/Atom?count=1&limit=0")).GetProperty("count").GetInt32(), Is.Zero);

        await _app.JsonAsync("POST", "/parse/batch", """
            {"transaction":true,"requests":[{"method":"POST","path":"/parse/classes/Atom","body":{"n":1}},{"method":"POST","path":"/parse/classes/Atom","body":{"m":2}}]}
            """);
        Assert.That((await _app.JsonAsync("GET", "/parse/classes/Atom?count=1&limit=0")).GetProperty("count").GetInt32(), Is.EqualTo(2));
    }

    [TestCase("{}", """400 {"code":107,"error":"requests must be an array"}""")]
    [TestCase("""{"requests":[]}""", "200 []")]
    [TestCase("""{"requests":[{"method":"POST","path":7}]}""", """400 {"code":107,"error":"batch request path must be a string"}""")]
    [TestCase("""{"requests":[{"method":"POST","path":"/other/classes/A"}]}""", """400 {"code":107,"error":"cannot route batch path /other/classes/A"}""")]
    [TestCase("""{"requests":[{"method":"POST","path":"/parse/batch"}]}""", """400 {"code":107,"error":"nested batch requests are not allowed"}""")]
    [TestCase("""{"requests":[{"method":"post","path":"/parse/classes/A"}]}""", """400 {"code":107,"error":"cannot route post /classes/A"}""")]
    [TestCase("""{"requests":[{"method":"POST","path":"/parse/nothing"}]}""", """400 {"code":107,"error":"cannot route POST /nothing"}""")]
    [TestCase("""{"requests":[{"method":"HEAD","path":"/parse/classes/A"}]}""", """400 {"code":107,"error":"cannot route HEAD /classes/A"}""")]
    [TestCase("""{"requests":[{"method":"GET","path":"/parse/health"}]}""", """400 {"code":107,"error":"cannot route GET /health"}""")]
    [TestCase("""{"requests":[{"method":"GET","path":"/parse/schemas"}]}""", """200 [{"error":{"error":"unauthorized: master key is required"}}]""")]
    public async Task A_batch_that_cannot_be_routed_is_refused_as_a_whole(string body, string answer) =>
        Assert.That(await _app.SendAsync("POST", "/parse/batch", body), Is.EqualTo(answer));

    private static string Kind(JsonElement entry) => entry.TryGetProperty("error", out var error)
        ? error.GetRawText()
        : string.Join(',', entry.GetProperty("success").EnumerateObject().Select(p => p.Name));
}
