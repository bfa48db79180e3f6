using System.Globalization;
using System.Text;
using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Following;
using Backend.MongoImport.Live;
using Backend.MongoImport.Restoring;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Oplogs;

/// <summary>
/// The changes that the oplog in a dump tells of, from a position to its end. Updates tell only what has changed: the document is taken from <see cref="CurrentDocuments"/>.
/// </summary>
/// <param name="oplog">The oplog's entries.</param>
/// <param name="position">How far the rows have come.</param>
/// <param name="follower">Whoever applies the changes.</param>
/// <param name="ofDump">Whether documents were dumped while it was written: nobody knows then what a document was at an entry's time.</param>
internal sealed class OplogSource(SourceCollection oplog, OplogPosition position, Follower follower, bool ofDump) : ChangeSource
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private const int MostOperations = 500;
    private const int MostBytes = 2 * 1024 * 1024;

    private readonly OplogPosition _from = position;
    private readonly OplogReader _reader = new(oplog);
    private readonly OplogTransactions _transactions = new();
    private readonly CurrentDocuments _documents = new(follower);
    private readonly SortedDictionary<string, long> _others = new(StringComparer.Ordinal);
    private OplogPosition _reached = position;
    private OplogPosition _told = position;
    private OplogTime? _begins;
    private long _read;
    private long _before;
    private long _missing;
    private bool _ended;
    private OplogEntry? _held;
    private readonly SortedSet<string> _indexes = new(StringComparer.Ordinal);
    private byte[]? _alone;

    /// <summary>The collection that is being renamed, while the batch of it is applied.</summary>
    public RenamedCollection? Renaming { get; private set; }

    /// <inheritdoc/>
    /// <exception cref="SourceException">It is damaged, or holds what cannot be brought.</exception>
    public override async ValueTask<ChangeBatch?> ReadAsync(CancellationToken stop)
    {
        if (_ended)
        {
            return null;
        }
        if (_alone is { } told)
        {
            await AppliedAsync(told, stop);
        }
        var operations = new List<OplogEntry>();
        var bytes = 0;
        while (operations.Count < MostOperations && bytes < MostBytes)
        {
            stop.ThrowIfCancellationRequested();
            if ((_held ?? _reader.Next()) is not { } entry)
            {
                _ended = true;
                break;
            }
            _held = null;
            if (IsAhead(entry) && RenamedCollection.Of(entry, _from.Database) is { } renamed && Matters(renamed))
            {
                if (operations.Count == 0)
                {
                    return Rename(entry, renamed);
                }
                _held = entry;
                break;
            }
            foreach (var operation in Take(entry))
            {
                operations.Add(operation);
                bytes += operation.Content.Length;
            }
        }
        var updated = operations.Where(IsChange).Select(o => (o.Collection, o.Id()!)).ToList();
        await _documents.PrepareAsync(updated, stop);
        var events = operations.SelectMany(Events).ToList();
        var reached = _transactions.Position(_reached);
        if (_ended)
        {
            Say();
        }
        if (_ended && events.Count == 0 && reached == _told)
        {
            return null;
        }
        _told = reached;
        return new ChangeBatch(events, reached.ToBytes());
    }

    public override ValueTask DisposeAsync()
    {
        _reader.Dispose();
        return ValueTask.CompletedTask;
    }

    private static bool IsChange(OplogEntry operation) => operation.Operation == "u" && operation.Id() is not null && !DocumentUpdate.IsReplacement(operation.Content);

    private bool IsAhead(OplogEntry entry) => entry.Time > _from.Time || (entry.Time == _from.Time && _from.Again);

    private bool IsFollowed(string collection) => follower.NameOf(collection) is { } name && (name.StartsWith('_') || follower.Catalog.Current.FindByOrigin(name) is not null);

    private bool Matters(RenamedCollection renamed) => (renamed.From is { } from && IsFollowed(from)) || (renamed.To is { } to && IsFollowed(to));

    // By itself: the rows are what the collection held when all that was before is in them.
    private ChangeBatch Rename(OplogEntry entry, RenamedCollection renamed)
    {
        string? why = ofDump ? "the dump was made meanwhile, so nobody knows what the collection held then"
            : _transactions.Unfinished > 0 ? "a transaction was not finished then"
            : renamed.From is null ? "it was in another database, which is not followed"
            : new[] { renamed.From, renamed.To }.Any(c => c is not null && follower.NameOf(c)?.StartsWith('_') == true) ? "classes of the server and relations are not brought over by a rename"
            : null;
        if (why is not null)
        {
            throw new SourceException($"{oplog.Path}: {renamed.From ?? "a collection"} was renamed to {renamed.To ?? "another database"} at {entry.Time}, and {why}. Import a dump from after that.");
        }
        Take(entry);
        var at = entry.Time.At;
        Renaming = renamed with { Oplog = oplog, Database = _from.Database, Follower = follower, Time = entry.Time };
        _told = _reached;
        _alone = _reached.ToBytes();
        // Into another database: gone from this one.
        return new ChangeBatch([renamed.To is null
            ? new ChangeEvent(ChangeKind.Drop, renamed.From!, null, null) { At = at }
            : new ChangeEvent(ChangeKind.Rename, renamed.From!, null, null) { NewName = renamed.To, At = at }], _alone)
        { Alone = true };
    }

    private async Task AppliedAsync(byte[] position, CancellationToken stop)
    {
        while (await FollowState.ReadAsync(follower.Database, stop) is { } state && !state.Position.AsSpan().SequenceEqual(position))
        {
            await Task.Delay(Pause, stop);
        }
        _alone = null;
        Renaming = null;
    }

    // What of an entry concerns the followed database.
    private List<OplogEntry> Take(OplogEntry entry)
    {
        if (_begins is null)
        {
            _begins = entry.Time;
            if (entry.Time > _from.Time)
            {
                throw new HistoryLostException($"{oplog.Path} begins at {entry.Time}, and the rows have come to {_from.Time}: what happened between is in neither. Is there a dump between the two?");
            }
        }
        _read++;
        if (entry.Time < _from.Time || (entry.Time == _from.Time && !_from.Again))
        {
            _before++;
            return [];
        }
        var taken = new List<OplogEntry>();
        foreach (var operation in _transactions.Take(entry, _reached, _begins.Value))
        {
            if (operation.Database == _from.Database)
            {
                taken.Add(operation);
            }
            else
            {
                _others[operation.Database] = _others.GetValueOrDefault(operation.Database) + 1;
            }
        }
        _reached = new OplogPosition(entry.Time, _from.Database, Again: false);
        return taken;
    }

    private IEnumerable<ChangeEvent> Events(OplogEntry operation)
    {
        if (operation.Operation == "c")
        {
            return Command(operation);
        }
        if (operation.Id() is not { } id)
        {
            throw new SourceException($"{oplog.Path}: the entry of {operation.Time} for {operation.Namespace} tells no _id.");
        }
        var document = operation.Operation switch
        {
            "d" => null,
            "u" when !DocumentUpdate.IsReplacement(operation.Content) => Updated(operation, id),
            _ => operation.Content,
        };
        if (document is null && operation.Operation == "u")
        {
            return [];
        }
        _documents.Set(operation.Collection, id, document, operation.Time);
        return [new ChangeEvent(document is null ? ChangeKind.Delete : ChangeKind.Upsert, operation.Collection, id, document) { At = operation.Time.At }];
    }

    // An update of a document that is not there: the dump was made after it had been deleted, and the entry of that follows; or it was rejected.
    private byte[]? Updated(OplogEntry operation, byte[] id)
    {
        if (_documents.Find(operation.Collection, id) is { } current)
        {
            return DocumentUpdate.Apply(current, operation.Content);
        }
        _missing++;
        return null;
    }

    private IEnumerable<ChangeEvent> Command(OplogEntry command)
    {
        switch (command.Command())
        {
            case "drop" when command.Find("drop"u8, out var name):
                var dropped = Encoding.UTF8.GetString(name.Text);
                _documents.Drop(dropped, command.Time);
                return [new ChangeEvent(ChangeKind.Drop, dropped, null, null) { At = command.Time.At }];
            case "renameCollection" when RenamedCollection.Of(command, _from.Database) is { } renamed && Matters(renamed):
                throw new SourceException($"{oplog.Path}: {renamed.From} was renamed to {renamed.To} at {command.Time} by an applyOps, which is not followed. Import a dump from after that.");
            case "dropDatabase":
                return DroppedDatabase(command);
            case "createIndexes" or "commitIndexBuild" or "dropIndexes" or "deleteIndexes" or "collMod":
                var reader = new BsonReader(command.Content);
                if (reader.Read() && reader.Type == BsonType.Text && follower.NameOf(Encoding.UTF8.GetString(reader.Value.Text)) is { } className && follower.Catalog.Current.FindByOrigin(className) is not null)
                {
                    _indexes.Add(className);
                }
                return [];
            default:
                // Options of collections say nothing about rows.
                return [];
        }
    }

    // Its collections were dropped one by one before that, by all but old servers; what comes after it is a new database of the same name.
    private IEnumerable<ChangeEvent> DroppedDatabase(OplogEntry command)
    {
        follower.Say($"{oplog.Path}: the whole database was dropped at {command.Time}. All classes are empty from there on, until something is written again.");
        var tables = follower.Catalog.Current.Tables;
        var relations = tables.SelectMany(t => t.Fields.Where(f => f is { Kind: FieldKind.Relation, Column: not null }).Select(f => JoinRestorer.CollectionOf(f.Name, t.Origin)));
        foreach (var name in tables.Select(t => t.Origin).Concat(relations).Select(follower.CollectionOf).ToList())
        {
            _documents.Drop(name, command.Time);
            yield return new ChangeEvent(ChangeKind.Drop, name, null, null) { At = command.Time.At };
        }
    }

    private void Say()
    {
        static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
        follower.Say(_begins is null ? $"{oplog.Path} has no entries." : $"{oplog.Path}: {N(_read)} entries, to {_reached.Time}; {N(_before)} were there before.");
        foreach (var (database, count) in _others)
        {
            follower.Say($"  {N(count)} changes of another database: {(database.Length == 0 ? "(none)" : database)}. Followed is {_from.Database}.");
        }
        if (_indexes.Count > 0)
        {
            follower.Say($"  Indexes were made, dropped or changed, which an oplog does not bring here: {string.Join(", ", _indexes)}. Declare them by hand where they matter.");
        }
        if (_missing > 0)
        {
            follower.Say($"  {N(_missing)} updates of documents that are not here: deleted since, or never imported.");
        }
        if (_transactions.Unfinished > 0)
        {
            follower.Say($"  {N(_transactions.Unfinished)} transactions are not finished; the next dump is to begin at {_transactions.Position(_reached).Time} or before.");
        }
    }
}
