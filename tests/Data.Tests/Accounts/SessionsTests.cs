using Backend.Data.Access;
using Backend.Data.Accounts;
using Backend.Data.Broadcast;
using Backend.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.Data.Tests.Accounts;

[Parallelizable(ParallelScope.All)]
public sealed class SessionsTests
{
    private static readonly TimeSpan Prompt = TimeSpan.FromMilliseconds(100);

    private static readonly SessionRequest Request = new() { CreatedWith = """{"action":"login","authProvider":"password"}""" };

    [Test]
    public async Task A_token_stands_for_its_user_until_the_log_out()
    {
        await using var database = await DatabaseWithUsersAsync("ann");
        await using var process = await Node.StartAsync(database);
        var session = await process.Get<Sessions>().CreateAsync("ann", Request);
        Assert.That(session.Token, Does.Match("^r:[0-9a-f]{32}$"));
        Assert.That(session.ExpiresAt!.Value, Is.EqualTo(DateTime.UtcNow.AddDays(365)).Within(TimeSpan.FromMinutes(1)));

        var found = await process.Get<Sessions>().FindAsync(session.Token);
        Assert.That((found.State, found.Caller?.UserId, found.Caller?.SessionId, found.Caller?.SessionToken), Is.EqualTo((SessionState.Valid, "ann", session.Id, session.Token)));
        Assert.That((await process.Get<Sessions>().FindAsync(session.Token)).Caller, Is.SameAs(found.Caller), "remembered");
        Assert.That((await process.Get<Sessions>().FindByIdAsync(session.Id)).Caller?.UserId, Is.EqualTo("ann"));
        Assert.That((await process.Get<Sessions>().FindAsync("r:00000000000000000000000000000000")).State, Is.EqualTo(SessionState.Unknown));
        Assert.That((await process.Get<Sessions>().FindAsync("r:\0")).State, Is.EqualTo(SessionState.Unknown));

        await process.Get<Sessions>().LogOutAsync(found.Caller!);
        Assert.That((await process.Get<Sessions>().FindAsync(session.Token)).State, Is.EqualTo(SessionState.Unknown));
        await process.Get<Sessions>().LogOutAsync(found.Caller!);
    }

    [Test]
    public async Task Expired_is_told_apart_from_unknown_and_no_end_is_for_ever()
    {
        await using var database = await DatabaseWithUsersAsync("ann");
        var time = new MovedTime();
        await using var process = await Node.StartAsync(database, s => s.AddSingleton<TimeProvider>(time));
        var session = await process.Get<Sessions>().CreateAsync("ann", Request);
        await database.ExecuteAsync("insert into app.sessions (id, user_id, token) values ('forever', 'ann', 'old-style-token')");
        Assert.That((await process.Get<Sessions>().FindAsync(session.Token)).State, Is.EqualTo(SessionState.Valid));
        time.Ahead = TimeSpan.FromDays(366);
        Assert.That((await process.Get<Sessions>().FindAsync(session.Token)).State, Is.EqualTo(SessionState.Expired), "from memory");
        Assert.That((await process.Get<Sessions>().FindByIdAsync(session.Id)).State, Is.EqualTo(SessionState.Expired), "from the database");
        Assert.That((await process.Get<Sessions>().FindAsync("old-style-token")).State, Is.EqualTo(SessionState.Valid));
    }

    [Test]
    public async Task A_session_that_is_used_in_its_second_half_gets_its_whole_time_again_if_that_is_wanted()
    {
        await using var database = await DatabaseWithUsersAsync("ann");
        foreach (var isExtended in new[] { false, true })
        {
            var time = new MovedTime();
            await using var process = await Node.StartAsync(database, s => s.AddSingleton<TimeProvider>(time).Configure<AccountsOptions>(o => o.ExtendSessionsOnUse = isExtended));
            var session = await process.Get<Sessions>().CreateAsync("ann", Request);
            foreach (var (days, end) in new[] { (100, 365), (200, isExtended ? 565 : 365) })
            {
                time.Ahead = TimeSpan.FromDays(days);
                Assert.That((await process.Get<Sessions>().FindAsync(session.Token)).State, Is.EqualTo(SessionState.Valid));
                Assert.That(await database.ScalarAsync<DateTime>($"select expires_at from app.sessions where id = '{session.Id}'"),
                    Is.EqualTo(DateTime.UtcNow.AddDays(end)).Within(TimeSpan.FromMinutes(2)), $"{days} days, {isExtended}");
            }
        }
    }

