using System.Buffers.Binary;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Live;

/// <summary>
/// The change stream of a live MongoDB's database. After a <see cref="SourceLostException"/> the next read connects again and goes on where the last
/// batch ended.
/// </summary>
/// <param name="address">The server.</param>
/// <param name="position">Where to begin: a position of <see cref="LiveSource"/> or of a batch; null for now.</param>
/// <param name="wait">How long the server waits for changes before it sends an empty batch; null for a second.</param>
internal sealed class LiveChangeSource(LiveAddress address, byte[]? position, TimeSpan? wait = null) : ChangeSource
{
    private readonly TimeSpan _wait = wait ?? TimeSpan.FromSeconds(1);
    private Bridge? _bridge;
    private LiveAddress _address = address;
    private byte[]? _position = position;

    /// <summary>What the server says about itself; known after the first read.</summary>
    public BridgeHello? Server { get; private set; }

    /// <inheritdoc/>
    /// <exception cref="SourceException">The server tells of no changes, or does not let this user see them.</exception>
    public override async ValueTask<ChangeBatch?> ReadAsync(CancellationToken stop)
    {
        try
        {
            var bridge = _bridge ??= await BeginAsync(stop);
            while (true)
            {
                var batch = Read(await bridge.ReceiveAsync(stop, 'w'));
                if (batch.Position.Length > 0)
                {
                    _position = batch.Position;
                    return batch;
                }
            }
        }
        catch (BridgeException e)
        {
            await EndAsync();
            throw e.Kind switch
            {
                BridgeException.HistoryLost => new HistoryLostException(e.Explain(_address), e),
                BridgeException.Lost or BridgeException.Unreachable => new SourceLostException(e.Explain(_address), e),
                _ => new SourceException(e.Explain(_address), e),
            };
        }
        catch (OperationCanceledException)
        {
            await EndAsync();
            throw;
        }
    }

    public override async ValueTask DisposeAsync() => await EndAsync();

    private async Task<Bridge> BeginAsync(CancellationToken stop)
    {
        var bridge = await Bridge.OpenAsync(_address, position: false, stop);
        try
        {
            _address = bridge.Address;
            Server = bridge.Hello;
            var request = new BsonWriter();
            request.Begin();
            if (_position is { } from)
            {
                request.Element(BsonType.Document, "position"u8);
                request.Bytes(from);
            }
            request.Element(BsonType.Int32, "wait"u8);
            request.Int32((int)_wait.TotalMilliseconds);
            request.End();
            await bridge.SendAsync('W', request.Written.ToArray(), stop);
            return bridge;
        }
        catch
        {
            await bridge.DisposeAsync();
            throw;
        }
    }

    private async Task EndAsync()
    {
        if (Interlocked.Exchange(ref _bridge, null) is { } bridge)
        {
            await bridge.DisposeAsync();
        }
    }

    private ChangeBatch Read(BridgeFrame frame)
    {
        var payload = frame.Payload;
        BridgeFrame.TryTake(ref payload, out var head);
        var events = new List<ChangeEvent>();
        while (BridgeFrame.TryTake(ref payload, out var told))
        {
            if (Event(told.Span) is { } change)
            {
                events.Add(change);
            }
        }
        return new ChangeBatch(events, BridgeFrame.Nested(head.Span, "position"u8) ?? _position ?? []);
    }

    // Null for what changes nothing here: a collection made, a database dropped (its collections were dropped before).
    private ChangeEvent? Event(ReadOnlySpan<byte> told)
    {
        var value = new BsonValue(BsonType.Document, told);
        var operation = BridgeFrame.Text(told, "operationType"u8);
        if (operation is not ("insert" or "update" or "replace" or "delete" or "drop" or "rename" or "createIndexes" or "dropIndexes" or "modify") || !value.TryFind("ns"u8, out var where))
        {
            return null;
        }
        var collection = BridgeFrame.Text(where.Raw, "coll"u8) ?? "";
        if (operation == "rename" && value.TryFind("to"u8, out var to))
        {
            // Into another database: gone from this one.
            return BridgeFrame.Text(to.Raw, "db"u8) == Server!.Database
                ? new ChangeEvent(ChangeKind.Rename, collection, null, null) { NewName = BridgeFrame.Text(to.Raw, "coll"u8), At = At(value) }
                : new ChangeEvent(ChangeKind.Drop, collection, null, null) { At = At(value) };
        }
        return operation switch
        {
            "drop" => new ChangeEvent(ChangeKind.Drop, collection, null, null) { At = At(value) },
            "createIndexes" or "dropIndexes" or "modify" => new ChangeEvent(ChangeKind.Indexes, collection, null, null) { At = At(value) },
            "delete" => new ChangeEvent(ChangeKind.Delete, collection, Id(value), null) { At = At(value) },
            _ => new ChangeEvent(ChangeKind.Upsert, collection, Id(value), BridgeFrame.Nested(told, "fullDocument"u8)) { At = At(value) },
        };
    }

    // Of a sharded collection the key holds the shard key as well.
    private static byte[] Id(BsonValue told)
    {
        if (!told.TryFind("documentKey"u8, out var key) || !key.TryFind("_id"u8, out var id))
        {
            throw new BridgeException(BridgeException.Protocol, "an event lacks its document's id");
        }
        // Length, type, name with its zero, value, zero.
        var only = new byte[4 + 1 + 4 + id.Raw.Length + 1];
        BinaryPrimitives.WriteInt32LittleEndian(only, only.Length);
        only[4] = (byte)id.Type;
        "_id"u8.CopyTo(only.AsSpan(5));
        id.Raw.CopyTo(only.AsSpan(9));
        return only;
    }

    private static DateTimeOffset? At(BsonValue told)
    {
        // wallTime since 6.0; before, the second of the cluster's time.
        if (told.TryFind("wallTime"u8, out var wall) && wall.Type == BsonType.Date)
        {
            return DateTimeOffset.FromUnixTimeMilliseconds(wall.Milliseconds);
        }
        return told.TryFind("clusterTime"u8, out var time) && time.Type == BsonType.Timestamp ? DateTimeOffset.FromUnixTimeSeconds(time.Timestamp.Seconds) : null;
    }
}
