using System.Text.Json.Nodes;

namespace Backend.ParseCompat.Tests.Aggregates;

/// <summary>One-line pipelines over a few rows: what MongoDB answers (contract section 10 and MongoDB's manual), and the errors.</summary>
[TestFixture]
public sealed class AggregateTests
{
    private ParseServer _server = null!;
    private string _ann = "";

    [OneTimeSetUp]
    public async Task Start()
    {
        _server = await ParseServer.StartAsync(new() { ["ParseCompat:Aggregate:CollectionPrefix"] = "old_", ["ParseCompat:Aggregate:MaxStages"] = "12", ["ParseCompat:Aggregate:MaxDepth"] = "20" });
        _ann = await _server.CreateAsync("Author", """{"name":"ann","age":30,"city":"Oslo"}""");
        var bob = await _server.CreateAsync("Author", """{"name":"bob","age":40}""");
        string[] rows =
        [
            $$$$"""{"n":"a","num":1,"text":"Apple","on":true,"arr":[1,2],"tags":["x","y"],"o":{"x":1,"list":[{"m":1},{"m":3}]},"by":{{{{Author(_ann)}}}},"when":{"__type":"Date","iso":"2020-01-05T10:20:30.456Z"},"at":{"__type":"GeoPoint","latitude":10,"longitude":20}}""",
            $$$$"""{"n":"b","num":2,"text":"pear","on":false,"arr":[2,3],"tags":[],"o":{"x":2,"list":[{"m":2}]},"by":{{{{Author(bob)}}}},"when":{"__type":"Date","iso":"2021-12-31T23:59:59.999Z"}}""",
            $$$$"""{"n":"c","num":2,"text":"apple pie","arr":[],"o":{"x":null},"by":{{{{Author(_ann)}}}} }""",
            """{"n":"d","num":null,"file":{"__type":"File","name":"f.png"},"bytes":{"__type":"Bytes","base64":"aGk="}}""",
        ];
        foreach (var row in rows)
            await _server.CreateAsync("Row", row);
    }

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    // Conditions: of a typed column, of JSON, of a computed document.
    [TestCase("""[{"$match":{"num":2}}]""", "b,c")]
    [TestCase("""[{"$match":{"num":{"$gt":1}}}]""", "b,c")]
    [TestCase("""[{"$match":{"num":null}}]""", "d")]
    [TestCase("""[{"$match":{"on":null}}]""", "c,d")]
    [TestCase("""[{"$match":{"on":{"$exists":false}}}]""", "c,d")]
    [TestCase("""[{"$match":{"num":{"$exists":true}}}]""", "a,b,c,d")]
    [TestCase("""[{"$match":{"num":{"$ne":2}}}]""", "a,d")]
    [TestCase("""[{"$match":{"num":{"$not":{"$gt":1}}}}]""", "a,d")]
    [TestCase("""[{"$match":{"num":{"$in":[1,null]}}}]""", "a,d")]
    [TestCase("""[{"$match":{"num":{"$nin":[1,null]}}}]""", "b,c")]
    [TestCase("""[{"$match":{"num":{"$gt":"1"}}}]""", "")]
    [TestCase("""[{"$match":{"num":{"$type":"number"}}}]""", "a,b,c")]
    [TestCase("""[{"$match":{"num":{"$mod":[2,0]}}}]""", "b,c")]
    [TestCase("""[{"$match":{"text":{"$regex":"^app","$options":"i"}}}]""", "a,c")]
    [TestCase("""[{"$match":{"text":{"$not":{"$regex":"^app"}}}}]""", "a,b,d")]
    [TestCase("""[{"$match":{"arr":2}}]""", "a,b")]
    [TestCase("""[{"$match":{"arr":[2,3]}}]""", "b")]
    [TestCase("""[{"$match":{"arr":{"$size":0}}}]""", "c")]
    [TestCase("""[{"$match":{"arr":{"$all":[2,3]}}}]""", "b")]
    [TestCase("""[{"$match":{"arr":{"$elemMatch":{"$gt":1,"$lt":3}}}}]""", "a,b")]
    [TestCase("""[{"$match":{"arr.0":2}}]""", "b")]
    [TestCase("""[{"$match":{"o.list":{"$elemMatch":{"m":{"$gte":3}}}}}]""", "a")]
    [TestCase("""[{"$match":{"o.list.m":2}}]""", "b")]
    [TestCase("""[{"$match":{"o.x":null}}]""", "c,d")]
    [TestCase("""[{"$match":{"o":{"x":null}}}]""", "c")]
    [TestCase("""[{"$match":{"$or":[{"num":1},{"text":"pear"}]}}]""", "a,b")]
    [TestCase("""[{"$match":{"$nor":[{"num":1},{"text":"pear"}]}}]""", "c,d")]
    [TestCase("""[{"$match":{"$expr":{"$eq":["$num","$o.x"]}}}]""", "a,b")]
    [TestCase("""[{"$match":{"when":{"$lt":"2021-01-01T00:00:00.000Z"}}}]""", "a")]
    [TestCase("""[{"$match":{"when":{"$lt":{"__type":"Date","iso":"2021-01-01T00:00:00.000Z"}}}}]""", "a")]
    [TestCase("""[{"$match":{"when":{"$gte":{"$date":"2021-01-01T00:00:00Z"}}}}]""", "b")]
    [TestCase("""[{"$match":{"createdAt":{"$gt":"2020-01-01T00:00:00.000Z"}}}]""", "a,b,c,d")]
    [TestCase("""[{"$match":{"file":"f.png"}}]""", "d")]
    [TestCase("""[{"$addFields":{"num":{"$add":["$num",1]}}},{"$match":{"num":3}}]""", "b,c")]
    [TestCase("""[{"$addFields":{"z":"$arr"}},{"$match":{"z":{"$gt":2}}}]""", "b")]
    public async Task Matches(string pipeline, string expected) => Assert.That(await FindAsync(pipeline), Is.EqualTo(expected));

