using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Backend.ParseCompat.Wire;
using Backend.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.ParseCompat.Tests.Wire;

/// <summary>Every route takes whatever may come: what is wrong with it is the client's mistake, never a failure of the server (contract 33, item 10).</summary>
public sealed class EveryRouteTests
{
    private const int Rounds = 120;
    private const int Workers = 4;

    private static readonly string[] Names =
    [
        "username", "password", "email", "authData", "emailVerified", "sessionToken", "objectId", "installationId", "deviceToken", "deviceType", "channels", "badge", "name", "roles", "users",
        "ACL", "where", "limit", "skip", "order", "keys", "include", "excludeKeys", "includeAll", "count", "params", "masterKeyOnly", "functionName", "className", "triggerName", "url",
        "requests", "transaction", "method", "path", "body", "fields", "indexes", "classLevelPermissions", "receipt", "productIdentifier", "data", "push_time", "expiration_interval", "jobName",
        "group", "match", "project", "distinct", "pipeline", "query", "user", "token", "new_password", "userId", "score", "text", "list", "o", "o.x", "p", "at", "restricted", "createdWith", "expiresAt",
        "_method", "_SessionToken", "_InstallationId", "_context", "_noBody", "base64", "_ContentType", "fileData", "explain", "hint", "readPreference", "redirectClassNameForKey", "__op", "\ud800", "\0",
        "job_schedule", "level", "from", "until", "size", "description", "jobName", "startAfter", "daysOfWeek", "timeOfDay", "lastRun", "repeatMinutes",
    ];

