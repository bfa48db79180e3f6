using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Push;

/// <summary><c>POST /push</c> (contract section 18) as far as it can be answered without a way to send: its refusals.</summary>
internal sealed class PushRoutes : IRouteSource
{
    /// <inheritdoc/>
    public void AddRoutes(RouteList routes) => routes.Map("POST", "/push", Send, RouteRules.Master);

    private static ValueTask<ParseResponse> Send(ParseRequest request)
    {
        if (request.Caller.IsReadOnly)
            throw new ParseError(ErrorCode.OperationForbidden, "read-only masterKey isn't allowed to send push notifications.");
        var (hasWhere, hasChannels) = (request.Body.Get("where") is not null, request.Body.Get("channels") is not null);
        if (hasWhere && hasChannels)
            throw Misconfigured("Channels and query can not be set at the same time.");
        if (!hasWhere && !hasChannels)
            throw Misconfigured("Sending a push requires either \"channels\" or a \"where\" query.");
        throw Misconfigured("Missing push configuration");
    }

    private static ParseError Misconfigured(string message) => new(ErrorCode.PushMisconfigured, message);
}
