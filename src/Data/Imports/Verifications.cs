using Npgsql;
using NpgsqlTypes;

namespace Backend.Data.Imports;

/// <summary>One comparison of the rows with their source.</summary>
/// <param name="Source">What was compared with.</param>
/// <param name="StartedAt">When.</param>
/// <param name="Snapshot">What it saw (<c>pg_snapshot</c> as text): what its transactions did not see was not compared.</param>
/// <param name="SystemIdentifier">The cluster's, by which a snapshot means something.</param>
/// <param name="Complete">Whether every table was compared to the end.</param>
/// <param name="Unexplained">Differences that nothing explains.</param>
/// <param name="TablesJson">Counts and hashes by origin, a JSON object.</param>
public sealed record Verification(string Source, DateTime StartedAt, string Snapshot, long SystemIdentifier, bool Complete, long Unexplained, string TablesJson);

/// <summary>Remembers comparisons in the catalog.</summary>
public sealed class Verifications(NpgsqlDataSource database)
{
    /// <summary>The present snapshot and the cluster's identifier: taken before a comparison begins.</summary>
    public async Task<(string Snapshot, long SystemIdentifier)> PositionAsync(CancellationToken cancellation = default)
    {
        await using var command = database.CreateCommand("select pg_current_snapshot()::text, system_identifier from pg_control_system()");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetString(0), reader.GetInt64(1));
    }

    /// <summary>Remembers one.</summary>
    public async Task AddAsync(Verification verification, CancellationToken cancellation = default)
    {
        await using var command = database.CreateCommand("""
            insert into catalog.verifications (source, started_at, snapshot, system_identifier, complete, unexplained, tables)
            values ($1, $2, $3::text::pg_snapshot, $4, $5, $6, $7)
            """);
        foreach (var value in new object[] { verification.Source, verification.StartedAt, verification.Snapshot, verification.SystemIdentifier, verification.Complete, verification.Unexplained })
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        command.Parameters.Add(new NpgsqlParameter { Value = verification.TablesJson, NpgsqlDbType = NpgsqlDbType.Jsonb });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>The last complete one, or null when there was none.</summary>
    public async Task<Verification?> LastCompleteAsync(CancellationToken cancellation = default)
    {
        await using var command = database.CreateCommand("""
            select source, started_at, snapshot::text, system_identifier, complete, unexplained, tables::text
            from catalog.verifications where complete order by number desc limit 1
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation)
            ? new Verification(reader.GetString(0), reader.GetDateTime(1), reader.GetString(2), reader.GetInt64(3), reader.GetBoolean(4), reader.GetInt64(5), reader.GetString(6))
            : null;
    }
}
