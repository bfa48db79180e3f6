using Backend.Data.Access;
using Backend.Data.Accounts;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.Testing;

namespace Backend.Data.Tests.Accounts;

/// <summary>Sessions as rows of a table like any other, which is how both dialects list and end them one by one.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class SessionRowsTests
{
    private static readonly TimeSpan Prompt = TimeSpan.FromMilliseconds(100);

    [Test]
    public async Task A_user_finds_his_own_sessions_an_administrator_all_and_others_none()
    {
        await using var database = await UsersAsync();
        await using var node = await Node.StartAsync(database);
        var sessions = node.Get<Sessions>();
        var first = await sessions.CreateAsync("ann", new() { InstallationId = "phone", CreatedWith = """{"action":"login"}""" });
        await sessions.CreateAsync("ann", new());
        await sessions.CreateAsync("ben", new());
        Assert.That(await CountAsync(node, Caller.User("ann", [])), Is.EqualTo(2));
        Assert.That(await CountAsync(node, Caller.User("ben", [])), Is.EqualTo(1));
        Assert.That(await CountAsync(node, Caller.User("cid", ["ann", "ben"])), Is.Zero);
        Assert.That(await CountAsync(node, Caller.Anonymous), Is.Zero);
        Assert.That(await CountAsync(node, Caller.Administrator), Is.EqualTo(3));

        var row = await node.Get<RowStore>().GetAsync(Table(node), first.Id, Caller.User("ann", []));
        Assert.That(row!.Get("user")!.Value.AsReference, Is.EqualTo(new RowReference("_User", "ann")));
        Assert.That(row.Get("sessionToken")!.Value.AsText, Is.EqualTo(first.Token));
        Assert.That(row.Get("installationId")!.Value.AsText, Is.EqualTo("phone"));
        Assert.That(System.Text.Encoding.UTF8.GetString(row.Get("createdWith")!.Value.AsBytes), Is.EqualTo("""{"action": "login"}"""));
        Assert.That(row.Get("expiresAt")!.Value.AsMilliseconds, Is.EqualTo(new DateTimeOffset(first.ExpiresAt!.Value).ToUnixTimeMilliseconds()));
        Assert.That(Table(node).Find("sessionToken")!.Secret, Is.True);
    }

    [Test]
    public async Task A_session_deleted_as_a_row_is_refused_by_the_other_process_within_100_ms()
    {
        await using var database = await UsersAsync();
        await using var first = await Node.StartAsync(database);
        await using var second = await Node.StartAsync(database);
        var rows = first.Get<RowStore>();
        var lags = new Promptness(() => database.ExecuteAsync("select"));
        for (var i = 0; i < 10; i++)
        {
            var session = await first.Get<Sessions>().CreateAsync("ann", new());
            Assert.That((await second.Get<Sessions>().FindAsync(session.Token)).IsValid, Is.True);
            var refusal = await Assert.ThrowsAsync<Refusal>(() => rows.DeleteAsync(Table(first), session.Id, Caller.User("ben", [])));
            Assert.That(refusal!.Kind, Is.EqualTo(RefusalKind.NotFound));
            await rows.DeleteAsync(Table(first), session.Id, Caller.User("ann", []));
            await lags.AddAsync(await Patience.UntilAsync(async () => !(await second.Get<Sessions>().FindAsync(session.Token)).IsValid, "the token is good still", pause: 1));
        }

        lags.AssertWithin(Prompt);
    }

    [Test]
    public async Task A_role_given_as_a_row_counts_in_the_other_process_within_100_ms()
    {
        await using var database = await UsersAsync();
        await using var first = await Node.StartAsync(database);
        await using var second = await Node.StartAsync(database);
        var (rows, roles) = (first.Get<RowStore>(), first.Catalog.Current.Roles!);
        var session = await first.Get<Sessions>().CreateAsync("ann", new());
        Assert.That((await second.Get<Sessions>().FindAsync(session.Token)).Caller!.Roles, Is.Empty);
        var lags = new Promptness(() => database.ExecuteAsync("select"));
        var made = await rows.InsertAsync(roles, new ChangeSet().Add(new Change.Set(roles.Find("name")!, Value.Of("Editors"))), Caller.Administrator);
        for (var i = 0; i < 5; i++)
        {
            await rows.ChangeAsync(roles, made.Id, new ChangeSet().Add(new Change.Link(roles.Find("users")!, ["ann"])), Caller.Administrator);
            await lags.AddAsync(await CountedAsync(1));
            await rows.ChangeAsync(roles, made.Id, new ChangeSet().Add(new Change.Unlink(roles.Find("users")!, ["ann"])), Caller.Administrator);
            await lags.AddAsync(await CountedAsync(0));
        }

        lags.AssertWithin(Prompt);
        var duplicate = await Assert.ThrowsAsync<Refusal>(() =>
            rows.InsertAsync(roles, new ChangeSet().Add(new Change.Set(roles.Find("name")!, Value.Of("Editors"))), Caller.Administrator));
        Assert.That((duplicate!.Kind, duplicate.Field), Is.EqualTo((RefusalKind.Duplicate, "name")));

        Task<TimeSpan> CountedAsync(int count) => Patience.UntilAsync(
            async () => (await second.Get<Sessions>().FindAsync(session.Token)).Caller!.Roles.Length == count, $"there are not {count} roles", pause: 1);
    }

    private static async Task<TestDatabase> UsersAsync()
    {
        var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("insert into app.users (id, username) values ('ann', 'ann'), ('ben', 'ben')");
        return database;
    }

    private static Table Table(Node node) => node.Catalog.Current.Sessions!;

    private static Task<long> CountAsync(Node node, Caller caller) => node.Get<RowStore>().CountAsync(new RowQuery { Table = Table(node) }, caller, default);
}
