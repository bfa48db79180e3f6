using System.Text.Json;

namespace Backend.ParseCompat.Tests.Queries;

/// <summary>Included rows that come in the page's own statement are those that a statement of their own would bring.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class JoinTests
{
    [Test]
    public async Task A_page_keeps_its_order_and_every_row_its_own_references()
    {
        await using var app = await ParseApp.StartAsync();
        for (var i = 0; i < 5; i++)
            await app.JsonAsync("POST", "/parse/classes/Player", $$"""{"name":"p{{i}}","rank":{{i}}}""");
        var players = (await app.JsonAsync("GET", "/parse/classes/Player?order=rank")).GetProperty("results").EnumerateArray().Select(p => p.GetProperty("objectId").GetString()!).ToList();
        for (var i = 0; i < 12; i++)
            await app.JsonAsync("POST", "/parse/classes/Score", $$"""{"n":{{i}},"by":{{Pointer("Player", players[i % 5])}},"against":{{Pointer("Player", players[i * 3 % 5])}}}""");

        var results = (await app.JsonAsync("GET", "/parse/classes/Score?order=-n&include=by,against,nothing&skip=2&limit=7&count=1"));

        Assert.That(results.GetProperty("count").GetInt32(), Is.EqualTo(12));
        Assert.That(results.GetProperty("results").EnumerateArray().Select(Describe),
            Is.EqualTo(Enumerable.Range(0, 7).Select(i => 9 - i).Select(n => $"{n}: p{n % 5} p{n * 3 % 5}")));
        var one = results.GetProperty("results")[0].GetProperty("by");
        Assert.That(one.GetProperty("__type").GetString(), Is.EqualTo("Object"));
        Assert.That(one.GetProperty("className").GetString(), Is.EqualTo("Player"));
        Assert.That(one.TryGetProperty("createdAt", out _));

        var got = await app.JsonAsync("GET", $"/parse/classes/Score/{results.GetProperty("results")[0].GetProperty("objectId")}?include=by");
        Assert.That(got.GetProperty("by").GetProperty("name").GetString(), Is.EqualTo("p4"));
        Assert.That(got.GetProperty("against").GetProperty("__type").GetString(), Is.EqualTo("Pointer"));

        static string Describe(JsonElement score) => $"{score.GetProperty("n")}: {score.GetProperty("by").GetProperty("name")} {score.GetProperty("against").GetProperty("name")}";
    }

    [Test]
    public async Task A_row_that_is_gone_or_not_the_callers_to_read_takes_its_key_along()
    {
        await using var app = await ParseApp.StartAsync();
        var (me, token) = await app.SignUpAsync("me");
        var mine = (await app.JsonAsync("POST", "/parse/classes/Player", $$"""{"name":"mine","ACL":{"{{me}}":{"read":true} } }""")).GetProperty("objectId").GetString()!;
        await app.JsonAsync("POST", "/parse/classes/Score", $$"""{"n":1,"by":{{Pointer("Player", mine)}}}""");
        await app.JsonAsync("POST", "/parse/classes/Score", $$"""{"n":2,"by":{{Pointer("Player", "nobody")}}}""");
        await app.JsonAsync("POST", "/parse/classes/Score", """{"n":3}""");

        var anonymous = (await app.JsonAsync("GET", "/parse/classes/Score?order=n&include=by")).GetProperty("results");
        var asMe = (await app.JsonAsync("GET", "/parse/classes/Score?order=n&include=by", null, ParseApp.As(token))).GetProperty("results");

        Assert.That(anonymous.EnumerateArray().Select(s => s.TryGetProperty("by", out _)), Is.EqualTo(new[] { false, false, false }));
        Assert.That(asMe.EnumerateArray().Select(s => s.TryGetProperty("by", out _)), Is.EqualTo(new[] { true, false, false }));
        Assert.That(asMe[0].GetProperty("by").GetProperty("name").GetString(), Is.EqualTo("mine"));
    }

    [Test]
    public async Task Hidden_fields_and_selected_keys_count_for_each_included_row()
    {
        await using var app = await ParseApp.StartAsync();
        var (me, token) = await app.SignUpAsync("me");
        var (other, _) = await app.SignUpAsync("other");
        foreach (var (id, n) in new[] { (me, 1), (other, 2) })
        {
            await app.JsonAsync("PUT", $"/parse/users/{id}", $$"""{"email":"e{{n}}@host.example","level":{{n}},"ACL":{"*":{"read":true} } }""", ParseApp.Master);
            await app.JsonAsync("POST", "/parse/classes/Score", $$"""{"n":{{n}},"by":{{Pointer("_User", id)}}}""");
        }

        var scores = (await app.JsonAsync("GET", "/parse/classes/Score?order=n&include=by", null, ParseApp.As(token))).GetProperty("results");
        var selected = (await app.JsonAsync("GET", "/parse/classes/Score?order=n&keys=by.level", null, ParseApp.As(token))).GetProperty("results")[0];

        Assert.That(scores.EnumerateArray().Select(s => s.GetProperty("by").TryGetProperty("email", out _)), Is.EqualTo(new[] { true, false }), "one's own address");
        Assert.That(selected.TryGetProperty("n", out _), Is.False);
        Assert.That(selected.GetProperty("by").GetProperty("level").GetInt32(), Is.EqualTo(1));
        Assert.That(selected.GetProperty("by").TryGetProperty("username", out _), Is.False);
    }

    [Test]
    public async Task A_class_that_may_not_be_read_is_refused_only_when_a_row_leads_to_it()
    {
        await using var app = await ParseApp.StartAsync();
        await app.JsonAsync("POST", "/parse/schemas/Closed", """{"classLevelPermissions":{"get":{},"find":{"*":true}}}""", ParseApp.Master);
        await app.JsonAsync("POST", "/parse/schemas/Score", """{"fields":{"by":{"type":"Pointer","targetClass":"Closed"}}}""", ParseApp.Master);
        await app.JsonAsync("POST", "/parse/classes/Score", "{}");

        Assert.That(await app.SendAsync("GET", "/parse/classes/Score?include=by"), Does.StartWith("200"));

        await app.JsonAsync("POST", "/parse/classes/Score", $$"""{"by":{{Pointer("Closed", "x")}}}""");
        Assert.That(await app.SendAsync("GET", "/parse/classes/Score?include=by"), Does.StartWith("400 {\"code\":119"));
    }

    private static string Pointer(string className, string id) => $$"""{"__type":"Pointer","className":"{{className}}","objectId":"{{id}}"}""";
}
