namespace Backend.MongoImport.Live;

/// <summary>Changes that came together.</summary>
/// <param name="Events">In the order in which they happened; may be empty: nothing happened up to <paramref name="Position"/>.</param>
/// <param name="Position">Where reading goes on after these, as the source understands it. Opaque; kept with what the changes brought.</param>
internal sealed record ChangeBatch(IReadOnlyList<ChangeEvent> Events, byte[] Position)
{
    /// <summary>Whether it is to be applied by itself: when everything before it is in the rows, and before anything that comes after it is read.</summary>
    public bool Alone { get; init; }
}

/// <summary>The source no longer has the changes after the position: only a new import helps.</summary>
internal sealed class HistoryLostException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The connection to the source broke; the same position can be tried again.</summary>
internal sealed class SourceLostException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Tells what changes in a source: the change stream of a live MongoDB, or the oplog that a dump brought along.</summary>
internal abstract class ChangeSource : IAsyncDisposable
{
    /// <summary>
    /// The next changes. Waits for them up to about a second, then gives an empty batch, whose position may nevertheless be newer.
    /// </summary>
    /// <returns>The changes, or null when there will never be any more (an oplog's end).</returns>
    /// <exception cref="HistoryLostException">The position is older than what the source keeps.</exception>
    /// <exception cref="SourceLostException">The source does not answer any more.</exception>
    public abstract ValueTask<ChangeBatch?> ReadAsync(CancellationToken stop);

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
