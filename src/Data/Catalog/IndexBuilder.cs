using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Backend.Data.Catalog;

/// <summary>
/// Builds declared indexes whose building was cut off (a process that ended, a deadlock) and tells how far builds are. Indexes are built without
/// locking writers out, normally right after the change that declared them, by the process that made it.
/// </summary>
public sealed class IndexBuilder(string connectionString, NpgsqlDataSource database, LiveCatalog catalog, ILogger<IndexBuilder> logger)
{
    // A build takes its time, and cannot be in a transaction, so it has a connection of its own without the limits of requests.
    private readonly string _connectionString =
        new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, CommandTimeout = 0, ApplicationName = "backend indexes" }.ConnectionString;

    /// <summary>Builds what is missing or was left invalid and nobody is building.</summary>
    public async Task RunAsync(CancellationToken cancellation = default)
    {
        foreach (var index in await ReadAsync(cancellation))
        {
            if (index.State is not (IndexState.Missing or IndexState.Failed))
                continue;
            if (await SqlAsync(index, cancellation) is not { } create)
                continue;
            if (index.State == IndexState.Failed)
                await ExecuteAsync($"drop index concurrently if exists app.{Sql.Quote(index.Relation!)}", cancellation);
            await ExecuteAsync(create, cancellation);
            Log.IndexBuilt(logger, index.Relation!);
        }
    }

    /// <summary>Every declared index of every table and what has become of it.</summary>
    public async Task<IReadOnlyList<IndexReport>> ReadAsync(CancellationToken cancellation = default)
    {
        const string sql = """
            select t.name, i.name, i.relation, i.definition::text, x.indisvalid,
                   p.pid is not null,
                   case when p.tuples_total > 0 then p.tuples_done::float8 / p.tuples_total when p.blocks_total > 0 then p.blocks_done::float8 / p.blocks_total end,
                   i.declared_at > clock_timestamp() - interval '1 minute'
            from catalog.indexes i
            join catalog.tables t on t.number = i.table_number
            left join pg_class c on c.relname = i.relation and c.relkind = 'i' and c.relnamespace = 'app'::regnamespace
            left join pg_index x on x.indexrelid = c.oid
            left join pg_stat_progress_create_index p on p.datname = current_database() and (p.index_relid = c.oid or (c.oid is null and p.relid = to_regclass('app.' || quote_ident(t.relation))))
            where t.visible
            order by 1, 2
            """;
        var list = new List<IndexReport>();
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var relation = reader.IsDBNull(2) ? null : reader.GetString(2);
            bool? valid = reader.IsDBNull(4) ? null : reader.GetBoolean(4);
            var state = relation is null ? IndexState.Noted
                : valid is true ? IndexState.Ready
                : reader.GetBoolean(5) ? IndexState.Building
                : reader.GetBoolean(7) ? IndexState.Waiting
                : valid is null ? IndexState.Missing : IndexState.Failed;
            list.Add(new IndexReport(reader.GetString(0), reader.GetString(1), relation, reader.GetString(3), state, reader.IsDBNull(6) ? null : reader.GetDouble(6)));
        }

        return list;
    }

    /// <summary>The statement that builds a declared index; null when it was declared before statements could be repeated, or a field is gone.</summary>
    private async Task<string?> SqlAsync(IndexReport index, CancellationToken cancellation)
    {
        if ((await catalog.GetAsync(cancellation)).Find(index.Table) is not { } table)
            return null;
        await using var command = database.CreateCommand("select columns::text from catalog.indexes where table_number = $1 and name = $2 and columns is not null");
        command.Parameters.Add(new NpgsqlParameter { Value = table.Number });
        command.Parameters.Add(new NpgsqlParameter { Value = index.Name });
        if (await command.ExecuteScalarAsync(cancellation) is not string json)
            return null;
        using var columns = JsonDocument.Parse(json);
        var parts = new List<(string Column, bool Descending)>();
        foreach (var part in columns.RootElement.EnumerateArray())
        {
            var field = Field.OfEveryTable(part[0].GetString()!) ?? table.Find(part[0].GetString()!);
            if (field?.Column is not { } column)
                return null;
            parts.Add((column, part[1].GetBoolean()));
        }

        return CatalogChange.CreateIndex(table, index.Relation!, parts);
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(_connectionString);
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}

/// <summary>A declared index.</summary>
/// <param name="Table">The name of its table.</param>
/// <param name="Name">The name it was declared under.</param>
/// <param name="Relation">Its name in the database; null when it was only noted.</param>
/// <param name="DefinitionJson">The declaration.</param>
/// <param name="State">What has become of it.</param>
/// <param name="Done">How much of the present phase of its building is done, 0 to 1; null when that is not known.</param>
public sealed record IndexReport(string Table, string Name, string? Relation, string DefinitionJson, IndexState State, double? Done);

/// <summary>What has become of a declared index.</summary>
public enum IndexState
{
    /// <summary>Noted as it came; it is of a kind that needs no index of its own here.</summary>
    Noted,

    /// <summary>It was declared a moment ago and is about to be built.</summary>
    Waiting,

    /// <summary>It is being built.</summary>
    Building,

    /// <summary>It serves queries.</summary>
    Ready,

    /// <summary>It is not there and nobody builds it: the next run will.</summary>
    Missing,

    /// <summary>Its building ended in the middle: the next run builds it anew.</summary>
    Failed,
}
