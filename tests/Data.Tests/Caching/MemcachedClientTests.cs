using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Backend.Data.Caching;
using Backend.Testing;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Backend.Data.Tests.Caching;

[Parallelizable(ParallelScope.All)]
public sealed class MemcachedClientTests
{
    private static readonly DistributedCacheEntryOptions Hour = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromHours(1) };

    // Long enough for a machine that stands still for a while: what does not come in time is as if it were not there.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private static MemcachedClient Make(params string[] servers) => Make(Timeout, servers);

    private static MemcachedClient Make(TimeSpan timeout, params string[] servers)
    {
        var options = new MemcachedOptions { Timeout = timeout, LongestPause = TimeSpan.FromMilliseconds(200) };
        foreach (var server in servers)
            options.Servers.Add(server);
        return new(Options.Create(options), TimeProvider.System, NullLogger<MemcachedClient>.Instance);
    }

    [Test]
    public async Task What_was_set_is_found_until_it_is_removed()
    {
        using var server = await MemcachedProcess.StartAsync();
        using var cache = Make(server.Address);
        var keys = new[] { "a", "with spaces\r\nand lines", new string('k', 5000), "\0\ud800", "" };
        foreach (var key in keys)
        {
            Assert.That(await cache.GetAsync(key), Is.Null);
            var value = Encoding.UTF8.GetBytes("value of\r\n" + key.Length);
            await cache.SetAsync(key, value, Hour);
            Assert.That(await cache.GetAsync(key), Is.EqualTo(value));
        }

        cache.Set("empty", [], Hour);
        Assert.That(cache.Get("empty"), Is.Empty);
        await cache.SetAsync("for ever", [1], new DistributedCacheEntryOptions());
        Assert.That(await cache.GetAsync("for ever"), Is.EqualTo(new byte[] { 1 }));
        await cache.RemoveAsync("a");
        await cache.RemoveAsync("a");
        Assert.That(await cache.GetAsync("a"), Is.Null);
        Assert.That(await cache.GetAsync(keys[1]), Is.Not.Null);
    }

    [Test]
    public async Task Values_end_by_their_time_and_sliding_ones_by_disuse()
    {
        using var server = await MemcachedProcess.StartAsync();
        using var cache = Make(server.Address);
        await cache.SetAsync("short", [1], new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromMilliseconds(900) });
        await cache.SetAsync("at", [1], new() { AbsoluteExpiration = DateTimeOffset.UtcNow.AddDays(60) });
        await cache.SetAsync("past", [1], Hour);
        await cache.SetAsync("past", [2], new() { AbsoluteExpiration = DateTimeOffset.UtcNow.AddSeconds(-1) });
        Assert.That(await cache.GetAsync("past"), Is.Null, "the older value must not stay");
        await Patience.UntilAsync(async () => await cache.GetAsync("short") is null, "it stays beyond its time", pause: 100);
        Assert.That(await cache.GetAsync("at"), Is.Not.Null);

        using var other = await MemcachedProcess.StartAsync();
        using var sliding = Make(other.Address);
        await sliding.SetAsync("slides", [1], new() { SlidingExpiration = TimeSpan.FromMinutes(10) });
        var end = await other.EndOfOnlyItemAsync();
        await Patience.UntilAsync(
            async () => await sliding.GetAsync("slides") is not null && await other.EndOfOnlyItemAsync() >= end + 2, "each use begins its time anew", pause: 200);
        await sliding.SetAsync("slides", [1], new() { SlidingExpiration = TimeSpan.FromSeconds(1) });
        await Patience.UntilAsync(async () => await other.EndOfOnlyItemAsync() is null, "what nobody uses stays", pause: 200);
        Assert.That(await sliding.GetAsync("slides"), Is.Null);
    }

    [Test]
    public async Task A_value_that_is_too_large_is_not_kept_and_neither_is_the_one_before()
    {
        using var server = await MemcachedProcess.StartAsync();
        using var cache = Make(server.Address);
        var large = new byte[990_000];
        Random.Shared.NextBytes(large);
        await cache.SetAsync("k", large, Hour);
        Assert.That(await cache.GetAsync("k"), Is.EqualTo(large));
        await cache.SetAsync("k", new byte[1_000_001], Hour);
        Assert.That(await cache.GetAsync("k"), Is.Null);
    }

    [Test]
    public async Task Add_keeps_what_is_there_and_counts_are_atomic()
    {
        using var server = await MemcachedProcess.StartAsync();
        using var first = Make(server.Address);
        using var second = Make(server.Address);
        Assert.That(await first.AddAsync("a", [1], TimeSpan.FromMinutes(1)), Is.True);
        Assert.That(await second.AddAsync("a", [2], TimeSpan.FromMinutes(1)), Is.False);
        Assert.That(await second.GetAsync("a"), Is.EqualTo(new byte[] { 1 }));

        var counts = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => (i % 2 == 0 ? first : second).IncrementAsync("n", 1, TimeSpan.FromMinutes(1))));
        Assert.That(counts.Order(), Is.EqualTo(Enumerable.Range(1, 500).Select(n => (long?)n)));
        Assert.That(await first.IncrementAsync("n", -498, TimeSpan.FromMinutes(1)), Is.EqualTo(2));
        Assert.That(await first.IncrementAsync("n", -9, TimeSpan.FromMinutes(1)), Is.Zero);
        Assert.That(await first.IncrementAsync("missing", -1, TimeSpan.FromMinutes(1)), Is.Zero);
        Assert.That(await first.IncrementAsync("ends", 5, TimeSpan.FromSeconds(1)), Is.EqualTo(5));
        await Patience.UntilAsync(async () => await first.IncrementAsync("ends", 5, TimeSpan.FromSeconds(1)) == 5, "a count goes on beyond its time", pause: 500);
    }

    [Test]
    public async Task Thousands_of_requests_at_once_get_their_own_answers()
    {
        using var server = await MemcachedProcess.StartAsync();
        using var cache = Make(server.Address);
        await Parallel.ForAsync(0, 5000, new ParallelOptions { MaxDegreeOfParallelism = 200 }, async (i, _) =>
        {
            var value = Encoding.ASCII.GetBytes($"{i}" + new string('x', i % 300));
            await cache.SetAsync($"k{i}", value, Hour, default);
            Assert.That(await cache.GetAsync($"k{i}", default), Is.EqualTo(value));
        });
    }

    [Test]
    public async Task Of_two_servers_one_killed_the_cache_is_smaller_but_never_wrong()
    {
        using var one = await MemcachedProcess.StartAsync();
        using var two = await MemcachedProcess.StartAsync();
        using var cache = Make(one.Address, two.Address);
        for (var i = 0; i < 200; i++)
            await cache.SetAsync($"k{i}", Encoding.ASCII.GetBytes($"old {i}"), Hour);
        Assert.That(await FoundAsync("old"), Is.EqualTo(200));

        two.Kill();
        var left = await FoundAsync("old");
        Assert.That(left, Is.InRange(50, 150), "the keys of the other server stay where they are");
        for (var i = 0; i < 200; i++)
            await cache.SetAsync($"k{i}", Encoding.ASCII.GetBytes($"new {i}"), Hour);
        Assert.That(await FoundAsync("new"), Is.EqualTo(left));
        var watch = Stopwatch.StartNew();
        await FoundAsync("new");
        Assert.That(watch.Elapsed, Is.LessThan(Timeout), "a dead server costs no time-out per request");

        await two.StartAgainAsync();
        var tries = 0;
        await Patience.UntilAsync(BothAnswerAsync, "the server that is there again is not used", pause: 200);
        Assert.That(await FoundAsync("new"), Is.EqualTo(left), "it comes back empty");
        for (var i = 0; i < 200; i++)
            await cache.SetAsync($"k{i}", Encoding.ASCII.GetBytes($"newer {i}"), Hour);
        Assert.That(await FoundAsync("newer"), Is.EqualTo(200));

        // Keys that are new each time, on either server with all but certainty.
        async Task<bool> BothAnswerAsync()
        {
            var keys = Enumerable.Range(0, 30).Select(n => $"try{tries}.{n}").ToList();
            tries++;
            foreach (var key in keys)
                await cache.SetAsync(key, [1], Hour);
            foreach (var key in keys)
            {
                if (await cache.GetAsync(key) is null)
                    return false;
            }

            return true;
        }

        async Task<int> FoundAsync(string version)
        {
            var found = 0;
            for (var i = 0; i < 200; i++)
            {
                if (await cache.GetAsync($"k{i}") is { } value)
                {
                    Assert.That(Encoding.ASCII.GetString(value), Is.EqualTo($"{version} {i}"));
                    found++;
                }
            }

            return found;
        }
    }

    [Test]
    public async Task A_server_that_says_nothing_or_nonsense_counts_as_empty()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var wrong = new TcpListener(IPAddress.Loopback, 0);
        wrong.Start();
        using var stop = new CancellationTokenSource();
        var talking = TalkAsync();
        using var slow = Make(TimeSpan.FromMilliseconds(200), silent.LocalEndpoint.ToString()!);
        using var mad = Make(TimeSpan.FromMilliseconds(200), wrong.LocalEndpoint.ToString()!);
        using var none = Make();
        foreach (var cache in new[] { slow, mad, none })
        {
            var watch = Stopwatch.StartNew();
            Assert.That(await cache.GetAsync("k"), Is.Null);
            await cache.SetAsync("k", [1], Hour);
            await cache.RemoveAsync("k");
            Assert.That(await cache.AddAsync("k", [1], TimeSpan.FromMinutes(1)), Is.Null);
            Assert.That(await cache.IncrementAsync("k", 1, TimeSpan.FromMinutes(1)), Is.Null);
            Assert.That(watch.Elapsed, Is.LessThan(Patience.Limit));
        }

        await stop.CancelAsync();
        await talking;

        async Task TalkAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await wrong.AcceptTcpClientAsync(stop.Token);
                    await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), stop.Token);
                    await Task.Delay(50, stop.Token);
                }
            }
            catch (OperationCanceledException)
            {
            }
        }
    }

    [Test]
    public void A_server_more_moves_only_its_share_of_the_keys()
    {
        var three = new HashRing(["a:1", "b:1", "c:1"]);
        var four = new HashRing(["a:1", "b:1", "c:1", "d:1"]);
        var random = new Random(7);
        var moved = 0;
        var shares = new int[4];
        for (var i = 0; i < 20_000; i++)
        {
            var hash = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
            var server = four.Find(hash);
            shares[server]++;
            if (server == three.Find(hash))
                continue;
            moved++;
            Assert.That(server, Is.EqualTo(3), "keys move to the new server only");
        }

        Assert.That(moved, Is.InRange(3000, 7000));
        Assert.That(shares, Is.All.InRange(3000, 7000));
    }

    [TestCase("127.0.0.1", false)]
    [TestCase("127.0.0.1:0", false)]
    [TestCase(":11211", false)]
    [TestCase("cache.example:11211", true)]
    [TestCase("[::1]:11211", true)]
    public void A_server_is_host_and_port(string server, bool valid) => Assert.That(MemcachedOptions.TryParse(server, out _, out _), Is.EqualTo(valid));
}
