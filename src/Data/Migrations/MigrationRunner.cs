using Npgsql;

namespace Backend.Data.Migrations;

/// <summary>
/// Brings a database to the newest version: applies the SQL files of this folder that it has not had yet, in order, each in a transaction
/// of its own (or alone, when the file says so). Several processes may run it at once: an advisory lock lets one go first.
/// </summary>
public static class MigrationRunner
{
    private const long LockKey = 0x6d69_6772_6174_65;   // "migrate"

    /// <summary>Applies what is missing and returns the names of the files applied, none when the database is up to date.</summary>
    /// <param name="connectionString">The database; must exist. PostGIS must be installable there.</param>
    /// <param name="cancellation">Stops between two files.</param>
    /// <exception cref="InvalidOperationException">An applied file has changed since, or the database is newer than the program.</exception>
    public static async Task<IReadOnlyList<string>> RunAsync(string connectionString, CancellationToken cancellation = default)
    {
        // A session lock belongs to its connection: never a pooled one.
        var own = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, CommandTimeout = 0, Multiplexing = false };
        await using var connection = new NpgsqlConnection(own.ConnectionString);
        await connection.OpenAsync(cancellation);
        await ExecuteAsync(connection, $"select pg_advisory_lock({LockKey})", cancellation);
        await ExecuteAsync(connection, """
            create schema if not exists catalog;
            create table if not exists catalog.migrations (
                number int primary key, name text not null, checksum text not null, applied_at timestamptz not null default now());
            """, cancellation);

        var applied = await AppliedAsync(connection, cancellation);
        var done = new List<string>();
        foreach (var migration in Migration.All)
        {
            if (applied.Remove(migration.Number, out var checksum))
            {
                if (checksum != migration.Checksum)
                    throw new InvalidOperationException($"Migration {migration.Name} was changed after it had been applied to this database.");
                continue;
            }

            cancellation.ThrowIfCancellationRequested();
            await ApplyAsync(connection, migration);
            done.Add(migration.Name);
        }

        if (applied.Count > 0)
            throw new InvalidOperationException($"This database has had migration {applied.Keys.Max()}, which this program does not know: the program is older than the database.");

        return done;
    }

    private static async Task<Dictionary<int, string>> AppliedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select number, checksum from catalog.migrations", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var applied = new Dictionary<int, string>();
        while (await reader.ReadAsync(cancellation))
            applied.Add(reader.GetInt32(0), reader.GetString(1));
        return applied;
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, Migration migration)
    {
        await using var transaction = migration.Alone ? null : await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, migration.Sql, CancellationToken.None);
        await using (var note = new NpgsqlCommand("insert into catalog.migrations (number, name, checksum) values ($1, $2, $3)", connection)
        {
            Parameters = { new() { Value = migration.Number }, new() { Value = migration.Name }, new() { Value = migration.Checksum } },
        })
        {
            await note.ExecuteNonQueryAsync();
        }

        if (transaction is not null)
            await transaction.CommitAsync();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
