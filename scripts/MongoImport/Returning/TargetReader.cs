using Backend.MongoImport.Bson;
using Backend.MongoImport.Live;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Returning;

/// <summary>Looks at what the old database holds, over a connection of its own that lasts as long as the look.</summary>
internal sealed class TargetReader(LiveAddress address)
{
    /// <summary>The names of its collections and how many documents each has, as MongoDB counts them.</summary>
    public async Task<Dictionary<string, long>> CountAsync(CancellationToken stop)
    {
        try
        {
            await using var bridge = await Bridge.OpenAsync(address, position: false, stop);
            return (await LiveCollection.ListAsync(bridge, stop)).Where(c => c.Readable).ToDictionary(c => c.Name, c => c.Count, StringComparer.Ordinal);
        }
        catch (BridgeException e)
        {
            throw e.MayPass ? new SourceLostException(e.Explain(address), e) : new SourceException(e.Explain(address), e);
        }
    }

    /// <summary>Reads a whole collection.</summary>
    /// <param name="collection">Its name; one that is not there has no documents.</param>
    /// <param name="document">Called with each document, which is good until it returns.</param>
    /// <param name="stop">Cancels.</param>
    public async Task ReadAsync(string collection, TakeDocument document, CancellationToken stop)
    {
        try
        {
            await using var bridge = await Bridge.OpenAsync(address, position: false, stop);
            await bridge.SendAsync('R', BsonIds.Texts(("collection", collection)), stop);
            while (await bridge.ReceiveAsync(stop, 'd', 'e') is { Kind: 'd' } frame)
            {
                for (var rest = frame.Payload; rest.Length > 0;)
                {
                    var length = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(rest.Span);
                    document(rest.Span[..length]);
                    rest = rest[length..];
                }
            }
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
