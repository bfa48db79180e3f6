using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Changes;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.Testing;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.Data.Tests.Changes;

[Parallelizable(ParallelScope.All)]
internal sealed class ChangeFeedTests
{
    private const string Insert = "insert into app.score (id, created_at, updated_at, points) values ($1, now(), now(), $2)";

    [Test]
    public async Task Whatever_writes_to_a_listened_table_is_read_in_order_and_nothing_of_others()
    {
        await using var feed = await GivenFeed.CreateAsync("Score", "Other");
        await feed.Feed.EnableAsync("test", ["Score"]);
        var position = await feed.Feed.NowAsync();
        var store = feed.Node.Get<RowStore>();
        var points = feed.Table("Score").Find("points")!;

        ChangeSet Points(double value)
        {
            var changes = new ChangeSet();
            changes.Add(new Change.Set(points, Value.Of(value)));
            return changes;
        }

        var made = await store.InsertAsync(feed.Table("Score"), Points(1), Caller.Administrator);
        await store.ChangeAsync(feed.Table("Score"), made.Id, Points(2), Caller.Administrator);
        await store.InsertAsync(feed.Table("Other"), new ChangeSet(), Caller.Administrator);
        await feed.Database.ExecuteAsync(Insert, "sql", 5.0);
        await feed.Database.ExecuteAsync("update app.score set points = points + 1 where id = 'sql'");
        await feed.Database.ExecuteAsync("update app.score set id = 'renamed' where id = 'sql'");
        await store.DeleteAsync(feed.Table("Score"), made.Id, Caller.Administrator);
        var batch = await feed.BatchAsync(position, oldRows: OldRows.All);

        Assert.That(batch.Changes.Select(c => (c.Kind, c.RowId)), Is.EqualTo(new[]
        {
            (RowChangeKind.Inserted, made.Id), (RowChangeKind.Updated, made.Id), (RowChangeKind.Inserted, "sql"), (RowChangeKind.Updated, "sql"), (RowChangeKind.Inserted, "renamed"),
            (RowChangeKind.Updated, "sql"), (RowChangeKind.Deleted, made.Id),
        }));
        Assert.That(batch.Changes.Select(c => (c.Origin, c.Table == batch.Changes[0].Table, c.At.Kind)).Distinct(), Is.EqualTo(new[] { ("Score", true, DateTimeKind.Utc) }));
        Assert.That(batch.Changes[1].OldRow, Does.Contain("\"points\": 1"));
        Assert.That(batch.Changes[^1].OldRow, Does.Contain("\"points\": 2"));
        Assert.That((await feed.BatchAsync(batch.Position)).Changes, Is.Empty);
        Assert.That(await feed.TriggersAsync("other"), Is.Zero);
    }

    [Test]
    public async Task A_transaction_that_commits_late_is_not_missed_and_one_that_stays_open_holds_nothing_back()
    {
        await using var feed = await GivenFeed.CreateAsync("Score");
        await feed.Feed.EnableAllAsync("test");
        await using var late = await Writer.BeginAsync(feed);
        await using var never = await Writer.BeginAsync(feed);
        await late.ExecuteAsync(Insert, "late", 1.0);
        await never.ExecuteAsync(Insert, "never", 1.0);
        var position = await feed.Feed.NowAsync();
        await feed.Database.ExecuteAsync(Insert, "early", 1.0);

        var first = await feed.BatchAsync(position);
        await late.ExecuteAsync(Insert, "late too", 1.0);
        await late.CommitAsync();
        await feed.Database.ExecuteAsync("update app.score set points = 7 where id = 'late'");
        var second = await feed.BatchAsync(first.Position);
        await never.RollBackAsync();
        var third = await feed.BatchAsync(second.Position);

        Assert.That(first.Changes.Select(c => c.RowId), Is.EqualTo(new[] { "early" }));
        Assert.That(second.Changes.Select(c => (c.RowId, c.Kind)), Is.EqualTo(new[]
        {
            ("late", RowChangeKind.Inserted), ("late too", RowChangeKind.Inserted), ("late", RowChangeKind.Updated),
        }));
        Assert.That(third.Changes, Is.Empty);
        Assert.That(FeedPosition.Parse(second.Position.ToString()), Is.EqualTo(second.Position));
    }

