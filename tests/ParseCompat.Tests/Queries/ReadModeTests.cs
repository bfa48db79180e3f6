using System.Text.Json.Nodes;
using Backend.Testing;

namespace Backend.ParseCompat.Tests.Queries;

/// <summary>What a read may ask about the way it is executed: explain, hint, comment, readPreference (contract 9.1).</summary>
[TestFixture]
public sealed class ReadModeTests
{
    [Test]
    public async Task A_plan_takes_the_place_of_results()
    {
        await using var server = await ParseServer.StartAsync();
        await server.CreateAsync("Row", """{"n":"a"}""");
        await server.CreateAsync("Row", """{"n":"b"}""");
        foreach (var (query, runs) in new[] { ("explain=true", true), ("explain=executionStats", true), ("explain=allPlansExecution", true), ("explain=queryPlanner", false) })
        {
            var (status, found) = await server.CallAsync("GET", "/classes/Row?" + query, null, master: true);
            Assert.That(status, Is.EqualTo(200), query);
            AssertPlan(found!["results"]!, runs ? 2 : null);
        }

        var (_, posted) = await server.CallAsync("POST", "/classes/Row", """{"_method":"GET","explain":true,"where":{"n":"a"},"hint":"nothing","comment":"';--"}""", master: true);
        AssertPlan(posted!["results"]!, 1);
        var (_, user) = await server.CallAsync("GET", "/classes/_User?explain=true", null, master: true);
        AssertPlan(user!["results"]!, 0);
        var (_, aggregated) = await server.CallAsync("GET", "/aggregate/Row?explain=true&$match=" + Uri.EscapeDataString("""{"n":"a"}"""), null, master: true);
        AssertPlan(aggregated!["results"]![0]!, 1);
        var (_, distinct) = await server.CallAsync("GET", "/aggregate/Row?explain=true&distinct=n", null, master: true);
        AssertPlan(distinct!["results"]![0]!, 2);
        var (_, rows) = await server.CallAsync("GET", "/classes/Row?explain=false&hint=_id_&comment=hello", null, master: true);
        Assert.That(rows!["results"]!.AsArray(), Has.Count.EqualTo(2));

        Assert.That(await server.SendAsync("GET", "/classes/Row?explain=true"), Is.EqualTo("""400 {"code":102,"error":"Using the explain query parameter requires the master key"}"""));
        foreach (var wrong in new[] { "1", "yolo", """{"a":1}""", "[1,2]" })
        {
            Assert.That(await server.SendAsync("GET", "/classes/Row?explain=" + Uri.EscapeDataString(wrong), null, master: true),
                Is.EqualTo("""400 {"code":102,"error":"Invalid value for explain"}"""), wrong);
        }
    }

    [Test]
    public async Task Clients_may_explain_when_the_deployment_lets_them()
    {
        await using var server = await ParseServer.StartAsync(new() { ["ParseCompat:AllowPublicExplain"] = "true" });
        await server.CreateAsync("Row", """{"n":"a","ACL":{}}""");
        await server.CreateAsync("Row", """{"n":"b"}""");
        var (_, found) = await server.CallAsync("GET", "/classes/Row?explain=true");
        AssertPlan(found!["results"]!, 1);
    }

    [Test]
    public async Task A_replica_answers_reads_that_ask_for_it_and_the_primary_what_the_replica_cannot()
    {
        // Not a real replica: a database of the same tables with other rows, so that it shows who answered.
        await using var replica = await TestDatabase.CreateAsync();
        await using (var behind = await ParseServer.StartAsync(database: replica))
        {
            await behind.CreateAsync("Author", """{"name":"old"}""");
            await behind.CreateAsync("Row", """{"n":"old"}""");
        }

        await using var server = await ParseServer.StartAsync(new() { ["ConnectionStrings:Replica"] = replica.ConnectionString });
        var author = await server.CreateAsync("Author", """{"name":"new"}""");
        await server.CreateAsync("Row", """{"n":"new"}""");
        await server.CreateAsync("Fresh", """{"n":"fresh"}""");
        Assert.That(await NamesAsync("/classes/Row"), Is.EqualTo("new"));
        Assert.That(await NamesAsync("/classes/Row?readPreference=PRIMARY"), Is.EqualTo("new"));
        Assert.That(await NamesAsync("/classes/Row?readPreference=primary_preferred"), Is.EqualTo("new"));
        Assert.That(await NamesAsync("/classes/Row?readPreference=SECONDARY"), Is.EqualTo("old"));
        Assert.That(await NamesAsync("/classes/Row?readPreference=nearest"), Is.EqualTo("old"));
        Assert.That(await NamesAsync("/aggregate/Row?readPreference=SECONDARY_PREFERRED&$match={}"), Is.EqualTo("old"));
        Assert.That(await NamesAsync("/aggregate/Row?$match={}"), Is.EqualTo("new"));
        Assert.That(await NamesAsync("/classes/Fresh?readPreference=SECONDARY"), Is.EqualTo("fresh"));
        Assert.That(await NamesAsync("/aggregate/Fresh?readPreference=SECONDARY&$match={}"), Is.EqualTo("fresh"));
        Assert.That((await server.CallAsync("GET", $"/classes/Author/{author}")).Status, Is.EqualTo(200));
        Assert.That((await server.CallAsync("GET", $"/classes/Author/{author}?readPreference=SECONDARY")).Status, Is.EqualTo(404));
        Assert.That(await server.SendAsync("GET", "/classes/Row?readPreference=sometimes"), Is.EqualTo("""400 {"code":102,"error":"Not supported read preference."}"""));

        async Task<string> NamesAsync(string path) => string.Join(',', (await server.CallAsync("GET", path, null, master: true)).Body!["results"]!.AsArray().Select(r => (string?)r!["n"]));
    }

    [Test]
    public async Task A_replica_that_is_away_is_not_missed()
    {
        await using var server = await ParseServer.StartAsync(new() { ["ConnectionStrings:Replica"] = "Host=127.0.0.1;Port=1;Username=postgres;Database=nothing;Timeout=2" });
        await server.CreateAsync("Row", """{"n":"a"}""");
        var (status, body) = await server.CallAsync("GET", "/classes/Row?readPreference=SECONDARY");
        Assert.That((status, body!["results"]!.AsArray().Count), Is.EqualTo((200, 1)));
    }

    private static void AssertPlan(JsonNode plan, int? rows)
    {
        Assert.That((string?)plan["queryPlanner"]?["winningPlan"]?["Node Type"], Is.Not.Empty, plan.ToJsonString());
        Assert.That((int?)plan["ok"], Is.EqualTo(1));
        Assert.That((double?)plan["executionStats"]?["nReturned"], Is.EqualTo(rows));
    }
}
