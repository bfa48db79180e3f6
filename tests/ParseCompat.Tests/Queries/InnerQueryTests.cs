using System.Text.Json.Nodes;

namespace Backend.ParseCompat.Tests.Queries;

/// <summary>Sub-queries and relations, all in the one statement, with the caller's rights on the inner rows (contract 9.5 to 9.7).</summary>
[TestFixture]
public sealed class InnerQueryTests
{
    private ParseServer _server = null!;
    private string _ann = "";
    private string _bob = "";
    private string _cat = "";
    private string _team = "";
    private string _secretTeam = "";
    private string _session = "";

    [OneTimeSetUp]
    public async Task Start()
    {
        _server = await ParseServer.StartAsync();
        var (_, user) = await _server.CallAsync("POST", "/users", """{"username":"reader","password":"secret"}""");
        _session = (string)user!["sessionToken"]!;
        _ann = await _server.CreateAsync("Author", """{"n":"ann","age":30,"born":{"__type":"Date","iso":"2000-01-01T00:00:00.000Z"},"tags":["x","y"],"o":{"k":1,"list":[{"m":7}]},"by":null}""");
        _bob = await _server.CreateAsync("Author", """{"n":"bob","age":40,"tags":["z"],"o":{"k":2}}""");
        _cat = await _server.CreateAsync("Author", """{"n":"cat","age":50,"tags":["secret"],"ACL":{}}""");
        await _server.CallAsync("PUT", "/classes/Author/" + _bob, $$"""{"by":{{Pointer("Author", _ann)}}}""", master: true);
        foreach (var row in new[]
        {
            """{"n":"1","by":ANN,"likes":[ANN,BOB],"o":{"by":ANN,"list":[{"by":BOB}]},"tag":"x","num":30,"tags":["y","q"],"when":{"__type":"Date","iso":"2000-01-01T00:00:00.000Z"}}""",
            """{"n":"2","by":BOB,"likes":[BOB],"o":{"by":BOB,"k":1},"tag":"z","num":40,"tags":["z"]}""",
            """{"n":"3","by":CAT,"likes":[CAT],"o":{"by":CAT},"tag":"secret","num":50,"tags":["secret"]}""",
            """{"n":"4","likes":["text",1,null],"o":{"by":"ANNID"},"tag":null}""",
        })
        {
            await _server.CreateAsync("Post", Names(row));
        }

        _team = await _server.CreateAsync("Team", Names("""{"n":"team","members":{"__op":"AddRelation","objects":[ANN,BOB]}}"""));
        _secretTeam = await _server.CreateAsync("Team", Names("""{"n":"secret","members":{"__op":"AddRelation","objects":[CAT,BOB]},"ACL":{}}"""));
        await _server.CreateAsync("Team", """{"n":"empty"}""");
    }

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    [TestCase("""{"by":{"$inQuery":{"className":"Author","where":{"age":{"$gte":40}}}}}""", "2", "2,3")]
    [TestCase("""{"by":{"$notInQuery":{"className":"Author","where":{"age":{"$gte":40}}}}}""", "1,3,4", "1,4")]
    [TestCase("""{"likes":{"$inQuery":{"className":"Author","where":{"age":{"$gte":40}}}}}""", "1,2", "1,2,3")]
    [TestCase("""{"likes":{"$notInQuery":{"className":"Author","where":{"age":{"$gte":40}}}}}""", "3,4", "4")]
    [TestCase("""{"o.by":{"$inQuery":{"className":"Author","where":{"n":"ann"}}}}""", "1", "1")]
    [TestCase("""{"o.list.by":{"$inQuery":{"className":"Author","where":{"n":"bob"}}}}""", "1", "1")]
    [TestCase("""{"o.list.0.by":{"$inQuery":{"className":"Author","where":{"n":"bob"}}}}""", "1", "1")]
    [TestCase("""{"by":{"$inQuery":{"className":"Author","where":{"by":{"$inQuery":{"className":"Author","where":{"n":"ann"}}}}}}}""", "2", "2")]
    [TestCase("""{"by":{"$inQuery":{"className":"Author","where":{},"limit":1,"order":"n"}}}""", "1,2", "1,2,3")]
    [TestCase("""{"by":{"$inQuery":{"className":"Nobody","where":{}}}}""", "", "")]
    [TestCase("""{"tag":{"$select":{"query":{"className":"Author"},"key":"tags"}}}""", "1,2", "1,2,3")]
    [TestCase("""{"tag":{"$dontSelect":{"query":{"className":"Author"},"key":"tags"}}}""", "3,4", "4")]
    [TestCase("""{"tags":{"$select":{"query":{"className":"Author"},"key":"tags"}}}""", "1,2", "1,2,3")]
    [TestCase("""{"num":{"$select":{"query":{"className":"Author"},"key":"age"}}}""", "1,2", "1,2,3")]
    [TestCase("""{"num":{"$select":{"query":{"className":"Author","where":{"n":"bob"}},"key":"age"}}}""", "2", "2")]
    [TestCase("""{"num":{"$select":{"query":{"className":"Author"},"key":"n"}}}""", "", "")]
    [TestCase("""{"o.k":{"$select":{"query":{"className":"Author"},"key":"o.k"}}}""", "2", "2")]
    [TestCase("""{"by":{"$select":{"query":{"className":"Author"},"key":"by"}}}""", "1", "1")]
    // A found row's explicit null is a value like others.
    [TestCase("""{"likes":{"$select":{"query":{"className":"Author"},"key":"by"}}}""", "1,4", "1,4")]
    [TestCase("""{"o.by":{"$select":{"query":{"className":"Author"},"key":"by"}}}""", "1", "1")]
    [TestCase("""{"o.by":{"$select":{"query":{"className":"Author"},"key":"by.objectId"}}}""", "4", "4")]
    [TestCase("""{"by":{"$select":{"query":{"className":"Post"},"key":"likes"}}}""", "1,2,3", "1,2,3")]
    [TestCase("""{"when":{"$select":{"query":{"className":"Author"},"key":"born"}}}""", "1", "1")]
    [TestCase("""{"num":{"$select":{"query":{"className":"Author"},"key":"unknown"}}}""", "", "")]
    [TestCase("""{"num":{"$dontSelect":{"query":{"className":"Author"},"key":"unknown"}}}""", "1,2,3,4", "1,2,3,4")]
    public async Task An_inner_query_finds_what_its_caller_may_see(string where, string expected, string expectedByMaster)
    {
        Assert.That(await _server.FindAsync("Post", Names(where), master: false), Is.EqualTo(expected));
        Assert.That(await _server.FindAsync("Post", Names(where), master: false, session: _session), Is.EqualTo(expected));
        Assert.That(await _server.FindAsync("Post", Names(where)), Is.EqualTo(expectedByMaster));
    }