    [Test]
    public async Task Writers_at_once_are_all_read_once_and_in_the_order_of_each_rows_writes_by_a_reader_with_small_batches()
    {
        await using var feed = await GivenFeed.CreateAsync("Score");
        var position = await feed.Feed.EnableAllAsync("test");
        await feed.Database.ExecuteAsync("insert into app.score (id, created_at, updated_at, points) select 'row' || n, now(), now(), 0 from generate_series(0, 4) n");
        var writers = Enumerable.Range(0, 3).Select(w => Task.Run(async () =>
        {
            var random = new Random(w);
            for (var i = 0; i < 60; i++)
            {
                await using var writer = await Writer.BeginAsync(feed);
                // In one order, so that they do not lock each other out.
                foreach (var row in new[] { random.Next(5), random.Next(5) }.Distinct().Order())
                    await writer.ExecuteAsync("update app.score set points = points + 1 where id = $1", "row" + row);
                if (random.Next(6) == 0)
                    await writer.RollBackAsync();
                else
                    await writer.CommitAsync();
            }
        })).ToList();

        var last = new Dictionary<string, double>();
        var seen = new HashSet<long>();
        for (var done = false; !done;)
        {
            done = writers.TrueForAll(w => w.IsCompleted);
            FeedReading.Batch batch;
            do
            {
                batch = await feed.BatchAsync(position, limit: 7, oldRows: OldRows.All);
                // What was read is found again at the same place: a reader that was killed goes on there.
                Assert.That((await feed.BatchAsync(FeedPosition.Parse(position.ToString()), limit: 1)).Changes.Select(c => c.Sequence), Is.EqualTo(batch.Changes.Take(1).Select(c => c.Sequence)).Or.Not.Empty);
                position = FeedPosition.Parse(batch.Position.ToString());
                foreach (var change in batch.Changes)
                {
                    Assert.That(seen.Add(change.Sequence), change.ToString());
                    if (change.Kind != RowChangeKind.Updated)
                        continue;
                    using var old = System.Text.Json.JsonDocument.Parse(change.OldRow!);
                    var before = old.RootElement.GetProperty("points").GetDouble();
                    Assert.That(before, Is.EqualTo(last.GetValueOrDefault(change.RowId!)));
                    last[change.RowId!] = before + 1;
                }
            }
            while (!batch.IsComplete);
        }

        await Task.WhenAll(writers);
        foreach (var (row, points) in last)
            Assert.That(await feed.Database.ScalarAsync<double>("select points from app.score where id = $1", row), Is.EqualTo(points));
    }

    [Test]
    public async Task Ten_thousand_rows_of_one_statement_are_noted_with_it_and_read_in_parts()
    {
        await using var feed = await GivenFeed.CreateAsync("Score");
        var position = await feed.Feed.EnableAllAsync("test");
        await feed.Database.ExecuteAsync("insert into app.score (id, created_at, updated_at) select 'row' || n, now(), now() from generate_series(1, 10000) n");
        await feed.Database.ExecuteAsync("update app.score set points = 1");
        await feed.Database.ExecuteAsync("delete from app.score");
        await feed.Database.ExecuteAsync(Insert, "after", 1.0);

        var changes = new List<RowChange>();
        FeedReading.Batch batch;
        do
        {
            batch = await feed.BatchAsync(position, limit: 4000);
            changes.AddRange(batch.Changes);
            position = batch.Position;
        }
        while (!batch.IsComplete);

        Assert.That(changes, Has.Count.EqualTo(30_001));
        Assert.That(changes.GroupBy(c => c.Kind).Select(g => g.Count()), Is.EqualTo(new[] { 10_001, 10_000, 10_000 }));
        Assert.That(changes.Select(c => c.Sequence), Is.Ordered.And.Unique);
    }

