namespace Backend.MongoImport.Live;

/// <summary>What a server says about itself.</summary>
/// <param name="Protocol">The version of the bridge's protocol.</param>
/// <param name="Server">MongoDB's version.</param>
/// <param name="Topology">replica-set, sharded or standalone.</param>
/// <param name="Database">The database that is read.</param>
/// <param name="Position">Where changes go on from the moment of connecting; null when it was not asked for, or the server tells of no changes.</param>
/// <param name="WhyNoPosition">Why it tells of no changes.</param>
internal sealed record BridgeHello(int Protocol, string Server, string Topology, string Database, byte[]? Position, string? WhyNoPosition)
{
    public static BridgeHello Read(ReadOnlySpan<byte> document) => new(
        (int)(BridgeFrame.Number(document, "protocol"u8) ?? 0),
        BridgeFrame.Text(document, "server"u8) ?? "",
        BridgeFrame.Text(document, "topology"u8) ?? "",
        BridgeFrame.Text(document, "database"u8) ?? "",
        BridgeFrame.Nested(document, "position"u8),
        BridgeFrame.Text(document, "why"u8));
}
