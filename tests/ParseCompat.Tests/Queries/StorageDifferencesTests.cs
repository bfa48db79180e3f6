using System.Text.Json.Nodes;

namespace Backend.ParseCompat.Tests.Queries;

/// <summary>
/// The table of contract section 32, row by row: what old installs saw over MongoDB is what they see here. Where sections 33, 5.1, 7.3 and 8
/// decide otherwise the row says so.
/// </summary>
[TestFixture]
public sealed class StorageDifferencesTests
{
    private ParseServer _server = null!;
    private string _target = "";

    [OneTimeSetUp]
    public async Task Start()
    {
        _server = await ParseServer.StartAsync();
        _target = await _server.CreateAsync("Target", """{"n":"t","f":1}""");
        await _server.CreateAsync("Target", """{"n":"u"}""");
        var pointer = $$"""{"__type":"Pointer","className":"Target","objectId":"{{_target}}"}""";
        var rows = new[]
        {
            """{"n":"one","f":1,"s":"a","arr":[1,2],"o":{"x":2,"list":[{"m":1},{"m":2}],"y":null},"d":{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"},"p":POINTER,"file":{"__type":"File","name":"f"},"b":{"__type":"Bytes","base64":"aGk="}}""",
            """{"n":"two","f":2,"s":"b","arr":[3,"ab"],"o":{"x":3},"d":{"__type":"Date","iso":"2021-01-01T00:00:00.000Z"}}""",
            """{"n":"null","f":null,"s":null,"arr":null,"o":null,"d":null,"p":null}""",
            """{"n":"miss"}""",
        };
        foreach (var row in rows)
            await _server.CreateAsync("Row", row.Replace("POINTER", pointer, StringComparison.Ordinal));
    }

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    [TestCase("""{"f":{"$exists":true}}""", "null,one,two")]
    [TestCase("""{"f":{"$ne":1}}""", "miss,null,two")]
    [TestCase("""{"f":{"$nin":[1]}}""", "miss,null,two")]
    [TestCase("""{"f":{"$dontSelect":{"query":{"className":"Target"},"key":"f"}}}""", "miss,null,two")]
    [TestCase("""{"f":{"$in":[1,null]}}""", "miss,null,one")]
    [TestCase("""{"f":{"$in":[]}}""", "")]
    [TestCase("""{"f":{"$gt":"1"}}""", "")]
    [TestCase("""{"f":{"$gt":null}}""", "")]
    [TestCase("""{"arr":2}""", "one")]
    [TestCase("""{"arr":{"$ne":2}}""", "miss,null,two")]
    [TestCase("""{"arr":{"$gt":2}}""", "two")]
    [TestCase("""{"arr":{"$regex":"^a"}}""", "two")]
    [TestCase("""{"arr":{"$containedBy":[1,2]}}""", "miss,null,one")]
    [TestCase("""{"o.list.m":1}""", "one")]
    [TestCase("""{"o.x":{"$in":[2,9]}}""", "one")]
    [TestCase("""{"o.y":{"$exists":true}}""", "one")]
    [TestCase("""{"d":"2020-01-01T00:00:00.000Z"}""", "")]
    [TestCase("""{"d":{"$gt":"2000-01-01T00:00:00.000Z"}}""", "")]
    [TestCase("""{"createdAt":{"$gt":"2000-01-01T00:00:00.000Z"}}""", "")]
    [TestCase("""{"p":"TARGET"}""", "")]
    [TestCase("""{"$nor":[{"f":1},{"f":2}]}""", "miss,null")]
    [TestCase("""{"p":{"$inQuery":{"className":"Target","where":{"n":"nobody"}}}}""", "")]
    [TestCase("""{"file":{"__type":"File","name":"f"}}""", "one")]
    [TestCase("""{"b":{"__type":"Bytes","base64":"aGk="}}""", "one")]
    public async Task A_condition_finds_what_it_found(string where, string expected) =>
        Assert.That(await _server.FindAsync("Row", where.Replace("TARGET", _target, StringComparison.Ordinal)), Is.EqualTo(expected));

    [TestCase("""{"$or":[]}""", 102)] // 33: 500 there
    [TestCase("""{"$and":[]}""", 102)]
    [TestCase("""{"o":{"x":2,"$exists":true}}""", 107)]
    public async Task A_condition_is_refused(string where, int code)
    {
        var (status, body) = await _server.CallAsync("GET", "/classes/Row?where=" + Uri.EscapeDataString(where));

        Assert.That((status, (int)body!["code"]!), Is.EqualTo((400, code)));
    }

    [TestCase("f", "null,miss,one,two")]
    [TestCase("-f", "two,one,null,miss")]
    [TestCase("s", "null,miss,one,two")]
    public async Task Null_and_missing_come_first_ascending(string order, string expected)
    {
        var (_, body) = await _server.CallAsync("GET", $"/classes/Row?order={order},-n");

        Assert.That(string.Join(',', body!["results"]!.AsArray().Select(r => (string?)r!["n"])), Is.EqualTo(expected));
    }

