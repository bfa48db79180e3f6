using Backend.ParseCompat.Limits;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.ParseCompat.Tests.Limits;

public sealed class IdempotencyTests
{
    private const string Duplicate = """400 {"code":159,"error":"Duplicate request"}""";

    private static readonly (string, string?)[] On =
    [
        ("ParseCompat:Idempotency:Paths:0", "classes/.*"), ("ParseCompat:Idempotency:Paths:1", "users"), ("ParseCompat:Idempotency:Paths:2", "installations"),
    ];

    [Test]
    public async Task A_request_id_is_taken_once_by_whichever_process()
    {
        await using var app = await ParseApp.StartAsync(On);
        await using var other = await ParseApp.StartAsync(app.Database, On);
        var first = await app.SendAsync("POST", "/parse/classes/Thing", """{"n":1}""", "X-Parse-Request-Id: one");
        Assert.That(first, Does.StartWith("201"));
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", """{"n":1}""", "X-Parse-Request-Id: one"), Is.EqualTo(Duplicate));
        Assert.That(await other.SendAsync("POST", "/1/classes/Thing/", """{"n":1}""", "X-Parse-Request-Id: one"), Is.EqualTo(Duplicate));
        // iOS sends one id with everything: another body, path, method or caller is another request.
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", """{"n":2}""", "X-Parse-Request-Id: one"), Does.StartWith("201"));
        Assert.That(await app.SendAsync("POST", "/parse/classes/Other", """{"n":1}""", "X-Parse-Request-Id: one"), Does.StartWith("201"));
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", """{"n":1}""", "X-Parse-Request-Id: one", ParseApp.Master), Does.StartWith("201"));
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", """{"n":1}""", "X-Parse-Request-Id: two"), Does.StartWith("201"));
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", """{"n":1}"""), Does.StartWith("201"));

        var id = (await app.JsonAsync("POST", "/parse/classes/Thing", """{"n":1}""")).GetProperty("objectId").GetString();
        const string increment = """{"n":{"__op":"Increment","amount":1}}""";
        Assert.That(await app.SendAsync("PUT", "/parse/classes/Thing/" + id, increment, "X-Parse-Request-Id: three"), Does.StartWith("200"));
        Assert.That(await other.SendAsync("PUT", "/parse/classes/Thing/" + id, increment, "X-Parse-Request-Id: three"), Is.EqualTo(Duplicate));
        Assert.That((await app.JsonAsync("GET", "/parse/classes/Thing/" + id)).GetProperty("n").GetDouble(), Is.EqualTo(2));
    }

    [TestCase("ParseCompat:Idempotency:Paths", "1", "ParseCompat:Idempotency:Paths is a list: its first entry is ParseCompat:Idempotency:Paths:0.")]
    [TestCase("ParseCompat:Idempotency:Paths:0", "(", "ParseCompat:Idempotency:Paths holds '(', which is no regular expression.")]
    [TestCase("ParseCompat:Idempotency:Ttl", "00:00:00", "ParseCompat:Idempotency:Ttl must be more than 0 and at most 7 days.")]
    public void A_wrong_setting_stops_the_start_with_a_sentence(string name, string value, string sentence) =>
        Assert.That(async () => await ParseApp.StartAsync((name, value)), Throws.TypeOf<OptionsValidationException>().With.Message.Contains(sentence));

    [Test]
    public async Task A_function_is_called_once_for_a_request_id_and_reads_and_deletes_take_none()
    {
        await using var app = await ParseApp.StartAsync([.. On, ("ParseCompat:Idempotency:Paths:3", "functions/.*")]);
        await using var receiver = await Hooks.HookReceiver.StartAsync();
        await app.JsonAsync("POST", "/parse/hooks/functions", $$"""{"functionName":"pay","url":"{{receiver.Answer("/pay", """{"success":1}""")}}"}""", ParseApp.Master);
        Assert.That(await app.SendAsync("POST", "/parse/functions/pay", """{"sum":1}""", "X-Parse-Request-Id: f"), Is.EqualTo("""200 {"result":1}"""));
        Assert.That(await app.SendAsync("POST", "/parse/functions/pay", """{"sum":1}""", "X-Parse-Request-Id: f"), Is.EqualTo(Duplicate));
        Assert.That(await app.SendAsync("POST", "/parse/functions/pay", """{"sum":2}""", "X-Parse-Request-Id: f"), Is.EqualTo("""200 {"result":1}"""));
        Assert.That(receiver.Take("/pay"), Has.Count.EqualTo(2));
        for (var i = 0; i < 2; i++)
        {
            Assert.That(await app.SendAsync("GET", "/parse/classes/Thing", null, "X-Parse-Request-Id: g"), Does.StartWith("200"));
            Assert.That(await app.SendAsync("DELETE", "/parse/classes/Thing/none", null, "X-Parse-Request-Id: g"), Does.StartWith("404"));
        }
    }

