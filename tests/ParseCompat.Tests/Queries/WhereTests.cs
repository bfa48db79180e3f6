using System.Text.Json.Nodes;

namespace Backend.ParseCompat.Tests.Queries;

/// <summary>One-line cases over a few rows: the rules of contract 9.4 to 9.6 and appendix C, and the errors.</summary>
[TestFixture]
public sealed class WhereTests
{
    private ParseServer _server = null!;
    private string _ann = "";

    [OneTimeSetUp]
    public async Task Start()
    {
        _server = await ParseServer.StartAsync();
        _ann = await _server.CreateAsync("Author", """{"n":"ann","age":30}""");
        var bob = await _server.CreateAsync("Author", """{"n":"bob","age":40}""");
        var rows = new[]
        {
            $$"""{"n":"a","num":1,"text":"Apple","on":true,"arr":[1,2],"o":{"x":1,"list":[{"m":1}]},"by":{{Author(_ann)}},"when":{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"},"likes":[{{Author(_ann)}}]}""",
            $$"""{"n":"b","num":2,"text":"apple pie","on":false,"arr":[2,3],"o":{"x":2,"list":[{"m":2}]},"by":{{Author(bob)}},"when":{"__type":"Date","iso":"2021-01-01T00:00:00.000Z"},"likes":[{{Author(_ann)}},{{Author(bob)}}],"age":40}""",
            """{"n":"c","num":null,"text":"","arr":[],"o":{}}""",
            """{"n":"d","file":{"__type":"File","name":"f.png"},"bytes":{"__type":"Bytes","base64":"aGk="}}""",
        };
        foreach (var row in rows)
            await _server.CreateAsync("Row", row);
    }

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    [TestCase("""{"a":DATE}""", "1")]
    [TestCase("""{"a":{"$ne":DATE}}""", "2,3")]
    [TestCase("""{"a":{"$in":[DATE,7]}}""", "1")]
    [TestCase("""{"a":{"$nin":[DATE]}}""", "2,3")]
    [TestCase("""{"a":{"$all":[DATE,1]}}""", "1")]
    [TestCase("""{"a":{"$containedBy":[DATE,1]}}""", "1,3")]
    [TestCase("""{"a":{"$in":[{"x":DATE}]}}""", "2")]
    [TestCase("""{"a":{"$lte":DATE}}""", "1")]
    [TestCase("""{"a":{"$lt":DATE}}""", "")]
    [TestCase("""{"a.x":DATE}""", "2")]
    [TestCase("""{"o.d":DATE}""", "1")]
    [TestCase("""{"o.d":{"$eq":DATE}}""", "1")]
    [TestCase("""{"o.d":{"$gte":DATE}}""", "1,2")]
    [TestCase("""{"o.d":{"$gt":DATE}}""", "2")]
    [TestCase("""{"o.l.d":{"$in":[DATE]}}""", "2")]
    public async Task A_nested_date_is_found_by_its_instant_however_it_is_written(string where, string expected)
    {
        var name = "Dated" + Guid.NewGuid().ToString("N")[..8];
        foreach (var row in (string[])[
            """{"n":"1","a":[1,DATE],"o":{"d":DATE}}""",
            """{"n":"2","a":[{"x":DATE}],"o":{"d":{"__type":"Date","iso":"2020-01-01T00:00:00.001Z"},"l":[{"d":DATE}]}}""",
            """{"n":"3","o":{"d":"2020-01-01T00:00:00Z"}}"""])
        {
            await _server.CreateAsync(name, row.Replace("DATE", """{"__type":"Date","iso":"2020-01-01T00:00:00Z"}""", StringComparison.Ordinal));
        }

        foreach (var iso in (string[])["2020-01-01T00:00:00Z", "2020-01-01T00:00:00.000Z", "2020-01-01T01:00:00.00+01:00"])
            Assert.That(await _server.FindAsync(name, where.Replace("DATE", $$"""{"__type":"Date","iso":"{{iso}}"}""", StringComparison.Ordinal)), Is.EqualTo(expected), iso);
    }