    private static readonly string[] Places =
    [
        "Odd", "_User", "_Role", "_Session", "_Installation", "me", "x", "0123456789", "%00", "%ED%A0%80", "%F0%9F%98%80", "'%20or%201=1", "..%2F..", "a.b", "_SCHEMA", "_GlobalConfig", "beforeSave",
        "__proto__", "constructor", "%2525", "role:x", "*",
    ];

    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1", "1.5", "1e308", "1e400", "-1e400", "9223372036854775808", "123456789012345678901234567890", "\"\"", "\" \"", "\"x\"", "\"\\u0000\"", "\"\\ud800\"",
        "\"\\udc00x\"", "\"😀\"", "\"a@b.example\"", "\"Odd\"", "\"2020-01-01T00:00:00.000Z\"", "\"objectId,-score\"", "\"p.p.p\"", "\"http://127.0.0.1:9/x\"", "\"{}\"", "\"[\"", "\"(\"", "[]", "{}", "[[]]",
        "[null]", "{\"a\":null}", "[1,\"a\",{}]", "{\"__type\":\"Date\",\"iso\":\"x\"}", "{\"__type\":\"Pointer\",\"className\":\"Odd\",\"objectId\":\"x\"}", "{\"__type\":\"GeoPoint\",\"latitude\":91}",
        "{\"__type\":\"Polygon\",\"coordinates\":[[0,0]]}", "{\"__type\":\"Relation\"}", "{\"__type\":\"Bytes\",\"base64\":\"%\"}", "{\"__type\":\"File\"}", "{\"__type\":5}", "{\"__op\":\"Delete\"}",
        "{\"__op\":\"Increment\",\"amount\":\"1\"}", "{\"__op\":\"Add\"}", "{\"__op\":\"AddRelation\",\"objects\":[1]}", "{\"__op\":\"Batch\",\"ops\":[{}]}", "{\"__op\":\"Nothing\"}", "{\"__op\":null}",
        "{\"*\":{\"read\":true}}", "{\"*\":1}", "{\"find\":{\"*\":true}}", "{\"find\":5}", "{\"anonymous\":{\"id\":\"1\"}}", "{\"anonymous\":null}", "{\"facebook\":5}", "{\"x\":{\"type\":\"String\"}}",
        "{\"x\":{\"type\":5}}", "{\"description\":\"\\ud800\",\"params\":\"\",\"params\":5}",  "{\"x\":{\"__op\":\"Delete\"}}", "{\"$gt\":{}}", "{\"$in\":5}", "{\"$regex\":\"(\"}", "{\"$or\":5}", "[{\"$match\":{\"a\":{\"$gt\":[]}}}]", "[{\"$group\":{}}]", "[{\"$sort\":5}]",
        "[{\"method\":\"POST\",\"path\":\"/parse/classes/Odd\",\"body\":{\"score\":1}}]", "[{\"method\":5,\"path\":\"/parse/users\",\"body\":5}]", "[{\"method\":\"GET\",\"path\":\"/parse/login\"}]",
        "[{\"method\":\"POST\",\"path\":\"/parse/batch\"}]", "[{\"path\":{}}]", "[5]", "[{\"method\":\"PUT\",\"path\":\"/parse/classes/Odd/%zz\",\"body\":[]}]",
    ];

    [Test]
    [CancelAfter(240_000)]
    public async Task Whatever_comes_no_route_fails(CancellationToken cancellation)
    {
        await using var server = await ParseServer.StartAsync(new()
        {
            ["ParseCompat:MaintenanceKey"] = "mt",
            ["ParseCompat:ReadOnlyMasterKey"] = "ro",
            ["LoginLimits:PerAddress"] = "0",
            ["LoginLimits:PerAccount"] = "0",
            ["LoginLimits:PerAccountAndAddress"] = "0",
        });
        await server.CreateAsync("Odd", """{"score":1,"text":"t","list":[1],"o":{"x":1},"p":{"__type":"Pointer","className":"Odd","objectId":"x"}}""");
        var token = (string)(await server.CallAsync("POST", "/users", """{"username":"odd","password":"odd"}""")).Body!["sessionToken"]!;
        using var client = new HttpClient { BaseAddress = new Uri(server.Address) };
        var routes = server.Services.GetRequiredService<ParseFrame>().Routes.All;
        Assert.That(routes, Has.Count.GreaterThan(70));
        (string Header, string Key)[] callers = [("X-Nobody", ""), ("X-Parse-Master-Key", "mk"), ("X-Parse-Session-Token", token), ("X-Parse-Maintenance-Key", "mt"), ("X-Parse-Master-Key", "ro")];

        var seed = Seed.Value;
        TestContext.Out.WriteLine($"Seed {seed}");
        var failures = new ConcurrentQueue<string>();
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async worker =>
        {
            var random = new Random(seed + worker);
            for (var round = 0; round < Rounds / Workers; round++)
            {
                foreach (var route in routes)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var path = "/parse/" + string.Join('/', route.Pattern.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(s => s[0] == ':' ? Pick(random, Places) : s));
                    if (random.Next(2) == 0)
                        path += "?" + string.Join('&', Enumerable.Range(0, random.Next(1, 4)).Select(_ => $"{Encode(Pick(random, Names))}={Encode(Pick(random, Values).Trim('"'))}"));
                    var body = route.Method is "GET" or "DELETE" ? null : Body(random);
                    var caller = Pick(random, callers);
                    using var request = new HttpRequestMessage(new HttpMethod(route.Method), path);
                    request.Headers.Add("X-Parse-Application-Id", "app");
                    request.Headers.Add("X-Parse-REST-API-Key", "rest");
                    request.Headers.Add(caller.Header, caller.Key);
                    if (body is not null)
                        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
                    using var response = await client.SendAsync(request, cancellation);
                    var answer = await response.Content.ReadAsStringAsync(cancellation);
                    // What is not set up (mail) says so in words, with the old server's status.
                    if ((int)response.StatusCode >= 500 && answer.Contains("Internal server error", StringComparison.Ordinal))
                        failures.Enqueue($"{route.Method} {path} [{caller}] {body} gave {(int)response.StatusCode} {answer}");
                }
            }
        }));
        Assert.That(failures, Is.Empty, () => string.Join('\n', server.Errors.DistinctBy(e => e[(e.IndexOf(" failed ", StringComparison.Ordinal) + 1)..]).Take(20)));
    }

    private static string Body(Random random)
    {
        switch (random.Next(20))
        {
            case 0: return Pick(random, ["", "[]", "5", "{", "\"x\"", "null", "{\"a\":1}}", "\ufeff{}", "{\"a\":\"\\ud800\"}", "[" + new string('[', 300)]);
            case 1: return $"{{\"{Pick(random, ["score", "where", "params", "fields", "o"])}\":{string.Concat(Enumerable.Repeat("{\"a\":[", 60))}1{string.Concat(Enumerable.Repeat("]}", 60))}}}";
            default:
                var body = new StringBuilder("{");
                for (var i = random.Next(1, 5); i > 0; i--)
                {
                    body.Append(Quote(Pick(random, Names))).Append(':').Append(random.Next(6) == 0 ? Nested(random) : Pick(random, Values));
                    if (i > 1)
                        body.Append(',');
                }

                return body.Append('}').ToString();
        }
    }

    private static string Nested(Random random) => $"{{{Quote(Pick(random, Names))}:{Pick(random, Values)},{Quote(Pick(random, Names))}:{{{Quote(Pick(random, Names))}:{Pick(random, Values)}}}}}";

    private static string Quote(string text) => "\"" + string.Concat(text.Select(c => c < ' ' || char.IsSurrogate(c) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : c.ToString())) + "\"";

    private static string Encode(string text) => Uri.EscapeDataString(text.Replace("\ud800", "\ufffd", StringComparison.Ordinal));

    private static T Pick<T>(Random random, T[] from) => from[random.Next(from.Length)];
}