    [Test]
    public async Task A_new_session_ends_older_ones_of_the_same_installation_only()
    {
        await using var database = await DatabaseWithUsersAsync("ann", "ben");
        await using var process = await Node.StartAsync(database);
        var phone = await process.Get<Sessions>().CreateAsync("ann", Request with { InstallationId = "phone" });
        var tablet = await process.Get<Sessions>().CreateAsync("ann", Request with { InstallationId = "tablet" });
        var nowhere = await process.Get<Sessions>().CreateAsync("ann", Request);
        var ben = await process.Get<Sessions>().CreateAsync("ben", Request with { InstallationId = "phone" });
        foreach (var session in new[] { phone, tablet, nowhere, ben })
            Assert.That((await process.Get<Sessions>().FindAsync(session.Token)).State, Is.EqualTo(SessionState.Valid));

        await process.Get<Sessions>().CreateAsync("ann", Request with { InstallationId = "phone" });
        await process.Get<Sessions>().CreateAsync("ann", Request);
        await RefusedAsync(process, phone.Token);
        foreach (var session in new[] { tablet, nowhere, ben })
            Assert.That((await process.Get<Sessions>().FindAsync(session.Token)).State, Is.EqualTo(SessionState.Valid));
    }

    [Test]
    public async Task A_session_for_a_missing_user_is_refused_and_one_without_user_is_unknown()
    {
        await using var database = await DatabaseWithUsersAsync();
        await using var process = await Node.StartAsync(database);
        var refusal = await Assert.ThrowsAsync<Refusal>(() => process.Get<Sessions>().CreateAsync("nobody", Request));
        Assert.That(refusal!.Kind, Is.EqualTo(RefusalKind.NotFound));
        foreach (var odd in new[] { "\0", "\ud800" })
        {
            Assert.That((await process.Get<Sessions>().FindAsync(odd)).State, Is.EqualTo(SessionState.Unknown));
            Assert.That((await Assert.ThrowsAsync<Refusal>(() => process.Get<Sessions>().CreateAsync(odd, Request)))!.Kind, Is.EqualTo(RefusalKind.NotFound));
            Assert.That((await Assert.ThrowsAsync<Refusal>(() => process.Get<Sessions>().CreateAsync("x", Request with { InstallationId = odd })))!.Kind,
                Is.EqualTo(RefusalKind.InvalidValue));
        }

        Assert.That((await Assert.ThrowsAsync<Refusal>(() => process.Get<Sessions>().CreateAsync("x", Request with { CreatedWith = "{\"a\":\"\\u0000\"}" })))!.Kind,
            Is.EqualTo(RefusalKind.InvalidValue));
        await database.ExecuteAsync("""insert into app.sessions (id, token, rest) values ('s', 'r:imported', '{"user":"x"}')""");
        Assert.That((await process.Get<Sessions>().FindAsync("r:imported")).State, Is.EqualTo(SessionState.Unknown));
    }

    [Test]
    public async Task A_session_row_belongs_to_its_user_alone_whoever_writes_it()
    {
        await using var database = await DatabaseWithUsersAsync("ann");
        await database.ExecuteAsync("insert into app.sessions (id, user_id, token, acl_read) values ('s', 'ann', 'r:1', '{*}'), ('t', null, 'r:2', null)");
        Assert.That(await database.ScalarAsync<string>("select string_agg(id || acl_read::text || acl_write::text || public_read || public_write, ' ' order by id) from app.sessions"),
            Is.EqualTo("s{ann}{ann}falsefalse t{}{}falsefalse"));
    }