    [Test]
    public async Task New_tables_fields_and_relations_are_listened_to_and_what_concerns_a_whole_table_is_told()
    {
        await using var feed = await GivenFeed.CreateAsync("Score");
        var position = await feed.Feed.EnableAllAsync("test");
        await feed.Database.ExecuteAsync(Insert, "a", 1.0);
        await feed.Node.Catalog.EnsureAsync("Score", [new FieldSpec("later", FieldKind.Text), new FieldSpec("friends", FieldKind.Relation, "Fresh"), new FieldSpec("at", FieldKind.Point)]);
        var fresh = (await feed.Node.Catalog.EnsureAsync("Fresh", [new FieldSpec("x", FieldKind.Number)])).FindByOrigin("Fresh")!;
        await feed.Database.ExecuteAsync("update app.score set later = 'x', at = 'SRID=4326;POINT(1 2)'");
        await feed.Database.ExecuteAsync("update app.score set later = 'y'");
        await feed.Database.ExecuteAsync("insert into app.score_friends (owning_id, related_id) values ('a', 'f1'), ('a', 'f2')");
        await feed.Database.ExecuteAsync("delete from app.score_friends where related_id = 'f1'");
        await feed.Database.ExecuteAsync("insert into app.fresh (id, created_at, updated_at) values ('f2', now(), now())");
        var batch = await feed.BatchAsync(position, oldRows: OldRows.All);
        await feed.Database.ExecuteAsync("truncate app.score_friends");
        await feed.Database.ExecuteAsync("truncate app.score");
        await feed.Node.Catalog.DropFieldAsync("Score", "later");
        await feed.Node.Catalog.DropTableAsync("Fresh");
        var whole = await feed.BatchAsync(batch.Position);

        Assert.That(batch.Changes.Select(c => (c.Origin, c.Field, c.Kind, c.RowId, c.RelatedId)), Is.EqualTo(new[]
        {
            ("Score", null, RowChangeKind.Inserted, "a", null), ("Score", null, RowChangeKind.Updated, "a", null), ("Score", null, RowChangeKind.Updated, "a", (string?)null),
            ("Score", "friends", RowChangeKind.Inserted, "a", "f1"), ("Score", "friends", RowChangeKind.Inserted, "a", "f2"), ("Score", "friends", RowChangeKind.Deleted, "a", "f1"),
            ("Fresh", null, RowChangeKind.Inserted, "f2", null),
        }));
        Assert.That(batch.Changes[2].OldRow, Does.Contain("\"later\": \"x\"").And.Contains("\"coordinates\": [1, 2]"));
        Assert.That(whole.Changes.Select(c => (c.Origin, c.Field, c.Kind, c.Table is null)), Is.EqualTo(new[]
        {
            ("Score", "friends", RowChangeKind.Replaced, false), ("Score", null, RowChangeKind.Replaced, false), ("Score", (string?)null, RowChangeKind.Replaced, false),
            ("Fresh", null, RowChangeKind.Dropped, true),
        }));
        Assert.That(fresh.Number, Is.Positive);
    }

