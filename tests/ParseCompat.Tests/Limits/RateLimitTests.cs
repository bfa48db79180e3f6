using Backend.ParseCompat.Limits;
using Backend.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Tests.Limits;

public sealed class RateLimitTests
{
    [TestCase("/classes/*", "/classes/A", true)]
    [TestCase("/classes/*", "/classes/A/b", true)]
    [TestCase("/classes/*", "/users", false)]
    [TestCase("/classes/:name", "/CLASSES/A", true)]
    [TestCase("/classes/:name", "/classes/A/b", false)]
    [TestCase("/functions/sum", "/functions/sum/", true)]
    [TestCase("/functions/sum", "/functions/sums", false)]
    [TestCase("/(users|login)", "/login", true)]
    [TestCase("/files/a.b", "/files/aXb", false)]
    [TestCase("/functions/*rest", "/functions/a", true)]
    [TestCase("*", "/anything/at/all", true)]
    public void Paths_are_read_as_the_old_server_did(string pattern, string path, bool fits) =>
        Assert.That(Patterns.Compile(RateLimitOptions.PathPattern(pattern), System.Text.RegularExpressions.RegexOptions.IgnoreCase).IsMatch(path), Is.EqualTo(fits));

    [Test]
    public async Task What_comes_too_often_is_refused_with_429_in_every_process()
    {
        // The counts stand in a memcached that others use too.
        var run = Guid.NewGuid().ToString("N");
        (string, string?)[] settings =
        [
            .. Limit(0, $"/classes/Counted{run}/*", 2), ("ParseCompat:RateLimits:0:RequestMethods:0", "PUT"), ("ParseCompat:RateLimits:0:ErrorResponseMessage", "Slow down"),
            .. Limit(1, $"/classes/ByUser{run}", 1), ("ParseCompat:RateLimits:1:Zone", "user"),
            .. Limit(2, $"/classes/BySession{run}", 1), ("ParseCompat:RateLimits:2:Zone", "session"),
            .. Limit(3, $"/classes/Here{run}", 1), ("ParseCompat:RateLimits:3:IncludeInternalRequests", "false"),
            .. Limit(4, $"/classes/Master{run}", 1), ("ParseCompat:RateLimits:4:IncludeMasterKey", "true"),
            .. Limit(5, $"/classes/Batched{run}", 2),
            ("Memcached:Servers:0", (Environment.GetEnvironmentVariable("TEST_MEMCACHED") ?? "127.0.0.1:11299").Split(',')[0]),
            ("Memcached:Timeout", "00:00:10"), // on a busy machine a slow answer is none, and each process would count for itself
            ];
        await using var app = await ParseApp.StartAsync(settings);
        await using var other = await ParseApp.StartAsync(app.Database, settings);

        var id = (await app.JsonAsync("POST", "/parse/classes/Counted" + run, "{}")).GetProperty("objectId").GetString();
        using (var first = await app.RequestAsync("PUT", $"/parse/classes/Counted{run}/{id}", "{}"))
        {
            Assert.That((int)first.StatusCode, Is.EqualTo(200));
            Assert.That(first.Headers.GetValues("X-RateLimit-Limit"), Is.EqualTo(new[] { "2" }));
            Assert.That(first.Headers.GetValues("X-RateLimit-Remaining"), Is.EqualTo(new[] { "1" }));
            Assert.That(long.Parse(first.Headers.GetValues("X-RateLimit-Reset").Single(), System.Globalization.CultureInfo.InvariantCulture),
                Is.InRange(DateTimeOffset.UtcNow.ToUnixTimeSeconds(), DateTimeOffset.UtcNow.AddSeconds(601).ToUnixTimeSeconds()));
        }

        Assert.That(await other.SendAsync("PUT", $"/parse/classes/Counted{run}/{id}", "{}"), Does.StartWith("200"));
        using (var third = await app.RequestAsync("PUT", $"/parse/classes/Counted{run}/{id}", "{}"))
        {
            Assert.That((int)third.StatusCode, Is.EqualTo(429));
            Assert.That(await third.Content.ReadAsStringAsync(), Is.EqualTo("""{"code":100,"error":"Slow down"}"""));
            Assert.That(third.Headers.RetryAfter!.Delta!.Value.TotalSeconds, Is.InRange(1, 600));
        }

        Assert.That(await other.SendAsync("PUT", $"/parse/classes/Counted{run}/{id}", "{}"), Does.StartWith("429"));
        Assert.That(await app.SendAsync("GET", $"/parse/classes/Counted{run}/{id}"), Does.StartWith("200"), "another method");
        Assert.That(await app.SendAsync("PUT", $"/parse/classes/Counted{run}/{id}", "{}", ParseApp.Master), Does.StartWith("200"), "the master key");

        var (_, ann) = await app.SignUpAsync("ann");
        var (_, bob) = await app.SignUpAsync("bob");
        var annAgain = (await app.JsonAsync("POST", "/parse/login", """{"username":"ann","password":"secret"}""")).GetProperty("sessionToken").GetString()!;
        foreach (var (path, token, status) in new[]
        {
            ("ByUser", ann, "200"), ("ByUser", bob, "200"), ("ByUser", annAgain, "429"), ("BySession", ann, "200"), ("BySession", ann, "429"), ("BySession", annAgain, "200"),
        })
        {
            Assert.That(await app.SendAsync("GET", $"/parse/classes/{path}{run}", null, ParseApp.As(token)), Does.StartWith(status), path);
        }

        for (var i = 0; i < 3; i++)
            Assert.That(await app.SendAsync("GET", "/parse/classes/Here" + run), Does.StartWith("200"));
        Assert.That(await app.SendAsync("GET", "/parse/classes/Master" + run, null, ParseApp.Master), Does.StartWith("200"));
        Assert.That(await app.SendAsync("GET", "/parse/classes/Master" + run, null, ParseApp.Master), Does.StartWith("429"));

        var batch = """{"requests":[{"method":"POST","path":"/parse/classes/BatchedRUN","body":{}},{"method":"POST","path":"/parse/classes/BatchedRUN","body":{}}]}""".Replace("RUN", run, StringComparison.Ordinal);
        Assert.That(await app.SendAsync("POST", "/parse/batch", batch), Does.StartWith("200"));
        Assert.That(await app.SendAsync("POST", "/parse/batch", batch), Is.EqualTo("""429 {"code":100,"error":"Too many requests."}"""));
    }

