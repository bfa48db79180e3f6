using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Logs;

/// <summary>
/// The server's log over the API (contract section 25): this server writes its log to the standard output of each process and keeps none, which is what an
/// older server without a log adapter answers.
/// </summary>
internal sealed class LogRoutes : IRouteSource
{
    /// <inheritdoc/>
    public void AddRoutes(RouteList routes) =>
        routes.Map("GET", "/scriptlog", static _ => throw new ParseError(ErrorCode.PushMisconfigured, "Logger adapter is not available"), RouteRules.Master);
}
