using System.Runtime.CompilerServices;
using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Live;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Following;

/// <summary>A live MongoDB that is followed.</summary>
internal sealed class LiveFollowed(LiveAddress address) : FollowedSource
{
    public override string Description => $"live MongoDB {address}";

    public override ChangeSource Changes(byte[] position, Follower follower) => new LiveChangeSource(address, position);

    public override async Task<long> CountAsync(string collection, CancellationToken stop)
    {
        try
        {
            await using var bridge = await Bridge.OpenAsync(address, position: false, stop);
            return await LiveCollection.CountAsync(bridge, collection, stop);
        }
        catch (BridgeException e)
        {
            throw Explained(e);
        }
    }

    public override async Task<IReadOnlyDictionary<string, long>> CountAsync(CancellationToken stop)
    {
        try
        {
            await using var bridge = await Bridge.OpenAsync(address, position: false, stop);
            return (await LiveCollection.ListAsync(bridge, stop)).Where(c => c.Readable).ToDictionary(c => c.Name, c => c.Count, StringComparer.Ordinal);
        }
        catch (BridgeException e)
        {
            throw Explained(e);
        }
    }

    public override async Task<IReadOnlyDictionary<string, CollectionMetadata>?> IndexesAsync(CancellationToken stop)
    {
        try
        {
            await using var bridge = await Bridge.OpenAsync(address, position: false, stop);
            return (await LiveCollection.ListAsync(bridge, stop)).Where(c => c.Readable).ToDictionary(c => c.Name, c => c.Metadata, StringComparer.Ordinal);
        }
        catch (BridgeException e)
        {
            throw Explained(e);
        }
    }

    public override async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string collection, byte[]? filter, [EnumeratorCancellation] CancellationToken stop)
    {
        await using var bridge = await OpenAsync(collection, filter, stop);
        while (true)
        {
            ReadOnlyMemory<byte> payload;
            try
            {
                var frame = await bridge.ReceiveAsync(stop, 'd', 'e');
                if (frame.Kind == 'e')
                {
                    yield break;
                }
                payload = frame.Payload;
            }
            catch (BridgeException e)
            {
                throw Explained(e);
            }
            while (BridgeFrame.TryTake(ref payload, out var document))
            {
                yield return document;
            }
        }
    }

    private async Task<Bridge> OpenAsync(string collection, byte[]? filter, CancellationToken stop)
    {
        try
        {
            var bridge = await Bridge.OpenAsync(address, position: false, stop);
            var request = new BsonWriter();
            request.Begin();
            request.Element(BsonType.Text, "collection"u8);
            request.Text(Encoding.UTF8.GetBytes(collection));
            if (filter is not null)
            {
                request.Element(BsonType.Document, "filter"u8);
                request.Bytes(filter);
            }
            request.End();
            await bridge.SendAsync('R', request.Written.ToArray(), stop);
            return bridge;
        }
        catch (BridgeException e)
        {
            throw Explained(e);
        }
    }

    private Exception Explained(BridgeException e) => e.MayPass ? new SourceLostException(e.Explain(address), e) : new SourceException(e.Explain(address), e);
}
