using System.Text.Json.Nodes;
using Backend.Testing;

namespace Backend.ParseCompat.Tests.Classes;

/// <summary>An explicit null under a name that no row has a value for: stored as over MongoDB (contract section 32), though it makes no field.</summary>
[TestFixture]
public sealed class UntypedNullTests
{
    private TestDatabase _database = null!;
    private ParseServer _server = null!;
    private ParseServer _other = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _database = await TestDatabase.CreateAsync();
        _server = await ParseServer.StartAsync(database: _database);
        _other = await ParseServer.StartAsync(database: _database);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _other.DisposeAsync();
        await _server.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Test]
    public async Task It_is_stored_returned_and_found_and_makes_no_field()
    {
        await _server.CreateAsync("Bare", """{"n":"miss"}""");
        var created = await _server.CreateAsync("Bare", """{"n":"null","gone":null}""");
        var updated = await _server.CreateAsync("Bare", """{"n":"later"}""");
        await _server.CallAsync("PUT", "/classes/Bare/" + updated, """{"gone":null}""");
        await _server.CallAsync("POST", "/batch", """{"requests":[{"method":"POST","path":"/parse/classes/Bare","body":{"n":"batch","gone":null,"more":null}}]}""", master: true);

        foreach (var server in new[] { _server, _other })
        {
            Assert.That(Keys((await server.CallAsync("GET", "/classes/Bare/" + created)).Body), Is.EqualTo("gone,n"));
            Assert.That(await server.FindAsync("Bare", """{"gone":{"$exists":true}}"""), Is.EqualTo("batch,later,null"));
            Assert.That(await server.FindAsync("Bare", """{"gone":{"$exists":false}}"""), Is.EqualTo("miss"));
            Assert.That(await server.FindAsync("Bare", """{"gone":null}"""), Is.EqualTo("batch,later,miss,null"));
            Assert.That(await server.FindAsync("Bare", """{"gone":{"$ne":null}}"""), Is.EqualTo(""));
            Assert.That(await server.FindAsync("Bare", """{"gone":{"$in":[1]}}"""), Is.EqualTo(""));
            Assert.That(await server.FindAsync("Bare", """{"more":{"$exists":true}}"""), Is.EqualTo("batch"));
        }

        Assert.That(Keys((await _server.CallAsync("GET", $"/classes/Bare/{created}?keys=gone")).Body), Is.EqualTo("gone"));
        Assert.That(Keys((await _server.CallAsync("GET", $"/classes/Bare/{created}?keys=n")).Body), Is.EqualTo("n"));
        Assert.That((await _server.CallAsync("GET", "/classes/Bare?order=-gone,n")).Status, Is.EqualTo(200));
        var (_, schema) = await _server.CallAsync("GET", "/schemas/Bare", master: true);
        Assert.That(schema!["fields"]!.AsObject().ContainsKey("gone"), Is.False);
        var (_, documents) = await _server.CallAsync("GET", "/aggregate/Bare?pipeline=" + Uri.EscapeDataString("""[{"$match":{"n":"null"}}]"""), master: true);
        Assert.That(Keys(documents!["results"]![0]), Is.EqualTo("gone,n"));
    }

    [Test]
    public async Task The_first_value_with_a_type_makes_the_field_and_the_nulls_stay()
    {
        var first = await _server.CreateAsync("Grown", """{"n":"a","x":null,"r":null,"c":null}""");
        var second = await _other.CreateAsync("Grown", """{"n":"b","x":1}""");
        await _other.CreateAsync("Grown", """{"n":"c","x":null}""");
        await _server.CallAsync("PUT", "/classes/Grown/" + first,
            $$$"""{"c":{"__op":"Increment","amount":2},"r":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Grown","objectId":"{{{second}}}"}]}}""");

        Assert.That(await _server.FindAsync("Grown", """{"x":{"$exists":true}}"""), Is.EqualTo("a,b,c"));
        Assert.That(await _other.FindAsync("Grown", """{"x":{"$gt":0}}"""), Is.EqualTo("b"));
        var (_, row) = await _other.CallAsync("GET", "/classes/Grown/" + first);
        Assert.That(Keys(row), Is.EqualTo("c,n,r,x"));
        Assert.That(row!["c"]!.ToJsonString() + row["r"]!["__type"], Is.EqualTo("2Relation"));
        Assert.That(row["x"], Is.Null);

        var (status, refused) = await _server.CallAsync("PUT", "/classes/Grown/" + first, """{"x":"text"}""");
        Assert.That((status, (int?)refused!["code"]), Is.EqualTo((400, 111)));
    }

    [Test]
    public async Task A_delete_takes_it_away()
    {
        var id = await _server.CreateAsync("Taken", """{"n":"a","x":null}""");
        await _other.CallAsync("PUT", "/classes/Taken/" + id, """{"x":{"__op":"Delete"}}""");

        Assert.That(Keys((await _server.CallAsync("GET", "/classes/Taken/" + id)).Body), Is.EqualTo("n"));
    }

    [Test]
    public async Task It_is_stored_with_accounts_too()
    {
        var (_, user) = await _server.CallAsync("POST", "/users", """{"username":"ann","password":"secret","nick":null}""");
        var (_, own) = await _server.CallAsync("GET", "/users/me", session: (string)user!["sessionToken"]!);

        Assert.That(own!.AsObject().ContainsKey("nick"), own.ToJsonString());
    }

    private static string Keys(JsonNode? row) =>
        string.Join(",", row!.AsObject().Select(p => p.Key).Where(k => k is not ("objectId" or "createdAt" or "updatedAt" or "ACL")).Order(StringComparer.Ordinal));
}
