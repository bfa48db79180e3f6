using System.Text.Json.Nodes;

namespace Backend.ParseCompat.Tests.Classes;

[TestFixture]
public sealed class ClassTests
{
    private ParseServer _server = null!;

    [OneTimeSetUp]
    public async Task Start() => _server = await ParseServer.StartAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    [Test]
    public async Task A_row_is_made_read_changed_and_deleted()
    {
        var (status, made) = await _server.CallAsync("POST", "/classes/Life", """{"score":1337,"name":"Sean","cheat":false}""");
        Assert.That(status, Is.EqualTo(201));
        var id = (string)made!["objectId"]!;
        Assert.That(id, Has.Length.EqualTo(10));
        Assert.That(made.AsObject().Select(p => p.Key), Is.EquivalentTo(["objectId", "createdAt"]));
        Assert.That(await _server.SendAsync("GET", "/classes/Life/" + id),
            Is.EqualTo("""200 {"objectId":"ID","createdAt":"T","updatedAt":"T","score":1337,"name":"Sean","cheat":false}"""));
        Assert.That(await _server.SendAsync("PUT", "/classes/Life/" + id, """{"score":73453,"objectId":"other"}"""), Is.EqualTo("""200 {"updatedAt":"T"}"""));
        Assert.That(await _server.SendAsync("GET", "/classes/Life?where={\"score\":73453}&keys=score"),
            Is.EqualTo("""200 {"results":[{"objectId":"ID","createdAt":"T","updatedAt":"T","score":73453}]}"""));
        Assert.That(await _server.SendAsync("DELETE", "/classes/Life/" + id), Is.EqualTo("200 {}"));
        Assert.That(await _server.SendAsync("GET", "/classes/Life/" + id), Is.EqualTo("""404 {"code":101,"error":"Object not found."}"""));
        Assert.That(await _server.SendAsync("DELETE", "/classes/Life/" + id), Is.EqualTo("""404 {"code":101,"error":"Object not found."}"""));
        Assert.That(await _server.SendAsync("PUT", "/classes/Life/" + id, "{}"), Is.EqualTo("""404 {"code":101,"error":"Object not found."}"""));
    }

    [TestCase("""{"v":"text"}""")]
    [TestCase("""{"v":1.5}""")]
    [TestCase("""{"v":1e21}""")]
    [TestCase("""{"v":-1e-7}""")]
    [TestCase("""{"v":true}""")]
    [TestCase("""{"v":null}""")]
    [TestCase("""{"v":[1,"a",null,{"b":[]},{"__type":"Pointer","className":"X","objectId":"1"}]}""")]
    [TestCase("""{"v":{"a":{"b":1.25}}}""")]
    [TestCase("""{"v":{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"}}""")]
    [TestCase("""{"v":{"__type":"Date","iso":"0001-01-01T00:00:00.000Z"}}""")]
    [TestCase("""{"v":{"__type":"Bytes","base64":"aGk="}}""")]
    [TestCase("""{"v":{"__type":"Pointer","className":"Foo","objectId":"Ed1nuqPvcm"}}""")]
    [TestCase("""{"v":{"__type":"File","name":"a b.png","url":"http://parse.example/parse/files/app/a%20b.png"}}""")]
    [TestCase("""{"v":{"__type":"GeoPoint","latitude":30,"longitude":-20.5}}""")]
    [TestCase("""{"v":{"__type":"GeoPoint","latitude":130,"longitude":-220.5}}""")]
    [TestCase("""{"v":{"__type":"Polygon","coordinates":[[0,0],[0,1],[1,1],[0,0]]}}""")]
    [TestCase("""{"v":{"__type":"Relation","className":"Foo"}}""")]
    [TestCase("""{"ACL":{"*":{"read":true},"role:Admin":{"read":true,"write":true}}}""")]
    [TestCase("""{"ACL":{}}""")]
    public async Task A_value_comes_back_as_it_was_sent(string body)
    {
        var name = "Types" + Guid.NewGuid().ToString("N")[..8];
        if (body.Contains("null}", StringComparison.Ordinal))
            await _server.CreateAsync(name, """{"v":1}""");
        var id = await _server.CreateAsync(name, body);
        var (_, row) = await _server.CallAsync("GET", $"/classes/{name}/{id}", master: true);
        foreach (var key in (string[])["objectId", "createdAt", "updatedAt"])
            row!.AsObject().Remove(key);
        Assert.That(JsonNode.DeepEquals(row, JsonNode.Parse(body)), Is.True, row!.ToJsonString());
    }

