using Backend.Jobs.Housekeeping;
using Backend.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Backend.Jobs.Tests.Housekeeping;

[Parallelizable(ParallelScope.All)]
internal sealed class HousekeepingTests
{
    private static readonly JobRun Run = new(1, 1);

    [Test]
    public async Task Sessions_and_refresh_tokens_that_have_expired_are_deleted_and_no_others()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("""
            insert into app.users (id) values ('ann');
            insert into app.sessions (id, user_id, token, expires_at)
            select 'old' || n, 'ann', 'r:old' || n, now() - interval '2 days' from generate_series(1, 4500) n;
            insert into app.sessions (id, user_id, token, expires_at) values
            ('just', 'ann', 'r:just', now() - interval '1 hour'), ('live', 'ann', 'r:live', now() + interval '1 hour'), ('ever', 'ann', 'r:ever', null);
            insert into app.refresh_tokens (hash, session_id, expires_at) values
            ('\x01', 'live', now() - interval '2 days'), ('\x02', 'live', now() + interval '1 day'), ('\x03', 'old1', now() + interval '1 day')
            """);

        await new ExpireSignIns(database.DataSource).RunAsync(new ExpiredSignIns(), Run, default);

        Assert.That(await database.ScalarAsync<string>("select string_agg(id, ',' order by id) from app.sessions"), Is.EqualTo("ever,just,live"));
        Assert.That(await database.ScalarAsync<string>("select string_agg(encode(hash, 'hex'), ',') from app.refresh_tokens"), Is.EqualTo("02"));
    }

    [Test]
    public async Task Expired_sessions_are_deleted_by_a_running_process()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await database.ExecuteAsync("insert into app.sessions (id, token, expires_at) values ('old', 'r:old', now() - interval '2 days')");
        await using var node = await JobsNode.StartAsync(database.ConnectionString);

        await JobsDatabase.WaitForAsync(() => database.ScalarAsync<bool>("select exists (select from jobs.recurring where name = 'accounts.expire')"), true);
        await database.ExecuteAsync("insert into jobs.outbox (job, arguments, recurring) select job, arguments, name from jobs.recurring where name = 'accounts.expire' on conflict do nothing");

        await JobsDatabase.WaitForAsync(() => database.ScalarAsync<long>("select count(*) from app.sessions"), 0L);
    }

    [Test]
    public async Task Rows_vanish_when_their_table_says_so_and_mistaken_entries_hurt_nobody()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("""
            create table app."odd ""name" (id text primary key, "at; drop" timestamptz, word text);
            insert into app."odd ""name" select 'old' || n, now() - interval '61 s', 'x' from generate_series(1, 2500) n;
            insert into app."odd ""name" values ('young', now() - interval '30 s', 'x'), ('none', null, 'x');
            insert into catalog.tables (name, origin, relation) values ('odd', 'odd', 'odd "name'), ('gone', 'gone', 'gone');
            insert into jobs.expirations (relation, column_name, seconds) values
            ('odd "name', 'word', 0), ('odd "name', 'missing', 0), ('gone', 'at', 0), ('odd "name', 'at; drop', 60)
            """);

        await new ExpireRows(database.DataSource, NullLogger<ExpireRows>.Instance).RunAsync(new ExpiredRows(), Run, default);

        Assert.That(await database.ScalarAsync<string>("""select string_agg(id, ',' order by id) from app."odd ""name" """), Is.EqualTo("none,young"));
    }

    [Test]
    public async Task A_table_whose_rows_cannot_be_deleted_does_not_keep_the_others_from_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("""
            create table app.a (id text primary key, at timestamptz);
            create table app.keeps_a (id text references app.a);
            create table app.b (id text primary key, at timestamptz);
            insert into app.a values ('1', now());
            insert into app.keeps_a values ('1');
            insert into app.b values ('1', now());
            insert into catalog.tables (name, origin, relation) values ('a', 'a', 'a'), ('b', 'b', 'b');
            insert into jobs.expirations (relation, column_name, seconds) values ('a', 'at', 0), ('b', 'at', 0)
            """);

        Assert.That(() => new ExpireRows(database.DataSource, NullLogger<ExpireRows>.Instance).RunAsync(new ExpiredRows(), Run, default), Throws.InvalidOperationException);
        Assert.That(await database.ScalarAsync<long>("select count(*) from app.b"), Is.Zero);
    }

    [Test]
    public async Task An_expiration_goes_with_its_table()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("""
            insert into catalog.tables (name, origin, relation) values ('t', 't', 't');
            insert into jobs.expirations (relation, column_name, seconds) values ('t', 'at', 0);
            delete from catalog.tables where relation = 't'
            """);

        Assert.That(await database.ScalarAsync<long>("select count(*) from jobs.expirations"), Is.Zero);
    }

    [Test]
    public async Task History_is_kept_as_long_as_the_settings_say()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("""
            insert into jobs.outbox (job, state, relay_at, finished_at, recurring) values
            ('old done', 'done', null, now() - interval '8 days', null), ('done', 'done', null, now() - interval '6 days', null),
            ('old dead', 'dead', null, now() - interval '91 days', null), ('dead', 'dead', null, now() - interval '89 days', null),
            ('old run', 'done', null, now() - interval '2 days', 'r'), ('last run', 'done', null, now() - interval '2 days', 'r');
            insert into jobs.outbox (job, enqueued_at) values ('waiting', now() - interval '1 year')
            """);

        await new PurgeHistory(database.DataSource, Options.Create(new JobsOptions())).RunAsync(new OldHistory(), Run, default);

        Assert.That(await database.ScalarAsync<string>("select string_agg(job, ',' order by job) from jobs.outbox"), Is.EqualTo("dead,done,last run,waiting"));
    }
}
