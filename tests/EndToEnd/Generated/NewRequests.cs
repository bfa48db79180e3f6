using System.Text;

namespace Backend.EndToEnd.Generated;

/// <summary>Requests of the new API.</summary>
public static class NewRequests
{
    private static readonly string[] Resources =
    [
        "GameScore", "GameScore", "GameScore", "GameScore", "GameScore", "GameScore", "GameScore", "GameScore", "GameScore", "GameScore", "Mixed", "Cases", "Level", "users", "roles", "sessions", "installations", "users_1", "Reserved", "Texts", "Places", "Vault", "NoSuch", "_User", "a b", "rpc/x", "'", "\0", "🎮",
    ];

    private static readonly string[] Operators =
    [
        "eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "in", "is", "cs", "cd", "ov", "not.eq", "not.in", "fts", "isdistinct", "xx", "",
    ];

    public static GeneratedRequest Next(Generator g)
    {
        var headers = new List<(string, string)>();
        if (g.Once(3))
            headers.Add(("Prefer", g.Of("return=representation", "return=minimal", "count=exact", "count=planned", "return=headers-only,count=exact", "resolution=merge-duplicates", "x=y", ",,")));
        if (g.Once(15))
            headers.Add(("Range", g.Of("0-9", "5-", "9-0", "x", "0-99999999999999999999")));
        if (g.Once(15))
            headers.Add(("Authorization", g.Of("Bearer x", "Bearer", "Bearer a.b.c", "Basic YTpi", "Bearer r:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa01", "x")));
        if (g.Once(20))
            headers.Add(("If-Match", g.Of("*", "\"1\"", "x", "\"'\"", "W/\"1\"", "\"99999999999999999999\"")));
        if (g.Once(20))
            headers.Add(("Accept", g.Of("text/csv", "application/vnd.pgrst.object+json", "application/xml", "*/*", "x")));
        if (g.Once(12))
            return Auth(g, headers);

        var path = $"/api/v2/rows/{Path(g, g.Of<string>(Resources))}";
        var one = g.Once(4);
        if (one)
            path += "/" + (g.Once(2) ? $"gs{g.Below(110):00000000}" : g.Escape(g.Text()));
        var method = g.Once(20) ? g.Of("PUT", "HEAD", "OPTIONS", "X") : g.Of("GET", "GET", "GET", one ? "PATCH" : "POST", one ? "DELETE" : "POST", "PATCH", "PATCH", "DELETE");
        // Without a condition a change would be of every row: a client library asks for one as well.
        var query = method is "PATCH" or "DELETE" && !one && !g.Once(10) ? Query(g, "score=gt.4800") : Query(g);
        if (method is "GET" or "DELETE")
            return new GeneratedRequest(method, path + query, null, null, headers);
        var json = g.Once(4) ? $"[{Row(g)},{Row(g)}]" : Row(g);
        return new GeneratedRequest(method, path + query, g.Body(json), g.Once(12) ? g.Of("text/csv", "text/plain", "x", "") : "application/json", headers);
    }

    private static string Path(Generator g, string name) => g.Once(30) ? g.Escape(name) : Uri.EscapeDataString(name);

    private static string Row(Generator g)
    {
        if (g.Once(3))
            return $"{{\"score\":{g.Of("1", "1.5", "-0", "1e308", "null")},\"playerName\":{Generator.Quote(g.Text())},\"tags\":[{g.Value()}],\"stats\":{g.Object()}}}";
        if (g.Once(4))
            return $"{{\"score\":{g.Value()},\"playerName\":{g.Value()}}}";
        if (g.Once(6))
            return $"{{\"playerName\":\"p\",\"acl\":{g.Value()}}}";
        return g.Object(Geometry);
    }

