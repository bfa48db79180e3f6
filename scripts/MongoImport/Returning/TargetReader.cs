using Backend.MongoImport.Bson;
using Backend.MongoImport.Live;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Returning;

/// <summary>Looks at what the old database holds, over a connection of its own that is made when it is needed.</summary>
/// <param name="address">The old database.</param>
/// <param name="names">What everything is called there.</param>
internal sealed class TargetReader(LiveAddress address, OldNames names) : IAsyncDisposable
{
    private Bridge? _bridge;

    /// <summary>The names of its collections, by the rules, and how many documents each has, as MongoDB counts them.</summary>
    public async Task<Dictionary<string, long>> CountAsync(CancellationToken stop)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        await LookAsync(
            async bridge =>
            {
                foreach (var collection in (await LiveCollection.ListAsync(bridge, stop)).Where(c => c.Readable))
                {
                    counts[names.ByRules(collection.Name)] = collection.Count;
                }
            },
            stop);
        return counts;
    }

    /// <summary>Reads a whole collection.</summary>
    /// <param name="collection">Its name; one that is not there has no documents.</param>
    /// <param name="document">Called with each document, which is good until it returns.</param>
    /// <param name="stop">Cancels.</param>
    public Task ReadAsync(string collection, TakeDocument document, CancellationToken stop) => LookAsync(
        async bridge =>
        {
            await bridge.SendAsync('R', BsonIds.Texts(("collection", names.Of(collection))), stop);
            while (await bridge.ReceiveAsync(stop, 'd', 'e') is { Kind: 'd' } frame)
            {
                for (var rest = frame.Payload; rest.Length > 0;)
                {
                    var length = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(rest.Span);
                    document(rest.Span[..length]);
                    rest = rest[length..];
                }
            }
        },
        stop);

    public ValueTask DisposeAsync() => _bridge is { } bridge ? bridge.DisposeAsync() : ValueTask.CompletedTask;

    private async Task LookAsync(Func<Bridge, Task> look, CancellationToken stop)
    {
        try
        {
            _bridge ??= await Bridge.OpenAsync(address, position: false, stop);
            await look(_bridge);
        }
        catch (BridgeException e)
        {
            throw e.MayPass ? new SourceLostException(e.Explain(address), e) : new SourceException(e.Explain(address), e);
        }
    }

    /// <summary>A text element of a document; null when it is none.</summary>
    public static string? Text(ReadOnlySpan<byte> document, ReadOnlySpan<byte> name) =>
        new BsonValue(BsonType.Document, document).TryFind(name, out var value) && value.Type == BsonType.Text ? System.Text.Encoding.UTF8.GetString(value.Text) : null;
}

/// <summary>Takes a document.</summary>
internal delegate void TakeDocument(ReadOnlySpan<byte> document);