    [TestCase("""{"members":BOB}""", "team", "secret,team")]
    [TestCase("""{"members":{"$in":[ANN,CAT]}}""", "team", "secret,team")]
    [TestCase("""{"members":{"$nin":[ANN]}}""", "empty", "empty,secret")]
    [TestCase("""{"members":{"$ne":ANN}}""", "empty", "empty,secret")]
    [TestCase("""{"members":{"$inQuery":{"className":"Author","where":{"age":{"$gt":35}}}}}""", "team", "secret,team")]
    [TestCase("""{"members":{"$inQuery":{"className":"Author","where":{"n":"cat"}}}}""", "", "secret")]
    [TestCase("""{"members":{"$notInQuery":{"className":"Author","where":{"n":"ann"}}}}""", "empty", "empty,secret")]
    [TestCase("""{"members":{"$exists":true}}""", "", "")]
    public async Task Finds_owners_of_a_relation(string where, string expected, string expectedByMaster)
    {
        Assert.That(await _server.FindAsync("Team", Names(where), master: false), Is.EqualTo(expected));
        Assert.That(await _server.FindAsync("Team", Names(where)), Is.EqualTo(expectedByMaster));
    }

    [TestCase("TEAM", "", "ann,bob", "ann,bob")]
    [TestCase("SECRETTEAM", "", "", "bob,cat")]
    [TestCase("TEAM", ""","age":{"$gt":35}""", "bob", "bob")]
    public async Task Finds_members_of_a_relation(string team, string more, string expected, string expectedByMaster)
    {
        var related = $$"""{"$relatedTo":{"object":{{Pointer("Team", team == "TEAM" ? _team : _secretTeam)}},"key":"members"}{{more}} }""";

        Assert.That(await _server.FindAsync("Author", related, master: false), Is.EqualTo(expected));
        Assert.That(await _server.FindAsync("Author", related), Is.EqualTo(expectedByMaster));
        Assert.That(await _server.FindAsync("Author", $$"""{"$or":[{{related}},{"n":"nobody"}]}""", master: false), Is.EqualTo(expected));
    }

    [Test]
    public async Task A_hidden_field_is_no_key_of_a_sub_query_and_no_condition_in_one()
    {
        await _server.CreateAsync("Guarded", """{"n":"g","pin":30}""");
        await _server.CallAsync("PUT", "/schemas/Guarded", """{"classLevelPermissions":{"find":{"*":true},"get":{"*":true},"count":{"*":true},"protectedFields":{"*":["pin"]}}}""", master: true);

        Assert.That(await _server.FindAsync("Post", """{"num":{"$select":{"query":{"className":"Guarded"},"key":"pin"}}}""", master: false), Is.Empty);
        Assert.That(await _server.FindAsync("Post", """{"num":{"$select":{"query":{"className":"Guarded"},"key":"pin"}}}"""), Is.EqualTo("1"));
        var (status, body) = await _server.CallAsync("GET", "/classes/Post?where=" + Uri.EscapeDataString("""{"num":{"$select":{"query":{"className":"Guarded","where":{"pin":30}},"key":"n"}}}"""));
        Assert.That((status, (int)body!["code"]!), Is.EqualTo((400, 119)));
    }

    private static string Pointer(string className, string id) => new JsonObject { ["__type"] = "Pointer", ["className"] = className, ["objectId"] = id }.ToJsonString();

    private string Names(string json) => json.Replace("ANNID", _ann, StringComparison.Ordinal).Replace("ANN", Pointer("Author", _ann), StringComparison.Ordinal)
        .Replace("BOB", Pointer("Author", _bob), StringComparison.Ordinal).Replace("CAT", Pointer("Author", _cat), StringComparison.Ordinal);
}
