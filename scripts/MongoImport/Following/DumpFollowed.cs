using System.Runtime.CompilerServices;
using Backend.MongoImport.Live;
using Backend.MongoImport.Oplogs;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Following;

/// <summary>A dump whose oplog is followed: the one that was imported, or a later dump of the oplog.</summary>
/// <param name="path">A folder or file.</param>
/// <param name="database">Which database, when the dump holds several.</param>
/// <param name="temporary">Where compressed archives are put meanwhile.</param>
internal sealed class DumpFollowed(string path, string? database, string temporary) : FollowedSource
{
    private DumpSource? _source;
    private SourceCollection? _oplog;
    private OplogSource? _changes;

    public override string Description => $"the oplog of {path}";

    public override bool TellsWhatItHolds => false;

    public override string? WhyNot(FollowState state) =>
        OplogPosition.TryRead(state.Position, out _) ? null : $"What was imported is {state.Source}: its changes come from there, and not from an oplog.";

    public override ChangeSource Changes(byte[] position, Follower follower) => OplogPosition.TryRead(position, out var from)
        ? _changes = new OplogSource(Oplog(), from, follower, ofDump: _source is not null)
        : throw new InvalidOperationException("The position is of another kind of source.");

    public override Task<long> CountAsync(string collection, CancellationToken stop) => throw new NotSupportedException();

    /// <summary>The collections of the dump; how many documents they hold now it does not say.</summary>
    /// <exception cref="SourceException">There is an oplog alone.</exception>
    public override Task<IReadOnlyDictionary<string, long>> CountAsync(CancellationToken stop)
    {
        Oplog();
        return Task.FromResult<IReadOnlyDictionary<string, long>>(_source is null
            ? throw new SourceException($"{path} is an oplog alone. The first follow after an import is that of the imported dump itself: the ids of join documents are read from it.")
            : _source.Collections.ToDictionary(c => c.Name, _ => 0L, StringComparer.Ordinal));
    }

    /// <summary>The documents of a collection as they were dumped. Of the schema none: its entries come with the changes, in their order.</summary>
    public override async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string collection, byte[]? filter, [EnumeratorCancellation] CancellationToken stop)
    {
        await Task.CompletedTask;
        Oplog();
        if (collection.EndsWith("_SCHEMA", StringComparison.Ordinal) || _source?.Collections.FirstOrDefault(c => c.Name == collection) is not { } dumped)
        {
            yield break;
        }
        using var reader = dumped.Open();
        while (reader.Read() is { } block)
        {
            using (block)
            {
                var at = 0;
                while (Take(block, ref at) is { } document)
                {
                    stop.ThrowIfCancellationRequested();
                    yield return document;
                }
            }
        }
    }

    public override IAsyncEnumerable<ReadOnlyMemory<byte>> ReadRenamedAsync(string collection, CancellationToken stop) =>
        _changes?.Renaming is { } renaming && renaming.To == collection ? renaming.ReadAsync(stop) : throw new InvalidOperationException($"{collection} has not been renamed.");

    public override ValueTask DisposeAsync()
    {
        _source?.Dispose();
        return ValueTask.CompletedTask;
    }

    private static byte[]? Take(DocumentBlock block, ref int at) => block.TryTake(ref at, out var document) ? document.ToArray() : null;

    private SourceCollection Oplog()
    {
        if (_oplog is not null)
        {
            return _oplog;
        }
        if (FolderSource.OplogAlone(path) is { } alone)
        {
            return _oplog = alone;
        }
        _source = DumpSource.Open(path, database, temporary);
        if (_source.NeedsScan)
        {
            _source.Scan((_, block) => block.Dispose(), CancellationToken.None);
        }
        var oplog = _source.Oplog ?? throw new SourceException($"{_source.Description} holds no oplog: make it with mongodump --oplog, or name a dump of local.oplog.rs.");
        return _oplog = oplog.Damage is { } damage ? throw new SourceException(damage.Message, damage) : oplog;
    }
}