    [Test]
    public async Task A_pointer_matches_by_id_by_pointer_and_as_the_old_database_had_it()
    {
        foreach (var condition in new[]
        {
            $$$$"""{"by":"{{{{_ann}}}}"}""", $$$$"""{"by":{{{{Author(_ann)}}}} }""", $$$$"""{"_p_by":"Author${{{{_ann}}}}"}""", $$$$"""{"by":{"$in":["{{{{_ann}}}}"]}}""",
            $$$$"""{"by":{"$in":["Author${{{{_ann}}}}"]}}""", $$$$"""{"by":{"$exists":true},"n":{"$ne":"b"}}""",
        })
        {
            Assert.That(await FindAsync($$$$"""[{"$match":{{{{condition}}}} }]"""), Is.EqualTo("a,c"), condition);
        }

        Assert.That(await FindAsync("""[{"$match":{"by":null}}]"""), Is.EqualTo("d"));
    }

    // Whole answers.
    [TestCase("""[{"$project":{"_id":0,"n":1,"o.x":1}}]""", """[{"n":"a","o":{"x":1}},{"n":"b","o":{"x":2}},{"n":"c","o":{"x":null}},{"n":"d"}]""")]
    [TestCase("""[{"$match":{"n":"a"}},{"$project":{"_id":0,"o.list.m":1}}]""", """[{"o":{"list":[{"m":1},{"m":3}]}}]""")]
    [TestCase("""[{"$match":{"n":"a"}},{"$project":{"_id":0,"m":"$o.list.m","k":{"v":"$num"}}}]""", """[{"k":{"v":1},"m":[1,3]}]""")]
    [TestCase("""[{"$match":{"n":"d"}},{"$project":{"_id":0,"file":1,"bytes":1,"num":1}}]""", """[{"num":null,"file":{"__type":"File","name":"f.png","url":"http://parse.example/parse/files/app/f.png"},"bytes":{"__type":"Bytes","base64":"aGk="}}]""")]
    [TestCase("""[{"$match":{"n":"a"}},{"$project":{"_id":0,"at":1,"when":1}}]""", """[{"at":{"__type":"GeoPoint","latitude":10,"longitude":20},"when":{"__type":"Date","iso":"2020-01-05T10:20:30.456Z"}}]""")]
    [TestCase("""[{"$match":{"n":"b"}},{"$unset":["by","o.list","when","arr","tags","createdAt","updatedAt","_id","text","on"]}]""", """[{"n":"b","o":{"x":2},"num":2}]""")]
    [TestCase("""[{"$match":{"n":"b"}},{"$project":{"_id":0,"o":{"x":0},"by":0,"when":0,"arr":0,"tags":0,"createdAt":0,"updatedAt":0,"text":0,"on":0}}]""", """[{"n":"b","o":{"list":[{"m":2}]},"num":2}]""")]
    [TestCase("""[{"$group":{"_id":"$num","k":{"$sum":1}}},{"$sort":{"_id":1}}]""", """[{"k":1,"objectId":null},{"k":1,"objectId":1},{"k":2,"objectId":2}]""")]
    [TestCase("""[{"$group":{"_id":{"t":"$text","u":"$num"}}},{"$sort":{"_id.u":-1,"_id.t":1}},{"$limit":2}]""", """[{"objectId":{"t":"apple pie","u":2}},{"objectId":{"t":"pear","u":2}}]""")]
    [TestCase("""[{"$group":{"_id":null,"s":{"$sum":"$num"},"a":{"$avg":"$num"},"lo":{"$min":"$text"},"hi":{"$max":"$when"}}}]""", """[{"a":1.6666666666666667,"s":5,"hi":{"__type":"Date","iso":"2021-12-31T23:59:59.999Z"},"lo":"Apple","objectId":null}]""")]
    [TestCase("""[{"$sort":{"n":-1}},{"$group":{"_id":null,"f":{"$first":"$num"},"l":{"$last":"$n"},"p":{"$push":"$num"},"c":{"$count":{}}}}]""", """[{"c":4,"f":null,"l":"a","p":[null,2,2,1],"objectId":null}]""")]
    [TestCase("""[{"$group":{"_id":null,"s":{"$addToSet":"$num"}}},{"$project":{"_id":0,"s":{"$setUnion":["$s",[]]},"k":{"$size":"$s"}}}]""", """[{"k":3,"s":[null,1,2]}]""")]
    [TestCase("""[{"$group":{"_id":null,"s":{"$sum":{"$cond":[{"$gte":["$num",2]},1,0]}},"x":{"$sum":{"$multiply":["$num","$o.x"]}},"no":{"$sum":"$nothing"},"na":{"$avg":"$nothing"}}}]""", """[{"s":2,"x":5,"na":null,"no":0,"objectId":null}]""")]
    [TestCase("""[{"$match":{"n":"nobody"}},{"$group":{"_id":null,"s":{"$sum":1}}}]""", "[]")]
    [TestCase("""[{"$match":{"n":"nobody"}},{"$count":"k"}]""", "[]")]
    [TestCase("""[{"$count":"k"}]""", """[{"k":4}]""")]
    [TestCase("""[{"$unwind":"$arr"},{"$project":{"_id":0,"n":1,"arr":1}}]""", """[{"n":"a","arr":1},{"n":"a","arr":2},{"n":"b","arr":2},{"n":"b","arr":3}]""")]
    [TestCase("""[{"$unwind":{"path":"$arr","includeArrayIndex":"i","preserveNullAndEmptyArrays":true}},{"$skip":3},{"$project":{"_id":0,"n":1,"arr":1,"i":1}}]""", """[{"i":1,"n":"b","arr":3},{"i":null,"n":"c"},{"i":null,"n":"d"}]""")]
    [TestCase("""[{"$unwind":"$o.list"},{"$group":{"_id":"$o.list.m"}},{"$sort":{"_id":-1}},{"$limit":1}]""", """[{"objectId":3}]""")]
    [TestCase("""[{"$sortByCount":"$num"},{"$limit":1}]""", """[{"count":2,"objectId":2}]""")]
    [TestCase("""[{"$sort":{"num":1,"n":-1}},{"$project":{"_id":0,"n":1}}]""", """[{"n":"d"},{"n":"a"},{"n":"c"},{"n":"b"}]""")]
    [TestCase("""[{"$sort":{"arr":-1,"n":1}},{"$project":{"_id":0,"n":1}}]""", """[{"n":"b"},{"n":"a"},{"n":"d"},{"n":"c"}]""")]
    [TestCase("""[{"$sort":{"n":1}},{"$limit":3},{"$skip":1},{"$match":{"num":2}},{"$project":{"_id":0,"n":1}}]""", """[{"n":"b"},{"n":"c"}]""")]
    [TestCase("""[{"$sort":{"n":1}},{"$limit":1},{"$match":{"num":2}}]""", "[]")]
    [TestCase("""[{"$facet":{"k":[{"$count":"all"}],"top":[{"$sort":{"n":-1}},{"$limit":1},{"$project":{"_id":0,"n":1}}]}}]""", """[{"k":[{"all":4}],"top":[{"n":"d"}]}]""")]
    [TestCase("""[{"$match":{"n":"a"}},{"$replaceRoot":{"newRoot":"$o"}}]""", """[{"x":1,"list":[{"m":1},{"m":3}]}]""")]
    [TestCase("""[{"$match":{"n":"a"}},{"$replaceWith":{"a":{"$mergeObjects":["$o",{"list":0}]}}}]""", """[{"a":{"x":1,"list":0}}]""")]
    [TestCase("""[{"$bucket":{"groupBy":"$num","boundaries":[0,2,5],"default":"other"}}]""", """[{"count":1,"objectId":0},{"count":2,"objectId":2},{"count":1,"objectId":"other"}]""")]
    [TestCase("""[{"$match":{"n":"a"}},{"$project":{"_id":0,"n":1}},{"$unionWith":{"coll":"old_Author","pipeline":[{"$match":{"age":40}},{"$project":{"_id":0,"name":1}}]}}]""", """[{"n":"a"},{"name":"bob"}]""")]
    [TestCase("""[{"$sample":{"size":2}},{"$count":"k"}]""", """[{"k":2}]""")]
    [TestCase("""[{"$match":{"n":"a"}},{"$set":{"o.y":"$num","arr.z":1,"by":"$$REMOVE","when":"$$REMOVE","at":"$$REMOVE"}},{"$project":{"_id":0,"o":1,"arr":1}}]""", """[{"o":{"x":1,"y":1,"list":[{"m":1},{"m":3}]},"arr":[{"z":1},{"z":1}]}]""")]
    public async Task Answers(string pipeline, string expected) => Assert.That(await AskAsync(pipeline), Is.EqualTo(Sorted(expected)));

