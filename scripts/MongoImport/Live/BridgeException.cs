namespace Backend.MongoImport.Live;

/// <summary>What the bridge says went wrong, in the kinds of scripts/mongo-bridge/README.md.</summary>
/// <param name="kind">The kind.</param>
/// <param name="message">For the operator; without passwords.</param>
/// <param name="code">MongoDB's number for it, if it has one.</param>
internal sealed class BridgeException(string kind, string message, int? code = null) : Exception(message)
{
    public const string Unauthorized = "unauthorized";
    public const string Unreachable = "unreachable";
    public const string Lost = "lost";
    public const string HistoryLost = "history-lost";
    public const string NotAReplicaSet = "not-a-replica-set";
    public const string Refused = "refused";
    public const string Protocol = "protocol";

    /// <summary>One of the constants.</summary>
    public string Kind { get; } = kind;

    public int? Code { get; } = code;

    /// <summary>Whether the same request may succeed when it is made again.</summary>
    public bool MayPass => Kind is Lost or Unreachable;

    /// <summary>A sentence for the operator that says which server it is about.</summary>
    public string Explain(LiveAddress address) => Kind switch
    {
        Unauthorized => $"{address}: the server refuses the user or the password, or the user may not do this: {Message}",
        Unreachable => $"{address}: cannot be reached: {Message}",
        Lost => $"{address}: the connection was lost: {Message}",
        HistoryLost => $"{address}: no longer has the changes since the last position: {Message}",
        NotAReplicaSet => $"{address}: tells of no changes, because it is no replica set: {Message}. A standalone server can be imported, but not followed.",
        Refused => $"{address}: {Message}",
        _ => $"{address}: the bridge to MongoDB failed: {Message}",
    };
}
