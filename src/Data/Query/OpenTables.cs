using System.Collections.Frozen;
using Backend.Data.Catalog;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Backend.Data.Query;

/// <summary>
/// Which tables are open: at least a tenth of their rows may be read by everybody, as PostgreSQL's statistics have it. A user's page of such a table is
/// soon full whoever he is (<see cref="SettledPlan"/>). An estimate: what depends on it is speed, never an answer.
/// </summary>
public sealed class OpenTables : BackgroundService
{
    private const string Query = """
        select tablename from pg_stats
        where schemaname = 'app' and attname = 'public_read'
            and exists (select from unnest(most_common_vals::text::boolean[], most_common_freqs) as m (value, share) where value and share >= 0.1)
        """;

    private static readonly TimeSpan Renewal = TimeSpan.FromMinutes(5);

    private readonly NpgsqlDataSource _database;
    private readonly ILogger<OpenTables> _logger;
    private readonly TimeProvider _time;
    private volatile FrozenSet<string> _relations = FrozenSet<string>.Empty;

    /// <summary>Looks at a database once the host has started, and every five minutes.</summary>
    public OpenTables(NpgsqlDataSource database, ILogger<OpenTables> logger, TimeProvider? time = null)
    {
        _database = database;
        _logger = logger;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Whether a table is open. A table without statistics is not.</summary>
    public bool Contains(Table table) => _relations.Contains(table.Relation);

    /// <summary>Reads the statistics.</summary>
    internal async Task ReadAsync(CancellationToken cancellation)
    {
        await using var command = _database.CreateCommand(Query);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var relations = new List<string>();
        while (await reader.ReadAsync(cancellation))
            relations.Add(reader.GetString(0));
        _relations = relations.ToFrozenSet(StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Renewal, _time);
        try
        {
            do
            {
                try
                {
                    await ReadAsync(stoppingToken);
                }
                catch (NpgsqlException e)
                {
                    // What was known goes on counting.
                    Log.StatisticsNotRead(_logger, e);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }
}