    // One expression over row a.
    [TestCase("""{"$add":["$num",2,0.5]}""", "3.5")]
    [TestCase("""{"$add":["$when",1000]}""", """{"__type":"Date","iso":"2020-01-05T10:20:31.456Z"}""")]
    [TestCase("""{"$subtract":["$when",{"$toDate":"2020-01-05T10:20:30Z"}]}""", "456")]
    [TestCase("""{"$add":["$num","$missing"]}""", "null")]
    [TestCase("""{"$divide":["$num",4]}""", "0.25")]
    [TestCase("""{"$mod":[-7,4]}""", "-3")]
    [TestCase("""{"$round":[2.345,2]}""", "2.34")]
    [TestCase("""{"$trunc":-2.7}""", "-2")]
    [TestCase("""[{"$pow":[2,10]},{"$sqrt":16},{"$abs":-1},{"$ceil":1.2},{"$floor":-1.2},{"$log10":100}]""", "[1024,4,1,2,-2,2]")]
    [TestCase("""{"$cond":[{"$gt":["$num",0]},"yes","no"]}""", "\"yes\"")]
    [TestCase("""{"$ifNull":["$missing",null,"z"]}""", "\"z\"")]
    [TestCase("""{"$switch":{"branches":[{"case":{"$eq":["$n","b"]},"then":1}],"default":2}}""", "2")]
    [TestCase("""[{"$eq":["$missing",null]},{"$lt":["$missing",null]},{"$gt":["a",5]},{"$gt":[true,"a"]},{"$cmp":[[1,2],[1,3]]},{"$ne":["$num",1]}]""", "[false,true,true,true,-1,false]")]
    [TestCase("""[{"$and":["$num",{"$not":["$missing"]}]},{"$or":[0,null,""]},{"$or":[0,null]}]""", "[true,true,false]")]
    [TestCase("""{"$concat":["$text","-","$n"]}""", "\"Apple-a\"")]
    [TestCase("""{"$concat":["$text","$missing"]}""", "null")]
    [TestCase("""[{"$toUpper":"$text"},{"$toLower":"$text"},{"$substr":["$text",1,2]},{"$substrCP":["äöü",1,1]},{"$strLenCP":"äöü"},{"$strLenBytes":"äöü"}]""", """["APPLE","apple","pp","ö",3,6]""")]
    [TestCase("""[{"$split":["a-b-c","-"]},{"$trim":{"input":"  x "}},{"$indexOfCP":["hello","l"]},{"$replaceAll":{"input":"aXbX","find":"X","replacement":"."}},{"$strcasecmp":["A","a"]}]""", """[["a","b","c"],"x",2,"a.b.",0]""")]
    [TestCase("""{"$regexMatch":{"input":"$text","regex":"^app","options":"i"}}""", "true")]
    [TestCase("""[{"$size":"$arr"},{"$arrayElemAt":["$arr",-1]},{"$first":"$arr"},{"$last":"$arr"},{"$in":[2,"$arr"]},{"$slice":["$arr",1]},{"$slice":["$arr",1,5]}]""", "[2,2,1,2,true,[1],[2]]")]
    [TestCase("""{"$map":{"input":"$arr","as":"v","in":{"$add":["$$v","$num"]}}}""", "[2,3]")]
    [TestCase("""{"$filter":{"input":"$o.list","as":"e","cond":{"$gt":["$$e.m",1]}}}""", """[{"m":3}]""")]
    [TestCase("""{"$reduce":{"input":"$arr","initialValue":10,"in":{"$add":["$$value","$$this"]}}}""", "13")]
    [TestCase("""{"$let":{"vars":{"t":{"$multiply":["$num",3]}},"in":{"$add":["$$t","$$t"]}}}""", "6")]
    [TestCase("""[{"$sum":"$arr"},{"$avg":["$num",3]},{"$max":["$num",7]},{"$min":"$arr"}]""", "[3,2,7,1]")]
    [TestCase("""[{"$concatArrays":["$arr",[9]]},{"$reverseArray":"$arr"},{"$range":[0,6,2]},{"$indexOfArray":["$arr",2]},{"$isArray":"$arr"}]""", "[[1,2,9],[2,1],[0,2,4],1,true]")]
    [TestCase("""[{"$setUnion":["$arr",[2,5]]},{"$setIntersection":["$arr",[2,5]]},{"$setDifference":["$arr",[2,5]]},{"$setIsSubset":[[1],"$arr"]}]""", "[[1,2,5],[2],[1],true]")]
    [TestCase("""[{"$objectToArray":{"k1":1}},{"$arrayToObject":[[["a",1]]]},{"$getField":{"field":"x","input":"$o"}}]""", """[[{"k":"k1","v":1}],{"a":1},1]""")]
    [TestCase("""[{"$type":"$num"},{"$type":"$when"},{"$type":"$missing"},{"$type":"$o"},{"$toString":"$num"},{"$toInt":"12"},{"$toBool":"$num"},{"$toString":"$when"}]""", """["int","date","missing","object","1",12,true,"2020-01-05T10:20:30.456Z"]""")]
    [TestCase("""[{"$year":"$when"},{"$month":"$when"},{"$dayOfMonth":"$when"},{"$hour":"$when"},{"$minute":"$when"},{"$second":"$when"},{"$millisecond":"$when"}]""", "[2020,1,5,10,20,30,456]")]
    [TestCase("""[{"$dayOfWeek":"$when"},{"$dayOfYear":"$when"},{"$week":"$when"},{"$isoWeek":"$when"},{"$isoWeekYear":"$when"},{"$isoDayOfWeek":"$when"}]""", "[1,5,1,1,2020,7]")]
    [TestCase("""[{"$hour":{"date":"$when","timezone":"+05:30"}},{"$hour":{"date":"$when","timezone":"America/New_York"}},{"$year":"$missing"}]""", "[15,5,null]")]
    [TestCase("""{"$dateToString":{"format":"%Y-%m-%d %H:%M:%S.%L %j","date":"$when"}}""", "\"2020-01-05 10:20:30.456 005\"")]
    [TestCase("""[{"$dateTrunc":{"date":"$when","unit":"month"}},{"$dateAdd":{"startDate":"$when","unit":"day","amount":3}}]""", """[{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"},{"__type":"Date","iso":"2020-01-08T10:20:30.456Z"}]""")]
    [TestCase("""[{"$dateFromString":{"dateString":"2020-02-03"}},{"$dateFromParts":{"year":2020,"month":2,"day":3}},{"$dateDiff":{"startDate":"$when","endDate":{"$toDate":"2020-03-01"},"unit":"month"}}]""", """[{"__type":"Date","iso":"2020-02-03T00:00:00.000Z"},{"__type":"Date","iso":"2020-02-03T00:00:00.000Z"},2]""")]
    [TestCase("""{"$literal":{"a":"$num"}}""", """{"a":"$num"}""")]
    [TestCase("""{"$sortArray":{"input":"$o.list","sortBy":{"m":-1}}}""", """[{"m":3},{"m":1}]""")]
    [TestCase("""{"a":"$$ROOT.num","b":"$missing","c":["$missing"]}""", """{"a":1,"c":[null]}""")]
    public async Task An_expression_computes_what_it_did_in_the_old_database(string expression, string expected) =>
        Assert.That(await AskAsync($$$$"""[{"$match":{"n":"a"}},{"$project":{"_id":0,"v":{{{{expression}}}} }}]"""), Is.EqualTo(Sorted("[{\"v\":" + expected + "}]")));