    [Test]
    public async Task Of_duplicates_at_the_same_moment_exactly_one_is_done()
    {
        await using var app = await ParseApp.StartAsync(On);
        await using var other = await ParseApp.StartAsync(app.Database, On);
        await app.JsonAsync("POST", "/parse/classes/Thing", """{"n":0}""");
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => (i % 2 == 0 ? app : other).SendAsync("POST", "/parse/classes/Thing", """{"n":7}""", "X-Parse-Request-Id: same")));
        Assert.That(answers.Count(a => a.StartsWith("201", StringComparison.Ordinal)), Is.EqualTo(1), string.Join('\n', answers));
        Assert.That(answers.Count(a => a == Duplicate), Is.EqualTo(23));
        Assert.That((await app.JsonAsync("GET", """/parse/classes/Thing?where={"n":7}&count=1&limit=0""")).GetProperty("count").GetInt32(), Is.EqualTo(1));

        var users = await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
            (i % 2 == 0 ? app : other).SendAsync("POST", "/parse/users", """{"username":"ann","password":"x"}""", "X-Parse-Request-Id: ann")));
        Assert.That(users.Count(a => a.StartsWith("201", StringComparison.Ordinal)), Is.EqualTo(1), string.Join('\n', users));
        Assert.That(users.Count(a => a == Duplicate), Is.EqualTo(5), string.Join('\n', users));
    }

    [Test]
    public async Task A_write_that_failed_may_be_sent_again()
    {
        await using var app = await ParseApp.StartAsync(On);
        await app.SignUpAsync("ann");
        const string body = """{"username":"ann","password":"x"}""";
        for (var i = 0; i < 2; i++)
            Assert.That(await app.SendAsync("POST", "/parse/users", body, "X-Parse-Request-Id: u"), Does.Contain("\"code\":202"));
        for (var i = 0; i < 2; i++)
            Assert.That(await app.SendAsync("PUT", "/parse/classes/Thing/nothing", "{}", "X-Parse-Request-Id: p"), Does.StartWith("404"));
        const string device = """{"deviceType":"ios","installationId":"a"}""";
        Assert.That(await app.SendAsync("POST", "/parse/installations", device, "X-Parse-Request-Id: i"), Does.StartWith("201"));
        Assert.That(await app.SendAsync("POST", "/parse/installations", device, "X-Parse-Request-Id: i"), Is.EqualTo(Duplicate));
    }

    [Test]
    public async Task Ids_are_forgotten_after_their_time_and_the_tables_take_turns()
    {
        await using var app = await ParseApp.StartAsync([.. On, ("ParseCompat:Idempotency:Ttl", "00:30:00")]);
        var database = app.Services.GetRequiredService<NpgsqlDataSource>();
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", "{}", "X-Parse-Request-Id: a"), Does.StartWith("201"));
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", "{}", "X-Parse-Request-Id: a"), Is.EqualTo(Duplicate));
        await RequestIdTurns.TurnAsync(database, TimeSpan.Zero, default);
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", "{}", "X-Parse-Request-Id: a"), Is.EqualTo(Duplicate), "the older table is looked at too");
        Assert.That(await RequestIdTurns.TurnAsync(database, TimeSpan.FromHours(1), default), Is.False);
        foreach (var table in new[] { "requests_0", "requests_1" })
            await app.Database.ExecuteAsync($"update parse_compat.{table} set noted_at = noted_at - interval '31 minutes'");
        Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", "{}", "X-Parse-Request-Id: a"), Does.StartWith("201"));
        for (var i = 0; i < 2; i++)
            await RequestIdTurns.TurnAsync(database, TimeSpan.Zero, default);
        await using var count = database.CreateCommand("select (select count(*) from parse_compat.requests_0) + (select count(*) from parse_compat.requests_1)");
        Assert.That(await count.ExecuteScalarAsync(), Is.Zero);
    }

    [Test]
    public async Task It_is_off_unless_paths_are_configured()
    {
        await using var app = await ParseApp.StartAsync();
        for (var i = 0; i < 2; i++)
            Assert.That(await app.SendAsync("POST", "/parse/classes/Thing", "{}", "X-Parse-Request-Id: a"), Does.StartWith("201"));
    }
}
