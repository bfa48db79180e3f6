using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Testing;

namespace Backend.Data.Tests;

[Parallelizable(ParallelScope.All)]
internal sealed class CatalogTests
{
    [Test]
    public async Task A_field_made_by_one_process_is_known_to_the_other_when_the_call_returns()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var one = await Node.StartAsync(database);
        await using var other = await Node.StartAsync(database);

        for (var i = 0; i < 30; i++)
        {
            await one.Catalog.EnsureAsync("Score", [new FieldSpec($"field{i}", FieldKind.Number)]);

            Assert.That((await other.Catalog.GetAsync()).FindByOrigin("Score")!.Find($"field{i}"), Is.Not.Null);
        }
    }

    [Test]
    public async Task A_process_whose_listener_was_killed_still_sees_every_change()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var one = await Node.StartAsync(database);
        await using var other = await Node.StartAsync(database);

        for (var i = 0; i < 10; i++)
        {
            await database.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'backend listener'");
            await one.Catalog.EnsureAsync("Score", [new FieldSpec($"field{i}", FieldKind.Number)]);

            Assert.That((await other.Catalog.GetAsync()).FindByOrigin("Score")!.Find($"field{i}"), Is.Not.Null);
        }
    }

    [Test]
    public async Task Of_two_first_writes_of_a_field_with_two_types_one_wins_and_the_other_is_refused()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var one = await Node.StartAsync(database);
        await using var other = await Node.StartAsync(database);

        var attempts = Enumerable.Range(0, 8).Select(async i =>
        {
            var kind = i % 2 == 0 ? FieldKind.Number : FieldKind.Text;
            try
            {
                await (i < 4 ? one : other).Catalog.EnsureAsync("Score", [new FieldSpec("value", kind)]);
                return (kind, Won: true);
            }
            catch (Refusal e) when (e.Kind == RefusalKind.TypeMismatch)
            {
                return (kind, Won: false);
            }
        });
        var results = await Task.WhenAll(attempts);

        var winner = (await one.Catalog.GetAsync()).FindByOrigin("Score")!.Find("value")!.Kind;
        Assert.That(results, Has.All.Matches<(FieldKind Kind, bool Won)>(r => r.Won == (r.Kind == winner)));
    }

    [Test]
    public async Task Names_that_collide_or_are_too_long_get_names_of_their_own()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        var longName = new string('a', 100);

        var catalog = await node.Catalog.EnsureAsync("Post", [.. new[] { "userID", "userId", "id", "rest", "order", longName, longName + "b", "xmin" }.Select(n => new FieldSpec(n, FieldKind.Text))]);
        catalog = await node.Catalog.EnsureAsync("post", []);
        catalog = await node.Catalog.EnsureAsync("catalog", [new FieldSpec("a", FieldKind.Relation, "Post")]);

        var columns = catalog.FindByOrigin("Post")!.Fields.Select(f => f.Column!).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(columns, Is.Unique);
            Assert.That(columns, Has.All.Length.LessThanOrEqualTo(63));
            Assert.That(columns.Take(5), Is.EqualTo(new[] { "user_id", "user_id_1", "id_1", "rest_1", "order" }));
            Assert.That(catalog.FindByOrigin("post")!.Relation, Is.EqualTo("post_1"));
        });
    }

    [Test]
    public async Task A_table_into_which_a_row_comes_at_the_last_moment_is_not_dropped_as_an_empty_one()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await node.Catalog.EnsureAsync("Score", [new FieldSpec("a", FieldKind.Number)]);
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var writing = await connection.BeginTransactionAsync();
        await using (var command = new Npgsql.NpgsqlCommand("insert into app.score (id, created_at, updated_at) values ('a', now(), now())", connection))
            await command.ExecuteNonQueryAsync();

        var drop = node.Catalog.DropTableAsync("Score", onlyEmpty: true);
        await Patience.UntilAsync(
            () => database.ScalarAsync<bool>("select exists (select from pg_locks where not granted and relation = 'app.score'::regclass and database = (select oid from pg_database where datname = current_database()))"), "it does not wait for who writes");
        await writing.CommitAsync();

        Assert.That(() => drop, Throws.InstanceOf<Refusal>().With.Property("Kind").EqualTo(RefusalKind.Conflict));
        Assert.That(node.Catalog.Current.FindByOrigin("Score"), Is.Not.Null);
        await database.ExecuteAsync("delete from app.score");
        Assert.That((await node.Catalog.DropTableAsync("Score", onlyEmpty: true)).FindByOrigin("Score"), Is.Null);
    }

    [Test]
    public async Task A_field_whose_lock_is_not_to_be_had_starts_without_a_column()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database);
        await node.Catalog.EnsureAsync("Score", [new FieldSpec("a", FieldKind.Number)]);
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var dump = await connection.BeginTransactionAsync();
        await using (var command = new Npgsql.NpgsqlCommand("lock table app.score in access share mode", connection))
            await command.ExecuteNonQueryAsync();

        var catalog = await node.Catalog.EnsureAsync("Score", [new FieldSpec("b", FieldKind.Number)]);

        var field = catalog.FindByOrigin("Score")!.Find("b")!;
        Assert.That((field.Column, field.HasRest), Is.EqualTo(((string?)null, true)));
    }

    [Test]
    public async Task A_column_that_comes_back_with_another_type_is_read_on_every_connection()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var one = await Node.StartAsync(database);
        await using var other = await Node.StartAsync(database);
        Node[] nodes = [one, other];
        await one.Catalog.EnsureAsync("Score", [new FieldSpec("value", FieldKind.Number)]);
        await database.ExecuteAsync("insert into app.score (id, created_at, updated_at) values ('a', now(), now())");

        foreach (var kind in new[] { FieldKind.Text, FieldKind.Boolean, FieldKind.Number })
        {
            // As often as the driver wants to see a statement before it prepares it.
            for (var i = 0; i < 3; i++)
            {
                foreach (var node in nodes)
                    await ReadOnManyConnectionsAsync(node);
            }
            await one.Catalog.DropFieldAsync("Score", "value");
            await one.Catalog.EnsureAsync("Score", [new FieldSpec("value", kind)]);

            foreach (var node in nodes)
                await ReadOnManyConnectionsAsync(node);
        }
    }

    // A cursor keeps its connection until it is closed.
    private static async Task ReadOnManyConnectionsAsync(Node node)
    {
        var table = (await node.Catalog.GetAsync()).FindByOrigin("Score")!;
        var cursors = new List<RowCursor>();
        try
        {
            for (var i = 0; i < 6; i++)
            {
                cursors.Add(await node.Get<RowStore>().OpenAsync(new RowQuery { Table = table }, Caller.Administrator));
                Assert.That(await cursors[i].ReadAsync());
            }
        }
        finally
        {
            foreach (var cursor in cursors)
                await cursor.DisposeAsync();
        }
    }

    [TestCase("GameScore", "game_score")]
    [TestCase("URLOfUser", "url_of_user")]
    [TestCase("playerName2", "player_name2")]
    [TestCase("a b.c", "a_b_c")]
    [TestCase("_User", "user")]
    [TestCase("é", "unnamed")]
    public void Names_become_snake_case(string name, string expected) => Assert.That(Naming.Snake(name), Is.EqualTo(expected));
}
