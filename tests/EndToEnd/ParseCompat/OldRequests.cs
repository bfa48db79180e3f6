using Backend.EndToEnd.Generated;

namespace Backend.EndToEnd.ParseCompat;

/// <summary>Requests of the old dialect.</summary>
public static class OldRequests
{
    private static readonly string[] Classes =
    [
        "GameScore", "GameScore", "GameScore", "GameScore", "Level", "Made", "Made", "Made2", "_User", "_Role", "_Session", "_Installation", "Vault", "Mixed", "Texts", "Places", "Unlisted", "NoSuchClass", "a b", "1x", "'", "_SCHEMA",
        "_Join:users:_Role",
    ];

    private static readonly string[] Conditions =
    [
        "$lt", "$lte", "$gt", "$gte", "$ne", "$eq", "$in", "$nin", "$exists", "$all", "$regex", "$options", "$near", "$nearSphere", "$maxDistance", "$within", "$geoWithin", "$geoIntersects", "$inQuery",
        "$notInQuery", "$select", "$dontSelect", "$text", "$containedBy", "$relatedTo", "$xyz", "", "$where",
    ];

    public static GeneratedRequest Next(Generator g)
    {
        var headers = new List<(string, string)>();
        if (!g.Once(40))
            headers.Add(("X-Parse-Application-Id", g.Once(40) ? "wrong" : "sample-app"));
        if (g.Once(6))
            headers.Add(("X-Parse-Master-Key", g.Once(5) ? "wrong" : "sample-master-key"));
        if (g.Once(6))
            headers.Add(("X-Parse-Session-Token", g.Of("r:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa01", "r:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb03", "legacyGus0000000000000008", "r:x", "'", "")));
        var mount = g.Of("/parse", "/1");

        return g.Below(20) switch
        {
            < 7 => Find(g, mount, headers),
            < 11 => Write(g, "POST", $"{mount}/classes/{Class(g)}", Row(g), headers),
            < 14 => Write(g, "PUT", $"{mount}/classes/{Class(g)}/{Id(g)}", Row(g), headers),
            14 => new GeneratedRequest(g.Of("GET", "DELETE"), $"{mount}/classes/{Class(g)}/{Id(g)}", null, null, headers),
            15 => Write(g, "POST", mount + "/batch", Batch(g, mount), headers),
            16 => People(g, mount, headers),
            17 => Schemas(g, mount, headers),
            _ => Write(g, g.Of("POST", "PUT", "GET"), $"{mount}/{g.Of("roles", "installations", "functions/x", "jobs/x", "config", "sessions", "sessions/me", "users/me", "serverInfo", "health", "purge/Made", "aggregate/GameScore", "x", "")}", Row(g), headers),
        };
    }

    private static string Class(Generator g) => g.Once(25) ? g.Escape(g.Name()) : Uri.EscapeDataString(g.Of<string>(Classes));

    private static string Id(Generator g) => g.Once(3) ? g.Escape(g.Text()) : $"gs{g.Below(110):00000000}";

    private static GeneratedRequest Write(Generator g, string method, string path, string json, List<(string, string)> headers)
    {
        // As the JavaScript SDK sends it: everything in a text/plain POST.
        if (g.Once(4))
        {
            var inner = json.Length > 2 && json[0] == '{' ? "," + json[1..] : "}";
            return new GeneratedRequest("POST", path, g.Body($"{{\"_method\":\"{method}\",\"_ApplicationId\":\"sample-app\",\"_ClientVersion\":\"js7.0.1\"{inner}"), "text/plain", headers);
        }

        return new GeneratedRequest(method, path, method == "GET" ? null : g.Body(json), g.Of("application/json", "application/json", "application/json; charset=utf-8", "x"), headers);
    }

    private static string Row(Generator g) =>
        g.Once(5) ? $"{{\"score\":{g.Value(Special)},\"playerName\":{g.Value(Special)},\"location\":{g.Value(Special)}}}" : g.Object(Special);

    private static string Special(Generator g) => g.Once(2) ? Typed(g) : Operation(g);

