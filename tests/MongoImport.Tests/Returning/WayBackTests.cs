using System.Diagnostics;
using System.Globalization;
using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Accounts;
using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.MongoDouble.Bson;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Tests.Imports;
using Backend.MongoImport.Tests.Live;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Backend.MongoImport.Tests.Returning;

/// <summary>The way back: what is written to PostgreSQL comes to a MongoDB, in a Parse server's layout.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class WayBackTests
{
    private const string Database = LiveServer.Database;

    [Test]
    public async Task What_is_written_after_the_move_stands_in_the_old_database_as_a_Parse_server_would_have_written_it()
    {
        await using var way = await WayBack.MovedAsync();
        var before = way.Everything();
        Assert.That(await way.RunAsync(o => o with { UntilCaughtUp = true }), Is.Zero);
        Assert.That(way.Everything(), Is.EqualTo(before), "nothing was written, nothing is changed");

        await using var app = await App.StartAsync(way.Target);
        var thing = await app.Catalog.EnsureAsync("Thing", [new FieldSpec("fresh", FieldKind.Number), new FieldSpec("friends", FieldKind.Relation, "_User"), new FieldSpec("owner", FieldKind.Reference, "_User")]);
        var table = thing.FindByOrigin("Thing")!;
        var ann = (await app.Get<AccountService>().SignUpAsync(new SignUp { Username = "ann", Password = "secret" }, new ChangeSet(), Caller.Anonymous)).Row.Id;
        var made = await app.Rows.InsertAsync(table, new ChangeSet { Acl = new RowAcl([ann], [ann]) }
            .Add(new Change.Set(table.Find("fresh")!, Value.Of(1.5))).Add(new Change.Set(table.Find("owner")!, Value.Reference("_User", ann))), Caller.Administrator);
        await app.Rows.ChangeAsync(table, "a", new ChangeSet().Add(new Change.Set(table.Find("name")!, Value.Of("changed"))), Caller.Administrator);
        await app.Rows.DeleteAsync(table, "000000000000000000000001", Caller.Administrator);
        await way.SqlAsync($"insert into app.thing_friends (owning_id, related_id) values ('a', '{ann}'), ('a', 'u1')");
        await way.SqlAsync("delete from app.thing_tags where owning_id = 'a' and related_id = 't1'");
        await way.SqlAsync("insert into app.thing_tags (owning_id, related_id) values ('a', 't2')");
        await way.SqlAsync($"insert into app.identities (user_id, provider, subject, data) values ('{ann}', 'facebook', '7', '{{\"id\": \"7\"}}')");
        await way.SqlAsync($"insert into app.sessions (id, user_id, token) values ('s2', '{ann}', 'r:new')");
        await way.SqlAsync("update app.global_config set params = '{\"limit\": 5}'");
        await way.SqlAsync("insert into parse_compat.hooks (function_name, url) values ('hello', 'https://x.example/hello')");
        await way.SqlAsync("delete from app.users where id = 'u1'");
        await app.Catalog.EnsureAsync("Empty", [new FieldSpec("x", FieldKind.Text)]);
        await app.Catalog.DropTableAsync("Gone");

        Assert.That(await way.RunAsync(o => o with { UntilCaughtUp = true }), Is.Zero, way.Said);

        var user = way.Find("_User", ann)!;
        Assert.That((user.Text("username"), user.Text("_hashed_password")?[..4], user.Nested("_auth_data_facebook")!.Text("id")), Is.EqualTo(("ann", "$2a$", "7")).Or.EqualTo(("ann", "$2b$", "7")).Or.EqualTo(("ann", "$2y$", "7")));
        Assert.That(way.Find("_User", "u1"), Is.Null);
        Assert.That(way.Find("_Session", "s1"), Is.Null, "it went with its user");
        Assert.That((way.Find("_Session", "s2")!.Text("_session_token"), way.Find("_Session", "s2")!.Text("_p_user")), Is.EqualTo(("r:new", "_User$" + ann)));
        var document = way.Find("Thing", made.Id)!;
        Assert.That((document["fresh"], document.Text("_p_owner"), document.List("_rperm")[0], document.Nested("_acl")!.Nested(ann)!["w"]), Is.EqualTo(((object)1.5, "_User$" + ann, (object)ann, (object)true)));
        var changed = way.Find("Thing", "a")!;
        Assert.That((changed.Text("name"), changed.Text("a.b"), changed["long"]), Is.EqualTo(("changed", "dotted", (object)9007199254740993L)));
        Assert.That(way.Mongo.Find(Database, "Thing", new ObjectId("000000000000000000000001")), Is.Null, "found although its id was no text");
        Assert.That(way.Pairs("_Join:friends:Thing"), Is.EquivalentTo(new[] { $"a {ann}", "a u1" }));
        Assert.That(way.Pairs("_Join:tags:Thing"), Is.EqualTo(new[] { "a t2", "b t1" }));
        Assert.That(way.Find("_SCHEMA", "Thing")!.Text("fresh"), Is.EqualTo("number"));
        Assert.That(way.Find("_SCHEMA", "Thing")!.Text("friends"), Is.EqualTo("relation<_User>"));
        Assert.That(way.Find("_SCHEMA", "Empty")!.Text("x"), Is.EqualTo("string"));
        Assert.That(way.Mongo.Collections(Database), Does.Contain("Empty").And.Not.Contain("Gone"));
        Assert.That(way.Find("_SCHEMA", "Gone"), Is.Null);
        Assert.That(MongoDoc.Parse(way.Mongo.Find(Database, "_GlobalConfig", 1)!).Nested("params")!.Number("limit"), Is.EqualTo(5));
        var hook = MongoDoc.Parse(way.Mongo.Documents(Database, "_Hooks").Single());
        Assert.That((hook.Text("functionName"), hook.Text("url")), Is.EqualTo(("hello", "https://x.example/hello")));

        var after = way.Everything();
        await way.SqlAsync("update parse_compat.hooks set url = 'https://y.example/hello'");
        Assert.That(await way.RunAsync(o => o with { UntilCaughtUp = true }), Is.Zero);
        Assert.That(MongoDoc.Parse(way.Mongo.Documents(Database, "_Hooks").Single()).Text("url"), Is.EqualTo("https://y.example/hello"));
        Assert.That(way.Everything().Where(d => !d.StartsWith("_Hooks", StringComparison.Ordinal)), Is.EqualTo(after.Where(d => !d.StartsWith("_Hooks", StringComparison.Ordinal))));
    }

    [Test]
    public async Task The_end_closes_writes_and_compares_and_an_exchange_of_unique_names_and_a_broken_connection_are_no_obstacle()
    {
        await using var way = await WayBack.MovedAsync();
        way.Mongo.SeedIndex(Database, "_User", new MongoDoc { { "name", "username_1" }, { "key", new MongoDoc { { "username", 1 } } }, { "unique", true } });
        await way.SqlAsync("insert into app.users (id, username) values ('u2', 'two')");
        await way.SqlAsync("update app.users set username = 'tmp' where id = 'u1'; update app.users set username = 'one' where id = 'u2'; update app.users set username = 'two' where id = 'u1'");
        await way.SqlAsync("insert into app.thing (id, created_at, updated_at, name) select 'n' || n, now(), now(), 'x' from generate_series(1, 4500) n");
        way.Mongo.Faults.Drop("update", times: 2);

        Assert.That(await way.RunAsync(o => o with { Finish = true }), Is.Zero, way.Said);

        Assert.That((way.Find("_User", "u1")!.Text("username"), way.Find("_User", "u2")!.Text("username")), Is.EqualTo(("two", "one")));
        Assert.That(way.Mongo.Documents(Database, "Thing"), Has.Count.EqualTo(4503));
        Assert.That(way.Said, Does.Contain("The old server can take over"));
        Assert.That(await way.Target.Get<bool>("select writes_closed_at is not null from catalog.state"), Is.True);
        Assert.That(() => way.SqlAsync("insert into app.thing (id, created_at, updated_at) values ('late', now(), now())"), Throws.InstanceOf<Npgsql.PostgresException>());

        // A document that came there by another hand is told of.
        way.Mongo.Put(Database, "Thing", new MongoDoc { { "_id", "foreign" } }.ToBytes());
        Assert.That(await way.RunAsync(o => o with { Finish = true }), Is.EqualTo(2));
        Assert.That(way.Said, Does.Contain("Thing: 4503 rows here, 4504 documents there"));
    }

    [Test]
    public async Task An_emptied_class_a_dropped_field_and_an_empty_target_are_brought_whole()
    {
        await using var way = await WayBack.MovedAsync();
        await using var app = await App.StartAsync(way.Target);
        await way.SqlAsync("truncate app.thing_tags");
        await app.Catalog.DropFieldAsync("Thing", "name");
        Assert.That(await way.RunAsync(o => o with { UntilCaughtUp = true }), Is.Zero, way.Said);
        Assert.That(way.Pairs("_Join:tags:Thing"), Is.Empty);
        Assert.That(way.Find("Thing", "a")!.Has("name"), Is.False);
        Assert.That(way.Find("_SCHEMA", "Thing")!.Has("name"), Is.False);

        // Half a change's way back is lost: only everything helps.
        await way.SqlAsync("update catalog.feed set purged_xid = '99999999'");
        Assert.That(() => way.RunAsync(o => o with { UntilCaughtUp = true }), Throws.InstanceOf<InvalidOperationException>().With.Message.Contains("return --full"));
        await way.SqlAsync("update catalog.feed set purged_xid = '0'");
        var expected = way.Everything().Where(d => !d.StartsWith("_SCHEMA", StringComparison.Ordinal)).ToList();
        await using var empty = LiveServer.Start();
        Assert.That(await way.RunAsync(o => o with { Target = empty.Uri(), Full = true }), Is.Zero, way.Said);
        Assert.That(WayBack.Everything(empty.Mongo).Where(d => !d.StartsWith("_SCHEMA", StringComparison.Ordinal)), Is.EqualTo(expected));
        Assert.That(await way.RunAsync(o => o with { End = true, Target = null }), Is.Zero);
        Assert.That(await way.Target.Get<long>("select count(*) from pg_trigger where tgname like 'feed%'"), Is.Zero);
        Assert.That(() => way.RunAsync(o => o), Throws.InstanceOf<InvalidOperationException>().With.Message.Contains("--prepare"));
    }

    [Test]
    public async Task What_rules_renamed_has_its_old_names_again_and_what_they_left_out_is_not_lost_unasked()
    {
        await using var way = await WayBack.MovedAsync("""
            {"classes": {"Thing": {"rename": "Item", "fields": {"name": {"rename": "title"}, "tags": {"rename": "labels"}, "a.b": {"rename": "dots"}}}, "Gone": {"skip": true}}}
            """);
        var before = way.Everything();
        await using var app = await App.StartAsync(way.Target);
        var item = (await app.Catalog.EnsureAsync("Item", [new FieldSpec("self", FieldKind.Reference, "Item"), new FieldSpec("fresh", FieldKind.Number)])).FindByOrigin("Item")!;
        Assert.That((item.Find("title")!.Kind, item.Find("dots")!.Kind, item.Find("labels")!.Kind), Is.EqualTo((FieldKind.Text, FieldKind.Text, FieldKind.Relation)));
        await app.Rows.ChangeAsync(item, "a", new ChangeSet().Add(new Change.Set(item.Find("title")!, Value.Of("changed"))).Add(new Change.Set(item.Find("self")!, Value.Reference("Item", "b"))), Caller.Administrator);
        var made = await app.Rows.InsertAsync(item, new ChangeSet().Add(new Change.Set(item.Find("title")!, Value.Of("new"))), Caller.Administrator);
        await way.SqlAsync("insert into app.item_labels (owning_id, related_id) values ('a', 't2')");
        await way.SqlAsync("insert into parse_compat.hooks (class_name, trigger_name, url) values ('Item', 'beforeSave', 'https://x.example/hook')");
        Assert.That(await way.RunAsync(o => o with { UntilCaughtUp = true }), Is.Zero, way.Said);

        var changed = way.Find("Thing", "a")!;
        Assert.That((changed.Text("name"), changed.Text("a.b"), changed.Text("_p_self"), changed.Has("title")), Is.EqualTo(("changed", "dotted", "Thing$b", false)));
        Assert.That(way.Find("Thing", made.Id)!.Text("name"), Is.EqualTo("new"));
        Assert.That(way.Pairs("_Join:tags:Thing"), Does.Contain("a t2"));
        var schema = way.Find("_SCHEMA", "Thing")!;
        Assert.That((schema.Text("name"), schema.Text("tags"), schema.Text("self"), schema.Text("fresh"), schema.Has("title")), Is.EqualTo(("string", "relation<Tag>", "*Thing", "number", false)));
        Assert.That(way.Mongo.Collections(Database), Does.Not.Contain("Item").And.Not.Contain("_Join:labels:Item"));
        Assert.That(way.Find("_SCHEMA", "Item"), Is.Null);
        Assert.That(way.Everything().Where(d => d.StartsWith("Gone:", StringComparison.Ordinal)), Is.EqualTo(before.Where(d => d.StartsWith("Gone:", StringComparison.Ordinal))));
        Assert.That(MongoDoc.Parse(way.Mongo.Documents(Database, "_Hooks").Single()).Text("className"), Is.EqualTo("Thing"));
        Assert.That(await way.RunAsync(o => o with { Finish = true }), Is.Zero, way.Said);

        await using var lossy = await WayBack.MovedAsync("""{"classes": {"Thing": {"fields": {"name": {"skip": true}}}}}""");
        Assert.That(() => lossy.RunAsync(o => o with { UntilCaughtUp = true }), Throws.InstanceOf<SourceException>().With.Message.Contains("Thing.name"));
        Assert.That(await lossy.RunAsync(o => o with { UntilCaughtUp = true, LoseSkipped = true }), Is.Zero);
    }

    [Test]
    public async Task It_can_be_stopped_and_goes_on_where_it_was()
    {
        await using var way = await WayBack.MovedAsync();
        for (var round = 0; round < 3; round++)
        {
            using var stop = new CancellationTokenSource();
            var running = way.RunAsync(o => o, stop.Token);
            await way.SqlAsync($"insert into app.thing (id, created_at, updated_at) select 'r{round}.' || n, now(), now() from generate_series(1, 3000) n");
            stop.CancelAfter(400 + (round * 300));
            Assert.That(async () => await running, Throws.InstanceOf<OperationCanceledException>());
        }
        Assert.That(await way.RunAsync(o => o with { UntilCaughtUp = true }), Is.Zero, way.Said);
        Assert.That(way.Mongo.Documents(Database, "Thing"), Has.Count.EqualTo(9003));
    }

    /// <summary>An app that has moved: its old database, and ours with the same in it, from where the way back was prepared.</summary>
    // From a row's commit to its document, as somebody sees it who looks. Takes a machine of its own.
    [Test, Explicit("a measurement")]
    public async Task At_a_thousand_changes_a_second_the_way_back_is_less_than_a_second_behind()
    {
        const int rate = 1_000, writers = 4, seconds = 20;
        await using var way = await WayBack.MovedAsync();
        using var enough = new CancellationTokenSource();
        using var written = new CancellationTokenSource();
        var returning = Task.Run(() => way.RunAsync(o => o, enough.Token));
        var clock = Stopwatch.StartNew();
        var count = 0;
        var writing = Enumerable.Range(0, writers).Select(w => Task.Run(async () =>
        {
            await using var connection = await way.Target.Database.DataSource.OpenConnectionAsync();
            await using var insert = new NpgsqlCommand("insert into app.thing (id, name, created_at, updated_at) values ($1, $2, now(), now())", connection);
            insert.Parameters.Add(new() { Value = "" });
            insert.Parameters.Add(new() { Value = "" });
            for (var n = 0; !written.IsCancellationRequested; n++)
            {
                insert.Parameters[0].Value = $"w{w}-{n}";
                insert.Parameters[1].Value = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
                await insert.ExecuteNonQueryAsync();
                Interlocked.Increment(ref count);
                if (n / (double)rate * writers - clock.Elapsed.TotalSeconds is > 0 and var ahead)
                {
                    await Task.Delay(TimeSpan.FromSeconds(ahead));
                }
            }
        })).ToList();
        await Task.Delay(5_000);
        var (begun, counted) = (clock.Elapsed, count);
        var lags = new List<double>();
        var seen = 0;
        while (clock.Elapsed - begun < TimeSpan.FromSeconds(seconds))
        {
            // The oldest row that is not there yet says how far it is behind.
            while (way.Find("Thing", $"w0-{seen + 1}") is not null)
            {
                seen++;
            }
            if (way.Find("Thing", $"w0-{seen}")?.Text("name") is { } at)
            {
                lags.Add((DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - long.Parse(at, CultureInfo.InvariantCulture)) / 1000.0);
            }
            await Task.Delay(20);
        }
        var changes = (count - counted) / (clock.Elapsed - begun).TotalSeconds;
        await written.CancelAsync();
        await Task.WhenAll(writing);
        await enough.CancelAsync();
        await returning.ContinueWith(_ => { }, TaskScheduler.Default);
        lags.Sort();
        var load = (await File.ReadAllTextAsync("/proc/loadavg"))[..5];
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{changes:0} rows a second written; behind: median {lags[lags.Count / 2]:0.00} s, 95 % {lags[lags.Count * 95 / 100]:0.00} s, worst {lags[^1]:0.00} s; load {load}"));
        Assert.That(lags[lags.Count / 2], Is.LessThan(1));
    }

    private sealed class WayBack(LiveServer old, Target target) : IAsyncDisposable
    {
        private readonly StringWriter _said = new();

        public Target Target { get; } = target;

        public MongoDouble.MongoServer Mongo => old.Mongo;

        public string Said => _said.ToString();

        public static async Task<WayBack> MovedAsync(string rules = "")
        {
            var old = LiveServer.Start();
            var mongo = old.Mongo;
            mongo.Seed(Database, "_SCHEMA", Doc.Document(d => d.Text("_id", "Thing").Text("objectId", "string").Text("name", "string").Text("long", "number").Text("tags", "relation<Tag>")),
                Doc.Document(d => d.Text("_id", "Gone").Text("objectId", "string").Text("x", "string")));
            mongo.Seed(Database, "Thing", Doc.Document(d => d.Text("_id", "a").Text("name", "first").Text("a.b", "dotted").Long("long", 9007199254740993).Date("_created_at", "2020-01-01Z").Date("_updated_at", "2020-01-01Z")),
                Doc.Document(d => d.Text("_id", "b").Date("_created_at", "2020-01-01Z").Date("_updated_at", "2020-01-01Z")),
                new MongoDoc { { "_id", new ObjectId("000000000000000000000001") }, { "name", "by a script" } }.ToBytes());
            mongo.Seed(Database, "Gone", Doc.Document(d => d.Text("_id", "g").Text("x", "y")));
            mongo.Seed(Database, "_Join:tags:Thing", Pair("a", "t1"), Pair("a", "t1"), Pair("b", "t1"));
            mongo.Seed(Database, "_User", Doc.Document(d => d.Text("_id", "u1").Text("username", "one").Text("_hashed_password", "$2y$10$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
                .Date("_created_at", "2020-01-01Z").Date("_updated_at", "2020-01-01Z")));
            mongo.Seed(Database, "_Session", Doc.Document(d => d.Text("_id", "s1").Text("_session_token", "r:old").Text("_p_user", "_User$u1").Date("_created_at", "2020-01-01Z").Date("_updated_at", "2020-01-01Z")));
            mongo.Seed(Database, "_GlobalConfig", Doc.Document(d => d.Int("_id", 1).Document("params", p => p.Int("limit", 1))));
            var way = new WayBack(old, await Target.CreateAsync());
            Assert.That((await way.Target.ImportAsync(old.Uri(), RulesReader.Read(rules))).ExitCode, Is.Zero);
            Assert.That(await way.RunAsync(o => o with { Prepare = true, Target = null }), Is.Zero);
            return way;

            static byte[] Pair(string owning, string related) => new MongoDoc { { "_id", ObjectId.New() }, { "relatedId", related }, { "owningId", owning } }.ToBytes();
        }

        public Task<int> RunAsync(Func<ReturnOptions, ReturnOptions> change, CancellationToken stop = default) =>
            ReturnCommand.RunAsync(change(new ReturnOptions(old.Uri(), Target.Database.ConnectionString) { Rejects = Target.RejectFile }), _said, stop);

        public Task SqlAsync(string sql) => Target.Database.ExecuteAsync(sql);

        public MongoDoc? Find(string collection, string id) => Mongo.Find(Database, collection, id) is { } document ? MongoDoc.Parse(document) : null;

        public List<string> Pairs(string collection) => [.. Mongo.Documents(Database, collection).Select(d => MongoDoc.Parse(d)).Select(d => $"{d.Text("owningId")} {d.Text("relatedId")}").Order(StringComparer.Ordinal)];

        public List<string> Everything() => Everything(Mongo);

        public static List<string> Everything(MongoDouble.MongoServer mongo) =>
            [.. mongo.Collections(Database).SelectMany(c => mongo.Documents(Database, c).Select(d => $"{c}: {Show(d)}")).Order(StringComparer.Ordinal)];

        // The order of keys is not MongoDB's business.
        private static string Show(byte[] document)
        {
            var sorted = new MongoDoc();
            foreach (var (name, value) in MongoDoc.Parse(document).OrderBy(e => e.Key, StringComparer.Ordinal))
            {
                sorted.Add(name, value);
            }
            return Given.Show(sorted.ToBytes());
        }

        public async ValueTask DisposeAsync()
        {
            await old.DisposeAsync();
            await Target.DisposeAsync();
        }
    }

    /// <summary>A process of the service, as far as rows and accounts go.</summary>
    private sealed class App(IHost host) : IAsyncDisposable
    {
        public LiveCatalog Catalog => Get<LiveCatalog>();

        public RowStore Rows => Get<RowStore>();

        public static async Task<App> StartAsync(Target target)
        {
            var builder = Host.CreateEmptyApplicationBuilder(null);
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:Database"] = target.Database.ConnectionString });
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
            builder.Services.AddData(builder.Configuration);
            var host = builder.Build();
            await host.StartAsync();
            await host.Services.GetRequiredService<Listener>().Ready;
            return new App(host);
        }

        public T Get<T>()
            where T : notnull => host.Services.GetRequiredService<T>();

        public async ValueTask DisposeAsync()
        {
            await host.StopAsync();
            if (host is IAsyncDisposable disposable)
            {
                await disposable.DisposeAsync();
            }
        }
    }
}