    [TestCase("{\"v\":#}")]
    [TestCase("{\"o\":{\"x\":[#]}}")]
    public async Task NUL_and_lone_surrogates_are_kept(string body)
    {
        const string Text = "\"é \\u0000 😀 \\ud800 end\"";
        var id = await _server.CreateAsync("Odd", body.Replace("#", Text, StringComparison.Ordinal));
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Add("X-Parse-Application-Id", "app");
        client.DefaultRequestHeaders.Add("X-Parse-REST-API-Key", "rest");
        Assert.That(await client.GetStringAsync($"{_server.Address}/parse/classes/Odd/{id}"), Does.Contain(Text));
    }

    [TestCase("""{"v":{"__type":"Date","iso":"2020-01-01T05:00:00.5+05:00"}}""", """{"__type":"Date","iso":"2020-01-01T00:00:00.500Z"}""")]
    [TestCase("""{"v":{"__type":"Polygon","coordinates":[[0,0],[0,1],[1,1]]}}""", """{"__type":"Polygon","coordinates":[[0,0],[0,1],[1,1],[0,0]]}""")]
    [TestCase("""{"v":{"__type":"File","name":"x","url":"http://evil/x"}}""", """{"__type":"File","name":"x","url":"http://parse.example/parse/files/app/x"}""")]
    [TestCase("""{"v":{"__type":"Object","className":"Foo","objectId":"1","n":1}}""", """{"__type":"Pointer","className":"Foo","objectId":"1"}""")]
    [TestCase("""{"v":[{ "iso" : "2020-01-01T05:00:00+05:00", "__type":"D\u0061te", "more":[1,{"__type":"Date","iso":"2020"}] },"2020-01-01T00:00:00Z"]}""",
        """[{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"},"2020-01-01T00:00:00Z"]""")]
    [TestCase("""{"v":{"a":[{"b":{"__type":"Date","iso":"2020-01-01"}}],"iso":"2020","c":{"__type":"Date","iso":"2020-01-01T00:00:00.1239Z"}}}""",
        """{"a":[{"b":{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"}}],"c":{"__type":"Date","iso":"2020-01-01T00:00:00.123Z"},"iso":"2020"}""")]
    [TestCase("""{"v":{"t":"\"__type\":\"Date\"","u":{"__type":["Date"],"iso":["2020"]}}}""", """{"t":"\u0022__type\u0022:\u0022Date\u0022","u":{"iso":["2020"],"__type":["Date"]}}""")]
    [TestCase("""{"v":{"__op":"AddUnique","objects":[{"__type":"Date","iso":"2020-01-01T00:00:00Z"}]}}""", """[{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"}]""")]
    [TestCase("""{"v.x":{"__type":"Date","iso":"2020-01-01T00:00:00Z"}}""", """{"x":{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"}}""")]
    [TestCase("""{"v":{"a":1,"a":2.0}}""", """{"a":2}""")]
    [TestCase("""{"v":{"__op":"Increment","amount":3}}""", "3")]
    [TestCase("""{"v":{"__op":"AddUnique","objects":[1,1]}}""", "[1,1]")]
    [TestCase("""{"v":{"__op":"Remove","objects":[1]}}""", "[]")]
    [TestCase("""{"v.x.y":1}""", """{"x":{"y":1}}""")]
    public async Task A_value_is_normalised(string body, string stored)
    {
        var name = "Norm" + Guid.NewGuid().ToString("N")[..8];
        var id = await _server.CreateAsync(name, body);
        var (_, row) = await _server.CallAsync("GET", $"/classes/{name}/{id}", master: true);
        Assert.That(JsonNode.DeepEquals(row!["v"], JsonNode.Parse(stored)), Is.True, row["v"]!.ToJsonString());
    }

