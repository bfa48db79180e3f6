using System.Text;
using System.Text.Json;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Live;

/// <summary>A collection of a live server.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Readable">Whether it has documents of its own: views and MongoDB's internals have not.</param>
/// <param name="Count">
/// How many documents by the server's own books, which are wrong after it crashed and on a sharded cluster; <see cref="CountAsync"/> counts.
/// </param>
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

    /// <summary>Counts the documents of a collection one by one; about a second for a million.</summary>
    public static async Task<long> CountAsync(Bridge bridge, string collection, CancellationToken stop)
    {
        await bridge.SendAsync('N', Request(collection), stop);
        return BridgeFrame.Number((await bridge.ReceiveAsync(stop, 'n')).Head().Span, "documents"u8) ?? throw new BridgeException(BridgeException.Protocol, "a count has no number");
    }

    /// <summary>Asks for the documents of a collection: frames <c>d</c>, then <c>e</c>.</summary>
    public static Task ReadAsync(Bridge bridge, string collection, CancellationToken stop) => bridge.SendAsync('R', Request(collection), stop);

    private static byte[] Request(string collection)
    {
        var request = new BsonWriter();
        request.Begin();
        request.Element(BsonType.Text, "collection"u8);
        request.Text(Encoding.UTF8.GetBytes(collection));
        request.End();
        return request.Written.ToArray();
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
