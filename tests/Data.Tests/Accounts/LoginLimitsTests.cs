using Backend.Data.Access;
using Backend.Data.Accounts;
using Backend.Data.Caching;
using Backend.Data.Rows;
using Backend.Data.Tests.Caching;
using Backend.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Backend.Data.Tests.Accounts;

[Parallelizable(ParallelScope.All)]
public sealed class LoginLimitsTests
{
    [Test]
    public async Task Wrong_passwords_are_counted_for_all_processes_together()
    {
        using var memcached = await MemcachedProcess.StartAsync();
        var time = MidWindow();
        using var firstCache = Cache(memcached.Address);
        using var secondCache = Cache(memcached.Address);
        var (first, second) = (Limits(firstCache, time), Limits(secondCache, time));
        for (var i = 0; i < 2; i++)
        {
            await first.FailedAsync("ann", "10.0.0.1");
            await second.FailedAsync("ann", "10.0.0.1");
            await second.CheckAsync("ann", "10.0.0.1", default);
        }

        await first.FailedAsync("ann", "10.0.0.1");
        foreach (var limits in new[] { first, second })
        {
            await RefusedAsync(limits, "ann", "10.0.0.1");
            await limits.CheckAsync("ann", "10.0.0.2", default);
            await limits.CheckAsync("ben", "10.0.0.1", default);
        }

        for (var i = 0; i < 5; i++)
            await first.FailedAsync("ann", $"10.0.1.{i}");
        await RefusedAsync(second, "ann", "10.9.9.9");
        for (var i = 0; i < 20; i++)
            await first.FailedAsync($"user{i}", "10.0.0.3");
        await RefusedAsync(second, "zoe", "10.0.0.3");

        time.Ahead += TimeSpan.FromMinutes(10);
        await first.CheckAsync("ann", "10.0.0.1", default);
    }

    [Test]
    public async Task Without_memcached_each_process_counts_for_itself()
    {
        using var memcached = await MemcachedProcess.StartAsync();
        using var cache = Cache(memcached.Address);
        var limits = Limits(cache, MidWindow());
        await limits.FailedAsync("ann", "10.0.0.1");
        memcached.Kill();
        for (var i = 0; i < 5; i++)
        {
            await limits.CheckAsync("ann", "10.0.0.1", default);
            await limits.FailedAsync("ann", "10.0.0.1");
        }

        await RefusedAsync(limits, "ann", "10.0.0.1");
        await memcached.StartAgainAsync();
        await Task.Delay(500);
        await RefusedAsync(limits, "ann", "10.0.0.1");
    }

    [Test]
    public async Task A_log_in_beyond_the_limit_is_refused_whatever_the_password()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await Node.StartAsync(database, s => s.AddSingleton<TimeProvider>(MidWindow()).Configure<LoginLimitsOptions>(o => o.PerAccountAndAddress = 2));
        var accounts = node.Get<AccountService>();
        await accounts.SignUpAsync(new() { Username = "ann", Password = "p", Email = "ann@example.org" }, new ChangeSet(), Caller.Anonymous);
        var right = new Credentials { Username = "ann", Password = "p", Address = "10.0.0.1" };
        await accounts.LogInAsync(right, null);
        await Assert.ThrowsAsync<Refusal>(() => accounts.LogInAsync(right with { Password = "q" }, null));
        await Assert.ThrowsAsync<Refusal>(() => accounts.LogInAsync(new Credentials { Email = "ann@example.org", Password = "q", Address = "10.0.0.1" }, null));
        var refusal = await Assert.ThrowsAsync<Refusal>(() => accounts.LogInAsync(right, null));
        Assert.That(refusal!.Kind, Is.EqualTo(RefusalKind.LimitExceeded));
        Assert.That(refusal.Until, Is.GreaterThan(DateTime.UtcNow).And.LessThan(DateTime.UtcNow.AddMinutes(21)));
        await accounts.LogInAsync(right with { Address = "10.0.0.2" }, null);
    }

    /// <summary>A clock that is in the middle of a window, so that none ends during a test.</summary>
    private static MovedTime MidWindow() => new() { Ahead = TimeSpan.FromTicks(TimeSpan.FromMinutes(15).Ticks - DateTime.UtcNow.Ticks % TimeSpan.FromMinutes(10).Ticks) };

    private static async Task RefusedAsync(LoginLimits limits, string account, string address) =>
        Assert.That((await Assert.ThrowsAsync<Refusal>(() => limits.CheckAsync(account, address, default)))!.Kind, Is.EqualTo(RefusalKind.LimitExceeded));

    private static LoginLimits Limits(MemcachedClient cache, TimeProvider time) =>
        new(cache, Options.Create(new LoginLimitsOptions { PerAccountAndAddress = 5, PerAccount = 10, PerAddress = 20 }), time);

    private static MemcachedClient Cache(string server)
    {
        var options = new MemcachedOptions { Timeout = TimeSpan.FromSeconds(10), LongestPause = TimeSpan.FromMilliseconds(100) };
        options.Servers.Add(server);
        return new(Options.Create(options), TimeProvider.System, NullLogger<MemcachedClient>.Instance);
    }
}
