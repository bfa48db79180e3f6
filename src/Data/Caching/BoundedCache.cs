using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Backend.Data.Caching;

/// <summary>
/// A bounded cache in process whose entries are invalidated, never just outdated. Two generations of entries: when the young one is full it
/// becomes the old one and the old one is dropped, so what is in use survives and reading takes no lock.
/// </summary>
/// <remarks>
/// A value that was read before an invalidation must not be stored after it: take <see cref="Stamp"/> before reading from the database and give it
/// to <see cref="Add"/>, which stores nothing when anything was invalidated in between.
/// </remarks>
internal sealed class BoundedCache<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly int _half = Math.Max(1, capacity / 2);
    private volatile ConcurrentDictionary<TKey, TValue> _young = new();
    private volatile ConcurrentDictionary<TKey, TValue> _old = new();
    private int _count;
    private long _stamp;

    /// <summary>Changes with every invalidation.</summary>
    public long Stamp => Volatile.Read(ref _stamp);

    /// <summary>Finds an entry.</summary>
    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (_young.TryGetValue(key, out value))
            return true;
        if (!_old.ContainsKey(key))
            return false;
        // Under the lock, or an invalidation between the two steps would leave the entry in the young half.
        lock (_lock)
        {
            if (!_old.TryRemove(key, out value))
                return _young.TryGetValue(key, out value);
            Store(key, value);
            return true;
        }
    }

    /// <summary>Stores what was read after <paramref name="stamp"/> was taken, unless something was invalidated since.</summary>
    public void Add(TKey key, TValue value, long stamp)
    {
        lock (_lock)
        {
            if (_stamp == stamp)
                Store(key, value);
        }
    }

    /// <summary>Invalidates entries.</summary>
    public void Remove(IEnumerable<TKey> keys)
    {
        lock (_lock)
        {
            _stamp++;
            foreach (var key in keys)
            {
                if (_young.TryRemove(key, out _))
                    _count--;
                _old.TryRemove(key, out _);
            }
        }
    }

    /// <summary>Invalidates everything.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _stamp++;
            _count = 0;
            _young = new();
            _old = new();
        }
    }

    private void Store(TKey key, TValue value)
    {
        // What is older than the young half must not survive there beside it.
        _old.TryRemove(key, out _);
        if (_count >= _half)
        {
            _old = _young;
            _young = new();
            _count = 0;
        }

        if (!_young.ContainsKey(key))
            _count++;
        _young[key] = value;
    }
}