    private static string Typed(Generator g) => g.Below(9) switch
    {
        0 => $"{{\"__type\":\"Pointer\",\"className\":{g.Of("\"_User\"", "\"GameScore\"", "\"a b\"", "1", "null")},\"objectId\":{g.Of("\"uAnn000001\"", "\"\"", "1", "null", "\"a$b\"")}}}",
        1 => $"{{\"__type\":\"Date\",\"iso\":{g.Of("\"2026-01-02T03:04:05.678Z\"", "\"x\"", "\"0000-00-00\"", "\"+275760-09-13T00:00:00.000Z\"", "1", "null", "\"9999-12-31T23:59:59.999Z\"", "\"-000001-01-01T00:00:00Z\"")}}}",
        2 => $"{{\"__type\":\"GeoPoint\",\"latitude\":{g.Of("1", "91", "-90", "1e400", "\"1\"", "null")},\"longitude\":{g.Of("1", "181", "-180", "null", "{}")}}}",
        3 => $"{{\"__type\":\"Polygon\",\"coordinates\":{g.Of("[[0,0],[0,1],[1,1]]", "[[0,0]]", "[]", "1", "[[0,0],[0,\"a\"],[1,1]]", "[[0,0],[99,999],[1,1],[0,0]]", "null")}}}",
        4 => $"{{\"__type\":\"Bytes\",\"base64\":{g.Of("\"aGVsbG8=\"", "\"!\"", "1", "\"\"", "null")}}}",
        5 => $"{{\"__type\":\"File\",\"name\":{g.Of("\"a.txt\"", "1", "null", "\"\"", "\"../a\"")}}}",
        6 => $"{{\"__type\":\"Relation\",\"className\":{g.Of("\"_User\"", "1", "\"a b\"")}}}",
        7 => $"{{\"__type\":\"Object\",\"className\":\"GameScore\",\"objectId\":\"gs00000001\",\"score\":{g.Value(null, 3)}}}",
        _ => $"{{\"__type\":{g.Of("\"X\"", "1", "null", "{}")}}}",
    };

    private static string Operation(Generator g) => g.Below(8) switch
    {
        0 => $"{{\"__op\":\"Increment\",\"amount\":{g.Of("1", "-1.5", "1e308", "1e400", "\"1\"", "null", "{}")}}}",
        1 => $"{{\"__op\":\"{g.Of("Add", "AddUnique", "Remove")}\",\"objects\":{g.Value(null, 2)}}}",
        2 => $"{{\"__op\":\"{g.Of("AddRelation", "RemoveRelation")}\",\"objects\":[{Typed(g)},{Typed(g)}]}}",
        3 => "{\"__op\":\"Delete\"}",
        4 => $"{{\"__op\":\"Batch\",\"ops\":{g.Of("[]", "1", "[{}]", "null", $"[{Relation(g)},{Relation(g)}]")}}}",
        5 => $"{{\"__op\":\"SetOnInsert\",\"amount\":{g.Value(null, 3)}}}",
        _ => $"{{\"__op\":{g.Of("\"X\"", "1", "null", "\"\"")},\"amount\":1,\"objects\":[1]}}",
    };

    private static string Relation(Generator g) =>
        $"{{\"__op\":\"{g.Of("AddRelation", "RemoveRelation")}\",\"objects\":[{{\"__type\":\"Pointer\",\"className\":\"_User\",\"objectId\":\"uAnn000001\"}}]}}";

    private static GeneratedRequest Find(Generator g, string mount, List<(string, string)> headers)
    {
        var parts = new List<(string Name, string Json)>();
        if (!g.Once(4))
            parts.Add(("where", Where(g, 0)));
        for (var n = g.Below(4); n > 0; n--)
        {
            parts.Add(g.Below(8) switch
            {
                0 => ("order", Generator.Quote(g.Of("score", "-score", "-createdAt,score", ",", "-", g.Name()))),
                1 => ("limit", g.Of("0", "1", "100", "-1", "1001", "\"x\"", "1.5", "null", "99999999999999999999")),
                2 => ("skip", g.Of("0", "5", "-1", "\"x\"", "99999999999")),
                3 => ("count", g.Of("1", "true", "0", "\"x\"", "null")),
                4 => ("keys", Generator.Quote(g.Of("score", "score,playerName", "player.username", ",", g.Name()))),
                5 => ("include", Generator.Quote(g.Of("player", "player.invitedBy", "level,player", "a.b.c.d.e.f.g", ".", "*", g.Name()))),
                6 => ("excludeKeys", Generator.Quote(g.Name())),
                _ => (g.Of("readPreference", "hint", "explain", "x", "_method", "redirectClassNameForKey"), g.Value(null, 4)),
            });
        }

        var path = $"{mount}/classes/{Class(g)}";
        if (g.Once(4))
        {
            var fields = string.Concat(parts.Select(p => $",{Generator.Quote(p.Name)}:{p.Json}"));
            return new GeneratedRequest("POST", path, g.Body($"{{\"_method\":\"GET\",\"_ApplicationId\":\"sample-app\"{fields}}}"), "text/plain", headers);
        }

        var query = string.Join('&', parts.Select(p => $"{p.Name}={g.Escape(p.Json.Trim('"'))}"));
        return new GeneratedRequest("GET", $"{path}?{query}", null, null, headers);
    }

    private static string Where(Generator g, int depth)
    {
        if (g.Once(20))
            return g.Value(null, 3);
        var parts = Enumerable.Range(0, g.Below(4)).Select(_ => g.Below(8) switch
        {
            0 when depth < 3 => $"\"{g.Of("$or", "$and", "$nor", "$xor")}\":{(g.Once(8) ? g.Value(null, 4) : $"[{Where(g, depth + 1)},{Where(g, depth + 1)}]")}",
            1 => $"{Generator.Quote(g.Name())}:{g.Value(Typed, 3)}",
            2 => $"\"$relatedTo\":{{\"object\":{Typed(g)},\"key\":{Generator.Quote(g.Name())}}}",
            3 => $"\"player\":{{\"{g.Of("$inQuery", "$notInQuery")}\":{{\"className\":{g.Of("\"_User\"", "\"x y\"", "1")},\"where\":{(depth < 3 ? Where(g, depth + 1) : "{}")}}}}}",
            4 => $"\"location\":{{\"$nearSphere\":{Typed(g)},\"$maxDistance\":{g.Value(null, 5)}}}",
            _ => $"{Generator.Quote(g.Name())}:{{{string.Join(',', Enumerable.Range(0, 1 + g.Below(2)).Select(_ => $"\"{g.Of<string>(Conditions)}\":{g.Value(Typed, 3)}"))}}}",
        });
        return $"{{{string.Join(',', parts)}}}";
    }

    private static string Batch(Generator g, string mount)
    {
        if (g.Once(10))
            return $"{{\"requests\":{g.Value(null, 2)}}}";
        var requests = Enumerable.Range(0, g.Below(5)).Select(_ =>
            $"{{\"method\":\"{g.Of("POST", "PUT", "DELETE", "GET", "X")}\",\"path\":{Generator.Quote($"{g.Of(mount, mount, "", "/x")}/classes/{g.Of<string>(Classes)}{(g.Once(2) ? "/gs00000001" : "")}")},\"body\":{Row(g)}}}");
        return $"{{\"requests\":[{string.Join(',', requests)}]{g.Of("", "", ",\"transaction\":true", ",\"transaction\":1")}}}";
    }

    private static GeneratedRequest People(Generator g, string mount, List<(string, string)> headers)
    {
        var json = $"{{\"username\":{g.Value(null, 4)},\"password\":{g.Value(null, 4)},\"email\":{g.Value(null, 4)}{(g.Once(3) ? $",\"authData\":{g.Value(null, 2)}" : "")}}}";
        return g.Below(6) switch
        {
            0 => new GeneratedRequest("GET", $"{mount}/login?username={g.Escape(g.Text())}&password={g.Escape(g.Text())}", null, null, headers),
            1 => Write(g, "POST", mount + "/login", json, headers),
            2 => Write(g, "POST", mount + "/requestPasswordReset", json, headers),
            3 => Write(g, "PUT", $"{mount}/users/{g.Of("uAnn000001", "x", "me", g.Escape(g.Text()))}", json, headers),
            4 => Write(g, "POST", mount + "/logout", "{}", [("X-Parse-Application-Id", "sample-app"), ("X-Parse-Session-Token", g.Of("x", "r:0", "'"))]),
            _ => Write(g, "POST", mount + "/users", json, headers),
        };
    }

    private static GeneratedRequest Schemas(Generator g, string mount, List<(string, string)> headers)
    {
        var name = g.Of("Made3", "Made4", "GameScore", "_User", g.Name());
        var field = $"{Generator.Quote(g.Name())}:{{\"type\":{g.Of("\"String\"", "\"Number\"", "\"Pointer\"", "\"Relation\"", "\"X\"", "1", "null")}{g.Of("", ",\"targetClass\":\"_User\"", ",\"required\":true", ",\"defaultValue\":1", ",\"__op\":\"Delete\"")}}}";
        var permissions = $"{{\"{g.Of("find", "get", "create", "protectedFields", "readUserFields", "x", "ACL")}\":{g.Of("{\"*\":true}", "{}", "{\"*\":1}", "[]", "[\"player\"]", "null", "{\"role:x\":true}", "{\"requiresAuthentication\":true}")}}}";
        var json = $"{{\"className\":{Generator.Quote(name)},\"fields\":{{{field}}}{(g.Once(2) ? $",\"classLevelPermissions\":{permissions}" : "")}}}";
        // Never on a class that other requests use: its permissions would end their test.
        return name is "GameScore" or "_User"
            ? new GeneratedRequest("GET", $"{mount}/schemas/{name}", null, null, headers)
            : Write(g, g.Of("POST", "PUT"), $"{mount}/schemas/{g.Escape(name)}", json, headers);
    }
}