    [Test]
    public async Task Explicit_nulls_are_stored_and_returned()
    {
        var (_, body) = await _server.CallAsync("GET", "/classes/Row?where=" + Uri.EscapeDataString("""{"n":"null"}"""));
        var row = body!["results"]![0]!.AsObject();

        Assert.That(row.ContainsKey("f") && row["f"] is null && row.ContainsKey("o") && row["o"] is null, row.ToJsonString());
    }

    [TestCase("""{"a":[3,1,2]}""", """{"a":{"__op":"AddUnique","objects":[1,4]}}""", """{"a":[3,1,2,4]}""")]
    [TestCase("""{"a":[3,1,2,1]}""", """{"a":{"__op":"Remove","objects":[1]}}""", """{"a":[3,2]}""")]
    [TestCase("""{"z":1}""", """{"a":{"__op":"Remove","objects":[1]}}""", """{"z":1}""")]
    [TestCase("""{"a":"nul\u0000x"}""", "{}", """{"a":"nul\u0000x"}""")]
    [TestCase("""{"a.b":1,"z":1}""", "{}", """{"z":1,"a":{"b":1}}""")] // 33: a literal key there
    [TestCase("""{"z":1}""", """{"objectId":"foreign000","z":2}""", """{"z":2}""")] // 7.3: 500 there
    public async Task A_row_is_stored_as_it_was(string create, string update, string expected)
    {
        var className = "Stored" + Math.Abs(HashCode.Combine(create, update));
        await _server.CreateAsync(className, """{"a":ANY}""".Replace("ANY", create.Contains('[') || update.Contains("Remove") ? "[]" : create.Contains("a.b") ? "{}" : "\"\"", StringComparison.Ordinal));
        var id = await _server.CreateAsync(className, create);
        var (status, answer) = await _server.CallAsync("PUT", $"/classes/{className}/{id}", update);
        Assert.That(status, Is.EqualTo(200), answer?.ToJsonString());
        var (_, row) = await _server.CallAsync("GET", $"/classes/{className}/{id}");
        foreach (var key in new[] { "objectId", "createdAt", "updatedAt" })
            row!.AsObject().Remove(key);

        Assert.That(JsonNode.DeepEquals(row, JsonNode.Parse(expected)), Is.True, row!.ToJsonString());
    }

    [TestCase("""{"d":{"__type":"Date","iso":"never"}}""", 111)] // 5.1: 1970 there
    [TestCase("""{"g":{"__type":"GeoPoint","latitude":1,"longitude":1},"h":{"__type":"GeoPoint","latitude":1,"longitude":1}}""", 111)]
    public async Task A_row_is_refused(string create, int code)
    {
        var (status, body) = await _server.CallAsync("POST", "/classes/Refused", create);

        Assert.That((status, (int)body!["code"]!), Is.EqualTo((400, code)));
    }

    [Test]
    public async Task A_second_geo_point_is_refused_later_too()
    {
        await _server.CreateAsync("OnePoint", """{"g":{"__type":"GeoPoint","latitude":1,"longitude":1}}""");
        var (status, body) = await _server.CallAsync("POST", "/classes/OnePoint", """{"h":{"__type":"GeoPoint","latitude":1,"longitude":1}}""");

        Assert.That((status, (int)body!["code"]!), Is.EqualTo((400, 111)));
    }

    [Test]
    public async Task An_update_that_changes_nothing_changes_the_time()
    {
        var id = await _server.CreateAsync("Touched", """{"a":1}""");
        var (_, before) = await _server.CallAsync("GET", "/classes/Touched/" + id);
        await Task.Delay(5);
        await _server.CallAsync("PUT", "/classes/Touched/" + id, "{}");
        var (_, after) = await _server.CallAsync("GET", "/classes/Touched/" + id);

        Assert.That((string?)after!["updatedAt"], Is.Not.EqualTo((string?)before!["updatedAt"]));
    }

    [Test]
    public async Task The_order_of_keys_inside_objects_is_free() // 33, item 6: kept there
    {
        var id = await _server.CreateAsync("Keys", """{"o":{"bb":1,"a":2}}""");
        var (_, row) = await _server.CallAsync("GET", "/classes/Keys/" + id);

        Assert.That(JsonNode.DeepEquals(row!["o"], JsonNode.Parse("""{"a":2,"bb":1}""")), Is.True);
    }

    [Test]
    public async Task An_old_session_is_upgraded()
    {
        var (_, user) = await _server.CallAsync("POST", "/users", """{"username":"ann","password":"secret"}""");
        var (status, body) = await _server.CallAsync("POST", "/upgradeToRevocableSession", "{}", session: (string?)user!["sessionToken"]);

        Assert.That(status, Is.EqualTo(200), body?.ToJsonString());
    }

    [Test]
    public async Task A_value_that_must_be_unique_is_137()
    {
        await _server.CallAsync("POST", "/roles", """{"name":"admins","ACL":{}}""", master: true);
        var (_, body) = await _server.CallAsync("POST", "/roles", """{"name":"admins","ACL":{}}""", master: true);

        Assert.That((int)body!["code"]!, Is.EqualTo(137));
    }
}
