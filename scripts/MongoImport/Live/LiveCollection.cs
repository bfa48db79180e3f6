using System.Text;
using System.Text.Json;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Live;

/// <summary>A collection of a live server.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Readable">Whether it has documents of its own: views and MongoDB's internals have not.</param>
/// <param name="Count">About how many documents.</param>
/// <param name="Size">About how many bytes.</param>
/// <param name="Metadata">As a dump would have it.</param>
internal sealed record LiveCollection(string Name, bool Readable, long Count, long Size, CollectionMetadata Metadata)
{
    /// <summary>Asks for all of them.</summary>
    public static async Task<List<LiveCollection>> ListAsync(Bridge bridge, CancellationToken stop)
    {
        var list = new List<LiveCollection>();
        await bridge.SendAsync('C', ReadOnlyMemory<byte>.Empty, stop);
        while (await bridge.ReceiveAsync(stop, 'c', 'e') is { Kind: 'c' } frame)
        {
            var head = frame.Head().Span;
            var name = BridgeFrame.Text(head, "name"u8) ?? "";
            list.Add(new(name, BridgeFrame.Number(head, "readable"u8) == 1, BridgeFrame.Number(head, "count"u8) ?? 0, BridgeFrame.Number(head, "size"u8) ?? 0, Parse(name, head)));
        }
        return list;
    }

    private static CollectionMetadata Parse(string name, ReadOnlySpan<byte> head)
    {
        try
        {
            return CollectionMetadata.Parse(Encoding.UTF8.GetBytes(BridgeFrame.Text(head, "metadata"u8) ?? ""));
        }
        catch (JsonException e)
        {
            throw new BridgeException(BridgeException.Protocol, $"the metadata of {name} cannot be read: {e.Message}");
        }
    }
}