    [Test]
    public async Task Groups_of_pointers_show_ids_and_rows_show_pointers()
    {
        var groups = await AskAsync("""[{"$match":{"by":{"$exists":true}}},{"$group":{"_id":"$by","k":{"$sum":1}}},{"$sort":{"k":-1}},{"$limit":1}]""");
        Assert.That(groups, Is.EqualTo($$$$"""[{"k":2,"objectId":"{{{{_ann}}}}"}]"""));
        Assert.That(await AskAsync("""[{"$match":{"n":"a"}},{"$project":{"_id":0,"by":1}}]"""), Is.EqualTo("[{\"by\":" + Author(_ann) + "}]"));
        Assert.That(await AskAsync("""[{"$match":{"n":"a"}},{"$project":{"_id":0,"v":"$_p_by"}}]"""), Is.EqualTo($$$$"""[{"v":"Author${{{{_ann}}}}"}]"""));
    }

    [Test]
    public async Task A_lookup_joins_by_the_names_of_the_old_database()
    {
        const string Joined = """
            [{"$match":{"num":{"$exists":true}}},{"$sort":{"n":1}},{"$project":{"n":1,"key":{"$substr":["$_p_by",7,-1]}}},
             {"$lookup":{"from":"old_Author","localField":"key","foreignField":"_id","as":"author"}},{"$unwind":{"path":"$author","preserveNullAndEmptyArrays":true}},
             {"$project":{"_id":0,"n":1,"name":"$author.name"}}]
            """;
        Assert.That(await AskAsync(Joined), Is.EqualTo("""[{"n":"a","name":"ann"},{"n":"b","name":"bob"},{"n":"c","name":"ann"},{"n":"d"}]"""));
        const string Counted = """
            [{"$lookup":{"from":"Row","let":{"me":{"$concat":["Author$","$_id"]}},"pipeline":[{"$match":{"$expr":{"$eq":["$_p_by","$$me"]}}},{"$sort":{"n":-1}},{"$project":{"_id":0,"n":1}}],"as":"rows"}},
             {"$sort":{"name":1}},{"$project":{"_id":0,"name":1,"rows":1}}]
            """;
        Assert.That(await AskAsync(Counted, "Author"), Is.EqualTo("""[{"name":"ann","rows":[{"n":"c"},{"n":"a"}]},{"name":"bob","rows":[{"n":"b"}]}]"""));
        Assert.That(await AskAsync("""[{"$match":{"n":"a"}},{"$lookup":{"from":"Nowhere","localField":"n","foreignField":"x","as":"l"}},{"$project":{"_id":0,"l":1}}]"""), Is.EqualTo("""[{"l":[]}]"""));
        Assert.That(await AskAsync("""[{"$match":{"name":"ann"}},{"$lookup":{"from":"Row","localField":"_id","foreignField":"nothing","as":"l"}},{"$project":{"_id":0,"k":{"$size":"$l"}}}]""", "Author"),
            Is.EqualTo("""[{"k":0}]"""));
    }

