using Backend.Data.Catalog;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.Jobs.Tables;

/// <summary>The jobs that keep the tables of rows as the catalog wants them.</summary>
internal static class TableServices
{
    private static readonly JobPolicy Policy = new() { MaxAttempts = 12, LongestPause = TimeSpan.FromMinutes(10), Timeout = TimeSpan.FromHours(6) };

    public static void AddTables(this IServiceCollection services)
    {
        // A process without the catalog (a test of jobs alone) has no tables to keep.
        if (!services.Any(s => s.ServiceType == typeof(LiveCatalog)))
            return;
        services.AddJob<KeepTables, TablesToKeep>("tables.keep", Policy);
        services.AddRecurringJob("tables.keep", "30 * * * * ?", new TablesToKeep());
        services.AddJob<PurgeChanges, OldChanges>("changes.purge", Policy);
        services.AddRecurringJob("changes.purge", "20 7/10 * * * ?", new OldChanges());
    }
}