    [Test]
    public async Task Changes_know_a_nested_date_in_any_form()
    {
        const string Date = """{"__type":"Date","iso":"2020-01-01T00:00:00Z"}""";
        const string Stored = """{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"}""";
        var path = "/classes/NestedDate/" + await _server.CreateAsync("NestedDate", $$$"""{"a":[1],"o":{"d":{{{Date}}}}}""");

        async Task ChangeAsync(string body, string array, string place)
        {
            Assert.That(await _server.SendAsync("PUT", path, body), Does.StartWith("200 "));
            var (_, row) = await _server.CallAsync("GET", path);
            Assert.That(JsonNode.DeepEquals(row!["a"], JsonNode.Parse(array)) && JsonNode.DeepEquals(row["o"]!["d"], JsonNode.Parse(place)), Is.True, row.ToJsonString());
        }

        await ChangeAsync($$$"""{"a":{"__op":"Add","objects":[{{{Date}}}]}}""", $"[1,{Stored}]", Stored);
        await ChangeAsync($$$"""{"a":{"__op":"AddUnique","objects":[{"__type":"Date","iso":"2020-01-01T01:00:00+01:00"},2]}}""", $"[1,{Stored},2]", Stored);
        await ChangeAsync($$$"""{"a":{"__op":"Remove","objects":[{{{Date}}}]}}""", "[1,2]", Stored);
        await ChangeAsync("""{"o.d":{"__type":"Date","iso":"2021-01-01"}}""", "[1,2]", Stored.Replace("2020", "2021", StringComparison.Ordinal));
        await ChangeAsync($$$"""{"o.l":[{{{Date}}}],"o.d":1,"a":[{"x":{{{Date}}}}]}""", $$$"""[{"x":{{{Stored}}}}]""", "1");
    }

    [TestCase("""{"__type":"Date"}""", """{"code":111,"error":"This is not a valid Date"}""")]
    [TestCase("""{"__type":"Date","iso":"yesterday"}""", """{"code":111,"error":"This is not a valid Date"}""")]
    [TestCase("""[{"__type":"Date","iso":"yesterday"}]""", """{"code":111,"error":"This is not a valid Date"}""")]
    [TestCase("""{"a":{"b":{"__type":"Date"}}}""", """{"code":111,"error":"This is not a valid Date"}""")]
    [TestCase("""{"__op":"Add","objects":[{"iso":1,"__type":"Date"}]}""", """{"code":111,"error":"This is not a valid Date"}""")]
    [TestCase("""{"__type":"Bytes","base64":""}""", """{"code":111,"error":"This is not a valid Bytes"}""")]
    [TestCase("""{"__type":"Strange"}""", """{"code":111,"error":"This is not a valid Strange"}""")]
    [TestCase("""{"a":{"b.c":1}}""", """{"code":121,"error":"Nested keys should not contain the '$' or '.' characters"}""")]
    [TestCase("""[{"$b":1}]""", """{"code":121,"error":"Nested keys should not contain the '$' or '.' characters"}""")]
    [TestCase("""{"a":[{"constructor":1}]}""", """{"code":105,"error":"Prohibited keyword in request data: {\"key\":\"constructor\"}."}""")]
    [TestCase("""{"_bsontype":"Code"}""", """{"code":105,"error":"Prohibited keyword in request data: {\"key\":\"_bsontype\",\"value\":\"Code\"}."}""")]
    [TestCase("""{"__op":"Increment","amount":"x"}""", """{"code":107,"error":"objects to add must be an array"}""")]
    [TestCase("""{"__op":"Add","objects":1}""", """{"code":107,"error":"objects to add must be an array"}""")]
    [TestCase("""{"__op":"Explode"}""", """{"code":108,"error":"The Explode operator is not supported yet."}""")]
    public async Task A_bad_value_is_refused(string value, string error) =>
        Assert.That(await _server.SendAsync("POST", "/classes/Bad", $"{{\"v\":{value}}}"), Is.EqualTo("400 " + error));

    [TestCase("""{"objectId":"mine"}""", """{"code":105,"error":"objectId is an invalid field name."}""")]
    [TestCase("""{"id":"mine"}""", """{"code":105,"error":"id is an invalid field name."}""")]
    [TestCase("""{"1a":1}""", """{"code":105,"error":"Invalid field name: 1a."}""")]
    [TestCase("""{"_rperm":[]}""", """{"code":105,"error":"Invalid field name: _rperm."}""")]
    [TestCase("""{"length":1}""", """{"code":105,"error":"Invalid field name: length."}""")]
    [TestCase("""{"createdAt":"2015-10-06T21:24:50.332Z"}""", """{"code":111,"error":"schema mismatch for Names.createdAt; expected Date but got String"}""")]
    [TestCase("""{"ACL":{"*unresolved":{"read":true}}}""", """{"code":123,"error":"Invalid ACL."}""")]
    [TestCase("""{"a":{"__type":"GeoPoint","latitude":1,"longitude":1},"b":{"__type":"GeoPoint","latitude":1,"longitude":1}}""",
        """{"code":111,"error":"there can only be one geopoint field in a class"}""")]
    public async Task A_bad_name_is_refused(string body, string error) =>
        Assert.That(await _server.SendAsync("POST", "/classes/Names", body), Is.EqualTo("400 " + error));

