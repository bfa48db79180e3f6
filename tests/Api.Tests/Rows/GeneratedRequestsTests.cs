using System.Text;
using Backend.Data.Catalog;
using Backend.Testing;

namespace Backend.Api.Tests.Rows;

/// <summary>Thousands of requests that no client would send: none may be a failure of ours, and what is refused changes nothing.</summary>
internal sealed class GeneratedRequestsTests
{
    private const int Requests = 5_000;

    private static readonly string[] Names =
        ["n", "t", "b", "at", "o", "a", "f", "r", "p", "g", "x", "id", "createdAt", "acl", "order", "select", "or", "\"n\"", "\"", "a.b", "o->k", "o->>k", "o->0", "é", "*", "", "\u0000", "';--", "rel"];

    private static readonly string[] Operators =
        ["eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "in", "is", "isdistinct", "cs", "ov", "cd", "fts", "not.eq", "not.in", "not.is", "not.not.eq", "eq(any)", "like(all)", "noop", ""];

    private static readonly string[] Values =
        ["1", "-0", "1e308", "1e999", "NaN", "Infinity", "abc", "", "null", "true", "not_null", "(1,2)", "(\"a\",b)", "(", "{a,b}", "{", "[1,\"a\"]", "{\"k\":{\"l\":1}}", "{\"\\ud800\":1}", "[\"\\ud800\"]", "\"\\ud800\"", "2026-01-01", "2026-13-01T00:00:00Z",
         "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "*%_*", "\\", "(((", "[[", "a{99999}", "(a+)+$", "***:x", "\u0000", "\ud800", "é", "' or 1=1 --", "AAEC"];

    private static readonly string[] Json =
        ["1", "-1.5", "1e999", "\"x\"", "\"\\u0000\"", "\"\\ud800\"", "null", "true", "[]", "{}", "[1,[2,[3]]]", "{\"k\":{\"__type\":\"Date\"}}", "{\"name\":\"f.png\"}", "{\"name\":5}",
         "{\"type\":\"Point\",\"coordinates\":[1,2]}", "{\"type\":\"Point\",\"coordinates\":[1,\"2\"]}", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,0]]]}", "{\"type\":5}", "{\"type\":\"\\ud800\",\"coordinates\":[1,2]}", "{\"\\ud800\":1,\"name\":\"f\"}",
         "\"2026-01-01T00:00:00Z\"", "\"AAEC\"", "{\"read\":[\"*\"]}", "{\"read\":null,\"write\":[\"role:x\"]}", "{\"read\":[\"\"]}", "[", "{\"a\":1,\"a\":2}"];

    [Test]
    public async Task None_is_a_failure_and_refused_ones_change_nothing()
    {
        var seed = Seed.Value;
        TestContext.Out.WriteLine($"TEST_SEED={seed}");
        var random = new Random(seed);
        await using var api = await ApiHost.StartAsync();
        var table = await api.TableAsync(
        [
            new("n", FieldKind.Number), new("t", FieldKind.Text), new("b", FieldKind.Boolean), new("at", FieldKind.Timestamp), new("o", FieldKind.Object), new("a", FieldKind.Array),
            new("f", FieldKind.File), new("r", FieldKind.Reference, "Thing1"), new("p", FieldKind.Point), new("g", FieldKind.Polygon), new("x", FieldKind.Bytes),
            new("order", FieldKind.Number), new("select", FieldKind.Text), new("rel", FieldKind.Relation, "_User"),
        ]);
        using var seeded = await api.SendAsync("POST", $"rows/{table.Name}", """[{"n":1,"t":"x","o":{"k":1},"a":[1,"a"]},{"n":2,"b":true}]""");
        Assert.That(seeded.Status, Is.EqualTo(201));

        var refused = 0;
        var checksum = await ChecksumAsync(api, table);
        for (var i = 0; i < Requests; i++)
        {
            var (method, path, body) = Make(random, table.Name);
            using var answer = await api.SendAsync(method, path, body);
            Assert.That(answer.Status, Is.LessThan(500).Or.EqualTo(501), $"{method} {path} {body}\n{answer.Text}");
            if (answer.Status >= 400)
                refused++;
            if (method is "POST" or "PATCH" or "DELETE")
            {
                var after = await ChecksumAsync(api, table);
                if (answer.Status >= 400)
                    Assert.That(after, Is.EqualTo(checksum), $"{method} {path} {body}");
                checksum = after;
            }
        }

        Assert.That(refused, Is.InRange(Requests / 10, Requests - (Requests / 10)), "the generator makes both kinds");
    }

    private static async Task<string?> ChecksumAsync(ApiHost api, Table table) =>
        await api.Database.ScalarAsync<string>($"select md5(coalesce(string_agg(t::text, '|' order by id), '')) from {table.Quoted} t");

    private static (string Method, string Path, string? Body) Make(Random random, string table)
    {
        var query = new StringBuilder();
        for (var i = random.Next(4); i > 0; i--)
            query.Append(query.Length == 0 ? '?' : '&').Append(Parameter(random));
        var path = $"rows/{(random.Next(20) == 0 ? Uri.EscapeDataString(Pick(random, Names).Trim('\0') + "x") : table)}{(random.Next(8) == 0 ? "/unknown1" : "")}{query}";
        return random.Next(10) switch
        {
            < 6 => ("GET", path, null),
            < 8 => ("POST", path, Body(random)),
            < 9 => ("PATCH", path, Body(random)),
            _ => ("DELETE", path, null),
        };
    }

    private static string Parameter(Random random)
    {
        var (key, value) = random.Next(9) switch
        {
            0 => ("select", string.Join(",", Some(random, () => random.Next(5) == 0 ? $"{Pick(random, Names)}({Pick(random, Names)})" : Pick(random, Names)))),
            1 => ("order", string.Join(",", Some(random, () => Pick(random, Names) + Pick(random, "", ".desc", ".asc.nullsfirst", ".up")))),
            2 => (Pick(random, "or", "and", "not.or", "r.or"), Group(random, 0)),
            3 => (Pick(random, "limit", "offset"), Pick(random, "0", "1", "5", "-1", "99999999999", "x")),
            _ => (Pick(random, Names), $"{Pick(random, Operators)}.{Pick(random, Values)}"),
        };
        return $"{Uri.EscapeDataString(Sound(key))}={Uri.EscapeDataString(Sound(value))}";
    }

    private static string Group(Random random, int depth) => $"({string.Join(",", Some(random, () => depth < 30 && random.Next(3) == 0
        ? Pick(random, "and", "or", "not.and", "xor") + Group(random, depth + 1)
        : $"{Pick(random, Names)}.{Pick(random, Operators)}.{Pick(random, Values)}"))}{(random.Next(20) == 0 ? "" : ")")}";

    private static string Body(Random random)
    {
        string Row() => "{" + string.Join(",", Some(random, () => $"{System.Text.Json.JsonSerializer.Serialize(Pick(random, Names).Trim('"'))}:{Pick(random, Json)}")) + "}";
        return random.Next(4) switch
        {
            0 => $"[{string.Join(",", Some(random, Row))}]",
            1 => Pick(random, Json),
            _ => Row(),
        };
    }

    private static IEnumerable<string> Some(Random random, Func<string> make) => Enumerable.Range(0, random.Next(1, 4)).Select(_ => make()).ToList();

    private static string Pick(Random random, params string[] from) => from[random.Next(from.Length)];

    /// <summary>A URL cannot hold half a character.</summary>
    private static string Sound(string text) => text.Replace("\ud800", "\ud83d\ude00", StringComparison.Ordinal);
}