    private static string Geometry(Generator g) =>
        $"{{\"type\":{g.Of("\"Point\"", "\"Polygon\"", "\"LineString\"", "1")},\"coordinates\":{g.Of("[1,2]", "[1]", "[1e400,2]", "[\"a\",2]", "[[[0,0],[0,1],[1,1],[0,0]]]", "[[[0,0]]]", "null")}}}";

    private static string Query(Generator g, string? start = null)
    {
        var parts = new List<string>();
        if (start is not null)
            parts.Add(start);
        for (var n = g.Of(0, 0, 1, 1, 2, 3); n > 0; n--)
        {
            parts.Add(g.Below(10) switch
            {
                9 => g.Of("score=gte.100", "playerName=eq.Ann", "cheatMode=is.true", "id=in.(gs00000001,gs00000002)", "playerName=like.A*", "limit=3", "order=score.desc", "tags=cs.{fast}"),
                0 => "select=" + g.Escape(g.Of("*", "id", "id,score", "player(username)", "id,player(*)", "player(", "x:y", "id::text", "*,*", ",", "a->b", Select(g))),
                1 => "order=" + g.Escape(g.Of("score.desc", "score", "score.desc.nullslast,id", "x", "score.up", ",", g.Name())),
                2 => "limit=" + g.Escape(g.Of("0", "1", "100", "1000", "1001", "-1", "x", "99999999999999999999", "")),
                3 => "offset=" + g.Escape(g.Of("0", "5", "-1", "x", "99999999999", "99999999999999999999")),
                4 => $"{g.Of("and", "or", "not.and", "not.or")}={g.Escape(Logic(g, 0))}",
                _ => $"{g.Escape(g.Once(2) ? g.Of("score", "playerName", "cheatMode", "player", "tags", "stats", "playedAt", "location") : g.Once(2) ? g.Name() : $"\"{g.Name()}\"")}={g.Of<string>(Operators)}.{g.Escape(Operand(g))}",
            });
        }

        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);
    }

    private static string Select(Generator g) => string.Join(',', Enumerable.Range(0, g.Below(5)).Select(_ => g.Once(3) ? $"{g.Name()}({g.Name()})" : g.Name()));

    private static string Operand(Generator g) => g.Below(6) switch
    {
        0 => $"({string.Join(',', Enumerable.Range(0, g.Below(4)).Select(_ => g.Text()))})",
        1 => g.Of("null", "true", "false", "unknown", "1", "1.5", "x", "{a}", "(", ")", "\"", "(\"", "*a*", "%", "2026-01-01T00:00:00Z"),
        _ => g.Text(),
    };

    private static string Logic(Generator g, int depth) => g.Once(12)
        ? g.Of("", "(", "()", ")", "(a", "a.eq.1", "(a.eq)", "(.eq.1)", new string('(', 5000))
        : $"({string.Join(',', Enumerable.Range(0, 1 + g.Below(3)).Select(_ => depth < 3 && g.Once(4) ? g.Of("and", "or", "not.and", "xor") + Logic(g, depth + 1) : $"{g.Name()}.{g.Of<string>(Operators)}.{Operand(g)}"))})";

    private static GeneratedRequest Auth(Generator g, List<(string, string)> headers)
    {
        var path = g.Of("token", "token", "sign-up", "log-out", "password-reset", "x");
        var form = new StringBuilder();
        form.Append("grant_type=").Append(g.Escape(g.Of("password", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange", "x", "")));
        foreach (var name in new[] { "username", "password", "refresh_token", "subject_token", "subject_token_type", "email" })
        {
            if (g.Once(2))
                form.Append('&').Append(name).Append('=').Append(g.Escape(g.Text()));
        }

        return g.Once(3)
            ? new GeneratedRequest("POST", $"/api/v2/auth/{path}", g.Body($"{{\"username\":{g.Value()},\"password\":{g.Value()},\"email\":{g.Value()}}}"), "application/json", headers)
            : new GeneratedRequest("POST", $"/api/v2/auth/{path}", g.Body(form.ToString()), "application/x-www-form-urlencoded", headers);
    }
}