    [Test]
    public async Task A_field_keeps_its_type()
    {
        await _server.CreateAsync("Typed", """{"n":1,"p":{"__type":"Pointer","className":"A","objectId":"1"}}""");
        Assert.That(await _server.SendAsync("POST", "/classes/Typed", """{"n":"x"}"""),
            Is.EqualTo("""400 {"code":111,"error":"schema mismatch for Typed.n; expected Number but got String"}"""));
        Assert.That(await _server.SendAsync("POST", "/classes/Typed", """{"p":{"__type":"Pointer","className":"B","objectId":"1"}}"""),
            Is.EqualTo("""400 {"code":111,"error":"schema mismatch for Typed.p; expected Pointer<A> but got Pointer<B>"}"""));
    }

    [Test]
    public async Task Operations_at_a_position_of_an_array_answer_the_whole_array()
    {
        var path = "/classes/Positions/" + await _server.CreateAsync("Positions", """{"items":[{"name":"a","count":5},{"name":"b","count":1}],"o":{"0":{"n":1}},"s":[[1],2]}""");

        Assert.That(await _server.SendAsync("PUT", path, """{"items.0.count":{"__op":"Increment","amount":15},"items.1.count":{"__op":"Increment","amount":1},"o.0.n":{"__op":"Increment","amount":1}}"""),
            Is.EqualTo("""200 {"updatedAt":"T","items":[{"name":"a","count":20},{"name":"b","count":2}],"o":{"0":{"n":2}}}"""));
        Assert.That(await _server.SendAsync("PUT", path, """{"s.0":{"__op":"AddUnique","objects":[1,3]}}"""), Is.EqualTo("""200 {"updatedAt":"T","s":[[1,3],2]}"""));
        Assert.That(await _server.SendAsync("PUT", path, """{"s.1":7}"""), Is.EqualTo("""200 {"updatedAt":"T"}"""));
    }

    [Test]
    public async Task An_increment_past_all_numbers_is_refused()
    {
        var path = "/classes/Huge/" + await _server.CreateAsync("Huge", """{"n":1e308,"o":{"n":1e308}}""");

        foreach (var key in new[] { "n", "o.n" })
        {
            Assert.That(await _server.SendAsync("PUT", path, $$$"""{"{{{key}}}":{"__op":"Increment","amount":1e400}}"""),
                Is.EqualTo("""400 {"code":107,"error":"incrementing must provide a number"}"""));
            Assert.That(await _server.SendAsync("PUT", path, $$$"""{"{{{key}}}":{"__op":"Increment","amount":1e308}}"""), Does.StartWith("400 "));
        }

        var (_, row) = await _server.CallAsync("GET", path);
        Assert.That(((double)row!["n"]!, (double)row["o"]!["n"]!), Is.EqualTo((1e308, 1e308)));
    }

    [Test]
    public async Task Operations_answer_their_results()
    {
        var id = await _server.CreateAsync("Ops", """{"n":1,"list":[1,2,2],"o":{"c":1,"keep":true},"gone":1}""");
        Assert.That(await _server.SendAsync("PUT", "/classes/Ops/" + id, """{"n":{"__op":"Increment","amount":2}}"""), Is.EqualTo("""200 {"updatedAt":"T","n":3}"""));
        Assert.That(await _server.SendAsync("PUT", "/classes/Ops/" + id, """{"list":{"__op":"AddUnique","objects":[2,3]}}"""), Is.EqualTo("""200 {"updatedAt":"T","list":[1,2,2,3]}"""));
        Assert.That(await _server.SendAsync("PUT", "/classes/Ops/" + id, """{"list":{"__op":"Remove","objects":[2]}}"""), Is.EqualTo("""200 {"updatedAt":"T","list":[1,3]}"""));
        Assert.That(await _server.SendAsync("PUT", "/classes/Ops/" + id, """{"o.c":{"__op":"Increment","amount":1}}"""), Is.EqualTo("""200 {"updatedAt":"T","o":{"c":2}}"""));
        Assert.That(await _server.SendAsync("PUT", "/classes/Ops/" + id, """{"gone":{"__op":"Delete"}}"""), Is.EqualTo("""200 {"updatedAt":"T"}"""));
        Assert.That(await _server.SendAsync("PUT", "/classes/Ops/" + id, """{"n":{"__op":"Increment","amount":"1"}}"""),
            Is.EqualTo("""400 {"code":107,"error":"incrementing must provide a number"}"""));
        Assert.That(await _server.SendAsync("GET", "/classes/Ops/" + id),
            Is.EqualTo("""200 {"objectId":"ID","createdAt":"T","updatedAt":"T","n":3,"list":[1,3],"o":{"c":2,"keep":true}}"""));
    }

