using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Tests.Extended;

/// <content>Part 3: each pitfall by its number.</content>
internal sealed partial class ExtendedDump
{
    private const int ManyFields = 520;
    private const int ManyItems = 20_000;

    private static string LongField => Long("field") + "A";
    private static string OtherLongField => Long("field") + "B";
    private static string LongClass => Long("Class");

    private void OddSchemas()
    {
        Schema("Odd", s => s.Text("number", "number").Text("text", "string").Text("indexed", "string").Text("flag", "boolean").Text("when", "date").Text("map", "object").Text("list", "array")
            .Text("point", "geopoint").Text("area", "polygon").Text("file", "file").Text("data", "bytes").Text("owner", "*_User").Text("links", "relation<Odd>").Text("never", "string"),
            m => m.Document("indexes", i => i.Document("indexed_1", k => k.Int("indexed", 1))));
        // 3.9: known to the schema alone; a pointer to a class that nobody has.
        Schema("NoRows", s => s.Text("gone", "*Nowhere").Text("n", "number"));
        // 3.11, 3.12, 3.13
        Schema("Reserved", s => s.Text("order", "number").Text("user", "string").Text("group", "string").Text("default", "string").Text("limit", "number").Text("end", "date"));
        Schema(LongClass, s => s.Text(LongField, "number").Text(OtherLongField, "number").Text(Long("relation"), "relation<Odd>"));
        Schema("Post", s => s.Text("userID", "number").Text("userId", "number"));
        Schema("post", s => s.Text("n", "number"));
        Schema("Wide", s => Many(s, (d, name) => d.Text(name, "number")));
    }

    private static Doc Many(Doc doc, Action<Doc, string> each)
    {
        for (var i = 0; i < ManyFields; i++)
        {
            each(doc, "f" + Number(i));
        }
        return doc;
    }

    private void Pitfalls()
    {
        Index("Odd", """{"v":2,"key":{"indexed":1},"name":"indexed_1"}""");
        Values();
        Names();
        Rows();
        Links();
    }

