using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Analytics;

/// <summary>Events that apps report (contract section 25): taken, and dropped, as by every server since the hosted one.</summary>
internal sealed class AnalyticsRoutes : IRouteSource
{
    /// <inheritdoc/>
    public void AddRoutes(RouteList routes) => routes.Map("POST", "/events/:eventName", static _ => new(ParseResponse.Empty));
}