    [Test]
    public async Task Relations_are_made_and_asked()
    {
        var a = await _server.CreateAsync("Child", """{"n":"a"}""");
        var b = await _server.CreateAsync("Child", """{"n":"b"}""");
        var owner = await _server.CreateAsync("Owner", $$$"""{"n":"o","kids":{"__op":"AddRelation","objects":[{{{Pointer("Child", a)}}},{{{Pointer("Child", b)}}}]}}""");
        var related = $$$"""{"$relatedTo":{"object":{{{Pointer("Owner", owner)}}},"key":"kids"}}""";
        Assert.That(await _server.FindAsync("Child", related), Is.EqualTo("a,b"));
        Assert.That(await _server.FindAsync("Owner", $$"""{"kids":{{Pointer("Child", a)}}}"""), Is.EqualTo("o"));
        Assert.That(await _server.SendAsync("PUT", "/classes/Owner/" + owner, $$$"""{"kids":{"__op":"RemoveRelation","objects":[{{{Pointer("Child", a)}}}]}}"""), Is.EqualTo("""200 {"updatedAt":"T"}"""));
        Assert.That(await _server.FindAsync("Child", related, master: false), Is.EqualTo("b"));
        Assert.That(await _server.SendAsync("GET", "/classes/Owner/" + owner),
            Is.EqualTo("""200 {"objectId":"ID","createdAt":"T","updatedAt":"T","n":"o","kids":{"__type":"Relation","className":"Child"}}"""));
    }

    [Test]
    public async Task Included_rows_replace_their_pointers()
    {
        var country = await _server.CreateAsync("Country", """{"name":"FR"}""");
        var city = await _server.CreateAsync("City", $$"""{"name":"Lyon","mayor":"x","country":{{Pointer("Country", country)}}}""");
        await _server.CreateAsync("Person", $$$"""
            {"name":"Ann","city":{{{Pointer("City", city)}}},"lost":{{{Pointer("City", "nowhere")}}},
             "been":[{{{Pointer("City", city)}}},{{{Pointer("City", "nowhere")}}},7],"o":{"at":{{{Pointer("City", city)}}}}}
            """);
        const string Lyon = """{"__type":"Object","className":"City","objectId":"ID","createdAt":"T","updatedAt":"T","name":"Lyon"}""";
        Assert.That(await _server.SendAsync("GET", "/classes/Person?include=city,lost,been,o.at&keys=name,city.name,lost,been.name,o.at.name"),
            Is.EqualTo($$$"""200 {"results":[{"objectId":"ID","createdAt":"T","updatedAt":"T","name":"Ann","city":{{{Lyon}}},"been":[{{{Lyon}}},7],"o":{"at":{{{Lyon}}}}}]}"""));
        Assert.That(await _server.SendAsync("GET", "/classes/Person?include=city.country&keys=city.country.name"), Is.EqualTo(
            """200 {"results":[{"objectId":"ID","createdAt":"T","updatedAt":"T","city":{"__type":"Object","className":"City","objectId":"ID","createdAt":"T","updatedAt":"T","country":{"__type":"Object","className":"Country","objectId":"ID","createdAt":"T","updatedAt":"T","name":"FR"}}}]}"""));
    }