    private void Values()
    {
        Odd("3.1", "textInNumber", d => d.Text("number", "12"), """{"number": "12"}""");
        Odd("3.1", "numberInText", d => d.Int("text", 12), """{"text": 12}""");
        Odd("3.1", "dateInFlag", d => d.Date("flag", 0), """{"flag": {"$date": 0}}""");
        Odd("3.1", "objectIdInText", d => d.ObjectId("text", "00000000000000000000000a"), null);
        Odd("3.2", "nan", d => d.Double("number", double.NaN), """{"number": {"$number": "NaN"}}""");
        Odd("3.2", "infinity", d => d.Double("number", double.PositiveInfinity), """{"number": {"$number": "Infinity"}}""");
        Odd("3.2", "nanInside", d => d.Array("list", l => l.Double("0", double.NaN)), """{"_list": {"$foreign": [4, "EAAAAAEwAAAAAAAAAPj/AA=="]}}""");
        Odd("3.3", "nul", d => d.Text("text", "a\0b"), """{"text": {"$json": "\"a\\u0000b\""}}""");
        Odd("3.3", "nulInside", d => d.Document("map", m => m.Text("k", "\0")), """{"map": {"$json": "{\"k\":\"\\u0000\"}"}}""");
        Odd("3.4", "year10000", d => d.Date("when", 253_402_300_800_000), """{"when": {"$date": 253402300800000}}""");
        Odd("3.4", "year0", d => d.Date("when", -62_198_755_200_000), """{"when": {"$date": -62198755200000}}""");
        Odd("3.4", "dotNetDefault", d => d.Date("when", -62_135_596_800_000), """{"when": {"$date": -62135596800000}}""");
        Odd("3.4", "noJavaScriptDate", d => d.Date("when", long.MaxValue).Document("map", m => m.Date("d", -62_198_755_200_000)), """{"when": {"$date": 9223372036854775807}}""");
        Odd("3.5", "loneSurrogate", d => d.Bytes("text", 0x61, 0xED, 0xA0, 0xBD), """{"text": {"$json": "\"a\\ud83d\""}}""");
        Odd("3.5", "cesu8", d => d.Bytes("text", 0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80), null);
        Odd("3.5", "cutUtf8", d => d.Bytes("text", 0x61, 0xF0, 0x9F, 0x98), """{"text": {"$foreign": [2, "BQAAAGHwn5gA"]}}""");
        Odd("3.6", "int64BeyondDouble", d => d.Long("number", 9_007_199_254_740_993), """{"number": {"$number": "9007199254740993"}}""");
        Odd("3.6", "decimalBeyondDouble", d => d.Decimal("number", "0.1000000000000000055511151231257827"), """{"number": {"$number": "0.1000000000000000055511151231257827"}}""");
        Odd("3.6", "insideBeyondDouble", d => d.Array("list", l => l.Long("0", 9_007_199_254_740_993).Decimal("1", "0.12345678901234567890")), null);
        Odd("3.7", "oddKeysInside", d => d.Document("map", m => m.Int("a.b", 1).Int("$c", 2).Int("", 3).Document("me@example.com", n => n.Bool("x y", true))), null);
        Odd("3.7", "dollarAndNan", d => d.Document("map", m => m.Int("$c", 2).Double("n", double.NaN)), """{"_map": {"$foreign": [3, "GAAAABAkYwACAAAAAW4AAAAAAAAA+P8A"]}}""");
        Odd("3.7", "dotAtFirstLevel", d => d.Int("a.b", 1), """{"a.b": 1}""");
        Odd("3.16", "pointerWithoutId", d => d.Text("_p_owner", "_User$"), """{"_p_owner": "_User$"}""");
        Odd("3.16", "pointerNull", d => d.Null("_p_owner"), """{"_p_owner": null}""");
        Odd("3.16", "pointerEmpty", d => d.Text("_p_owner", ""), """{"_p_owner": ""}""");
        Odd("3.16", "pointerDocument", d => d.Document("_p_owner", p => p.Text("__type", "Pointer").Text("className", "_User").Text("objectId", "x")), null);
        Odd("3.16", "pointerToOther", d => d.Text("_p_owner", "Odd$x"), """{"owner": {"$reference": ["Odd", "x"]}}""");
        Odd("3.20", "longIndexed", d => d.Text("indexed", new string('ü', 1_500)), $$"""{"indexed": "{{new string('ü', 1_500)}}"}""");
        Odd("3.20", "longNotIndexed", d => d.Text("text", new string('ü', 3_000)), null);
        Odd("3.21", "manyItems", d => d.Array("list", l =>
        {
            for (var i = 0; i < ManyItems; i++)
            {
                l.Int(Number(i), i);
            }
        }), null);
        Odd("3.22", "outOfRange", d => Pair(d, "point", 200, -92.5), null);
        Odd("3.22", "notFinite", d => Pair(d, "point", double.NaN, 0), """{"point": {"$point": [{"$number": "NaN"}, 0]}}""");
        Odd("3.22", "pointNull", d => d.Null("point"), """{"point": null}""");
        Odd("3.22", "pointEmpty", d => d.Array("point", _ => { }), """{"point": []}""");
        Odd("3.22", "geoJsonPoint", d => d.Document("point", p => Pair(p.Text("type", "Point"), "coordinates", 1, 2)), """{"point": {"type": "Point", "coordinates": [1, 2]}}""");
        Odd("3.23", "open", d => d.Document("area", a => a.Text("type", "Polygon").Array("coordinates", c => c.Array("0", r => Pair(Pair(Pair(r, "0", 0, 0), "1", 0, 1), "2", 1, 1)))),
            """{"area": {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1]]]}}""");
        Odd("3.23", "twoRings", d => d.Document("area", a => a.Text("type", "Polygon").Array("coordinates", c => c.Array("0", r => Pair(Pair(Pair(Pair(r, "0", 0, 0), "1", 0, 9), "2", 9, 9), "3", 0, 0)).Array("1", r => Pair(Pair(Pair(Pair(r, "0", 1, 2), "1", 1, 3), "2", 2, 3), "3", 1, 2)))),
            """{"area": {"type": "Polygon", "coordinates": [[[0, 0], [0, 9], [9, 9], [0, 0]], [[1, 2], [1, 3], [2, 3], [1, 2]]]}}""");
        Odd("3.23", "crossed", d => d.Document("area", a => a.Text("type", "Polygon").Array("coordinates", c => c.Array("0", r => Pair(Pair(Pair(Pair(Pair(r, "0", 0, 0), "1", 1, 1), "2", 0, 1), "3", 1, 0), "4", 0, 0)))), null);
        Odd("3.23", "withReferenceSystem", d => d.Document("area", a => { Ring(a); a.Document("crs", c => c.Text("type", "name")); }),
            """{"area": {"crs": {"type": "name"}, "type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [0, 0]]]}}""");
        Odd("3.24", "fileUrl", d => d.Text("file", "https://files.example.com/a.png"), null);
        Odd("3.24", "fileEmpty", d => d.Text("file", ""), null);
        Odd("3.24", "fileObject", d => d.Document("file", f => f.Text("__type", "File").Text("name", "a.png")), null);
        Odd("3.24", "fileOtherObject", d => d.Document("file", f => f.Text("path", "a.png")), """{"file": {"path": "a.png"}}""");
        Odd("3.25", "bytesAsText", d => d.Text("data", "AQID"), null);
        Odd("3.25", "bytesAsNoText", d => d.Text("data", "not base64!"), """{"data": "not base64!"}""");
        Odd("3.25", "bytesOfOtherKind", d => d.Binary("data", 4, new byte[16]), """{"data": {"$foreign": [5, "EAAAAAQAAAAAAAAAAAAAAAAAAAAA"]}}""");
        Odd("3.26", "dataInRelation", d => d.Texts("links", "a"), """{"_links": ["a"]}""");
        Odd("3.38", "keyOrder", d => d.Document("map", m => m.Int("zz", 1).Int("a", 2)), null);
        Odd("3.39", "undefinedInside", d => d.Document("map", m => m.Raw("u", BsonType.Undefined).Int("a", 1)).Raw("text", BsonType.Undefined), null);
        Odd("3.39", "symbol", d => d.Raw("text", BsonType.Symbol, 2, 0, 0, 0, (byte)'s', 0), """{"text": {"$foreign": [14, "AgAAAHMA"]}}""");
        Odd("3.39", "regexInside", d => d.Document("map", m => m.Raw("r", BsonType.Regex, (byte)'a', 0, (byte)'i', 0)), """{"_map": {"$foreign": [3, "DAAAAAtyAGEAaQAA"]}}""");
        Odd("3.39", "minKey", d => d.Raw("number", BsonType.MinKey).Raw("text", BsonType.MaxKey), """{"text": {"$foreign": [127, ""]}, "number": {"$foreign": [255, ""]}}""");
        Odd("3.39", "timestamp", d => d.Raw("number", BsonType.Timestamp, 1, 0, 0, 0, 2, 0, 0, 0), """{"number": {"$foreign": [17, "AQAAAAIAAAA="]}}""");
        Odd("3.40", "emptyName", d => d.Int("", 1).Int("with blank", 2), """{"": 1, "with blank": 2}""");
        Odd("keys", "twice", d => d.Int("number", 1).Int("number", 2).Document("map", m => m.Int("a", 1).Int("a", 2)), null);
        Odd("keys", "unknownSystemKey", d => d.Int("_unknown", 1), """{"_unknown": 1}""");
        Odd("nulls", "everyNull", d => d.Null("number").Null("text").Null("list").Null("file"), """{"file": null, "list": null, "text": null, "number": null}""");
    }