    [TestCase("""{}""", "a,b,c,d")]
    [TestCase("""{"num":1}""", "a")]
    [TestCase("""{"num":"1"}""", "")]
    [TestCase("""{"num":null}""", "c,d")]
    [TestCase("""{"num":{"$gt":1}}""", "b")]
    [TestCase("""{"num":{"$gte":1,"$lt":2}}""", "a")]
    [TestCase("""{"num":{"$gt":"1"}}""", "")]
    [TestCase("""{"num":{"$gt":null}}""", "")]
    [TestCase("""{"num":{"$ne":1}}""", "b,c,d")]
    [TestCase("""{"num":{"$ne":null}}""", "a,b")]
    [TestCase("""{"num":{"$in":[1,null]}}""", "a,c,d")]
    [TestCase("""{"num":{"$in":[[1,2],3]}}""", "a,b")]
    [TestCase("""{"num":{"$in":[]}}""", "")]
    [TestCase("""{"num":{"$nin":[]}}""", "a,b,c,d")]
    [TestCase("""{"num":{"$nin":[1]}}""", "b,c,d")]
    [TestCase("""{"num":{"$exists":true}}""", "a,b,c")]
    [TestCase("""{"num":{"$exists":false}}""", "d")]
    [TestCase("""{"num":{"$eq":1,"$exists":true}}""", "a")]
    [TestCase("""{"on":true}""", "a")]
    [TestCase("""{"on":{"$ne":true}}""", "b,c,d")]
    [TestCase("""{"text":{"$regex":"apple"}}""", "b")]
    [TestCase("""{"text":{"$regex":"^apple","$options":"i"}}""", "a,b")]
    [TestCase("""{"text":{"$regex":"^\\QA\\E"}}""", "a")]
    [TestCase("""{"text":{"$gt":"Z"}}""", "b")]
    [TestCase("""{"arr":2}""", "a,b")]
    [TestCase("""{"arr":{"$ne":1}}""", "b,c,d")]
    [TestCase("""{"arr":{"$gt":2}}""", "b")]
    [TestCase("""{"arr":{"$in":[1,9]}}""", "a")]
    [TestCase("""{"arr":{"$all":[2,3]}}""", "b")]
    [TestCase("""{"arr":{"$all":[]}}""", "")]
    [TestCase("""{"arr":{"$containedBy":[1,2]}}""", "a,c,d")]
    [TestCase("""{"arr.0":1}""", "a")]
    [TestCase("""{"o.x":1}""", "a")]
    [TestCase("""{"o.x":{"$in":[1,2]}}""", "a,b")]
    [TestCase("""{"o.list.m":2}""", "b")]
    [TestCase("""{"o.x":{"$exists":true}}""", "a,b")]
    [TestCase("""{"o.x":null}""", "c,d")]
    [TestCase("""{"by":ANN}""", "a")]
    [TestCase("""{"by":"ANNID"}""", "")]
    [TestCase("""{"by":{"$in":["ANNID"]}}""", "a")]
    [TestCase("""{"likes":ANN}""", "a,b")]
    [TestCase("""{"likes":{"$all":[ANN]}}""", "a,b")]
    [TestCase("""{"by":{"$inQuery":{"className":"Author","where":{"age":{"$gt":35}}}}}""", "b")]
    [TestCase("""{"by":{"$notInQuery":{"className":"Author","where":{"age":{"$gt":35}}}}}""", "a,c,d")]
    [TestCase("""{"by":{"$inQuery":{"className":"Author","where":{"age":99}}}}""", "")]
    [TestCase("""{"likes":{"$inQuery":{"className":"Author","where":{"n":"bob"}}}}""", "b")]
    [TestCase("""{"age":{"$select":{"query":{"className":"Author"},"key":"age"}}}""", "b")]
    [TestCase("""{"age":{"$dontSelect":{"query":{"className":"Author","where":{}},"key":"age"}}}""", "a,c,d")]
    [TestCase("""{"when":{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"}}""", "a")]
    [TestCase("""{"when":{"$gt":{"__type":"Date","iso":"2020-06-01T00:00:00.000Z"}}}""", "b")]
    [TestCase("""{"when":{"$gt":"2000"}}""", "")]
    [TestCase("""{"when":{"$lt":{"$relativeTime":"1 day 2 hours ago"}}}""", "a,b")]
    [TestCase("""{"createdAt":{"$gt":{"$relativeTime":"in 3 days"}}}""", "")]
    [TestCase("""{"createdAt":{"$gt":{"$relativeTime":"1 day ago"},"$lte":{"$relativeTime":"in 1 min"}}}""", "a,b,c,d")]
    [TestCase("""{"createdAt":{"$gt":{"__type":"Date","iso":"2000-01-01T00:00:00.000Z"}}}""", "a,b,c,d")]
    [TestCase("""{"createdAt":{"$gt":"2000-01-01T00:00:00.000Z"}}""", "")]
    [TestCase("""{"file":{"__type":"File","name":"f.png","url":"x"}}""", "d")]
    [TestCase("""{"bytes":{"__type":"Bytes","base64":"aGk="}}""", "d")]
    [TestCase("""{"unknown":1}""", "")]
    [TestCase("""{"unknown":null}""", "a,b,c,d")]
    [TestCase("""{"unknown":{"$ne":1}}""", "a,b,c,d")]
    [TestCase("""{"$or":[{"num":1},{"n":"d"}]}""", "a,d")]
    [TestCase("""{"$or":[{"num":1},{"num":2}],"on":true}""", "a")]
    [TestCase("""{"$and":[{"num":1},{"on":true}]}""", "a")]
    [TestCase("""{"$nor":[{"num":1},{"n":"d"}]}""", "b,c")]
    public async Task A_condition_finds_what_it_did_in_the_old_database(string where, string expected) =>
        Assert.That(await _server.FindAsync("Row", where.Replace("ANNID", _ann, StringComparison.Ordinal).Replace("ANN", Author(_ann), StringComparison.Ordinal)), Is.EqualTo(expected));

