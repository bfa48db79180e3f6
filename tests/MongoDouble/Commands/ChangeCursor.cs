using Backend.MongoDouble.Bson;
using Backend.MongoDouble.Store;

namespace Backend.MongoDouble.Commands;

/// <summary>A change stream on one database.</summary>
internal sealed class ChangeCursor : Cursors.Cursor
{
    /// <summary>16 MiB and 16 KiB: more than a document may have, and less than an event with the largest of them.</summary>
    private const int LargestEvent = (16 * 1024 * 1024) + (16 * 1024);

    /// <summary>How often somebody who waits is looked after.</summary>
    private static readonly TimeSpan LookUp = TimeSpan.FromMilliseconds(200);

    private readonly DocumentStore _store;
    private readonly string _database;
    private readonly bool _expanded;
    private readonly bool _lookUp;
    private readonly string[] _without;
    private long _position;
    private bool _ended;

    /// <summary>Opens it as an aggregate's first stage says.</summary>
    /// <exception cref="CommandException">The history does not reach back so far.</exception>
    public ChangeCursor(DocumentStore store, string database, MongoDoc stage, IEnumerable<MongoDoc> further) : base($"{database}.$cmd.aggregate")
    {
        _store = store;
        _database = database;
        _expanded = stage.Number("showExpandedEvents") != 0;
        _lookUp = stage.Text("fullDocument") == "updateLookup";
        _without = [.. further.Select(s => s.Nested("$project") ?? throw new CommandException(40324, "Location40324", $"Unrecognized pipeline stage name: '{s.First}'"))
            .SelectMany(p => p.Where(f => p.Number(f.Key) == 0).Select(f => f.Key))];
        _position = store.Now;
        if ((stage.Nested("startAfter") ?? stage.Nested("resumeAfter")) is { } token)
        {
            _position = Change.NumberOf(token);
            if (_position < 0)
            {
                throw new CommandException(260, "InvalidResumeToken", "Invalid resume token");
            }
        }
        else if (stage["startAtOperationTime"] is Timestamp time)
        {
            _position = (long)(time.Value >> 32) - (long)(Change.Clock(0) >> 32) - 1;
        }
        if (_position < store.Forgotten)
        {
            throw new CommandException(286, "ChangeStreamHistoryLost", "Resume of change stream was not possible, as the resume point may no longer be in the oplog.")
            {
                Labels = ["NonResumableChangeStreamError"],
            };
        }
    }

    public override bool Ended => _ended;

    /// <summary>Where a stream goes on that has read everything up to here.</summary>
    public MongoDoc Token => Change.Token(_position);

    /// <summary>Waits until there is something to take.</summary>
    public async Task WaitAsync(TimeSpan atMost, Request request)
    {
        var end = DateTime.UtcNow + atMost;
        while (DateTime.UtcNow < end && !request.Session.IsGone)
        {
            Task changed;
            lock (_store.Gate)
            {
                if (_store.After(_position, _database, 1, _expanded).Count > 0)
                {
                    return;
                }
                changed = _store.Changed;
            }
            var left = end - DateTime.UtcNow;
            await Task.WhenAny(changed, Task.Delay(left < TimeSpan.Zero ? TimeSpan.Zero : left < LookUp ? left : LookUp, request.Stop));
            request.Stop.ThrowIfCancellationRequested();
        }
    }

    public override List<byte[]> Take(int atMost)
    {
        lock (_store.Gate)
        {
            var most = Math.Min(atMost, 1000);
            var changes = _store.After(_position, _database, most, _expanded);
            var events = new List<byte[]>();
            long bytes = 0;
            foreach (var change in changes)
            {
                var told = Event(change).ToBytes();
                if (told.Length > LargestEvent && events.Count == 0)
                {
                    throw new CommandException(10334, "BSONObjectTooLarge", $"BSONObj size: {told.Length} is invalid. Size must be between 0 and {LargestEvent}");
                }
                if (told.Length > LargestEvent || (events.Count > 0 && (bytes += told.Length) > LargestEvent))
                {
                    break;
                }
                events.Add(told);
                _ended = change.Operation == "invalidate";
            }
            _position = events.Count == most || events.Count < changes.Count || _ended ? changes[events.Count - 1].Number : _store.Now;
            return events;
        }
    }

    private MongoDoc Event(Change change)
    {
        var told = new MongoDoc
        {
            { "_id", Change.Token(change.Number) },
            { "operationType", change.Operation },
            { "clusterTime", new Timestamp(change.ClusterTime) },
            { "wallTime", change.At },
        };
        if (change.Operation != "invalidate")
        {
            told.Add("ns", change.Collection.Length == 0 ? new MongoDoc { { "db", change.Database } } : new MongoDoc { { "db", change.Database }, { "coll", change.Collection } });
        }
        if (change.NewName is { } name)
        {
            told.Add("to", new MongoDoc { { "db", change.Database }, { "coll", name } });
        }
        if (change.Id is { } id)
        {
            told.Add("documentKey", new MongoDoc { { "_id", id } });
        }
        if (change.Document is { } document)
        {
            told.Add("fullDocument", new RawValue(3, document));
        }
        if (change.Operation == "update")
        {
            told.Add("updateDescription", new MongoDoc { { "updatedFields", new MongoDoc() }, { "removedFields", Array.Empty<string>() } });
            if (_lookUp)
            {
                // As it is now, not as it was then.
                var key = new MongoDoc { { "_id", change.Id } }.ToBytes();
                var now = _store.Find(change.Database, change.Collection)?.Find(IdKey.Of(DocumentStore.Id(key)));
                told.Add("fullDocument", now is null ? null : new RawValue(3, now));
            }
        }
        foreach (var field in _without)
        {
            told.Remove(field);
        }
        return told;
    }
}