    private void Names()
    {
        // 3.8: no entry in the schema; a field that it lacks; a relation that it lacks.
        Odd("3.8", "u1", d => d.Int("n", 1).Text("mixed", "a"), null, "Unlisted");
        Odd("3.8", "u2", d => d.Int("n", 2).Int("mixed", 5), """{"mixed": 5}""", "Unlisted");
        Odd("3.8", "extraField", d => d.Int("notInSchema", 1), null);
        Add("_Join:lost:Unlisted", d => d.ObjectId("_id", "00000000000000000000000b").Text("relatedId", "u2").Text("owningId", "u1"));
        Odd("3.11", "words", d => d.Int("order", 1).Text("user", "u").Text("group", "g").Text("default", "d").Int("limit", 2).Date("end", 0), null, "Reserved");
        Odd("3.12", "long", d => d.Int(LongField, 1).Int(OtherLongField, 2), null, LongClass);
        Add($"_Join:{Long("relation")}:{LongClass}", d => d.ObjectId("_id", "00000000000000000000000c").Text("relatedId", "nan").Text("owningId", "long"));
        Odd("3.13", "upper", d => d.Int("userID", 1).Int("userId", 2), null, "Post");
        Odd("3.13", "lower", d => d.Int("n", 1), null, "post");
        // 3.31: fields past the 320th have no column (docs/decisions/031-many-fields.md).
        Odd("3.31", "wide", d => d.Int("f0", 0).Int("f319", 319).Int("f519", 519), """{"f519": 519}""", "Wide");
    }

