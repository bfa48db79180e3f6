using Backend.MongoImport.Live;
using Backend.MongoImport.Rules;

namespace Backend.MongoImport.Returning;

/// <summary>
/// Writes to the old database, and keeps what it refuses for now: a name that another row has given up may be refused because that other row comes in a later batch.
/// </summary>
/// <param name="writer">The old database.</param>
/// <param name="names">What everything is called there.</param>
internal sealed class TargetWriter(LiveWriter writer, OldNames names)
{
    private const int DuplicateKey = 11000;

    private readonly Dictionary<string, Dictionary<string, LiveWrite>> _waiting = new(StringComparer.Ordinal);

    /// <summary>Documents written and deleted.</summary>
    public long Written { get; private set; }

    /// <summary>Whether something was refused that may be taken later; until then the position must not be stored.</summary>
    public bool IsWaiting => _waiting.Count > 0;

    /// <summary>What was refused for good, by collection.</summary>
    public List<(string Collection, LiveWriteFailure Failure)> Refused { get; } = [];

    /// <summary>Writes, together with what waits in this collection.</summary>
    public async Task WriteAsync(string collection, List<LiveWrite> writes, CancellationToken stop)
    {
        if (_waiting.Remove(collection, out var waiting))
        {
            var now = writes.Select(Key).ToHashSet(StringComparer.Ordinal);
            writes = [.. waiting.Where(w => !now.Contains(w.Key)).Select(w => w.Value), .. writes];
        }
        if (writes.Count == 0)
        {
            return;
        }
        var failures = await SendAsync(collection, writes, stop);
        Written += writes.Count - failures.Count;
        foreach (var failure in failures)
        {
            if (failure.Code != DuplicateKey)
            {
                Refused.Add((collection, failure));
                continue;
            }
            if (!_waiting.TryGetValue(collection, out waiting))
            {
                _waiting.Add(collection, waiting = new(StringComparer.Ordinal));
            }
            waiting[Key(failure.Write)] = failure.Write;
        }
    }

    /// <summary>
    /// Everything has been read: what still waits either follows from what was written meanwhile, or two rows have exchanged a unique value, or they really have the
    /// same one, which the old database refuses.
    /// </summary>
    public async Task SettleAsync(CancellationToken stop)
    {
        foreach (var (collection, waiting) in _waiting.ToList())
        {
            for (var left = int.MaxValue; _waiting.TryGetValue(collection, out var still) && still.Count < left;)
            {
                left = still.Count;
                await WriteAsync(collection, [], stop);
            }
            if (!_waiting.Remove(collection, out var stuck))
            {
                continue;
            }
            // In each other's way: all go, and come again.
            await SendAsync(collection, [.. stuck.Values.Select(w => w with { Document = null })], stop);
            var failures = await SendAsync(collection, [.. stuck.Values], stop);
            Written += stuck.Count - failures.Count;
            Refused.AddRange(failures.Select(f => (collection, f)));
        }
    }

    /// <summary>Makes a collection where it is missing.</summary>
    public Task EnsureAsync(string collection, CancellationToken stop) => writer.EnsureAsync(names.Of(collection), [], stop);

    /// <summary>Drops a collection.</summary>
    public Task DropAsync(string collection, CancellationToken stop)
    {
        _waiting.Remove(collection);
        return writer.DropAsync(names.Of(collection), stop);
    }

    // What is refused is kept under the names that it has here: it may be sent again.
    private async Task<List<LiveWriteFailure>> SendAsync(string collection, List<LiveWrite> writes, CancellationToken stop)
    {
        var sent = names.Of(collection, writes);
        var failures = await writer.WriteAsync(names.Of(collection), sent, stop);
        return [.. failures.Select(f => sent.FindIndex(s => ReferenceEquals(s, f.Write)) is >= 0 and var n ? f with { Write = writes[n] } : f)];
    }

    private static string Key(LiveWrite write) => Convert.ToBase64String(write.Id);
}
