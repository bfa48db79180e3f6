using System.Collections.Concurrent;
using Backend.MongoDouble.Bson;

namespace Backend.MongoDouble.Commands;

/// <summary>Results that are fetched batch by batch.</summary>
internal sealed class Cursors
{
    /// <summary>A batch ends with the document that brings it to this many bytes.</summary>
    private const int LargestBatch = 16 * 1024 * 1024;

    private const int FirstBatch = 101;

    private readonly ConcurrentDictionary<long, Cursor> _open = new();
    private long _last;

    /// <summary>How many are open.</summary>
    public int Count => _open.Count;

    /// <summary>The first batch of a list of documents.</summary>
    public MongoDoc First(string name, IEnumerable<byte[]> documents, MongoDoc command, int? limit = null)
    {
        var size = command.Nested("cursor")?.Number("batchSize", FirstBatch) ?? command.Number("batchSize", FirstBatch);
        var cursor = new ListCursor(name, limit > 0 ? [.. documents.Take(limit.Value)] : [.. documents]);
        var batch = cursor.Take((int)size);
        return Reply("firstBatch", cursor, cursor.Ended ? 0 : Add(cursor), batch);
    }

    /// <summary>A change stream; its first batch is empty.</summary>
    public MongoDoc First(ChangeCursor cursor) => Reply("firstBatch", cursor, Add(cursor), []);

    public async Task<MongoDoc> NextAsync(Request request)
    {
        var id = request.Command.Number("getMore");
        if (!_open.TryGetValue(id, out var cursor))
        {
            throw new CommandException(43, "CursorNotFound", $"cursor id {id} not found");
        }
        var size = (int)request.Command.Number("batchSize", int.MaxValue);
        if (cursor is ChangeCursor changes)
        {
            await changes.WaitAsync(TimeSpan.FromMilliseconds(request.Command.Number("maxTimeMS", 1000)), request);
        }
        var batch = cursor.Take(size == 0 ? int.MaxValue : size);
        if (cursor.Ended)
        {
            _open.TryRemove(id, out _);
        }
        return Reply("nextBatch", cursor, cursor.Ended ? 0 : id, batch);
    }

    public MongoDoc Kill(Request request)
    {
        var killed = request.Command.List("cursors").OfType<long>().Where(id => _open.TryRemove(id, out _)).ToArray();
        return new() { { "cursorsKilled", killed }, { "cursorsNotFound", Array.Empty<long>() }, { "cursorsAlive", Array.Empty<long>() }, { "cursorsUnknown", Array.Empty<long>() } };
    }

    /// <summary>Forgets all cursors, as a new primary would.</summary>
    public void Clear() => _open.Clear();

    private static MongoDoc Reply(string batchName, Cursor cursor, long id, List<byte[]> batch)
    {
        var described = new MongoDoc { { batchName, batch.Select(b => new RawValue(3, b)).ToArray() }, { "id", id }, { "ns", cursor.Name } };
        if (cursor is ChangeCursor changes)
        {
            described.Add("postBatchResumeToken", changes.Token);
        }
        return new() { { "cursor", described } };
    }

    private long Add(Cursor cursor)
    {
        var id = Interlocked.Increment(ref _last) + 1_000_000_000_000;
        _open[id] = cursor;
        return id;
    }

    internal abstract class Cursor(string name)
    {
        /// <summary>Database and collection.</summary>
        public string Name => name;

        public abstract bool Ended { get; }

        public abstract List<byte[]> Take(int atMost);
    }

    private sealed class ListCursor(string name, byte[][] documents) : Cursor(name)
    {
        private int _next;

        public override bool Ended => _next == documents.Length;

        public override List<byte[]> Take(int atMost)
        {
            var batch = new List<byte[]>();
            for (long bytes = 0; !Ended && batch.Count < atMost && bytes + documents[_next].Length <= LargestBatch || !Ended && batch.Count == 0 && atMost > 0;)
            {
                bytes += documents[_next].Length;
                batch.Add(documents[_next++]);
            }
            return batch;
        }
    }
}
