using Backend.Data.Caching;

namespace Backend.Data.Tests.Caching;

[Parallelizable(ParallelScope.All)]
public sealed class BoundedCacheTests
{
    [Test]
    public void What_is_in_use_stays_and_the_rest_goes()
    {
        var cache = new BoundedCache<int, int>(100);
        for (var i = 0; i < 10_000; i++)
        {
            cache.Add(i, i, cache.Stamp);
            Assert.That(cache.TryGet(0, out var zero) && zero == 0, Is.True);
        }

        var kept = Enumerable.Range(0, 10_000).Count(i => cache.TryGet(i, out _));
        Assert.That(kept, Is.InRange(50, 102));
        Assert.That(cache.TryGet(9_999, out _), Is.True);
    }

    [Test]
    public void A_value_read_before_an_invalidation_is_not_stored_after_it()
    {
        var cache = new BoundedCache<string, int>(100);
        var stamp = cache.Stamp;
        cache.Remove(["other"]);
        cache.Add("k", 1, stamp);
        Assert.That(cache.TryGet("k", out _), Is.False);
        stamp = cache.Stamp;
        cache.Clear();
        cache.Add("k", 1, stamp);
        Assert.That(cache.TryGet("k", out _), Is.False);
    }

    [Test]
    public async Task Under_load_nothing_invalidated_is_ever_found()
    {
        var cache = new BoundedCache<int, int>(64);
        var database = new int[200];
        var acknowledged = new int[200];
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        var readers = Enumerable.Range(0, 3).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            while (!stop.IsCancellationRequested)
            {
                var key = random.Next(database.Length);
                var before = Volatile.Read(ref acknowledged[key]);
                if (cache.TryGet(key, out var found))
                    Assert.That(found, Is.GreaterThanOrEqualTo(before));
                var stamp = cache.Stamp;
                cache.Add(key, Volatile.Read(ref database[key]), stamp);
            }
        })).ToArray();
        var writer = Task.Run(() =>
        {
            var random = new Random(42);
            while (!stop.IsCancellationRequested)
            {
                // As a committed change does: the new state first, then the invalidation, and only then is it acknowledged.
                var key = random.Next(database.Length);
                var next = database[key] + 1;
                Volatile.Write(ref database[key], next);
                cache.Remove([key]);
                Volatile.Write(ref acknowledged[key], next);
            }
        });
        await Task.WhenAll([.. readers, writer]);
    }
}
