namespace Backend.Api.Health;

/// <summary><c>/health</c>: the process is alive.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this WebApplication app) =>
        app.MapGet("/health", () => Results.Json(new { status = "ok" })).ExcludeFromDescription();
}