    [Test]
    public async Task A_legacy_token_works_everywhere_until_it_is_exchanged_for_a_session()
    {
        await using var database = await DatabaseWithUsersAsync("ann", "ben", "cid");
        await database.ExecuteAsync("update app.users set legacy_session_token = case id when 'ann' then 'PyjlTn5sQOzUgVcIkrUAWkZNo' else 'shared' end");
        await using var process = await Node.StartAsync(database);
        var old = await process.Get<Sessions>().FindAsync("PyjlTn5sQOzUgVcIkrUAWkZNo");
        Assert.That((old.Caller?.UserId, old.Caller?.SessionId), Is.EqualTo(("ann", (string?)null)));
        Assert.That((await process.Get<Sessions>().FindAsync("shared")).State, Is.EqualTo(SessionState.Unknown), "two users have it");

        var session = await process.Get<Sessions>().UpgradeAsync(old.Caller!, Request);
        Assert.That((await process.Get<Sessions>().FindAsync(session.Token)).Caller?.UserId, Is.EqualTo("ann"));
        await RefusedAsync(process, "PyjlTn5sQOzUgVcIkrUAWkZNo");
        var refusal = await Assert.ThrowsAsync<Refusal>(() => process.Get<Sessions>().UpgradeAsync(old.Caller!, Request));
        Assert.That(refusal!.Kind, Is.EqualTo(RefusalKind.InvalidSession));
    }

    [Test]
    public async Task Roles_are_inherited_over_any_depth_and_rings_end()
    {
        await using var database = await DatabaseWithUsersAsync("ann", "ben");
        await database.ExecuteAsync("""
            insert into app.roles (id, name, acl_read) values ('1', 'Writers', '{}'), ('2', 'Editors', null), ('3', 'Staff', null), ('4', 'Other', null);
            insert into app.roles_users (owning_id, related_id) values ('1', 'ann'), ('4', 'ben'), ('gone', 'ann');
            insert into app.roles_roles (owning_id, related_id) values ('2', '1'), ('3', '2'), ('1', '3'), ('9', '3');
            """);
        await using var process = await Node.StartAsync(database);
        var session = await process.Get<Sessions>().CreateAsync("ann", Request);
        var caller = (await process.Get<Sessions>().FindAsync(session.Token)).Caller!;
        Assert.That(caller.Roles, Is.EqualTo(new[] { "Editors", "Staff", "Writers" }));
        Assert.That(caller.Principals, Is.EqualTo(new[] { "ann", "role:Editors", "role:Staff", "role:Writers" }));
        Assert.That(await process.Get<Sessions>().RolesOfAsync("ben"), Is.EqualTo(new[] { "Other" }));
    }

    [TestCase("delete from app.sessions")]
    [TestCase("delete from app.users")]
    [TestCase("truncate app.sessions cascade")]
    [TestCase("update app.sessions set token = token || 'x'")]
    [TestCase("update app.sessions set user_id = null")]
    [TestCase("update app.sessions set expires_at = '2020-01-01Z'")]
    [TestCase("with s as (delete from app.sessions returning 1) insert into app.users (id) select 'x' from s limit 1")]
    public async Task Plain_SQL_on_sessions_is_heard(string sql)
    {
        await using var database = await DatabaseWithUsersAsync("ann");
        await using var process = await Node.StartAsync(database);
        var session = await process.Get<Sessions>().CreateAsync("ann", Request);
        await database.ExecuteAsync("insert into app.sessions (id, user_id, token) select 's' || n, 'ann', 'r:' || n from generate_series(1, 150) n");
        await process.Get<Sessions>().FindAsync(session.Token);
        await process.Get<Sessions>().FindByIdAsync(session.Id);
        await database.ExecuteAsync(sql);
        await Patience.UntilAsync(async () => !(await process.Get<Sessions>().FindAsync(session.Token)).IsValid, "the session is known still");
    }

    [TestCase("insert into app.roles_users (owning_id, related_id) values ('2', 'ann')", "A,B,C")]
    [TestCase("delete from app.roles_users where related_id = 'ann'", "")]
    [TestCase("update app.roles_users set related_id = 'ann' where related_id = 'ben'", "A,B,C")]
    [TestCase("insert into app.roles_roles (owning_id, related_id) values ('2', '1')", "A,B,C")]
    [TestCase("delete from app.roles_roles", "A")]
    [TestCase("truncate app.roles_users", "")]
    [TestCase("update app.roles set name = 'Z' where id = '1'", "C,Z")]
    [TestCase("delete from app.roles where id = '3'", "A")]
    [TestCase("insert into app.roles (id, name) values ('8', 'New')", "A,C,New")]
    public async Task Plain_SQL_on_roles_is_heard(string sql, string expected)
    {
        await using var database = await DatabaseWithUsersAsync("ann", "ben");
        await database.ExecuteAsync("""
            insert into app.roles (id, name) values ('1', 'A'), ('2', 'B'), ('3', 'C');
            insert into app.roles_users (owning_id, related_id) values ('1', 'ann'), ('8', 'ann'), ('2', 'ben');
            insert into app.roles_roles (owning_id, related_id) values ('3', '1');
            """);
        await using var process = await Node.StartAsync(database);
        var session = await process.Get<Sessions>().CreateAsync("ann", Request);
        Assert.That((await process.Get<Sessions>().FindAsync(session.Token)).Caller!.Roles, Is.EqualTo(new[] { "A", "C" }));
        await database.ExecuteAsync(sql);
        await Patience.UntilAsync(async () => string.Join(',', (await process.Get<Sessions>().FindAsync(session.Token)).Caller!.Roles) == expected, "the roles are the old ones");
    }

