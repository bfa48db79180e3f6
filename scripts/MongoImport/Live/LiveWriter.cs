using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Live;

/// <summary>
/// Writes documents to a live MongoDB. A write says how a document is to be, not what changes about it: it can be repeated at will, and is, when a
/// connection breaks. What is reported as done is done on the majority of the replica set.
/// </summary>
internal sealed class LiveWriter : IAsyncDisposable
{
    private const int Attempts = 5;
    private const int StatementsAtOnce = 1000;
    private const int BytesAtOnce = 8 * 1024 * 1024;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    private readonly Bridge _bridge;
    private readonly Action<string>? _say;

    private LiveWriter(Bridge bridge, Action<string>? say)
    {
        _bridge = bridge;
        _say = say;
    }

    /// <summary>What the server says about itself.</summary>
    public BridgeHello Server => _bridge.Hello;

    /// <summary>Connects.</summary>
    /// <param name="address">The server and the database; the database need not exist.</param>
    /// <param name="say">Told when a connection broke and a batch is repeated.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="SourceException">The server cannot be used.</exception>
    public static async Task<LiveWriter> OpenAsync(LiveAddress address, Action<string>? say, CancellationToken stop)
    {
        try
        {
            return new LiveWriter(await Bridge.OpenAsync(address, position: false, stop), say);
        }
        catch (BridgeException e)
        {
            throw new SourceException(e.Explain(address), e);
        }
    }

    /// <summary>Makes the documents of a collection as they are to be; of several writes of one document the last counts.</summary>
    /// <returns>The writes that the server refused; all others are done.</returns>
    /// <exception cref="SourceLostException">The server does not answer; any of the writes may have been done, and all can be repeated.</exception>
    /// <exception cref="SourceException">The server refuses the whole batch.</exception>
    public async Task<IReadOnlyList<LiveWriteFailure>> WriteAsync(string collection, IReadOnlyList<LiveWrite> writes, CancellationToken stop)
    {
        var last = new Dictionary<string, LiveWrite>(StringComparer.Ordinal);
        foreach (var write in writes)
        {
            last[Convert.ToBase64String(write.Id)] = write;
        }
        var failures = new List<LiveWriteFailure>();
        // Deletes first: what one frees in a unique index another may take.
        foreach (var group in last.Values.GroupBy(w => w.Document is null).OrderByDescending(g => g.Key))
        {
            var command = group.Key ? "delete" : "update";
            var request = Begin(collection, command);
            var batch = new List<LiveWrite>();
            foreach (var write in group)
            {
                var size = write.Id.Length + (write.Document?.Length ?? 0);
                if (batch.Count == StatementsAtOnce || (batch.Count > 0 && request.Length + size > BytesAtOnce))
                {
                    failures.AddRange(await SendAsync(request, batch, stop));
                    (request, batch) = (Begin(collection, command), []);
                }
                Statement(request, write);
                batch.Add(write);
            }
            failures.AddRange(await SendAsync(request, batch, stop));
        }
        return failures;
    }

    /// <summary>Makes a collection and indexes where they are missing.</summary>
    /// <exception cref="SourceException">The server refuses: an index of that name that is another, say.</exception>
    public async Task EnsureAsync(string collection, IReadOnlyList<LiveIndex> indexes, CancellationToken stop)
    {
        var request = new BsonWriter();
        request.Begin();
        Text(request, "collection"u8, collection);
        request.Element(BsonType.Array, "indexes"u8);
        request.Begin();
        foreach (var (number, index) in indexes.Index())
        {
            request.Element(BsonType.Document, Encoding.UTF8.GetBytes(number.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            request.Bytes(index.Bytes);
        }
        request.End();
        request.End();
        await AskAsync('E', request.Written.ToArray(), stop);
    }

    /// <summary>Drops a collection; one that is not there is as good as dropped.</summary>
    public async Task DropAsync(string collection, CancellationToken stop)
    {
        var request = new BsonWriter();
        request.Begin();
        Text(request, "collection"u8, collection);
        request.End();
        await AskAsync('D', request.Written.ToArray(), stop);
    }

    public ValueTask DisposeAsync() => _bridge.DisposeAsync();

    private static BsonWriter Begin(string collection, string command)
    {
        var request = new BsonWriter();
        request.Begin();
        Text(request, "collection"u8, collection);
        Text(request, "command"u8, command);
        request.Element(BsonType.Boolean, "ordered"u8);
        request.Byte(0);
        request.End();
        return request;
    }

    private static void Statement(BsonWriter request, LiveWrite write)
    {
        request.Begin();
        request.Element(BsonType.Document, "q"u8);
        request.Bytes(write.Id);
        if (write.Document is { } document)
        {
            request.Element(BsonType.Document, "u"u8);
            request.Bytes(document);
            request.Element(BsonType.Boolean, "upsert"u8);
            request.Byte(1);
        }
        else
        {
            request.Element(BsonType.Int32, "limit"u8);
            request.Int32(0);
        }
        request.End();
    }

    private static void Text(BsonWriter request, ReadOnlySpan<byte> name, string text)
    {
        request.Element(BsonType.Text, name);
        request.Text(Encoding.UTF8.GetBytes(text));
    }

    private async Task<List<LiveWriteFailure>> SendAsync(BsonWriter request, List<LiveWrite> batch, CancellationToken stop)
    {
        var failures = new List<LiveWriteFailure>();
        if (batch.Count > 0)
        {
            Failures(await AskAsync('A', request.Buffer.AsMemory(0, request.Length), stop), batch, failures);
        }
        return failures;
    }

    private static void Failures(BridgeFrame reply, List<LiveWrite> batch, List<LiveWriteFailure> to)
    {
        if (!new BsonValue(BsonType.Document, reply.Head().Span).TryFind("errors"u8, out var errors))
        {
            return;
        }
        var reader = new BsonReader(errors.Raw);
        while (reader.Read())
        {
            var error = reader.Value.Raw;
            var write = batch[(int)(BridgeFrame.Number(error, "index"u8) ?? 0)];
            to.Add(new LiveWriteFailure(write, (int)(BridgeFrame.Number(error, "code"u8) ?? 0), BridgeFrame.Text(error, "message"u8) ?? ""));
        }
    }

    private async Task<BridgeFrame> AskAsync(char kind, ReadOnlyMemory<byte> request, CancellationToken stop)
    {
        var pause = FirstPause;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await _bridge.SendAsync(kind, request, stop);
                return await _bridge.ReceiveAsync(stop, 'a');
            }
            catch (BridgeException e) when (e.MayPass && attempt < Attempts)
            {
                _say?.Invoke($"{e.Explain(_bridge.Address)}; once more.");
                await Task.Delay(pause, stop);
                pause *= 2;
            }
            catch (BridgeException e)
            {
                throw e.MayPass ? new SourceLostException(e.Explain(_bridge.Address), e) : new SourceException(e.Explain(_bridge.Address), e);
            }
        }
    }
}
