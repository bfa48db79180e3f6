using Backend.Data.Catalog;
using Npgsql;

namespace Backend.Data.Imports;

/// <summary>
/// Tells whether anything but an import has written to a table (docs/decisions/010-import-state.md): every row version carries the transaction
/// that wrote it (<c>xmin</c>), so an insert or update shows as a writer that the import was not, and a delete as a missing row.
/// </summary>
public sealed class ImportState(NpgsqlDataSource database)
{
    private const string ShapeSql = """
        select md5(coalesce(string_agg(concat_ws(chr(1), f.name, f.kind, f.target, f.required, f.default_value), chr(2) order by f.name), '')
            || coalesce(t.permissions::text, ''))
        from catalog.tables t left join catalog.fields f on f.table_number = t.number where t.number = $1 group by t.permissions
        """;

    /// <summary>Why the table must be left alone, in a sentence, or null when only imports have written to it, or nobody.</summary>
    /// <param name="table">The table.</param>
    /// <param name="cancellation">Cancels.</param>
    /// <param name="evenIfClosed">Look also while writes are closed (<see cref="WriteSwitch"/>), when only a follower of the source has written.</param>
    public async Task<string?> WhyTouchedAsync(Table table, CancellationToken cancellation = default, bool evenIfClosed = false)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await WhyTouchedAsync(connection, table, cancellation, evenIfClosed);
    }

    /// <summary>What each imported table's import was told about it (<see cref="StagedTableSpec.Rules"/>), by origin.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ReadRulesAsync(CancellationToken cancellation = default)
    {
        await using var command = database.CreateCommand("select t.origin, i.rules from catalog.imports i join catalog.tables t on t.number = i.table_number and t.relation = i.relation");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rules = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
            rules.Add(reader.GetString(0), reader.GetString(1));
        return rules;
    }

    /// <summary>Which of the rows something else than an import has written last. Ids that have no row are left out.</summary>
    public async Task<IReadOnlySet<string>> WrittenByOthersAsync(Table table, string[] ids, CancellationToken cancellation = default)
    {
        await using var command = database.CreateCommand($"""
            select t.id from {table.Quoted} t
            where t.id = any($1) and not coalesce((select t.xmin::text = any(i.writers) from catalog.imports i where i.relation = $2), false)
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = ids });
        command.Parameters.Add(new NpgsqlParameter { Value = table.Relation });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var written = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
            written.Add(reader.GetString(0));
        return written;
    }

    /// <summary>Whether an import made the table as it is now.</summary>
    public async Task<bool> WasImportedAsync(Table table, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select exists (select from catalog.imports where table_number = $1)");
        command.Parameters.Add(new NpgsqlParameter { Value = table.Number });
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    internal async Task<string?> WhyTouchedAsync(NpgsqlConnection connection, Table table, CancellationToken cancellation, bool evenIfClosed = false)
    {
        // While writes are closed only a follower of the source has written, and a new import brings what it brought.
        if (!evenIfClosed && await IsClosedAsync(connection, cancellation))
            return null;
        var left = await LeftAsync(connection, table.Number, cancellation);
        foreach (var relation in Relations(table))
        {
            left.Remove(relation, out var before);
            var writers = before.Writers ?? [];
            var (rows, foreign) = await CountAsync(connection, relation, writers, cancellation);
            if (foreign > 0)
                return before.Writers is null
                    ? $"app.{relation} holds {foreign} rows that no import wrote"
                    : $"{foreign} rows of app.{relation} were written after the last import";
            if (before.Writers is not null && rows != before.Rows)
                return $"{before.Rows - rows} rows of app.{relation} were deleted after the last import";
            if (before.Shape is not null && relation == table.Relation && before.Shape != await ShapeAsync(connection, table.Number, cancellation))
                return $"the fields or permissions of {table.Name} were changed after the last import";
        }

        return null;
    }

    /// <summary>Counts a filled relation's rows by the transactions that wrote them.</summary>
    internal async Task<StagedRows> MeasureAsync(string relation, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"""
            select coalesce(sum(n), 0)::bigint, coalesce(array_agg(writer), array[]::text[])
            from (select xmin::text as writer, count(*) as n from {ImportRun.Quote(relation)} group by xmin) w
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return new StagedRows(reader.GetInt64(0), reader.GetFieldValue<string[]>(1));
    }

    /// <summary>Notes how the import leaves a relation; in the transaction that makes it visible.</summary>
    internal static async Task NoteAsync(NpgsqlConnection connection, int table, string relation, StagedRows rows, string source, string rules)
    {
        await using var command = new NpgsqlCommand($"""
            insert into catalog.imports (relation, table_number, row_count, writers, shape, source, rules) values ($2, $1, $3, $4, ({ShapeSql}), $5, $6)
            on conflict (relation) do update set table_number = excluded.table_number, row_count = excluded.row_count, writers = excluded.writers,
                shape = excluded.shape, source = excluded.source, rules = excluded.rules, finished_at = now()
            """, connection);
        foreach (var value in new object[] { table, relation, rows.Count, rows.Writers, source, rules })
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>A table's relations: itself, its join tables, and for the accounts their identities.</summary>
    internal static IEnumerable<string> Relations(Table table) =>
        table.Fields.Where(f => f.Kind == FieldKind.Relation && f.Column is not null).Select(f => f.Column!).Concat(Staging.CompanionsOf(table)).Prepend(table.Relation);

    private static async Task<(long Rows, long Foreign)> CountAsync(NpgsqlConnection connection, string relation, string[] writers, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select coalesce(sum(n), 0)::bigint, coalesce(sum(n) filter (where writer <> all($1)), 0)::bigint
            from (select xmin::text as writer, count(*) as n from app.{Sql.Quote(relation)} group by xmin) w
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter { Value = writers });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    private static async Task<Dictionary<string, (long Rows, string[]? Writers, string? Shape)>> LeftAsync(NpgsqlConnection connection, int table, CancellationToken cancellation)
    {
        var left = new Dictionary<string, (long, string[]?, string?)>(StringComparer.Ordinal);
        await using var command = new NpgsqlCommand("select relation, row_count, writers, shape from catalog.imports where table_number = $1", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = table });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            left.Add(reader.GetString(0), (reader.GetInt64(1), reader.GetFieldValue<string[]>(2), reader.GetString(3)));
        return left;
    }

    private static async Task<bool> IsClosedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select writes_closed_at is not null from catalog.state", connection);
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task<string?> ShapeAsync(NpgsqlConnection connection, int table, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(ShapeSql, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = table });
        return (string?)await command.ExecuteScalarAsync(cancellation);
    }
}
