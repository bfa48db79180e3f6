using System.Globalization;
using System.Text;
using Backend.MongoImport.Following;
using Backend.MongoImport.Live;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Oplogs;

/// <summary>
/// The changes that the oplog in a dump tells of, from a position to its end. Updates tell only what has changed: the document is taken from <see cref="CurrentDocuments"/>.
/// </summary>
/// <param name="oplog">The oplog's entries.</param>
/// <param name="position">How far the rows have come.</param>
/// <param name="follower">Whoever applies the changes.</param>
internal sealed class OplogSource(SourceCollection oplog, OplogPosition position, Follower follower) : ChangeSource
{
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

    /// <inheritdoc/>
    /// <exception cref="SourceException">It is damaged, or holds what cannot be brought.</exception>
    public override async ValueTask<ChangeBatch?> ReadAsync(CancellationToken stop)
    {
        if (_ended)
        {
            return null;
        }
        var operations = new List<OplogEntry>();
        var bytes = 0;
        while (operations.Count < MostOperations && bytes < MostBytes)
        {
            stop.ThrowIfCancellationRequested();
            if (_reader.Next() is not { } entry)
            {
                _ended = true;
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
            case "renameCollection" when command.Find("renameCollection"u8, out var from) && command.Find("to"u8, out var to):
                return Renamed(command, Encoding.UTF8.GetString(from.Text), Encoding.UTF8.GetString(to.Text));
            case "dropDatabase":
                throw new SourceException($"{oplog.Path}: the whole database was dropped at {command.Time}. Import a dump from before or after that.");
            default:
                // Indexes and options are not followed.
                return [];
        }
    }

    private IEnumerable<ChangeEvent> Renamed(OplogEntry command, string from, string to)
    {
        foreach (var collection in new[] { from, to }.Where(n => n.StartsWith(_from.Database + ".", StringComparison.Ordinal)).Select(n => n[(_from.Database.Length + 1)..]))
        {
            if (follower.NameOf(collection) is { } name && (name.StartsWith('_') || follower.Catalog.Current.FindByOrigin(name) is not null))
            {
                throw new SourceException($"{oplog.Path}: {from} was renamed to {to} at {command.Time}, and an oplog does not tell what it holds. Import a dump from after that.");
            }
        }
        return [];
    }

    private void Say()
    {
        static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
        follower.Say(_begins is null ? $"{oplog.Path} has no entries." : $"{oplog.Path}: {N(_read)} entries, to {_reached.Time}; {N(_before)} were there before.");
        foreach (var (database, count) in _others)
        {
            follower.Say($"  {N(count)} changes of another database: {(database.Length == 0 ? "(none)" : database)}. Followed is {_from.Database}.");
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
