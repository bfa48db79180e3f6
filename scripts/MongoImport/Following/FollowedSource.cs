using Backend.MongoImport.Live;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Following;

/// <summary>A source that tells of its changes, and can be asked what it holds now.</summary>
internal abstract class FollowedSource : IAsyncDisposable
{
    /// <summary>What it is and where, without a password: how the import called it.</summary>
    public abstract string Description { get; }

    /// <summary>Whether it can be asked what it holds now: a dump cannot.</summary>
    public virtual bool TellsWhatItHolds => true;

    /// <summary>Why it does not go on from what was imported; null: it does.</summary>
    public virtual string? WhyNot(FollowState state) => state.Source == Description ? null : $"What was imported is {state.Source}, not {Description}.";

    /// <summary>The changes after a position.</summary>
    /// <param name="position">The position.</param>
    /// <param name="follower">Whoever applies them.</param>
    public abstract ChangeSource Changes(byte[] position, Follower follower);

    /// <summary>How many documents a collection holds, counted one by one.</summary>
    /// <exception cref="SourceLostException">The source does not answer.</exception>
    public abstract Task<long> CountAsync(string collection, CancellationToken stop);

    /// <summary>The collections that hold documents now, and about how many.</summary>
    /// <exception cref="SourceLostException">The source does not answer.</exception>
    public abstract Task<IReadOnlyDictionary<string, long>> CountAsync(CancellationToken stop);

    /// <summary>The indexes of all collections as they are now; null when the source does not say.</summary>
    /// <exception cref="SourceLostException">The source does not answer.</exception>
    public virtual Task<IReadOnlyDictionary<string, CollectionMetadata>?> IndexesAsync(CancellationToken stop) => Task.FromResult<IReadOnlyDictionary<string, CollectionMetadata>?>(null);

    /// <summary>The documents of a collection as they are now.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="filter">A condition of MongoDB as BSON; null: all of them.</param>
    /// <param name="stop">Cancels.</param>
    /// <exception cref="SourceLostException">The source does not answer.</exception>
    public abstract IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string collection, byte[]? filter, CancellationToken stop);

    /// <summary>The documents of a collection that another one has just been renamed to.</summary>
    /// <param name="collection">The name that it has now.</param>
    /// <param name="stop">Cancels.</param>
    /// <exception cref="SourceLostException">The source does not answer.</exception>
    public virtual IAsyncEnumerable<ReadOnlyMemory<byte>> ReadRenamedAsync(string collection, CancellationToken stop) => ReadAsync(collection, null, stop);

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