    [TestCase("""{"num":[1,2]}""", 107, "You cannot use 1,2 as a query parameter.")]
    [TestCase("""{"num":[1.0,1e21,null,"x"]}""", 107, "You cannot use 1,1e+21,,x as a query parameter.")]
    [TestCase("""{"o":{"x":1}}""", 107, "You cannot use [object Object] as a query parameter.")]
    [TestCase("""{"num":{"x":1,"$exists":true}}""", 107, """bad atom: {"x":1}""")]
    [TestCase("""{"num":{"$in":1}}""", 107, "bad $in value")]
    [TestCase("""{"num":{"$nin":1}}""", 107, "bad $nin value")]
    [TestCase("""{"num":{"$all":1}}""", 107, "bad $all value")]
    [TestCase("""{"arr":{"$containedBy":1}}""", 107, "bad $containedBy: should be an array")]
    [TestCase("""{"num":{"$not":{"$gt":1}}}""", 107, "bad constraint: $not")]
    [TestCase("""{"text":{"$regex":1}}""", 102, "$regex value must be a string")]
    [TestCase("""{"text":{"$regex":"a","$options":1}}""", 102, "$options value must be a string")]
    [TestCase("""{"text":{"$regex":"a","$options":"q"}}""", 102, "Bad $options value for query: q")]
    [TestCase("""{"text":{"$regex":"(a)\\2"}}""", 102, "The regular expression is not valid.")]
    [TestCase("""{"text":{"$regex":"(?R)"}}""", 102, "Regular expression is not supported: (?R")]
    [TestCase("""{"by":{"$inQuery":{"className":"Author"}}}""", 102, "improper usage of $inQuery")]
    [TestCase("""{"by":{"$notInQuery":{"where":{}}}}""", 102, "improper usage of $notInQuery")]
    [TestCase("""{"age":{"$select":{"query":{"className":"Author"}}}}""", 102, "improper usage of $select")]
    [TestCase("""{"age":{"$dontSelect":{"query":{},"key":"age"}}}""", 102, "improper usage of $dontSelect")]
    [TestCase("""{"when":{"$gt":{"$relativeTime":"-12 bananas ago"}}}""", 107, "bad $relativeTime ($gt) value. Invalid interval: 'bananas'")]
    [TestCase("""{"when":{"$eq":{"$relativeTime":"now"}}}""", 107, "$relativeTime can only be used with the $lt, $lte, $gt, and $gte operators")]
    [TestCase("""{"num":{"$gt":{"$relativeTime":"now"}}}""", 107, "$relativeTime can only be used with Date field")]
    [TestCase("""{"by":{"$inQuery":{"className":"_Installation","where":{}}}}""", 119, "Clients aren't allowed to perform the find operation on the installation collection.")]
    [TestCase("""{"num":{"$select":{"query":{"className":"_JobStatus"},"key":"message"}}}""", 119, "Clients aren't allowed to perform the find operation on the _JobStatus collection.")]
    [TestCase("""{"$or":{}}""", 102, "Bad $or format - use an array value.")]
    [TestCase("""{"$or":[]}""", 102, "Bad $or format - use an array of at least 1 value.")]
    [TestCase("""{"$nor":[]}""", 102, "Bad $nor format - use an array of at least 1 value.")]
    [TestCase("""{"ACL":{"*":{}}}""", 102, "Cannot query on ACL.")]
    [TestCase("""{"a-b":1}""", 105, "Invalid key name: a-b")]
    [TestCase("""{"'; drop table app.row; --":1}""", 105, "Invalid key name: '; drop table app.row; --")]
    public async Task A_condition_that_cannot_be_is_refused_in_the_old_words(string where, int code, string message)
    {
        var (status, json) = await _server.CallAsync("GET", "/classes/Row?where=" + Uri.EscapeDataString(where));
        Assert.That((status, (int)json!["code"]!, (string)json["error"]!), Is.EqualTo((400, code, message)));
    }