    [Test]
    public async Task A_revoked_token_is_refused_by_the_other_process_within_100_ms()
    {
        await using var database = await DatabaseWithUsersAsync("ann");
        await using var first = await Node.StartAsync(database);
        await using var second = await Node.StartAsync(database);
        var lags = new Promptness(() => database.ExecuteAsync("select"));
        for (var i = 0; i < 50; i++)
        {
            var session = await first.Get<Sessions>().CreateAsync("ann", Request);
            var caller = (await second.Get<Sessions>().FindAsync(session.Token)).Caller!;
            await first.Get<Sessions>().LogOutAsync(caller);
            Assert.That((await first.Get<Sessions>().FindAsync(session.Token)).State, Is.EqualTo(SessionState.Unknown));
            await lags.AddAsync(await RefusedAsync(second, session.Token));
        }

        lags.AssertWithin(Prompt);
    }

    [Test]
    public async Task It_is_refused_as_fast_right_after_the_listening_connection_was_killed()
    {
        await using var database = await DatabaseWithUsersAsync("ann");
        await using var first = await Node.StartAsync(database);
        await using var second = await Node.StartAsync(database);
        var lags = new Promptness(() => database.ExecuteAsync("select"));
        for (var i = 0; i < 10; i++)
        {
            var sessions = new List<NewSession>();
            for (var n = 0; n < 3; n++)
            {
                sessions.Add(await first.Get<Sessions>().CreateAsync("ann", Request));
                Assert.That((await second.Get<Sessions>().FindAsync(sessions[n].Token)).IsValid, Is.True);
            }

            await database.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'backend listener' and datname = current_database()");
            foreach (var session in sessions)
            {
                await first.Get<Sessions>().LogOutAsync(Caller.User("ann", [], session.Id, session.Token));
                await lags.AddAsync(await RefusedAsync(second, session.Token));
            }

            await Patience.UntilAsync(() => first.Get<Listener>().IsConnected && second.Get<Listener>().IsConnected, "it does not listen again");
        }

        lags.AssertWithin(Prompt);
    }

    [Test]
    public async Task Look_ups_that_race_with_log_outs_leave_nothing_stale_behind()
    {
        await using var database = await DatabaseWithUsersAsync("ann");
        await using var first = await Node.StartAsync(database);
        await using var second = await Node.StartAsync(database);
        for (var i = 0; i < 15; i++)
        {
            var session = await first.Get<Sessions>().CreateAsync("ann", Request);
            using var stop = new CancellationTokenSource();
            var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                    await second.Get<Sessions>().FindAsync(session.Token, default);
            })).ToArray();
            await Task.Delay(i % 5);
            await first.Get<Sessions>().LogOutAsync(Caller.User("ann", [], session.Id, session.Token));
            await Patience.UntilAsync(async () => (await second.Get<Sessions>().FindAsync(session.Token)).State == SessionState.Unknown, "the session is known still");
            await stop.CancelAsync();
            await Task.WhenAll(readers);
        }
    }

    private static async Task<TestDatabase> DatabaseWithUsersAsync(params string[] ids)
    {
        var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("insert into app.users (id, username) select id, id from unnest($1) id", (object)ids);
        return database;
    }

    private static Task<TimeSpan> RefusedAsync(Node node, string token) =>
        Patience.UntilAsync(async () => !(await node.Get<Sessions>().FindAsync(token)).IsValid, "the token is good still", pause: 1);
}