    [Test]
    public async Task Counts_limits_skips_and_orders()
    {
        for (var i = 0; i < 5; i++)
        {
            await _server.CreateAsync("Paged", $$"""{"n":{{i}}}""");
            await Task.Delay(2); // an instant of its own for each
        }

        Assert.That(await _server.SendAsync("GET", "/classes/Paged?limit=0&count=1"), Is.EqualTo("""200 {"results":[],"count":5}"""));
        Assert.That(await Names("limit=2&order=-n"), Is.EqualTo("4,3"));
        Assert.That(await Names("limit=\"2\"&skip=\"1\"&order=n&count=1"), Is.EqualTo("1,2"));
        Assert.That(await _server.SendAsync("GET", "/classes/Paged?keys=n&keys=m&limit=1"), Is.EqualTo("""200 {"results":[{"objectId":"ID","createdAt":"T","updatedAt":"T","n":0}]}"""));
        Assert.That(await Names("order=-createdAt&limit=1"), Is.EqualTo("4"));
        Assert.That(await Names(""), Is.EqualTo("0,1,2,3,4"));
        Assert.That(await _server.SendAsync("POST", "/classes/Paged", """{"_method":"GET","limit":"0","count":"1","where":"{\"n\":{\"$gt\":2}}"}"""),
            Is.EqualTo("""200 {"results":[],"count":2}"""));
        Assert.That(await _server.SendAsync("GET", "/classes/Paged?wheer=1"), Is.EqualTo("""400 {"code":102,"error":"Invalid parameter for query: wheer"}"""));
        Assert.That(await _server.SendAsync("GET", "/classes/Paged?where={x"), Is.EqualTo("""400 {"code":107,"error":"where parameter is not valid JSON"}"""));
        Assert.That(await _server.SendAsync("GET", "/classes/Paged/x?limit=1"), Is.EqualTo("""400 {"code":102,"error":"Improper encode of parameter"}"""));

        async Task<string> Names(string query)
        {
            var (_, json) = await _server.CallAsync("GET", "/classes/Paged?" + query);
            return string.Join(",", json!["results"]!.AsArray().Select(r => r!["n"]!.ToString()));
        }
    }

    [Test]
    public async Task A_class_that_is_not_there_is_empty_or_refused()
    {
        Assert.That(await _server.SendAsync("GET", "/classes/Nothing"), Is.EqualTo("""200 {"results":[]}"""));
        Assert.That(await _server.SendAsync("GET", "/classes/pg_class", master: true), Is.EqualTo("""200 {"results":[]}"""));
        Assert.That(await _server.SendAsync("POST", "/classes/1bad", "{}"), Is.EqualTo("""400 {"code":107,"error":"schema class name does not revalidate"}"""));
        Assert.That(await _server.SendAsync("GET", "/classes/_JobStatus"),
            Is.EqualTo("""400 {"code":119,"error":"Clients aren't allowed to perform the find operation on the _JobStatus collection."}"""));
        await using var closed = await ParseServer.StartAsync(new() { ["ParseCompat:AllowClientClassCreation"] = "false" });
        const string Refused = """400 {"code":119,"error":"This user is not allowed to access non-existent class: Nothing"}""";
        Assert.That(await closed.SendAsync("GET", "/classes/Nothing"), Is.EqualTo(Refused));
        Assert.That(await closed.SendAsync("POST", "/classes/Nothing", "{}"), Is.EqualTo(Refused));
        Assert.That(await closed.SendAsync("POST", "/classes/Nothing", "{}", master: true), Does.StartWith("201"));
    }

    [Test]
    public async Task An_access_list_hides_and_protects_a_row()
    {
        var secret = await _server.CreateAsync("Locked", """{"n":1,"ACL":{}}""");
        var open = await _server.CreateAsync("Locked", """{"n":2,"ACL":{"*":{"read":true}}}""");
        Assert.That(await _server.FindAsync("Locked", "{}", master: false), Is.EqualTo("2"));
        Assert.That(await _server.FindAsync("Locked", "{}"), Is.EqualTo("1,2"));
        Assert.That(await _server.SendAsync("GET", "/classes/Locked/" + secret), Does.StartWith("404"));
        Assert.That(await _server.SendAsync("PUT", "/classes/Locked/" + open, """{"n":3}"""), Does.StartWith("404"));
        Assert.That(await _server.SendAsync("PUT", "/classes/Locked/" + open, """{"ACL":null}""", master: true), Does.StartWith("200"));
        Assert.That(await _server.SendAsync("GET", "/classes/Locked/" + open),
            Is.EqualTo("""200 {"objectId":"ID","createdAt":"T","updatedAt":"T","n":2,"ACL":{"*":{"read":true}}}"""));
    }

    private static string Pointer(string className, string id) => $$"""{"__type":"Pointer","className":"{{className}}","objectId":"{{id}}"}""";
}