    [Test]
    public async Task Without_memcached_each_process_counts_and_a_window_ends()
    {
        var time = new MovedTime();
        var settings = Limit(0, "*", 1).Append(("ParseCompat:RateLimits:0:Zone", "global")).ToDictionary(s => s.Item1, s => s.Item2);
        await using var server = await ParseServer.StartAsync(settings, services: s => s.AddSingleton<TimeProvider>(time));
        Assert.That(await server.SendAsync("GET", "/classes/Any"), Does.StartWith("200"));
        Assert.That(await server.SendAsync("GET", "/classes/Any"), Does.StartWith("429"));
        Assert.That(await server.SendAsync("GET", "/nothing"), Does.StartWith("429"), "also where there is no route");
        Assert.That(await server.SendAsync("GET", "/health"), Does.StartWith("200"));
        time.Ahead = TimeSpan.FromMinutes(10);
        Assert.That(await server.SendAsync("GET", "/classes/Any"), Does.StartWith("200"));
    }

    [TestCase("ParseCompat:RateLimits", "a", "ParseCompat:RateLimits is a list")]
    [TestCase("ParseCompat:RateLimits:0", "a", "ParseCompat:RateLimits:0 is an object")]
    [TestCase("ParseCompat:RateLimits:0:Path", "/a", "ParseCompat:RateLimits:0:Path is not a setting.")]
    [TestCase("ParseCompat:RateLimits:0:RequestCount", "1", "ParseCompat:RateLimits:0:RequestPath is missing.")]
    [TestCase("ParseCompat:Idempotency:Ttl", "00:00:00", "ParseCompat:Idempotency:Ttl must be more than 0")]
    [TestCase("ParseCompat:Idempotency:Paths:0", "(", "ParseCompat:Idempotency:Paths holds '('")]
    [TestCase("ParseCompat:RouteAllowList:0", "[", "ParseCompat:RouteAllowList holds '['")]
    [TestCase("ParseCompat:KeywordDenylist:0:Kye", "a", "ParseCompat:KeywordDenylist:0:Kye is not a setting.")]
    [TestCase("ParseCompat:DefaultLimit", "0", "ParseCompat:DefaultLimit is less than 1.")]
    public void A_wrong_setting_stops_the_start_with_its_name(string name, string value, string sentence) =>
        Assert.That(async () => await ParseApp.StartAsync((name, value)), Throws.TypeOf<OptionsValidationException>().With.Message.Contains(sentence));

    [Test]
    public void A_setting_of_another_type_stops_the_start_with_its_name() =>
        Assert.That(async () => await ParseApp.StartAsync(("ParseCompat:Security:EnableCheck", "maybe")),
            Throws.InvalidOperationException.With.Message.Contains("ParseCompat:Security:EnableCheck"));

    private static (string, string?)[] Limit(int number, string path, int count) =>
    [
        ($"ParseCompat:RateLimits:{number}:RequestPath", path), ($"ParseCompat:RateLimits:{number}:RequestCount", $"{count}"),
        ($"ParseCompat:RateLimits:{number}:RequestTimeWindow", "00:10:00"), ($"ParseCompat:RateLimits:{number}:IncludeInternalRequests", "true"),
    ];
}
