using Backend.MongoDouble.Bson;

namespace Backend.MongoDouble.Store;

/// <summary>Databases, collections, and the history of what happened to them. All access is under one lock.</summary>
internal sealed class DocumentStore
{
    private readonly Dictionary<string, SortedDictionary<string, StoredCollection>> _databases = new(StringComparer.Ordinal);
    private readonly List<Change> _history = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Lock Gate { get; } = new();

    public IEnumerable<string> Databases => _databases.Where(d => d.Value.Count > 0).Select(d => d.Key).Order(StringComparer.Ordinal);

    /// <summary>The number of the last change.</summary>
    public long Now { get; private set; }

    /// <summary>Changes up to and with this one are forgotten.</summary>
    public long Forgotten { get; private set; }

    /// <summary>Completes with the next change.</summary>
    public Task Changed => _changed.Task;

    public SortedDictionary<string, StoredCollection> Database(string name)
    {
        if (!_databases.TryGetValue(name, out var database))
        {
            _databases.Add(name, database = new(StringComparer.Ordinal));
        }
        return database;
    }

    public StoredCollection? Find(string database, string collection) => Database(database).GetValueOrDefault(collection);

    public StoredCollection Get(string database, string collection)
    {
        if (Find(database, collection) is { } found)
        {
            return found;
        }
        var made = new StoredCollection();
        Database(database).Add(collection, made);
        return made;
    }

    /// <summary>Inserts or replaces a document; the operation (insert, replace, update) is what change streams call it.</summary>
    public void Put(string database, string collection, byte[] document, string operation)
    {
        var id = Id(document);
        Get(database, collection).Put(IdKey.Of(id), document);
        Note(operation, database, collection, Raw(id), operation == "update" ? null : document);
    }

    public bool Remove(string database, string collection, object? id)
    {
        if (Find(database, collection) is not { } found || !found.Remove(IdKey.Of(id)))
        {
            return false;
        }
        Note("delete", database, collection, Raw(id));
        return true;
    }

    public bool Drop(string database, string collection)
    {
        if (!Database(database).Remove(collection))
        {
            return false;
        }
        Note("drop", database, collection);
        return true;
    }

    public void DropDatabase(string database)
    {
        foreach (var name in Database(database).Keys.ToList())
        {
            Drop(database, name);
        }
        Note("dropDatabase", database, "");
        Note("invalidate", database, "");
    }

    public bool Rename(string database, string collection, string to)
    {
        var collections = Database(database);
        if (!collections.Remove(collection, out var moved))
        {
            return false;
        }
        collections[to] = moved;
        Note("rename", database, collection, newName: to);
        return true;
    }

    public void Note(string operation, string database, string collection, RawValue? id = null, byte[]? document = null, string? newName = null)
    {
        _history.Add(new Change(++Now, operation, database, collection, id, document, newName, DateTimeOffset.UtcNow));
        var changed = _changed;
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }

    public void Forget()
    {
        Forgotten = Now;
        _history.Clear();
    }

    /// <summary>The changes of a database after a number, at most so many.</summary>
    public List<Change> After(long number, string database, int atMost, bool expanded) =>
        [.. _history.Skip((int)Math.Max(0, number - Forgotten)).Where(c => c.Database == database && (expanded || c.Operation is not ("createIndexes" or "dropIndexes"))).Take(atMost)];

    public static object? Id(ReadOnlyMemory<byte> document) => MongoDoc.Parse(document)["_id"];

    // As bytes: an id keeps its type and its bytes in events.
    private static RawValue Raw(object? id)
    {
        var bytes = new MongoDoc { { "_", id } }.ToBytes();
        return new RawValue(bytes[4], bytes.AsMemory(7, bytes.Length - 8));
    }
}