    [Test]
    public async Task A_row_shows_its_system_keys_and_never_who_may_read_it()
    {
        var id = await _server.CreateAsync("Locked", """{"n":"l","ACL":{"someone":{"read":true}}}""");
        var row = (JsonObject)(await CallAsync("Locked", """[{"$match":{"objectId":"ID"}}]""".Replace("ID", id, StringComparison.Ordinal))).Body!["results"]![0]!;
        Assert.That(row.Select(p => p.Key).Order(), Is.EqualTo(new[] { "createdAt", "n", "objectId", "updatedAt" }));
        Assert.That((string?)row["objectId"], Is.EqualTo(id));
        Assert.That((string?)row["createdAt"], Does.EndWith("Z"));
        Assert.That(await AskAsync("""[{"$match":{"_rperm":"someone"}},{"$project":{"_id":0,"n":1}}]""", "Locked"), Is.EqualTo("""[{"n":"l"}]"""));
        var (_, raw) = await _server.CallAsync("GET", "/aggregate/Locked?rawFieldNames=true&rawValues=true&pipeline=" + Uri.EscapeDataString("""[{"$project":{"createdAt":1}}]"""), null, master: true);
        Assert.That((string?)raw!["results"]![0]!["_id"], Is.EqualTo(id));
        Assert.That((string?)raw["results"]![0]!["_created_at"]!["$date"], Does.EndWith("Z"));
    }

    [TestCase("num", "", "[1,2]")]
    [TestCase("n", """{"num":2}""", """["b","c"]""")]
    [TestCase("arr", "", "[1,2,3]")]
    [TestCase("o.list.m", "", "[1,3,2]")]
    [TestCase("o.x", "", "[1,2]")]
    [TestCase("text", """{"n":{"$in":["a","d"]}}""", """["Apple"]""")]
    [TestCase("nothing", "", "[]")]
    [TestCase("when", """{"n":"a"}""", """[{"__type":"Date","iso":"2020-01-05T10:20:30.456Z"}]""")]
    public async Task Distinct_values_come_in_the_order_of_their_first_appearance(string field, string where, string expected)
    {
        var (status, body) = await _server.CallAsync("GET", $"/aggregate/Row?distinct={field}" + (where.Length > 0 ? "&where=" + Uri.EscapeDataString(where) : ""), null, master: true);
        Assert.That((status, body!["results"]!.ToJsonString()), Is.EqualTo((200, expected)));
    }