    [Test]
    public async Task Accounts_are_noted_with_their_identities_and_members_and_without_their_secrets()
    {
        await using var feed = await GivenFeed.CreateAsync();
        await feed.Database.ExecuteAsync("insert into app.users (id, username, password_hash, email_verify_token) values ('ann', 'ann', '$2y$hash', 'tok'); insert into app.roles (id, name) values ('r', 'R')");
        await feed.Database.ExecuteAsync("insert into app.sessions (id, user_id, token) values ('s', 'ann', 'r:secret')");
        var position = await feed.Feed.EnableAllAsync("test");
        await feed.Database.ExecuteAsync("insert into app.identities (user_id, provider, subject, data) values ('ann', 'x', '1', '{\"id\": \"1\", \"token\": \"secret\"}')");
        await feed.Database.ExecuteAsync("insert into app.roles_users (owning_id, related_id) values ('r', 'ann')");
        await feed.Database.ExecuteAsync("update app.users set password_hash = 'other' where id = 'ann'");
        await feed.Database.ExecuteAsync("delete from app.users where id = 'ann'");
        var batch = await feed.BatchAsync(position, oldRows: OldRows.All);

        Assert.That(batch.Changes.Select(c => (c.Origin, c.Kind, c.RowId)).Distinct(), Is.SupersetOf(new[]
        {
            ("_User", RowChangeKind.Updated, "ann"), ("_Role", RowChangeKind.Inserted, "r"), ("_User", RowChangeKind.Deleted, "ann"), ("_Session", RowChangeKind.Deleted, "s"),
        }));
        var old = string.Concat(batch.Changes.Select(c => c.OldRow));
        Assert.That(old, Does.Contain("\"username\": \"ann\"").And.Not.Contains("hash").And.Not.Contains("secret").And.Not.Contains("tok\""));
    }

    [Test]
    public async Task A_position_that_is_of_no_use_says_so()
    {
        await using var feed = await GivenFeed.CreateAsync("Score", "Other");
        var beforeListening = await feed.Feed.NowAsync();
        await feed.Feed.EnableAsync("test", ["Score"]);
        var position = await feed.Feed.NowAsync();
        await feed.Database.ExecuteAsync(Insert, "a", 1.0);
        var score = feed.Table("Score");

        async Task<StartAgainReason?> Reason(FeedPosition at, params Table[] tables) => (await feed.Feed.ReadAsync(at, tables, 10) as FeedReading.StartAgain)?.Reason;
        Assert.That(await Reason(beforeListening, score), Is.EqualTo(StartAgainReason.NotListened));
        Assert.That(await Reason(position, feed.Table("Other")), Is.EqualTo(StartAgainReason.NotListened));
        Assert.That(await Reason(position with { Cluster = "1/2" }, score), Is.EqualTo(StartAgainReason.OtherDatabase));
        Assert.That(await Reason(position with { Snapshot = "99999999:99999999:" }, score), Is.EqualTo(StartAgainReason.OtherDatabase));
        Assert.That(await Reason(position, score), Is.Null);

        // Half a day and more ago, and three days ago: the one is kept, the other purged.
        await feed.Database.ExecuteAsync("update app.changes set at = at - interval '3 days', slot = catalog.change_slot(at - interval '3 days')");
        await feed.Database.ExecuteAsync(Insert, "b", 1.0);
        await feed.Database.ExecuteAsync("update app.changes set at = at - interval '13 hours', slot = catalog.change_slot(at - interval '13 hours') where row_id = 'b'");
        // A transaction of any database of the cluster that was open before the purged changes makes a position look older than it is.
        Assert.That(() => feed.Database.ScalarAsync<bool>("select pg_snapshot_xmin(pg_current_snapshot()) > (select max(xid) from app.changes)").GetAwaiter().GetResult(),
            Is.True.After(60).Seconds.PollEvery(50).MilliSeconds);
        var later = await feed.Feed.NowAsync();
        await feed.Database.ExecuteAsync(Insert, "c", 1.0);

        Assert.That(await feed.Purge.RunAsync(default), Is.EqualTo(1));
        Assert.That(await feed.Database.ScalarAsync<string>("select string_agg(row_id, ',' order by sequence) from app.changes"), Is.EqualTo("b,c"));
        Assert.That(await Reason(position, score), Is.EqualTo(StartAgainReason.Purged));
        Assert.That((await feed.BatchAsync(later)).Changes.Select(c => c.RowId), Is.EqualTo(new[] { "c" }));

        // As after a restore into another cluster.
        await feed.Database.ExecuteAsync("update catalog.feed set cluster = 'elsewhere'");
        await feed.Feed.NowAsync();
        Assert.That(await feed.Database.ScalarAsync<long>("select count(*) from app.changes"), Is.Zero);
    }

