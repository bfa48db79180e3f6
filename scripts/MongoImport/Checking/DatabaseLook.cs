using System.Globalization;
using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Backend.Data.Imports;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Backend.MongoImport.Checking;

/// <summary>A look into the database that an import would go to. The session is read-only, so that nothing can be written by mistake.</summary>
internal sealed class DatabaseLook
{
    private const int OldestServer = 150000;

    private readonly string _connection;

    private DatabaseLook(string connection) => _connection = connection;

    /// <summary>What the catalog holds; null: the database has not been migrated, so an import finds only what it ships.</summary>
    public CatalogSnapshot? Catalog { get; private set; }

    /// <summary>Relations of schema <c>app</c>.</summary>
    public IReadOnlyList<string> Relations { get; private set; } = [];

    public List<Finding> Findings { get; } = [];

    /// <summary>Version and settings that matter, in a line.</summary>
    public string Server { get; private set; } = "";

    /// <summary>Looks.</summary>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public static async Task<DatabaseLook> TakeAsync(string connection, CancellationToken stop)
    {
        var given = new NpgsqlConnectionStringBuilder(connection);
        var look = new DatabaseLook(new NpgsqlConnectionStringBuilder(connection)
        {
            CommandTimeout = 0,
            ApplicationName = "backend import check",
            Options = $"{given.Options} -c default_transaction_read_only=on",
        }.ConnectionString);
        await using var database = NpgsqlDataSource.Create(look._connection);
        await look.SettingsAsync(database, stop);
        if (await TextAsync(database, "select to_regclass('catalog.state')::text", stop) is null)
        {
            look.Findings.Add(new Finding(Weight.Know, "not-migrated", "the database is empty; the import makes its schemas"));
            return look;
        }
        try
        {
            using var listener = new Listener(look._connection, NullLogger<Listener>.Instance);
            using var catalog = new LiveCatalog(database, listener, NullLogger<LiveCatalog>.Instance);
            look.Catalog = await catalog.GetAsync(stop);
            look.Relations = (await TextAsync(database, "select string_agg(relname, chr(1)) from pg_class where relnamespace = 'app'::regnamespace", stop))?.Split('\u0001') ?? [];
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.UndefinedTable)
        {
            look.Findings.Add(new Finding(Weight.Know, "older-schema", "the database is of an older version of this program; the import migrates it first, and what is in it was not looked at"));
        }
        return look;
    }

    /// <summary>Why the import would leave a table alone; null: it would not.</summary>
    public async Task<string?> WhyLeftAloneAsync(Table table, CancellationToken stop)
    {
        if (Catalog is null)
        {
            return null;
        }
        await using var database = NpgsqlDataSource.Create(_connection);
        return await new ImportState(database).WhyTouchedAsync(table, stop);
    }

    private async Task SettingsAsync(NpgsqlDataSource database, CancellationToken stop)
    {
        await using var command = database.CreateCommand("""
            select current_setting('server_version'), current_setting('server_version_num')::int, current_setting('server_encoding'),
                (select default_version from pg_available_extensions where name = 'postgis'), current_setting('max_wal_size'), current_setting('shared_buffers'),
                current_setting('maintenance_work_mem'), pg_is_in_recovery(), pg_size_bytes(current_setting('max_wal_size')), has_database_privilege(current_database(), 'create')
            """);
        await using var reader = await command.ExecuteReaderAsync(stop);
        await reader.ReadAsync(stop);
        var postgis = await reader.IsDBNullAsync(3, stop) ? null : reader.GetString(3);
        Server = $"PostgreSQL {reader.GetString(0)}, PostGIS {postgis ?? "missing"}, {reader.GetString(2)}, shared_buffers {reader.GetString(5)}, max_wal_size {reader.GetString(4)}, maintenance_work_mem {reader.GetString(6)}";
        Require(reader.GetInt32(1) >= OldestServer, "server-version", $"the server is PostgreSQL {reader.GetString(0)}; 15 or later is needed");
        Require(reader.GetString(2) == "UTF8", "encoding", $"the database's encoding is {reader.GetString(2)}; UTF8 is needed");
        Require(postgis is not null, "postgis", "the server has no PostGIS to install");
        Require(!reader.GetBoolean(7), "standby", "the server is a standby, which takes no writes");
        Require(reader.GetBoolean(9), "privileges", "this user may not make schemas in the database");
        if (reader.GetInt64(8) < 4L << 30)
        {
            Findings.Add(new Finding(Weight.Know, "max-wal-size", string.Create(CultureInfo.InvariantCulture, $"max_wal_size is {reader.GetString(4)}: with 4GB or more a large import checkpoints less often")));
        }
    }

    private void Require(bool met, string kind, string otherwise)
    {
        if (!met)
        {
            Findings.Add(new Finding(Weight.Fix, kind, otherwise));
        }
    }

    private static async Task<string?> TextAsync(NpgsqlDataSource database, string sql, CancellationToken stop)
    {
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync(stop) as string;
    }
}
