using Backend.MongoImport.Live;

namespace Backend.MongoImport.Oplogs;

/// <summary>
/// Turns entries into what they bring about: the operations of an <c>applyOps</c> one by one, those of a transaction when it is committed. A transaction that the oplog does not show to its end
/// holds the position back, so that the next dump is asked for all of it.
/// </summary>
internal sealed class OplogTransactions
{
    private readonly Dictionary<string, Open> _open = new(StringComparer.Ordinal);

    /// <summary>How many transactions are neither committed nor aborted.</summary>
    public int Unfinished => _open.Count;

    /// <summary>The position to go on from, given how far the entries have been read.</summary>
    public OplogPosition Position(OplogPosition reached) => _open.Count == 0 ? reached : _open.Values.MinBy(o => o.Before.Time)!.Before;

    /// <summary>Takes the next entry.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="before">The position before it.</param>
    /// <param name="begins">Where the oplog at hand begins.</param>
    /// <returns>What has happened by it, in order: no <c>applyOps</c> among it.</returns>
    /// <exception cref="HistoryLostException">A transaction began before the oplog at hand.</exception>
    public IEnumerable<OplogEntry> Take(OplogEntry entry, OplogPosition before, OplogTime begins)
    {
        if (entry.Operation != "c")
        {
            return entry.Operation is "i" or "u" or "d" ? [entry] : [];
        }
        switch (entry.Command())
        {
            case "applyOps" when entry.Transaction is { } key && !entry.IsRetried:
                var open = Of(key, entry, before, begins);
                open.Operations.AddRange(Flat(entry));
                if (entry.Is("partialTxn"u8) || entry.Is("prepare"u8))
                {
                    _open[key] = open;
                    return [];
                }
                _open.Remove(key);
                return open.Operations.Select(o => o with { Time = entry.Time });
            case "applyOps":
                return Flat(entry);
            case "commitTransaction" when entry.Transaction is { } key:
                var committed = Of(key, entry, before, begins);
                _open.Remove(key);
                return committed.Operations.Select(o => o with { Time = entry.Time });
            case "abortTransaction" when entry.Transaction is { } key:
                _open.Remove(key);
                return [];
            default:
                return [entry];
        }
    }

    private Open Of(string key, OplogEntry entry, OplogPosition before, OplogTime begins)
    {
        if (_open.TryGetValue(key, out var open))
        {
            return open;
        }
        return entry.Previous is { } previous && previous < begins
            ? throw new HistoryLostException($"A transaction that ends at {entry.Time} began at {previous} or earlier, before the oplog does.")
            : new Open(before, []);
    }

    private static IEnumerable<OplogEntry> Flat(OplogEntry entry) => entry.Inner().SelectMany(inner => inner switch
    {
        { Operation: "i" or "u" or "d" } => [inner],
        { Operation: "c" } when inner.Command() == "applyOps" => Flat(inner),
        { Operation: "c" } => [inner],
        _ => Enumerable.Empty<OplogEntry>(),
    });

    private sealed record Open(OplogPosition Before, List<OplogEntry> Operations);
}
