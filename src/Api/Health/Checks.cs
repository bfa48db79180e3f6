using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Backend.Api.Health;

/// <summary>The database answers.</summary>
internal sealed class DatabaseCheck(NpgsqlDataSource database) : IHealthCheck
{
    private const int Seconds = 2;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var command = database.CreateCommand("select 1");
            command.CommandTimeout = Seconds;
            await command.ExecuteScalarAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (NpgsqlException)
        {
            return HealthCheckResult.Unhealthy("The database does not answer.");
        }
    }
}

/// <summary>The catalog has been read.</summary>
internal sealed class CatalogCheck(LiveCatalog catalog) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        catalog.Current.Version > 0
            ? HealthCheckResult.Healthy($"Version {catalog.Current.Version}.")
            : HealthCheckResult.Unhealthy("The catalog has not been read."));
}

/// <summary>Notifications arrive. Without them the process is slower but right: it asks the database on every request.</summary>
internal sealed class ListenerCheck(Listener listener) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        listener.IsConnected ? HealthCheckResult.Healthy() : new HealthCheckResult(context.Registration.FailureStatus, "The connection for notifications is down."));
}