    [Test]
    public async Task The_last_listener_takes_the_triggers_away_and_a_writer_that_does_not_end_is_not_waited_for()
    {
        await using var feed = await GivenFeed.CreateAsync("Score", "Other");
        await feed.Feed.EnableAsync("one", ["Score", "Later"]);
        await feed.Feed.EnableAllAsync("two");
        await feed.Node.Catalog.EnsureAsync("Later", []);
        var position = await feed.Feed.NowAsync();
        await feed.Feed.DisableAsync("two");

        Assert.That((await feed.TriggersAsync("score"), await feed.TriggersAsync("later"), await feed.TriggersAsync("other"), await feed.TriggersAsync("roles_users")), Is.EqualTo((5L, 5L, 0L, 0L)));
        await feed.Database.ExecuteAsync(Insert, "a", 1.0);
        Assert.That((await feed.BatchAsync(position)).Changes, Has.Count.EqualTo(1));
        await feed.Feed.DisableAsync("one", ["Score"]);
        Assert.That((await feed.TriggersAsync("score"), await feed.TriggersAsync("later")), Is.EqualTo((0L, 5L)));

        await using var writer = await Writer.BeginAsync(feed);
        await writer.ExecuteAsync(Insert, "open", 1.0);
        Assert.That(() => feed.Feed.EnableAsync("one", ["Score"]), Throws.InstanceOf<Refusal>().With.Property("Kind").EqualTo(RefusalKind.Busy));
        await writer.CommitAsync();
        await feed.Feed.EnableAsync("one", ["Score"]);
        Assert.That(await feed.TriggersAsync("score"), Is.EqualTo(5));
    }

    private sealed class Writer(NpgsqlConnection connection, NpgsqlTransaction transaction) : IAsyncDisposable
    {
        public static async Task<Writer> BeginAsync(GivenFeed feed)
        {
            var connection = await feed.Database.DataSource.OpenConnectionAsync();
            return new Writer(connection, await connection.BeginTransactionAsync());
        }

        public async Task ExecuteAsync(string sql, params object[] values)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            foreach (var value in values)
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            await command.ExecuteNonQueryAsync();
        }

        public Task CommitAsync() => transaction.CommitAsync();

        public Task RollBackAsync() => transaction.RollbackAsync();

        public async ValueTask DisposeAsync()
        {
            await transaction.DisposeAsync();
            await connection.DisposeAsync();
        }
    }

    /// <summary>A database with tables that have a number, <c>points</c>, and its feed.</summary>
    private sealed class GivenFeed(TestDatabase database, Node node) : IAsyncDisposable
    {
        public TestDatabase Database { get; } = database;

        public Node Node { get; } = node;

        public ChangeFeed Feed => Node.Get<ChangeFeed>();

        public FeedPurge Purge => new(Database.DataSource, Options.Create(new FeedOptions()));

        public static async Task<GivenFeed> CreateAsync(params string[] tables)
        {
            var database = await TestDatabase.CreateAsync();
            var node = await Node.StartAsync(database);
            foreach (var table in tables)
                await node.Catalog.EnsureAsync(table, [new FieldSpec("points", FieldKind.Number)]);
            return new GivenFeed(database, node);
        }

        public Table Table(string origin) => Node.Catalog.Current.FindByOrigin(origin)!;

        public async Task<FeedReading.Batch> BatchAsync(FeedPosition position, int limit = 1000, OldRows oldRows = OldRows.None)
        {
            var reading = await Feed.ReadAsync(position, null, limit, oldRows);
            Assert.That(reading, Is.InstanceOf<FeedReading.Batch>(), reading.ToString());
            return (FeedReading.Batch)reading;
        }

        public Task<long> TriggersAsync(string relation) =>
            Database.ScalarAsync<long>("select count(*) from pg_trigger where tgrelid = ('app.' || $1)::regclass and tgname like 'feed\\_%'", relation);

        public async ValueTask DisposeAsync()
        {
            await Node.DisposeAsync();
            await Database.DisposeAsync();
        }
    }
}
