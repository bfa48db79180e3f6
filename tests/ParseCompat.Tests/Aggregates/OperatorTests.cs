using System.Text.Json.Nodes;

namespace Backend.ParseCompat.Tests.Aggregates;

/// <summary>
/// What MongoDB's operators make of null, missing, mixed types, arrays, dates at places and numbers at their edges. The answers are computed by hand, from
/// MongoDB's manual.
/// </summary>
[TestFixture]
internal sealed class OperatorTests
{
    private ParseServer _server = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _server = await ParseServer.StartAsync();
        await _server.CreateAsync("One", """{"when":{"__type":"Date","iso":"2020-03-08T06:37:12.345Z"},"text":"Café au lait, AU","list":[3,null,1,"x",[2]],"o":{"a":1,"b":null}}""");
        foreach (var row in new[]
        {
            """{"at":1,"k":"a","o":{"v":2}}""", """{"at":2,"k":"a","o":{"v":"x"}}""", """{"at":3,"k":"a","o":{"v":null}}""", """{"at":4,"k":"a","o":{}}""",
            """{"at":5,"k":"b","o":{"v":[5,7]}}""", """{"at":6,"k":"b","o":{"v":true}}""", """{"at":7,"k":"b","o":{"v":-1.5}}""", """{"at":8,"k":"c","o":{}}""",
        })
        {
            await _server.CreateAsync("Mixed", row);
        }
    }

    [OneTimeTearDown]
    public async Task Stop() => await _server.DisposeAsync();

    // Null and missing: most operators give null, some refuse, some pass over them.
    [TestCase("""[{"$add":["$o.b",1]},{"$multiply":["$no",2]},{"$subtract":[1,"$o.b"]},{"$divide":["$no",2]},{"$mod":["$no",2]},{"$pow":["$no",2]},{"$abs":"$no"},{"$round":["$no",1]}]""", "[null,null,null,null,null,null,null,null]")]
    [TestCase("""[{"$concat":["a","$no"]},{"$toLower":"$no"},{"$toUpper":"$o.b"},{"$substrCP":["$no",0,1]},{"$split":["$no",","]},{"$trim":{"input":"$no"}},{"$indexOfCP":["$no","a"]},{"$replaceAll":{"input":"$no","find":"a","replacement":"b"}}]""", """[null,"","","",null,null,null,null]""")]
    [TestCase("""[{"$arrayElemAt":["$no",0]},{"$slice":["$no",1]},{"$reverseArray":"$o.b"},{"$concatArrays":["$list","$no"]},{"$map":{"input":"$no","in":1}},{"$filter":{"input":"$no","cond":true}},{"$reduce":{"input":"$no","initialValue":0,"in":1}},{"$zip":{"inputs":["$list","$no"]}}]""", "[null,null,null,null,null,null,null,null]")]
    [TestCase("""[{"$year":"$no"},{"$dateToString":{"date":"$no"}},{"$dateToString":{"date":"$no","onNull":"never"}},{"$dateToParts":{"date":"$no"}},{"$dateAdd":{"startDate":"$no","unit":"day","amount":1}},{"$dateDiff":{"startDate":"$no","endDate":"$when","unit":"day"}},{"$dateTrunc":{"date":"$no","unit":"day"}},{"$hour":{"date":"$when","timezone":"$no"}}]""", """[null,null,"never",null,null,null,null,null]""")]
    [TestCase("""[{"$toInt":"$no"},{"$toString":"$no"},{"$toDate":"$o.b"},{"$toBool":"$no"},{"$convert":{"input":"$no","to":"int","onNull":7}},{"$setField":{"field":"a","input":"$no","value":1}},{"$mergeObjects":["$no",{"a":1},null]},{"$objectToArray":"$no"}]""", """[null,null,null,null,7,null,{"a":1},null]""")]
    [TestCase("""[{"$sum":["$no",2,"x",null]},{"$avg":["$no",2,4,"x"]},{"$min":["$no",null,2]},{"$max":["$no",null,2]},{"$sum":"$list"},{"$avg":"$no"},{"$max":"$no"},{"$sum":"$no"}]""", "[2,3,2,2,4,null,null,0]")]
    [TestCase("""[{"$ifNull":["$no","$o.b","$o.a"]},{"$type":"$no"},{"$type":"$o.b"},{"$isArray":"$no"},{"$isNumber":"$no"},{"$in":[null,"$list"]},{"$size":"$list"},{"$cond":["$no",1,2]}]""", """[1,"missing","null",false,false,true,5,2]""")]

    // Comparison goes by type first: missing, null, numbers, texts, objects, arrays, booleans, dates.
    [TestCase("""[{"$lt":["$no",null]},{"$lt":[null,0]},{"$lt":[5,"a"]},{"$lt":["z",{}]},{"$lt":[{"a":1},[]]},{"$lt":[[9],false]},{"$lt":[true,"$when"]},{"$eq":["$no","$nothing"]}]""", "[true,true,true,true,true,true,true,true]")]
    [TestCase("""[{"$eq":[1,true]},{"$eq":["1",1]},{"$eq":[[1],1]},{"$cmp":[[1,2],[1]]},{"$cmp":[{"a":1},{"a":2}]},{"$cmp":["B","a"]},{"$gt":["$when",1e15]},{"$eq":[1,1.0]}]""", "[false,false,false,1,-1,-1,true,true]")]
    [TestCase("""[{"$and":[1,"",[]]},{"$or":[0,null,false]},{"$not":["$no"]},{"$not":[[false]]},{"$and":[]},{"$or":[]}]""", "[true,false,true,false,true,false]")]

    // Numbers: whole ones stay whole to the last digit, ties go to the even one.
    [TestCase("""[{"$trunc":0.9999999999999999},{"$trunc":12345678901234567},{"$trunc":[1234.567,2]},{"$trunc":[-1234.567,-2]},{"$round":0.5},{"$round":1.5},{"$round":[2.345,2]},{"$round":[-15,-1]}]""", "[0,12345678901234568,1234.56,-1200,0,2,2.34,-20]")]
    [TestCase("""[{"$mod":[7.5,2]},{"$mod":[-7,3]},{"$ceil":-0.5},{"$floor":0.5},{"$divide":[7,2]},{"$subtract":[0.5,1]},{"$sqrt":2},{"$ln":1}]""", "[1.5,-1,0,0,3.5,-0.5,1.4142135623730951,0]")]
    [TestCase("""[{"$type":5},{"$type":5.5},{"$type":2147483648},{"$type":-2147483648},{"$type":"x"},{"$type":[[]]},{"$type":{"$literal":{}}},{"$type":true}]""", """["int","double","double","int","string","array","object","bool"]""")]
    [TestCase("""[{"$toString":1700000000000000},{"$toString":2.50},{"$toString":-3},{"$toString":true},{"$toInt":2.9},{"$toInt":"-12"},{"$toDouble":"1.5e3"},{"$toLong":"$when"}]""", """["1700000000000000","2.5","-3","true",2,-12,1500,1583649432345]""")]
    [TestCase("""[{"$convert":{"input":"x","to":"int","onError":-1}},{"$convert":{"input":"2020-01-01","to":"date"}},{"$convert":{"input":0,"to":"bool"}},{"$convert":{"input":1.9,"to":16}},{"$convert":{"input":7,"to":"string"}},{"$convert":{"input":[1],"to":"double","onError":"no"}}]""", """[-1,{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"},false,1,"7","no"]""")]
    [TestCase("""[{"$sin":0},{"$cos":0},{"$atan2":[0,1]},{"$degreesToRadians":180},{"$radiansToDegrees":0},{"$tan":"$no"},{"$asin":1},{"$tanh":0}]""", "[0,1,0,3.141592653589793,0,null,1.5707963267948966,0]")]

    // Texts.
    [TestCase("""[{"$strLenCP":"$text"},{"$strLenBytes":"$text"},{"$substrCP":["$text",3,4]},{"$substrBytes":["$text",5,3]},{"$indexOfCP":["$text","au"]},{"$indexOfBytes":["$text","au"]},{"$toUpper":"é1a"},{"$strcasecmp":["B","a"]}]""", """[16,17,"é au"," au",5,6,"é1A",1]""")]
    [TestCase("""{"$regexFind":{"input":"$text","regex":"a(u)( x)?"}}""", """{"captures":["u",null],"idx":5,"match":"au"}""")]
    [TestCase("""{"$regexFindAll":{"input":"$text","regex":"[(a]u","options":"i"}}""", """[{"captures":[],"idx":5,"match":"au"},{"captures":[],"idx":14,"match":"AU"}]""")]
    [TestCase("""[{"$regexFind":{"input":"$no","regex":"a"}},{"$regexFindAll":{"input":"$no","regex":"a"}},{"$regexMatch":{"input":"$no","regex":"a"}},{"$regexMatch":{"input":"é","regex":"^\\w$"}}]""", "[null,[],false,false]")]

    // Arrays and objects.
    [TestCase("""[{"$arrayElemAt":["$list",-1]},{"$slice":["$list",-2]},{"$slice":["$list",1,2]},{"$indexOfArray":["$list",null]},{"$firstN":{"n":2,"input":"$list"}},{"$lastN":{"n":2,"input":"$list"}},{"$maxN":{"n":2,"input":[3,null,1]}},{"$minN":{"n":9,"input":[3,null,1]}}]""", """[[2],["x",[2]],[null,1],1,[3,null],["x",[2]],[3,1],[1,3]]""")]
    [TestCase("""[{"$zip":{"inputs":[[1,2,3],["a","b"]]}},{"$zip":{"inputs":[[1,2,3],["a","b"]],"useLongestLength":true}},{"$zip":{"inputs":[[1],["a","b"]],"useLongestLength":true,"defaults":[0,"z"]}}]""", """[[[1,"a"],[2,"b"]],[[1,"a"],[2,"b"],[3,null]],[[1,"a"],[0,"b"]]]""")]
    [TestCase("""[{"$setField":{"field":"c","input":"$o","value":3}},{"$setField":{"field":"a","input":"$o","value":"$$REMOVE"}},{"$unsetField":{"field":"b","input":"$o"}},{"$getField":{"field":"a","input":"$o"}}]""", """[{"a":1,"b":null,"c":3},{"b":null},{"a":1},1]""")]
    [TestCase("""[{"$filter":{"input":"$list","as":"e","cond":{"$gt":["$$e",null]}}},{"$sortArray":{"input":"$list","sortBy":1}},{"$setUnion":[[1,2],[2,null]]},{"$arrayElemAt":["$list",9]}]""", """[[3,1,"x",[2]],[null,1,3,"x",[2]],[null,1,2],null]""")]

    // Dates at places: an hour is an hour whatever the clocks do, a day is a day of the calendar.
    [TestCase("""[{"$hour":{"date":"$when","timezone":"America/New_York"}},{"$minute":{"date":"$when","timezone":"+05:30"}},{"$dayOfMonth":{"date":"$when","timezone":"-0700"}},{"$dayOfWeek":{"date":"$when","timezone":"-07"}},{"$dayOfWeek":"$when"}]""", "[1,7,7,7,1]")]
    [TestCase("""[{"$dateAdd":{"startDate":"$when","unit":"hour","amount":24,"timezone":"America/New_York"}},{"$dateAdd":{"startDate":"$when","unit":"day","amount":1,"timezone":"America/New_York"}},{"$dateSubtract":{"startDate":{"$toDate":"2020-03-31"},"unit":"month","amount":1}}]""", """[{"__type":"Date","iso":"2020-03-09T06:37:12.345Z"},{"__type":"Date","iso":"2020-03-09T05:37:12.345Z"},{"__type":"Date","iso":"2020-02-29T00:00:00.000Z"}]""")]
    [TestCase("""[{"$dateDiff":{"startDate":{"$toDate":"2020-03-08T06:00:00Z"},"endDate":{"$toDate":"2020-03-08T08:00:00Z"},"unit":"hour","timezone":"America/New_York"}},{"$dateDiff":{"startDate":{"$toDate":"2020-01-05T00:00:00Z"},"endDate":{"$toDate":"2020-01-06T00:00:00Z"},"unit":"week","startOfWeek":"monday"}},{"$dateDiff":{"startDate":{"$toDate":"2020-12-31"},"endDate":{"$toDate":"2021-01-01"},"unit":"year"}},{"$dateDiff":{"startDate":{"$toDate":"2020-01-02"},"endDate":{"$toDate":"2020-01-01"},"unit":"day"}}]""", "[2,1,1,-1]")]
    [TestCase("""[{"$dateTrunc":{"date":"$when","unit":"minute","binSize":15}},{"$dateTrunc":{"date":"$when","unit":"month","binSize":6}},{"$dateTrunc":{"date":"$when","unit":"hour","binSize":12,"timezone":"+05:30"}},{"$dateTrunc":{"date":"$when","unit":"week","startOfWeek":"mon"}}]""", """[{"__type":"Date","iso":"2020-03-08T06:30:00.000Z"},{"__type":"Date","iso":"2020-01-01T00:00:00.000Z"},{"__type":"Date","iso":"2020-03-08T06:30:00.000Z"},{"__type":"Date","iso":"2020-03-02T00:00:00.000Z"}]""")]
    [TestCase("""[{"$dateToParts":{"date":"$when"}},{"$dateToParts":{"date":"$when","iso8601":true,"timezone":"-11"}}]""", """[{"day":8,"hour":6,"millisecond":345,"minute":37,"month":3,"second":12,"year":2020},{"hour":19,"isoDayOfWeek":6,"isoWeek":10,"isoWeekYear":2020,"millisecond":345,"minute":37,"second":12}]""")]
    [TestCase("""[{"$dateFromString":{"dateString":"03/02/2020 10:05","format":"%d/%m/%Y %H:%M"}},{"$dateFromString":{"dateString":"2020-02-03 10:00 +0530","format":"%Y-%m-%d %H:%M %z"}},{"$dateFromString":{"dateString":"2020-02-03","timezone":"America/New_York"}},{"$dateFromString":{"dateString":"no","onError":"odd"}},{"$dateFromString":{"dateString":"$no","onNull":"none"}}]""", """[{"__type":"Date","iso":"2020-02-03T10:05:00.000Z"},{"__type":"Date","iso":"2020-02-03T04:30:00.000Z"},{"__type":"Date","iso":"2020-02-03T05:00:00.000Z"},"odd","none"]""")]
    [TestCase("""[{"$dateToString":{"date":"$when","format":"%G-W%V-%u %Z %z %%","timezone":"Asia/Kolkata"}},{"$dateToString":{"date":"$when","format":"%d.%m.%Y","timezone":"-07"}},{"$dateToString":{"date":"$when"}}]""", """["2020-W10-7 330 +0530 %","07.03.2020","2020-03-08T06:37:12.345Z"]""")]
    [TestCase("""[{"$add":["$when",{"$multiply":[60,1000]}]},{"$subtract":["$when",345]},{"$subtract":["$when","$when"]},{"$toLong":{"$subtract":["$when",{"$toDate":0}]}}]""", """[{"__type":"Date","iso":"2020-03-08T06:38:12.345Z"},{"__type":"Date","iso":"2020-03-08T06:37:12.000Z"},0,1583649432345]""")]
    public async Task An_operator_computes_what_it_did_in_the_old_database(string expression, string expected) =>
        Assert.That(await AskAsync("One", $$$"""[{"$project":{"_id":0,"v":{{{expression}}}}}]"""), Is.EqualTo(Sorted("[{\"v\":" + expected + "}]")));

    // Groups pass over what they do not count; a missing value shows as null; null and missing are one group.
    [TestCase("""[{"$group":{"_id":"$k","s":{"$sum":"$o.v"},"a":{"$avg":"$o.v"},"n":{"$sum":1}}},{"$sort":{"_id":1}}]""", """[{"objectId":"a","s":2,"a":2,"n":4},{"objectId":"b","s":-1.5,"a":-1.5,"n":3},{"objectId":"c","s":0,"a":null,"n":1}]""")]
    [TestCase("""[{"$group":{"_id":"$k","lo":{"$min":"$o.v"},"hi":{"$max":"$o.v"}}},{"$sort":{"_id":1}}]""", """[{"objectId":"a","lo":2,"hi":"x"},{"objectId":"b","lo":-1.5,"hi":true},{"objectId":"c","lo":null,"hi":null}]""")]
    [TestCase("""[{"$sort":{"at":1}},{"$group":{"_id":"$k","f":{"$first":"$o.v"},"l":{"$last":"$o.v"},"p":{"$push":"$o.v"}}},{"$sort":{"_id":1}}]""", """[{"objectId":"a","f":2,"l":null,"p":[2,"x",null]},{"objectId":"b","f":[5,7],"l":-1.5,"p":[[5,7],true,-1.5]},{"objectId":"c","f":null,"l":null,"p":[]}]""")]
    [TestCase("""[{"$match":{"k":{"$in":["a","c"]}}},{"$group":{"_id":"$o.v","n":{"$sum":1}}},{"$sort":{"_id":1}}]""", """[{"objectId":null,"n":3},{"objectId":2,"n":1},{"objectId":"x","n":1}]""")]
    [TestCase("""[{"$sort":{"o.v":1}},{"$project":{"_id":0,"v":"$o.v"}},{"$match":{"v":{"$exists":true}}}]""", """[{"v":null},{"v":-1.5},{"v":2},{"v":[5,7]},{"v":"x"},{"v":true}]""")]
    [TestCase("""[{"$match":{"o.v":{"$gt":1}}},{"$sort":{"at":1}},{"$project":{"_id":0,"v":"$o.v"}}]""", """[{"v":2},{"v":[5,7]}]""")]
    [TestCase("""[{"$match":{"$expr":{"$gt":["$o.v",1]}}},{"$count":"n"}]""", """[{"n":4}]""")]
    [TestCase("""[{"$unwind":"$o.v"},{"$group":{"_id":null,"n":{"$sum":1},"s":{"$sum":"$o.v"}}}]""", """[{"objectId":null,"n":6,"s":12.5}]""")]
    public async Task Groups_sorts_and_matches_over_mixed_types(string pipeline, string expected) => Assert.That(await AskAsync("Mixed", pipeline), Is.EqualTo(Sorted(expected)));

    [TestCase("""{"$multiply":[1e300,1e300]}""", "A computed number or date is out of range.")]
    [TestCase("""{"$toObjectId":"x"}""", "Unrecognized expression '$toObjectId'")]
    [TestCase("""{"$median":{"input":[1],"method":"approximate"}}""", "Unrecognized expression '$median'")]
    [TestCase("""{"$year":{"date":"$when","timezone":"UTC+5"}}""", "timezone is not known")]
    [TestCase("""{"$dateTrunc":{"date":"$when","unit":"week","binSize":2}}""", "$dateTrunc needs a whole number from 1 as binSize, and 1 for weeks")]
    [TestCase("""{"$dateFromString":{"dateString":"2020","format":"%Y-%m"}}""", "$dateFromString met a string that is not of its format")]
    [TestCase("""{"$dateAdd":{"startDate":"$when","unit":"fortnight","amount":1}}""", "$dateAdd needs a unit of time")]
    [TestCase("""{"$convert":{"input":1,"to":"objectId"}}""", "$convert cannot convert to this type")]
    [TestCase("""{"$zip":{"inputs":5}}""", "$zip needs an array of arrays as inputs")]
    [TestCase("""{"$asin":2}""", "$asin of a number that is out of its range")]
    [TestCase("""{"$size":"$no"}""", "$size needs an array, not missing")]
    [TestCase("""{"$strLenCP":"$no"}""", "$strLenCP needs a string, not missing")]
    [TestCase("""{"$in":[1,"$no"]}""", "$in needs an array, not missing")]
    [TestCase("""{"$concat":["a",1]}""", "$concat needs a string, not int")]
    [TestCase("""{"$add":["$when","$when"]}""", "$add takes one date only")]
    [TestCase("""{"$setField":{"field":"a","input":5,"value":1}}""", "$setField needs an object, not int")]
    public async Task What_an_operator_cannot_do_is_said_by_its_name(string expression, string message)
    {
        var (status, body) = await CallAsync("One", $$$"""[{"$project":{"v":{{{expression}}}}}]""");
        Assert.That((status, (int?)body!["code"], (string?)body["error"]), Is.EqualTo((400, 102, message)));
    }

    [TestCase("""{"$dateAdd":{"startDate":"$when","unit":"year","amount":1000000000}}""")]
    [TestCase("""{"$toDate":1e300}""")]
    [TestCase("""{"$multiply":[1e300,1e300]}""")]
    [TestCase("""{"$dateFromParts":{"year":9999,"month":32768,"day":32768}}""")]
    [TestCase("""{"$dateTrunc":{"date":"$when","unit":"millisecond","binSize":1e9}}""")]
    [TestCase("""{"$substrCP":["abc",0,1e300]}""")]
    [TestCase("""{"$slice":["$list",1e12]}""")]
    [TestCase("""{"$round":[1.5,1e12]}""")]
    public async Task Edges_of_numbers_and_dates_are_answered_or_refused_and_never_fail(string expression)
    {
        var (status, body) = await CallAsync("One", $$$"""[{"$project":{"v":{{{expression}}}}}]""");
        Assert.That(status is 200 || (int?)body!["code"] is 102, Is.True, $"{status} {body?.ToJsonString()} {string.Join('\n', _server.Errors)}");
    }

    private Task<(int Status, JsonNode? Body)> CallAsync(string className, string pipeline) =>
        _server.CallAsync("GET", $"/aggregate/{className}?pipeline=" + Uri.EscapeDataString(pipeline), null, master: true);

    private async Task<string> AskAsync(string className, string pipeline)
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
}
