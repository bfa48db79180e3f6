using System.Collections.Concurrent;
using System.Text;
using Backend.Testing;

namespace Backend.ParseCompat.Tests.Classes;

/// <summary>Requests that no SDK sends: none ends as a failure of the server, and what is refused has changed nothing.</summary>
[TestFixture]
public sealed class OddRequestsTests
{
    private const int Requests = 10_000;
    private const int Workers = 8;

    private static readonly string[] Names =
    [
        "n", "score", "text", "list", "o", "o.x", "o.x.y", "list.0", "p", "rel", "when", "objectId", "createdAt", "ACL", "_rperm", "$or", "$and", "$nor", "$where", "id", "length",
        "className", "'; drop schema app cascade; --", "\"", "a b", "", ".", "..", "x.", ".x", "é", "\ud800", "\0", "__proto__", "constructor", "order", "limit", "a%b", "rest", "created_at",
        new string('n', 64), new string('n', 1024), new string('n', 1025),
    ];

    private static readonly string[] Operators =
    [
        "$gt", "$lt", "$gte", "$lte", "$ne", "$eq", "$in", "$nin", "$exists", "$all", "$regex", "$options", "$inQuery", "$notInQuery", "$select", "$dontSelect", "$containedBy",
        "$not", "$size", "$nearSphere", "$relatedTo", "__op", "__type",
    ];

    private static readonly string[] Types = ["Pointer", "Date", "File", "Bytes", "GeoPoint", "Polygon", "Relation", "Object", "Nothing"];

    private static readonly string[] Operations = ["Increment", "Add", "AddUnique", "Remove", "Delete", "AddRelation", "RemoveRelation", "Batch", "SetOnInsert", "Nothing"];

    [Test]
    [CancelAfter(240_000)]
    public async Task Ten_thousand_odd_requests_are_answered_and_the_refused_ones_change_nothing(CancellationToken cancellation)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var server = await ParseServer.StartAsync(database: database);
        await server.CreateAsync("Odd", """{"n":1,"score":2,"text":"t","list":[1,{"a":1}],"o":{"x":{"y":1}},"p":{"__type":"Pointer","className":"Odd","objectId":"1"}}""");
        // The control table is written by no request: it must be as before whatever the others do.
        for (var i = 0; i < 20; i++)
            await server.CreateAsync("Control", $$"""{"n":{{i}},"text":"row {{i}}"}""");
        var before = await database.ScalarAsync<string>("select md5(string_agg(t::text, '' order by id)) from app.control t");
        var seed = Seed.Value;
        TestContext.Out.WriteLine($"Seed {seed}");
        using var client = new HttpClient { BaseAddress = new Uri(server.Address) };
        client.DefaultRequestHeaders.Add("X-Parse-Application-Id", "app");
        client.DefaultRequestHeaders.Add("X-Parse-REST-API-Key", "rest");