    [TestCase("num", "c,d,a,b")]
    [TestCase("-num", "b,a,c,d")]
    [TestCase("o.x,-n", "d,c,a,b")]
    [TestCase("unknown,-n", "d,c,b,a")]
    [TestCase("text", "d,c,a,b")]
    public async Task Orders(string order, string expected)
    {
        var (_, json) = await _server.CallAsync("GET", "/classes/Row?order=" + order + (order.Contains(',', StringComparison.Ordinal) ? "" : ",n"), master: true);
        Assert.That(string.Join(",", json!["results"]!.AsArray().Select(r => (string)r!["n"]!)), Is.EqualTo(expected));
    }

    [Test]
    public async Task An_order_by_a_bad_name_is_refused() =>
        Assert.That(await _server.SendAsync("GET", "/classes/Row?order=a-b"), Is.EqualTo("""400 {"code":105,"error":"Invalid field name: a-b."}"""));

    [Test]
    public async Task Text_equality_is_enough_for_the_time_of_creation()
    {
        var (_, json) = await _server.CallAsync("GET", "/classes/Author/" + _ann, master: true);
        Task<string> CreatedAsync(string at) => _server.FindAsync("Author", new JsonObject { ["createdAt"] = at, ["n"] = "ann" }.ToJsonString());
        Assert.That(await CreatedAsync((string)json!["createdAt"]!), Is.EqualTo("ann"));
        Assert.That(await CreatedAsync("2001-01-01T00:00:00.000Z"), Is.Empty);
    }

    private static string Author(string id) => $$"""{"__type":"Pointer","className":"Author","objectId":"{{id}}"}""";
}
