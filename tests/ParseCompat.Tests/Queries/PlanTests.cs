using System.Diagnostics;
using Backend.Data.Catalog;
using Backend.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.ParseCompat.Tests.Queries;

/// <summary>
/// The shapes of requests that apps send most are answered by indexes, also by the plan that a prepared statement settles on after a few
/// executions. PostgreSQL's own counters say so: no table that holds many rows is read from end to end.
/// </summary>
internal sealed class PlanTests
{
    private const int Rows = 20_000;

    // Beyond the five executions after which PostgreSQL may take a plan that does not look at the values.
    private const int Repeats = 9;

    private TestDatabase _database = null!;
    private string _token = null!;

    private static IEnumerable<TestCaseData> Requests()
    {
        TestCaseData Case(string name, string method, string path, string? body = null, bool users = true) => new TestCaseData(method, path, body, users).SetArgDisplayNames(name);

        const string Range = """{"score":{"$gte":5000,"$lt":5400}}""";
        yield return Case("one by its id", "GET", "/parse/classes/GameScore/row4711");
        yield return Case("a range, ordered the other way", "GET", $"/parse/classes/GameScore?where={Range}&order=-score&limit=20");
        yield return Case("a range with an include", "GET", $"/parse/classes/GameScore?where={Range}&order=-score&limit=20&include=player");
        yield return Case("a range in the form of the JavaScript SDK", "POST", "/parse/classes/GameScore", $$"""{"where":{{Range}},"order":"-score","limit":20,"_method":"GET"}""");
        yield return Case("a count", "GET", """/parse/classes/GameScore?where={"score":{"$gte":5000,"$lt":5400},"cheatMode":false}&count=1&limit=0""");
        yield return Case("many in an index's order", "GET", """/parse/classes/GameScore?where={"score":{"$gte":12000}}&order=score&limit=1000""");
        yield return Case("an inner query", "GET",
            """/parse/classes/GameScore?where={"player":{"$inQuery":{"className":"_User","where":{"level":17}}}}&order=-score&limit=20""", users: false);
        yield return Case("neither condition nor order", "GET", "/parse/classes/GameScore?limit=100");
        yield return Case("a reference, newest first", "GET",
            """/parse/classes/GameScore?where={"player":{"__type":"Pointer","className":"_User","objectId":"user77"}}&order=-createdAt&include=player&limit=20""");
        yield return Case("an increment", "PUT", "/parse/classes/GameScore/row4711", """{"score":{"__op":"Increment","amount":1}}""");
        yield return Case("a list of ids", "GET", """/parse/classes/GameScore?where={"objectId":{"$in":["row1","row2","row3"]}}""");
        yield return Case("a prefix", "GET", """/parse/classes/GameScore?where={"playerName":{"$regex":"%5Ename%2047"}}&limit=10""");
        yield return Case("the rows of a relation", "GET",
            """/parse/classes/_User?where={"$relatedTo":{"object":{"__type":"Pointer","className":"GameScore","objectId":"row1"},"key":"fans"}}""");
        yield return Case("the user behind a token", "GET", "/parse/users/me");
    }

    [OneTimeSetUp]
    public async Task FillAsync()
    {
        _database = await TestDatabase.CreateAsync();
        var app = await ParseApp.StartAsync(_database);
        (_, _token) = await app.SignUpAsync("me");
        var catalog = app.Services.GetRequiredService<LiveCatalog>();
        await catalog.EnsureAsync("_User", [new FieldSpec("level", FieldKind.Number)]);
        await app.JsonAsync("POST", "/parse/schemas/GameScore", """
            {"fields":{"score":{"type":"Number"},"cheatMode":{"type":"Boolean"},"playerName":{"type":"String"},"player":{"type":"Pointer","targetClass":"_User"},
             "fans":{"type":"Relation","targetClass":"_User"}},"indexes":{"byScore":{"score":1},"byName":{"playerName":1}}}
            """, ParseApp.Master);
        await _database.ExecuteAsync($"""
            insert into app.users (id, created_at, updated_at, username, level, acl_read, acl_write)
            select 'user' || n, now(), now(), 'user' || n, n % 100, array['*', 'user' || n], array['user' || n] from generate_series(1, {Rows / 4}) n
            """);
        await _database.ExecuteAsync($"""
            insert into app.game_score (id, created_at, updated_at, score, cheat_mode, player_name, player, acl_read, acl_write)
            select 'row' || n, now() - n * interval '1 second', now(), n, n % 3 = 0, 'name ' || n, 'user' || n % {Rows / 4},
                   case when n % 2 = 0 then array['role:r' || n % 20] end, case when n % 2 = 0 then array['role:r' || n % 20] end
            from generate_series(1, {Rows}) n
            """);
        await _database.ExecuteAsync("""
            do $$ begin execute (select format('insert into app.%I select ''row'' || n %% 50, ''user'' || n from generate_series(1, 5000) n', column_name)
              from catalog.fields where name = 'fans'); end $$
            """);
        await _database.ExecuteAsync("vacuum analyze");
        await app.DisposeAsync();
        await ConnectionsEndAsync();
    }

    [OneTimeTearDown]
    public async Task DropAsync() => await _database.DisposeAsync();

    [TestCaseSource(nameof(Requests))]
    public async Task It_is_answered_without_reading_a_whole_table(string method, string path, string? body, bool users)
    {
        var before = await CountersAsync();
        await using (var app = await ParseApp.StartAsync(_database, ("ConnectionStrings:Database", _database.ConnectionString + ";Maximum Pool Size=4")))
        {
            for (var i = 0; i < Repeats; i++)
                await app.JsonAsync(method, path, body, ParseApp.As(_token));
        }

        await ConnectionsEndAsync();
        var after = await CountersAsync();

        Assert.That(after.Total, Is.GreaterThanOrEqualTo(before.Total + Repeats), "the statements were counted");
        Assert.That(after.Scores - before.Scores, Is.Zero, "reads of the whole table of scores");
        if (users)
            Assert.That(after.Users - before.Users, Is.Zero, "reads of the whole table of users");
    }

    /// <summary>A connection reports what it read when it ends, and is gone only after that.</summary>
    private async Task ConnectionsEndAsync()
    {
        var waited = Stopwatch.StartNew();
        while (await _database.ScalarAsync<bool>("select exists (select from pg_stat_activity where datname = current_database() and application_name = 'backend')"))
        {
            Assert.That(waited.Elapsed, Is.LessThan(TimeSpan.FromSeconds(60)), "the program's connections end with it");
            await Task.Delay(20);
        }
    }

    private async Task<(long Scores, long Users, long Total)> CountersAsync()
    {
        var text = await _database.ScalarAsync<string>("""
            select string_agg(relname || '=' || seq_scan || '=' || coalesce(idx_scan, 0), ',')
            from pg_stat_user_tables where schemaname = 'app' and relname in ('game_score', 'users')
            """);
        var counts = text!.Split(',').Select(t => t.Split('=')).ToDictionary(t => t[0], t => (Seq: long.Parse(t[1]), Index: long.Parse(t[2])));
        return (counts["game_score"].Seq, counts["users"].Seq, counts.Values.Sum(c => c.Seq + c.Index));
    }
}