    private void Rows()
    {
        // 3.10, 3.28, 3.29
        Odd("3.10", "uDup1", d => d.Text("username", "dup").Text("email", "dup@example.com"), null, "_User");
        Odd("3.10", "uDup2", d => d.Text("username", "dup").Text("email", "dup@example.com"), null, "_User");
        Odd("3.10", "uCase", d => d.Text("username", "DUP"), null, "_User");
        Odd("3.28", "uNumber", d => d.Text("username", "fb number").Document("_auth_data_facebook", a => a.Int("id", 42)), null, "_User");
        Odd("3.28", "uSameId", d => d.Text("username", "fb same").Document("_auth_data_facebook", a => a.Text("id", "42")), null, "_User");
        Odd("3.28", "uUnlinked", d => d.Text("username", "fb null").Null("_auth_data_facebook").Document("_auth_data_twitter", _ => { }), null, "_User");
        Odd("3.29", "uMd5", d => d.Text("username", "md5").Text("_hashed_password", "5f4dcc3b5aa765d61d8327deb882cf99"), null, "_User");
        Odd("3.29", "uNullHash", d => d.Text("username", "nohash").Null("_hashed_password"), """{"_hashed_password": null}""", "_User");
        // 3.14: the row's id is what parse-server prints.
        Identified("000000000000000000000abc", d => d.ObjectId("_id", "000000000000000000000abc"), """{"_id": {"$foreign": [7, "AAAAAAAAAAAAAAq8"]}}""");
        Identified("17", d => d.Int("_id", 17), """{"_id": 17}""");
        Identified("""{"a":1}""", d => d.Document("_id", i => i.Int("a", 1)), """{"_id": {"a": 1}}""");
        Odd("3.14", "any/$ character ü", d => d.Int("number", 1), null);
        // 3.15
        Timed("noTimes", d => d, """{"_missing": ["_created_at", "_updated_at"]}""");
        Timed("onlyUpdated", d => d.Date("_updated_at", 5_000), """{"_missing": ["_created_at"]}""");
        Timed("textTime", d => d.Text("_created_at", "2016-05-01T00:00:00.000Z").Date("_updated_at", 5_000), null);
        Timed("bothTimes", d => d.Date("_created_at", 1_000).Date("createdAt", 2_000).Date("_updated_at", 5_000), """{"_createdAt": {"$date": 2000}}""");
        Timed("oddTime", d => d.Int("_created_at", 1).Date("_updated_at", 5_000), """{"_missing": ["_created_at"], "_created_at": 1}""");
        Add("Odd", d => d.ObjectId("_id", "57250c800000000000000000").Int("number", 1));
        _oddities.Add(new Oddity("3.15", "Odd", "57250c800000000000000000", """{"_id": {"$foreign": [7, "VyUMgAAAAAAAAAAA"]}, "_missing": ["_created_at", "_updated_at"]}"""));
        // 3.17, 3.18
        Odd("3.17", "onlyAcl", d => d.Document("_acl", a => a.Document("*", r => r.Bool("r", true)).Document(UserId, r => r.Bool("r", true).Bool("w", true))), null);
        Odd("3.18", "repeated", d => d.Texts("_rperm", "*", "*", "nobody").Texts("_wperm", UserId), null);
        Odd("3.18", "nullAmong", d => d.Array("_rperm", a => a.Text("0", "*").Null("1")).Texts("_wperm"), """{"_rperm": {"$foreign": [4, "EQAAAAIwAAIAAAAqAAoxAAA="]}}""");
        Odd("3.18", "oneMissing", d => d.Texts("_wperm"), null);
        // 3.19
        Odd("3.19", "sExpired", d => d.Text("_session_token", "r:expired").Text("_p_user", "_User$" + UserId).Date("expiresAt", "2001-01-01T00:00:00Z"), null, "_Session");
        Odd("3.19", "sGone", d => d.Text("_session_token", "r:gone").Text("_p_user", "_User$nobody").Date("expiresAt", "2099-01-01T00:00:00Z"), """{"user": {"$reference": ["_User", "nobody"]}}""", "_Session");
        Odd("3.19", "sNoUser", d => d.Text("_session_token", "r:noUser").Date("expiresAt", "2099-01-01T00:00:00Z"), null, "_Session");
        Odd("3.19", "sNoToken", d => d.Text("_p_user", "_User$" + UserId), null, "_Session");
        Odd("3.19", "sTwice", d => d.Text("_session_token", "r:1").Text("_p_user", "_User$" + UserId), null, "_Session");
        // 3.32
        Odd("3.32", "puZone", d => d.Text("pushTime", "2016-05-01T00:00:00+05:30"), null, "_PushStatus");
        // An id that comes twice: the last read counts.
        Add("Twice", d => d.Text("_id", "same").Int("n", 1).Times());
        Add("Twice", d => d.Text("_id", "same").Int("n", 2).Times());
        // 3.30: a column that no document has is there all the same: Odd.never. 3.35: views, capped and time-series collections have a type of their own.
    }

    private void Identified(string id, Action<Doc> identify, string rest)
    {
        Add("Odd", d =>
        {
            identify(d);
            d.Times();
        });
        _oddities.Add(new Oddity("3.14", "Odd", id, rest));
    }

    private void Timed(string id, Func<Doc, Doc> times, string? rest)
    {
        Add("Odd", d => times(d.Text("_id", id)));
        _oddities.Add(new Oddity("3.15", "Odd", id, rest));
    }

    // 3.27
    private void Links()
    {
        const string links = "_Join:links:Odd";
        Add(links, d => d.ObjectId("_id", "000000000000000000000010").Text("relatedId", "nan").Text("owningId", "nul"));
        Add(links, d => d.ObjectId("_id", "000000000000000000000011").Text("relatedId", "nan").Text("owningId", "nul"));
        Add(links, d => d.ObjectId("_id", "000000000000000000000012").Text("relatedId", "nobody").Text("owningId", "nul"));
        Add(links, d => d.ObjectId("_id", "000000000000000000000013").Text("owningId", "nul"));
        Add(links, d => d.ObjectId("_id", "000000000000000000000014").ObjectId("relatedId", "000000000000000000000abc").Text("owningId", "nul"));
    }
}
