using Backend.Data.Access;
using Backend.Data.Accounts;
using Backend.Data.Aggregation;
using Backend.Data.Broadcast;
using Backend.Data.Caching;
using Backend.Data.Catalog;
using Backend.Data.Catalog.Promotion;
using Backend.Data.Changes;
using Backend.Data.Files;
using Backend.Data.Limits;
using Backend.Data.Query;
using Backend.Data.Rows;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.Data;

/// <summary>Registers this project's services.</summary>
public static class DataServices
{
    /// <summary>
    /// Adds the pool, the listener, the catalog, the row store, accounts, the file store and the shared cache. The setting <c>ConnectionStrings:Database</c> names the database, which
    /// must have been migrated.
    /// </summary>
    /// <exception cref="InvalidOperationException">The setting is missing, or is no connection string.</exception>
    public static IServiceCollection AddData(this IServiceCollection services, IConfiguration configuration)
    {
        var connectionString = ReadConnectionString(configuration, "Database");
        var replica = ReadConnectionString(configuration, "Replica");
        if (string.IsNullOrWhiteSpace(connectionString))
            throw new InvalidOperationException("The setting ConnectionStrings:Database is missing: the connection string of the PostgreSQL database.");
        services.AddOptions<DatabaseOptions>().Bind(configuration.GetSection(DatabaseOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(s => Database.CreatePool(connectionString, s.GetRequiredService<IOptions<DatabaseOptions>>().Value.StatementTimeout));
        services.AddSingleton(s => new Listener(connectionString, s.GetRequiredService<ILogger<Listener>>()));
        services.AddOptions<AccessOptions>().Configure(o => o.Read(configuration.GetSection(AccessOptions.Section)));
        services.AddOptions<CatalogOptions>().Bind(configuration.GetSection(CatalogOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<LiveCatalog>();
        services.AddSingleton(s => new FailureBudget(s.GetService<TimeProvider>() ?? TimeProvider.System));
        services.AddSingleton(s => new IndexDemand(connectionString, s.GetRequiredService<LiveCatalog>(), s.GetRequiredService<ILogger<IndexDemand>>(), s.GetService<TimeProvider>()));
        services.AddSingleton<FieldPromoter>();
        services.AddSingleton<CatalogWork>();
        services.AddSingleton(s => new IndexBuilder(connectionString, s.GetRequiredService<NpgsqlDataSource>(), s.GetRequiredService<LiveCatalog>(), s.GetRequiredService<ILogger<IndexBuilder>>()));
        services.AddSingleton(s => new Replica(replica, s.GetRequiredService<IOptions<DatabaseOptions>>(), s.GetRequiredService<ILogger<Replica>>()));
        services.AddOptions<RowOptions>().Bind(configuration.GetSection(RowOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<OpenTables>();
        services.AddSingleton<RowStore>();
        services.AddSingleton<AggregationStore>();
        services.AddOptions<FeedOptions>().Bind(configuration.GetSection(FeedOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<ChangeFeed>();
        services.AddSingleton<FeedPurge>();
        services.AddMemcached(configuration);
        services.AddAccounts(configuration);
        services.AddFiles(configuration);
        services.AddHostedService(s => s.GetRequiredService<LiveCatalog>());
        services.AddHostedService(s => s.GetRequiredService<Listener>());
        services.AddHostedService(s => s.GetRequiredService<OpenTables>());
        services.AddHostedService(s => s.GetRequiredService<Replica>());
        return services;
    }

    // The driver's own words name neither the setting nor, which is as well, any value in it.
    private static string? ReadConnectionString(IConfiguration configuration, string name)
    {
        var text = configuration.GetConnectionString(name);
        try
        {
            _ = new NpgsqlConnectionStringBuilder(text);
            return text;
        }
        catch (Exception e) when (e is ArgumentException or KeyNotFoundException)
        {
            throw new InvalidOperationException($"The setting ConnectionStrings:{name} is no connection string of PostgreSQL: {e.Message}");
        }
    }
}