    [Test]
    public async Task Distinct_pointers_are_pointers()
    {
        var (_, body) = await _server.CallAsync("GET", "/aggregate/Row?distinct=by&where=" + Uri.EscapeDataString("""{"n":"a"}"""), null, master: true);
        Assert.That(body!["results"]!.ToJsonString(), Is.EqualTo($"[{Author(_ann)}]"));
    }

    [Test]
    public async Task Stages_come_as_parameters_as_an_object_and_in_a_body()
    {
        var (_, loose) = await _server.CallAsync("GET", "/aggregate/Row?$match=" + Uri.EscapeDataString("""{"num":2}""") + "&$count=k", null, master: true);
        Assert.That(loose!["results"]!.ToJsonString(), Is.EqualTo("""[{"k":2}]"""));
        var (_, map) = await _server.CallAsync("GET", "/aggregate/Row?pipeline=" + Uri.EscapeDataString("""{"$match":{"num":2},"$count":"k"}"""), null, master: true);
        Assert.That(map!["results"]!.ToJsonString(), Is.EqualTo("""[{"k":2}]"""));
        var (_, posted) = await _server.CallAsync("POST", "/aggregate/Row", """{"_method":"GET","pipeline":[{"$match":{"num":2}},{"$count":"k"}],"hint":"nothing","comment":"hello","readPreference":"SECONDARY"}""", master: true);
        Assert.That(posted!["results"]!.ToJsonString(), Is.EqualTo("""[{"k":2}]"""));
        var (_, none) = await _server.CallAsync("GET", "/aggregate/Nowhere?$count=k", null, master: true);
        Assert.That(none!["results"]!.ToJsonString(), Is.EqualTo("[]"));
        Assert.That(await _server.SendAsync("GET", "/aggregate/Row"), Is.EqualTo("""403 {"error":"unauthorized: master key is required"}"""));
    }

    [TestCase("""{"$geoWithin":{"$box":[[0,0],[20,20]]}}""", "near")]
    [TestCase("""{"$geoWithin":{"$polygon":[[-10,-10],[-10,20],[20,20],[20,-10]]}}""", "near")]
    [TestCase("""{"$geoWithin":{"$centerSphere":[[100,60],0.1]}}""", "far")]
    [TestCase("""{"$geoIntersects":{"$geometry":{"type":"Point","coordinates":[10,10]}}}""", "near")]
    [TestCase("""{"$not":{"$geoWithin":{"$box":[[0,0],[20,20]]}}}""", "far,none")]
    public async Task Places_are_matched(string condition, string expected)
    {
        if ((await CallAsync("Placed", "[]")).Body!["results"]!.AsArray().Count == 0)
        {
            await _server.CreateAsync("Placed", """{"n":"near","at":{"__type":"GeoPoint","latitude":10,"longitude":10}}""");
            await _server.CreateAsync("Placed", """{"n":"far","at":{"__type":"GeoPoint","latitude":60,"longitude":100}}""");
            await _server.CreateAsync("Placed", """{"n":"none"}""");
        }

        var (status, body) = await CallAsync("Placed", $$$"""[{"$match":{"at":{{{condition}}}}},{"$sort":{"n":1}}]""");
        Assert.That(status, Is.EqualTo(200), body!.ToJsonString());
        Assert.That(string.Join(",", body["results"]!.AsArray().Select(r => (string?)r!["n"])), Is.EqualTo(expected));
        (status, body) = await CallAsync("Placed", $$$$"""[{"$group":{"_id":null,"at":{"$first":"$at"}}},{"$match":{"at":{{{{condition}}}}}}]""");
        Assert.That((status, (int?)body!["code"]), Is.EqualTo((400, 102)), body.ToJsonString());
    }

    [TestCase("$geoNear"), TestCase("$graphLookup"), TestCase("$setWindowFields"), TestCase("$bucketAuto"), TestCase("$densify"), TestCase("$fill"), TestCase("$redact"), TestCase("$indexStats"),
     TestCase("$collStats"), TestCase("$planCacheStats"), TestCase("$currentOp"), TestCase("$listSessions"), TestCase("$documents"), TestCase("$changeStream"), TestCase("$search"), TestCase("$vectorSearch")]
    public async Task Another_stage_is_refused_by_its_name(string stage)
    {
        var (status, body) = await CallAsync("Row", $$$"""[{"{{{stage}}}":{}}]""");
        Assert.That((status, (int?)body!["code"], (string?)body["error"]), Is.EqualTo((400, 102, $"Unrecognized pipeline stage name: '{stage}'")));
    }

