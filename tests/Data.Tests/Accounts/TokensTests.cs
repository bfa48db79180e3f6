using System.Text;
using Backend.Data.Access;
using Backend.Data.Accounts;
using Backend.Data.Rows;
using Backend.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.Data.Tests.Accounts;

[Parallelizable(ParallelScope.All)]
public sealed class TokensTests
{
    private static readonly Credentials Ann = new() { Username = "ann", Password = "p" };

    [Test]
    public async Task An_access_token_of_one_process_works_in_the_other_until_its_session_ends()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var first = await StartAsync(database);
        await using var second = await Node.StartAsync(database);
        var pair = await first.Get<Tokens>().LogInAsync(Ann, new());
        var found = await second.Get<Tokens>().AuthenticateAsync(pair.AccessToken);
        Assert.That((found.Caller?.UserId, found.Caller?.SessionId), Is.EqualTo((pair.UserId, pair.SessionId)));
        Assert.That(pair.AccessExpiresAt, Is.EqualTo(DateTime.UtcNow.AddMinutes(15)).Within(TimeSpan.FromMinutes(2)));

        await second.Get<Sessions>().LogOutAsync(found.Caller!);
        await UnknownAsync(first, pair.AccessToken);
        await RefusedAsync(RefusalKind.InvalidToken, () => first.Get<Tokens>().RefreshAsync(pair.RefreshToken));
    }

    [Test]
    public async Task An_altered_forged_or_late_access_token_is_refused()
    {
        await using var database = await TestDatabase.CreateAsync();
        var time = new MovedTime();
        await using var node = await StartAsync(database, time);
        var tokens = node.Get<Tokens>();
        var pair = await tokens.LogInAsync(Ann, new());
        var parts = pair.AccessToken.Split('.');
        var none = Convert.ToBase64String(Encoding.UTF8.GetBytes("""{"alg":"none","typ":"JWT"}""")).TrimEnd('=');
        foreach (var bad in new[]
        {
            "", "x", "a.b.c", pair.AccessToken + "x", $"{parts[0]}.{parts[1]}.", $"{none}.{parts[1]}.", $"{parts[0]}.{parts[1][..^2]}.{parts[2]}", pair.RefreshToken, "\0.\0.\0",
        })
        {
            Assert.That((await tokens.AuthenticateAsync(bad)).State, Is.EqualTo(SessionState.Unknown), bad);
        }

        time.Ahead = TimeSpan.FromMinutes(16);
        Assert.That((await tokens.AuthenticateAsync(pair.AccessToken)).State, Is.EqualTo(SessionState.Expired));
        Assert.That((await tokens.AuthenticateAsync((await tokens.RefreshAsync(pair.RefreshToken)).AccessToken)).IsValid, Is.True);
    }

    [Test]
    public async Task A_refresh_token_works_once_and_a_second_use_ends_the_session()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await StartAsync(database);
        var tokens = node.Get<Tokens>();
        var first = await tokens.LogInAsync(Ann, new());
        var other = await tokens.LogInAsync(Ann, new());
        var second = await tokens.RefreshAsync(first.RefreshToken);
        var third = await tokens.RefreshAsync(second.RefreshToken);
        Assert.That(third.SessionId, Is.EqualTo(first.SessionId));
        Assert.That((await tokens.AuthenticateAsync(first.AccessToken)).IsValid, Is.True, "the session lives");

        await RefusedAsync(RefusalKind.InvalidToken, () => tokens.RefreshAsync(first.RefreshToken));
        await UnknownAsync(node, third.AccessToken);
        await RefusedAsync(RefusalKind.InvalidToken, () => tokens.RefreshAsync(third.RefreshToken));
        Assert.That((await tokens.AuthenticateAsync(other.AccessToken)).IsValid, Is.True, "another session of the same user");
    }

    [Test]
    public async Task Of_refreshes_at_once_with_one_token_not_two_succeed()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await StartAsync(database);
        var pair = await node.Get<Tokens>().LogInAsync(Ann, new());
        var results = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            try
            {
                await node.Get<Tokens>().RefreshAsync(pair.RefreshToken);
                return true;
            }
            catch (Refusal)
            {
                return false;
            }
        }));
        Assert.That(results.Count(r => r), Is.LessThanOrEqualTo(1));
    }

    [Test]
    public async Task A_refresh_token_ends_by_its_time()
    {
        await using var database = await TestDatabase.CreateAsync();
        var time = new MovedTime();
        await using var node = await StartAsync(database, time);
        var pair = await node.Get<Tokens>().LogInAsync(Ann, new());
        time.Ahead = TimeSpan.FromDays(91);
        await RefusedAsync(RefusalKind.ExpiredToken, () => node.Get<Tokens>().RefreshAsync(pair.RefreshToken));
        await RefusedAsync(RefusalKind.InvalidToken, () => node.Get<Tokens>().RefreshAsync("unknown"));
    }

    [Test]
    public async Task A_session_token_is_exchanged_and_stays_valid_until_its_session_ends()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await StartAsync(database);
        var tokens = node.Get<Tokens>();
        await database.ExecuteAsync("""
            insert into app.sessions (id, user_id, token, expires_at) select 'imported', id, 'r:imported', now() + interval '5 minutes' from app.users;
            insert into app.sessions (id, user_id, token, expires_at) select 'late', id, 'r:late', now() - interval '1 day' from app.users;
            update app.users set legacy_session_token = 'PyjlTn5sQOzUgVcIkrUAWkZNo';
            """);
        var pair = await tokens.ExchangeAsync("r:imported");
        Assert.That(pair.SessionId, Is.EqualTo("imported"));
        Assert.That(pair.RefreshExpiresAt, Is.LessThan(DateTime.UtcNow.AddMinutes(6)), "not longer than the session");
        Assert.That((await node.Get<Sessions>().FindAsync("r:imported")).IsValid, Is.True);
        var fromLegacy = await tokens.ExchangeAsync("PyjlTn5sQOzUgVcIkrUAWkZNo");
        Assert.That((await tokens.AuthenticateAsync(fromLegacy.AccessToken)).Caller?.UserId, Is.EqualTo(pair.UserId));
        await RefusedAsync(RefusalKind.ExpiredSession, () => tokens.ExchangeAsync("r:late"));
        await RefusedAsync(RefusalKind.InvalidSession, () => tokens.ExchangeAsync("r:unknown"));

        await database.ExecuteAsync("delete from app.sessions where id = 'imported'");
        await UnknownAsync(node, pair.AccessToken);
        await tokens.RevokeAsync(fromLegacy.RefreshToken);
        await tokens.RevokeAsync("unknown");
        await UnknownAsync(node, fromLegacy.AccessToken);
    }

    [Test]
    public async Task Signing_keys_change_in_time_and_old_tokens_stay_valid()
    {
        await using var database = await TestDatabase.CreateAsync();
        var time = new MovedTime();
        await using var node = await StartAsync(database, time, s => s.Configure<AccountsOptions>(o => o.AccessTokenLength = TimeSpan.FromDays(1)));
        var tokens = node.Get<Tokens>();
        await tokens.LogInAsync(Ann, new());
        time.Ahead = TimeSpan.FromDays(29.5);
        var old = await tokens.LogInAsync(Ann, new());
        time.Ahead = TimeSpan.FromDays(30.1);
        var young = await tokens.LogInAsync(Ann, new());
        Assert.That(await database.ScalarAsync<long>("select count(*) from app.signing_keys"), Is.EqualTo(2));
        Assert.That((await tokens.AuthenticateAsync(old.AccessToken)).IsValid, Is.True);
        Assert.That((await tokens.AuthenticateAsync(young.AccessToken)).IsValid, Is.True);
        time.Ahead = TimeSpan.FromDays(60.2);
        await tokens.LogInAsync(Ann, new());
        Assert.That(await database.ScalarAsync<long>("select count(*) from app.signing_keys"), Is.EqualTo(2));
    }

    private static async Task<Node> StartAsync(TestDatabase database, TimeProvider? time = null, Action<IServiceCollection>? configure = null)
    {
        var node = await Node.StartAsync(database, s =>
        {
            s.AddSingleton(time ?? TimeProvider.System);
            configure?.Invoke(s);
        });
        await node.Get<AccountService>().SignUpAsync(new() { Username = "ann", Password = "p" }, new ChangeSet(), Caller.Anonymous);
        return node;
    }

    private static Task UnknownAsync(Node node, string token) => Patience.UntilAsync(
        async () => (await node.Get<Tokens>().AuthenticateAsync(token)).State == SessionState.Unknown, "the session is known still");

    private static async Task RefusedAsync(RefusalKind kind, Func<Task> action) => Assert.That((await Assert.ThrowsAsync<Refusal>(action))!.Kind, Is.EqualTo(kind));
}
