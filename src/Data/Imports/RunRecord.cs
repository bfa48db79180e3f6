using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Backend.Data.Imports;

/// <summary>How far an import has brought a table.</summary>
public enum ImportStage
{
    /// <summary>It is empty.</summary>
    New,

    /// <summary>Its rows are in; keys, indexes and join tables are not.</summary>
    Loaded,

    /// <summary>Complete in schema <c>import</c>.</summary>
    Ready,

    /// <summary>In its place in schema <c>app</c>.</summary>
    Published,
}

/// <summary>What a broken-off run had done with a table.</summary>
/// <param name="Stage">How far it was.</param>
/// <param name="Fingerprint">Of what was read.</param>
/// <param name="Report">The importer's account, JSON.</param>
public sealed record KeptTable(ImportStage Stage, string Fingerprint, string Report)
{
    /// <summary>What the rows in schema <c>import</c> do not say themselves.</summary>
    internal StagedState State { get; init; } = new("", [], [], [], []);
}

/// <summary>What has to be remembered of a staged table.</summary>
/// <param name="Definition">A hash of the statements that made it.</param>
/// <param name="FieldsInRest"><see cref="StagedTable.FieldsInRest"/>.</param>
/// <param name="Untyped"><see cref="StagedTable.Untyped"/>.</param>
/// <param name="Refused">Names of the indexes that the rows did not allow.</param>
/// <param name="Rows"><see cref="StagedTable.Rows"/>.</param>
internal sealed record StagedState(string Definition, string[] FieldsInRest, string[] Untyped, string[] Refused, Dictionary<string, StagedRows> Rows);

/// <summary>The entries of one run in <c>catalog.import_runs</c> and <c>catalog.import_tables</c>.</summary>
internal sealed class RunRecord(long number)
{
    /// <summary>The run that began last, when it read this source; else null.</summary>
    public static async Task<RunRecord?> FindAsync(NpgsqlConnection connection, string source, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select case when source = $1 then number end from catalog.import_runs order by number desc limit 1", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = source });
        return await command.ExecuteScalarAsync(cancellation) is long number ? new RunRecord(number) : null;
    }

    /// <summary>A new run; of those before it only that they were is remembered.</summary>
    public static async Task<RunRecord> BeginAsync(NpgsqlConnection connection, string source, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            with forgotten as (delete from catalog.import_tables)
            insert into catalog.import_runs (source) values ($1) returning number
            """, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = source });
        return new RunRecord((long)(await command.ExecuteScalarAsync(cancellation))!);
    }

    public async Task<Dictionary<string, KeptTable>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select origin, stage, fingerprint, report::text, staged::text from catalog.import_tables where run_number = $1", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = number });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var kept = new Dictionary<string, KeptTable>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
        {
            kept.Add(reader.GetString(0), new KeptTable(Enum.Parse<ImportStage>(reader.GetString(1), ignoreCase: true), reader.GetString(2), reader.GetString(3))
            {
                State = JsonSerializer.Deserialize<StagedState>(reader.GetString(4))!,
            });
        }

        return kept;
    }

    /// <summary>Notes how far a table is.</summary>
    public async Task NoteAsync(NpgsqlConnection connection, StagedTable table, ImportStage stage, CancellationToken cancellation)
    {
        var state = new StagedState(table.Definition, [.. table.FieldsInRest], [.. table.Untyped], [.. table.Indexes.Where(i => i.Refused).Select(i => i.Name)], table.Rows);
        await using var command = new NpgsqlCommand("""
            insert into catalog.import_tables (run_number, origin, fingerprint, stage, staged, report) values ($1, $2, $3, $4, $5, $6)
            on conflict (run_number, origin) do update set fingerprint = excluded.fingerprint, stage = excluded.stage, staged = excluded.staged, report = excluded.report
            """, connection);
        foreach (var value in new object[] { number, table.Spec.Origin, table.Fingerprint, stage.ToString().ToLowerInvariant() })
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        command.Parameters.Add(new NpgsqlParameter { Value = JsonSerializer.Serialize(state), NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new NpgsqlParameter { Value = table.Report, NpgsqlDbType = NpgsqlDbType.Jsonb });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Forgets a table: what is in schema <c>import</c> is about to change.</summary>
    public async Task ForgetAsync(NpgsqlConnection connection, StagedTable table, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("delete from catalog.import_tables where run_number = $1 and origin = $2", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = number });
        command.Parameters.Add(new NpgsqlParameter { Value = table.Spec.Origin });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Every table has been brought.</summary>
    public async Task FinishAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("update catalog.import_runs set finished_at = now() where number = $1", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = number });
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