    [TestCase("""[{"$match":{"place":{"$near":[1,2]}}}]""", "unknown operator: $near")]
    [TestCase("""[{"$match":{"place":{"$geoWithin":{"$box":[[0,0],[200,0]]}}}}]""", "$geoWithin needs a GeoPoint or Polygon field of the class")]
    [TestCase("""[{"$group":{}}]""", "Invalid parameter for query: group. Missing key _id")]
    [TestCase("""[{"$group":{"objectId":"$n"}}]""", "Cannot use 'objectId' in aggregation stage $group.")]
    [TestCase("""[{"group":{"_id":"$n"}}]""", "Invalid aggregate stage 'group'.")]
    [TestCase("""[{"$match":{},"$limit":1}]""", "Pipeline stages should only have one key but found $match, $limit.")]
    [TestCase("""[{"$out":"x"}]""", "Unrecognized pipeline stage name: '$out'")]
    [TestCase("""[{"$merge":{"into":"x"}}]""", "Unrecognized pipeline stage name: '$merge'")]
    [TestCase("""[{"$project":{"v":{"$function":{"body":"x"}}}}]""", "Unrecognized expression '$function'")]
    [TestCase("""[{"$match":{"n":{"$where":"x"}}}]""", "unknown operator: $where")]
    [TestCase("""[{"$match":{"$where":"x"}}]""", "unknown top level operator: $where")]
    [TestCase("""[{"$group":{"_id":null,"v":{"$accumulator":1}}}]""", "unknown group operator '$accumulator'")]
    [TestCase("""[{"$limit":0}]""", "the limit must be a positive number")]
    [TestCase("""[{"$unwind":"arr"}]""", "path option to $unwind stage should be prefixed with a '$': arr")]
    [TestCase("""[{"$project":{"v":"$$x"}}]""", "Use of undefined variable: x")]
    [TestCase("""[{"$project":{"n":1,"num":0}}]""", "Invalid $project: cannot do exclusion on field num in inclusion projection")]
    [TestCase("""[{"$project":{"v":{"$add":["$text",1]}}}]""", "$add needs a number, not string")]
    [TestCase("""[{"$project":{"v":{"$divide":["$num",0]}}}]""", "$divide by zero")]
    [TestCase("""[{"$project":{"v":{"$size":"$num"}}}]""", "$size needs an array, not int")]
    public async Task Mistakes_are_named(string pipeline, string expected)
    {
        var (status, body) = await CallAsync("Row", pipeline);
        Assert.That((status, (int?)body!["code"], (string?)body["error"]), Is.EqualTo((400, 102, expected)));
    }

    [TestCase("5")]
    [TestCase("[5]")]
    [TestCase("[null]")]
    [TestCase("""[{"$match":5}]""")]
    [TestCase("""[{"$match":{"n":{"$in":5}}}]""")]
    [TestCase("""[{"$match":{"n":{"$regex":"("}}}]""")]
    [TestCase("""[{"$match":{"a..b":1}}]""")]
    [TestCase("""[{"$match":{"n":{"$not":5}}}]""")]
    [TestCase("""[{"$match":{"n":{"$elemMatch":5}}}]""")]
    [TestCase("""[{"$match":{"n":{"$type":"what"}}}]""")]
    [TestCase("""[{"$match":{"n":{"$mod":[0,1]}}}]""")]
    [TestCase("""[{"$project":5}]""")]
    [TestCase("""[{"$project":{}}]""")]
    [TestCase("""[{"$project":{"v":{"$map":5}}}]""")]
    [TestCase("""[{"$project":{"v":{"$filter":{"input":"$arr"}}}}]""")]
    [TestCase("""[{"$project":{"v":{"$cond":[1,2]}}}]""")]
    [TestCase("""[{"$project":{"v":{"$switch":{}}}}]""")]
    [TestCase("""[{"$project":{"v":{"$let":{"vars":5,"in":1}}}}]""")]
    [TestCase("""[{"$project":{"v":{"$subtract":[1]}}}]""")]
    [TestCase("""[{"$project":{"v":{"$dateToString":"$when"}}}]""")]
    [TestCase("""[{"$project":{"v":{"$dateToString":{"date":"$when","timezone":"Nowhere/Land"}}}}]""")]
    [TestCase("""[{"$project":{"v":{"$year":"$n"}}}]""")]
    [TestCase("""[{"$project":{"v":{"$arrayElemAt":["$arr",1.5]}}}]""")]
    [TestCase("""[{"$project":{"v":{"$pow":[10,400]}}}]""")]
    [TestCase("""[{"$project":{"v":{"$toInt":"x"}}}]""")]
    [TestCase("""[{"$project":{"v":{"$toDate":"2020-99-99"}}}]""")]
    [TestCase("""[{"$project":{"v":{"$range":[0,100000000]}}}]""")]
    [TestCase("""[{"$group":5}]""")]
    [TestCase("""[{"$group":{"_id":1,"v":5}}]""")]
    [TestCase("""[{"$group":{"_id":1,"v":{"$sum":1,"$avg":1}}}]""")]
    [TestCase("""[{"$sort":{}}]""")]
    [TestCase("""[{"$sort":{"n":2}}]""")]
    [TestCase("""[{"$limit":"x"}]""")]
    [TestCase("""[{"$skip":-1}]""")]
    [TestCase("""[{"$unwind":{}}]""")]
    [TestCase("""[{"$lookup":{}}]""")]
    [TestCase("""[{"$lookup":{"from":"Author","as":"x"}}]""")]
    [TestCase("""[{"$facet":{}}]""")]
    [TestCase("""[{"$facet":{"a":5}}]""")]
    [TestCase("""[{"$replaceRoot":{"newRoot":"$n"}}]""")]
    [TestCase("""[{"$sample":{"size":-1}}]""")]
    [TestCase("""[{"$bucket":{"groupBy":"$num","boundaries":[0]}}]""")]
    [TestCase("""[{"$count":""}]""")]
    public async Task Odd_input_is_refused_and_never_fails(string pipeline)
    {
        var (status, body) = await CallAsync("Row", pipeline);
        Assert.That((status, (int?)body!["code"] is 102 or 111), Is.EqualTo((400, true)), body.ToJsonString() + string.Join('\n', _server.Errors));
    }

