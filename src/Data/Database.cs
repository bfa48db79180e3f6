using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Npgsql;

namespace Backend.Data;

/// <summary>Settings of section <c>Database</c>.</summary>
public sealed class DatabaseOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Database";

    /// <summary>
    /// How long one statement of a request may run: PostgreSQL itself stops it then, and its connection is free again. Zero: without end. Maintenance (purges,
    /// indexes, expiry, migrations, imports) has no limit.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00", ErrorMessage = "Database:StatementTimeout must be between 0 (none) and 1 hour.")]
    public TimeSpan StatementTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How far a read replica may be behind and still answer reads that ask for it; beyond, the primary does. Zero: any way.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "7.00:00:00", ErrorMessage = "Database:ReplicaMaxLag must be between 0 (any) and 7 days.")]
    public TimeSpan ReplicaMaxLag { get; set; } = TimeSpan.FromMinutes(1);
}

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

    /// <summary>Makes the pool, whose statements PostgreSQL stops after <paramref name="statementTimeout"/>; null or zero: never.</summary>
    public static NpgsqlDataSource CreatePool(string connectionString, TimeSpan? statementTimeout = null) =>
        new NpgsqlDataSourceBuilder(Limited(Pooled(connectionString), statementTimeout ?? TimeSpan.Zero)).Build();

    /// <summary>Runs a statement of maintenance in a transaction of its own, without the time limit of requests.</summary>
    public static async Task<int> ExecuteUnlimitedAsync(NpgsqlDataSource pool, string sql, IEnumerable<object> values, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction) { Timeout = 0 };
        batch.BatchCommands.Add(new NpgsqlBatchCommand("set local statement_timeout = 0"));
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return (int)command.RecordsAffected;
    }

    /// <summary>A parameter of the connection's start is no session state: it is what a session begins with.</summary>
    private static string Limited(string connectionString, TimeSpan statementTimeout)
    {
        var limited = new NpgsqlConnectionStringBuilder(connectionString);
        if (statementTimeout > TimeSpan.Zero && string.IsNullOrEmpty(limited.Options))
            limited.Options = string.Create(CultureInfo.InvariantCulture, $"-c statement_timeout={(long)statementTimeout.TotalMilliseconds}");
        // The driver's own limit is for a server that does not answer at all, and comes later.
        if (!new NpgsqlConnectionStringBuilder(connectionString).ShouldSerialize("Command Timeout"))
            limited.CommandTimeout = Math.Max(limited.CommandTimeout, (int)statementTimeout.TotalSeconds + 10);
        return limited.ConnectionString;
    }
}