        var failures = new ConcurrentQueue<string>();
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async worker =>
        {
            var random = new Random(seed + worker);
            for (var i = 0; i < Requests / Workers; i++)
            {
                using var request = Make(random);
                using var response = await client.SendAsync(request, cancellation);
                var body = await response.Content.ReadAsStringAsync(cancellation);
                if ((int)response.StatusCode >= 500)
                {
                    var sent = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellation);
                    failures.Enqueue($"Seed {seed + worker}, request {i}: {request.Method} {request.RequestUri} {sent} gave {body}");
                }
            }
        }));
        Assert.That(failures, Is.Empty, () => string.Join("\n", server.Errors.Take(20)));
        Assert.That(await database.ScalarAsync<string>("select md5(string_agg(t::text, '' order by id)) from app.control t"), Is.EqualTo(before));
    }

    [Test]
    public async Task A_refused_write_leaves_the_table_as_it_was()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var server = await ParseServer.StartAsync(database: database);
        var id = await server.CreateAsync("Kept", """{"n":1,"text":"t","ACL":{"*":{"read":true}}}""");
        const string Checksum = "select md5(string_agg(t::text, '' order by id)) from app.kept t";
        var before = await database.ScalarAsync<string>(Checksum);
        string[] bodies =
        [
            """{"n":"x"}""", """{"n":2,"text":{"__op":"Increment","amount":1}}""", """{"n":2,"a.b$":1}""", """{"n":2,"1x":1}""", """{"n":2,"o":{"$x":1}}""",
            """{"n":2,"d":{"__type":"Date","iso":"never"}}""", """{"n":2,"x":{"__op":"Nothing"}}""", """{"n":2,"ACL":{"*unresolved":{}}}""", """{"n":2""", """{"n":{"__op":"Add","objects":[1]}}""",
        ];
        foreach (var body in bodies)
        {
            Assert.That((await server.CallAsync("PUT", "/classes/Kept/" + id, body, master: true)).Status, Is.EqualTo(400), body);
            Assert.That((await server.CallAsync("POST", "/classes/Kept", body, master: true)).Status, Is.EqualTo(400), body);
        }

        Assert.That((await server.CallAsync("PUT", "/classes/Kept/" + id, """{"n":2}""")).Status, Is.EqualTo(404));
        Assert.That((await server.CallAsync("DELETE", "/classes/Kept/" + id)).Status, Is.EqualTo(404));
        Assert.That(await database.ScalarAsync<string>(Checksum), Is.EqualTo(before));
    }

    private static HttpRequestMessage Make(Random random)
    {
        var path = "/parse/classes/" + random.Next(10) switch
        {
            0 => Uri.EscapeDataString(Pick(random, ["_User", "_Session", "_Role", "pg_class", "Nowhere", "a b", "1x", "_SCHEMA", "_Join:rel:Odd", "'", "catalog.tables", new string('c', 1100)])),
            _ => "Odd",
        };
        switch (random.Next(5))
        {
            case 0:
                return new(HttpMethod.Get, $"{path}?where={Uri.EscapeDataString(Condition(random, 0))}&order={Uri.EscapeDataString(Pick(random, Names))}&limit={Pick(random, ["1", "-1", "x", "1e9", "NaN"])}");
            case 1:
                return new(HttpMethod.Get, $"{path}?{Uri.EscapeDataString(Pick(random, Names))}={Uri.EscapeDataString(Value(random, 0))}&include={Uri.EscapeDataString(Pick(random, Names))}&keys={Uri.EscapeDataString(Pick(random, Names))}");
            case 2:
                return new(HttpMethod.Post, path) { Content = Json($$"""{"_method":"GET","where":{{Condition(random, 0)}},"skip":{{Value(random, 3)}},"count":1}""") };
            case 3:
                return new(HttpMethod.Put, $"{path}/{Uri.EscapeDataString(Pick(random, Names) + "x")}") { Content = Json(Body(random)) };
            default:
                return new(HttpMethod.Post, path) { Content = Json(random.Next(20) == 0 ? Body(random)[..^1] : Body(random)) };
        }
    }

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    // New fields make columns; only few of the bodies may, or the test is one of ALTER TABLE.
    private static string Body(Random random) => Object(random, random.Next(1, 4), () => Value(random, 0));

    private static string Condition(Random random, int depth) => Object(random, random.Next(1, 3), () => random.Next(3) switch
    {
        0 when depth < 3 => $"[{Condition(random, depth + 1)}]",
        1 => $"{{{Quote(Pick(random, Operators))}:{Value(random, depth + 1)}}}",
        2 when depth < 3 => $$$"""{"$inQuery":{"className":"Odd","where":{{{Condition(random, depth + 1)}}} } }""",
        _ => Value(random, depth + 1),
    });

    private static string Value(Random random, int depth) => random.Next(depth > 3 ? 8 : 14) switch
    {
        0 => random.Next(-5, 5).ToString(System.Globalization.CultureInfo.InvariantCulture),
        1 => Pick(random, ["1e308", "1e400", "-0", "0.1", "9007199254740993", "123456789012345678901234567890"]),
        2 => "null",
        3 => "true",
        4 => Quote(Pick(random, Names)),
        5 => Quote(Pick(random, ["^a", "(", "[a-", "a{2000}", "\\Qx", "(?<n>a)", "***:x", "\\p{L}"])),
        6 => "[]",
        7 => "{}",
        8 => $"[{Value(random, depth + 1)},{Value(random, depth + 1)}]",
        9 => Object(random, 2, () => Value(random, depth + 1)),
        10 => $$"""{"__type":{{Quote(Pick(random, Types))}},"className":{{Quote(Pick(random, ["Odd", "Nowhere", "'"]))}},"objectId":{{Value(random, 4)}},"iso":{{Value(random, 4)}},"latitude":{{Value(random, 4)}},"longitude":1,"coordinates":{{Value(random, 2)}},"base64":{{Value(random, 4)}},"name":{{Value(random, 4)}} }""",
        11 => $$"""{"__op":{{Quote(Pick(random, Operations))}},"amount":{{Value(random, 4)}},"objects":{{Value(random, 2)}},"ops":{{Value(random, 2)}} }""",
        12 => $"{{{Quote(Pick(random, Operators))}:{Value(random, depth + 1)}}}",
        _ => Nested(random.Next(1, 150)),
    };

    [Test]
    public async Task A_statement_that_failed_as_it_was_prepared_does_not_spoil_the_next_one()
    {
        await using var app = await ParseApp.StartAsync();
        await app.JsonAsync("POST", "/parse/schemas/Thing", """{"className":"Thing","fields":{"text":{"type":"String"}}}""", ParseApp.Master);
        const string Good = """{"ACL":{"somebody":{"read":true}}}""";
        const string Bad = """{"ACL":{"\u0000":{"read":true}}}""";

        // Whichever run of it is the one on which a connection prepares it.
        foreach (var body in new[] { Good, Bad, Good, Bad, Bad, Good, Good })
        {
            var answer = await app.SendAsync("POST", "/parse/classes/Thing", body);
            Assert.That(answer, body == Good ? Does.StartWith("201 ") : Does.StartWith("400 {\"code\":111"), body);
        }

        Assert.That(await app.SendAsync("GET", "/parse/classes/Thing?count=1&limit=0", null, ParseApp.Master), Is.EqualTo("""200 {"results":[],"count":4}"""));
    }

    [Test]
    public async Task What_PostgreSQL_cannot_take_in_one_statement_is_refused()
    {
        await using var app = await ParseApp.StartAsync();
        await app.JsonAsync("POST", "/parse/classes/Thing", """{"n":1,"o":{"a":1}}""");
        var order = string.Join(",", Enumerable.Range(0, 1700).Select(i => $"o.k{i}"));
        var conditions = string.Join(",", Enumerable.Range(0, 33_000).Select(i => $$$"""{"n":{"$ne":{{{i}}},"$gt":-{{{i}}} }}"""));

        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", $$"""{"_method":"GET","order":"{{order}}"}"""), Does.StartWith("400 {\"code\":102"));
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", $$$"""{"_method":"GET","where":{"$and":[{{{conditions}}}]}}""", ParseApp.Master), Does.StartWith("400 {\"code\":102"));
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", """{"area":{"__type":"Polygon","coordinates":[[1e308,1e308],[0,0],[1,1]]}}"""), Does.StartWith("400 {\"code\":111"));
    }

    [TestCase("""{"p":{"__type":"Pointer","className":"a\ud800","objectId":"x"}}""")]
    [TestCase("""{"p":{"__type":"Pointer","className":"a\u0000","objectId":"x"}}""")]
    public async Task A_class_name_that_cannot_be_stored_is_refused(string body)
    {
        await using var app = await ParseApp.StartAsync();
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", body), Does.StartWith("400 {\"code\":111"));
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", """{"p":1}"""), Does.StartWith("201"), "and has left nothing");
    }

    [TestCase("""{"className":"Thing","indexes":{"\u0000":{"createdAt":1}}}""")]
    [TestCase("""{"className":"Thing","classLevelPermissions":{"find":{"\u0000":true}}}""")]
    public async Task Names_in_a_schema_that_cannot_be_stored_are_refused(string schema)
    {
        // With ids of the app's own any text may be a user's id in a permission.
        await using var app = await ParseApp.StartAsync(("ParseCompat:AllowCustomObjectId", "true"));
        await app.JsonAsync("POST", "/parse/schemas/Thing", """{"className":"Thing"}""", ParseApp.Master);
        var before = await app.SendAsync("GET", "/parse/schemas/Thing", null, ParseApp.Master);

        Assert.That(await app.SendAsync("PUT", "/parse/schemas/Thing", schema, ParseApp.Master), Does.StartWith("400 {\"code\":111"));
        Assert.That(await app.SendAsync("GET", "/parse/schemas/Thing", null, ParseApp.Master), Is.EqualTo(before));
    }

    private static string Object(Random random, int size, Func<string> value) =>
        "{" + string.Join(",", Enumerable.Range(0, size).Select(_ => Quote(Pick(random, Names)) + ":" + value())) + "}";

    private static string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"a\":[", depth)) + string.Concat(Enumerable.Repeat("]}", depth));

    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\' || c < ' ' || char.IsSurrogate(c))
                quoted.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }

    private static string Pick(Random random, string[] from) => from[random.Next(from.Length)];
}