    // Not wrong, only odd: answered, never a failure.
    [TestCase("[]")]
    [TestCase("""[{"$match":{}}]""")]
    [TestCase("""[{"$match":{"n":{"$in":[]}}}]""")]
    [TestCase("""[{"$match":{"n":"\u0000"}}]""")]
    [TestCase("""[{"$match":{"x\u0000y":1}}]""")]
    [TestCase("""[{"$match":{"n":"\ud800"}}]""")]
    [TestCase("""[{"$project":{"v":"\u0000"}}]""")]
    [TestCase("""[{"$project":{"v":{"$literal":{"a":["\u0000"]}}}}]""")]
    [TestCase("""[{"$group":{"_id":"\u0000"}}]""")]
    [TestCase("""[{"$addFields":{"x\u0000":1}}]""")]
    [TestCase("""[{"$count":"\u0000"}]""")]
    [TestCase("""[{"$limit":1e15}]""")]
    [TestCase("""[{"$skip":9e14}]""")]
    [TestCase("""[{"$sort":{"nothing.at.all":1}},{"$sort":{"createdAt":-1}}]""")]
    [TestCase("""[{"$group":{"_id":{}}},{"$match":{"_id":null}}]""")]
    [TestCase("""[{"$project":{"_id":1}},{"$unwind":"$nothing"}]""")]
    [TestCase("""[{"$facet":{"a":[]}},{"$unwind":"$a"},{"$replaceRoot":{"newRoot":"$a"}},{"$project":{"n":1}}]""")]
    [TestCase("""[{"$replaceRoot":{"newRoot":"$$ROOT"}},{"$set":{"x":"$$ROOT"}},{"$unset":"x.arr"},{"$group":{"_id":null,"all":{"$push":"$$ROOT"}}}]""")]
    [TestCase("""[{"$lookup":{"from":"Row","pipeline":[{"$facet":{"k":[{"$count":"c"}]}}],"as":"l"}},{"$unwind":"$l"},{"$unwind":"$l.k"}]""")]
    [TestCase("""[{"$group":{"_id":"$by","m":{"$mergeObjects":"$o"},"s":{"$stdDevPop":"$num"}}}]""")]
    public async Task Odd_input_is_answered(string pipeline)
    {
        var (status, body) = await CallAsync("Row", pipeline);
        Assert.That(status, Is.EqualTo(200), body?.ToJsonString() + string.Join('\n', _server.Errors));
    }

    [Test]
    public async Task Too_much_is_refused()
    {
        var stages = string.Join(",", Enumerable.Repeat("""{"$skip":0}""", 13));
        Assert.That((string?)(await CallAsync("Row", $"[{stages}]")).Body!["error"], Is.EqualTo("Pipeline length must be no longer than 12 stages."));
        var deep = string.Concat(Enumerable.Repeat("""{"$not":[""", 30)) + "1" + string.Concat(Enumerable.Repeat("]}", 30));
        Assert.That((string?)(await CallAsync("Row", $$$$"""[{"$project":{"v":{{{{deep}}}} }}]""")).Body!["error"], Is.EqualTo("Pipeline nesting depth exceeds maximum allowed depth of 20"));
    }

    [Test]
    public async Task A_pipeline_that_burns_time_is_stopped()
    {
        await using var server = await ParseServer.StartAsync(new() { ["Database:StatementTimeout"] = "00:00:00.300" });
        await server.CreateAsync("Row", """{"n":"a"}""");
        const string Burn = """[{"$project":{"v":{"$map":{"input":{"$range":[0,90000]},"as":"i","in":{"$map":{"input":{"$range":[0,90000]},"as":"j","in":{"$add":["$$i","$$j"]}}}}}}}]""";
        Assert.That(await server.SendAsync("GET", "/aggregate/Row?pipeline=" + Uri.EscapeDataString(Burn), null, master: true),
            Is.EqualTo("""400 {"code":124,"error":"The request timed out on the server."}"""));
        Assert.That((await server.CallAsync("GET", "/classes/Row")).Status, Is.EqualTo(200));
    }

    [Test]
    public async Task A_value_computed_of_itself_again_and_again_stays_quick()
    {
        var doubling = string.Join(",", Enumerable.Repeat("""{"$set":{"num":{"$add":["$num","$num"]},"arr":{"$concatArrays":["$arr","$arr"]}}}""", 10));
        Assert.That(await AskAsync($$$$"""[{"$match":{"n":"a"}},{{{{doubling}}}},{"$project":{"_id":0,"num":1,"k":{"$size":"$arr"}}}]"""), Is.EqualTo("""[{"k":2048,"num":1024}]"""));
    }

    private static string Author(string id) => $$$$"""{"__type":"Pointer","className":"Author","objectId":"{{{{id}}}}"}""";

    private Task<(int Status, JsonNode? Body)> CallAsync(string className, string pipeline) =>
        _server.CallAsync("GET", $"/aggregate/{className}?pipeline=" + Uri.EscapeDataString(pipeline), null, master: true);

    private async Task<string> AskAsync(string pipeline, string className = "Row")
    {
        var (status, body) = await CallAsync(className, pipeline);
        return status == 200 ? Sorted(body!["results"]!.ToJsonString()) : $"{status} {body?.ToJsonString()} {string.Join('\n', _server.Errors)}";
    }

    /// <summary>JSON with the keys of its objects in order, which is of no meaning.</summary>
    private static string Sorted(string json)
    {
        return Of(JsonNode.Parse(json))?.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) ?? "null";

        static JsonNode? Of(JsonNode? node) => node switch
        {
            JsonObject o => new JsonObject(o.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, Of(m.Value)))),
            JsonArray a => new JsonArray([.. a.Select(Of)]),
            _ => node?.DeepClone(),
        };
    }

    private async Task<string> FindAsync(string pipeline)
    {
        var (status, body) = await CallAsync("Row", pipeline);
        return status == 200 ? string.Join(',', body!["results"]!.AsArray().Select(r => (string?)r!["n"])) : $"{status} {body?.ToJsonString()} {string.Join('\n', _server.Errors)}";
    }
}
