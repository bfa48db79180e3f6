using Npgsql;

namespace Backend.Data;

/// <summary>How this program connects (platform: design section 15, docs/operations.md).</summary>
public static class Database
{
    /// <summary>
    /// The connection string of the pool: prepared statements kept and no reset between uses, so nothing that runs on a pooled connection may
    /// leave session state behind (<c>set</c>, temporary tables, session locks, <c>listen</c>). What the setting says explicitly wins.
    /// </summary>
    public static string Pooled(string connectionString)
    {
        var given = new NpgsqlConnectionStringBuilder(connectionString);
        var pooled = new NpgsqlConnectionStringBuilder(connectionString) { NoResetOnClose = true };
        if (!given.ShouldSerialize("Max Auto Prepare"))
            pooled.MaxAutoPrepare = 200;
        if (!given.ShouldSerialize("Auto Prepare Min Usages"))
            pooled.AutoPrepareMinUsages = 2;
        if (!given.ShouldSerialize("Maximum Pool Size"))
            pooled.MaxPoolSize = 30;
        if (!given.ShouldSerialize("Application Name"))
            pooled.ApplicationName = "backend";
        return pooled.ConnectionString;
    }

    /// <summary>Makes the pool.</summary>
    public static NpgsqlDataSource CreatePool(string connectionString) => new NpgsqlDataSourceBuilder(Pooled(connectionString)).Build();
}
