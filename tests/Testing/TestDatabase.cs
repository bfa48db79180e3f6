using Backend.Data.Migrations;
using Npgsql;

namespace Backend.Testing;

/// <summary>
/// A migrated database of its own on the PostgreSQL that <c>TEST_POSTGRES</c> names (default: 127.0.0.1:5599, user postgres), dropped on dispose.
/// </summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private static readonly string Server = Environment.GetEnvironmentVariable("TEST_POSTGRES") ?? "Host=127.0.0.1;Port=5599;Username=postgres";

    // One per test process: migrated once, copied for each test.
    private static readonly string TemplateName = $"test_template_{Environment.ProcessId}_{Guid.NewGuid():N}"[..40];
    private static readonly SemaphoreSlim TemplateLock = new(1);
    private static bool _templateReady;

    private readonly string _name;

    private TestDatabase(string name)
    {
        _name = name;
        ConnectionString = For(name);
        DataSource = NpgsqlDataSource.Create(ConnectionString);
    }

    /// <summary>The connection string of this database.</summary>
    public string ConnectionString { get; }

    /// <summary>A small pool of its own for looking at the database beside the program.</summary>
    public NpgsqlDataSource DataSource { get; }

    /// <summary>Makes a database with every migration applied.</summary>
    public static async Task<TestDatabase> CreateAsync()
    {
        await EnsureTemplateAsync();
        return await CreateAsync($"template {TemplateName} strategy file_copy");
    }

    /// <summary>Makes a database with nothing in it.</summary>
    public static Task<TestDatabase> CreateEmptyAsync() => CreateAsync("template template0");

    /// <summary>Runs a statement and returns its first value.</summary>
    public async Task<T?> ScalarAsync<T>(string sql, params object[] values)
    {
        await using var command = DataSource.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return await command.ExecuteScalarAsync() is { } result and not DBNull ? (T)result : default;
    }

    /// <summary>Runs a statement.</summary>
    public async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var command = DataSource.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await AdministerAsync($"drop database if exists {_name} with (force)");
    }

    private static async Task<TestDatabase> CreateAsync(string how)
    {
        var name = $"test_{Environment.ProcessId}_{Guid.NewGuid():N}"[..40];
        await AdministerAsync($"create database {name} {how}");
        return new TestDatabase(name);
    }

    private static async Task EnsureTemplateAsync()
    {
        await TemplateLock.WaitAsync();
        try
        {
            if (_templateReady)
                return;
            await AdministerAsync($"create database {TemplateName} template template0");
            await MigrationRunner.RunAsync(For(TemplateName));
            await ShrinkTemplateAsync();
            AppDomain.CurrentDomain.ProcessExit += (_, _) =>
            {
                using var source = NpgsqlDataSource.Create(For("postgres"));
                using var command = source.CreateCommand($"drop database if exists {TemplateName} with (force)");
                command.ExecuteNonQuery();
            };
            _templateReady = true;
        }
        finally
        {
            TemplateLock.Release();
        }
    }

    // Two fifths of the database, and copied with it each time: PostGIS's table of projections, of which the program uses one.
    private static async Task ShrinkTemplateAsync()
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(For(TemplateName)) { Pooling = false }.ConnectionString);
        foreach (var sql in new[] { "delete from spatial_ref_sys where srid <> 4326", "vacuum full spatial_ref_sys" })
        {
            await using var command = source.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }
    }

    private static string For(string database) => new NpgsqlConnectionStringBuilder(Server)
    {
        Database = database,
        MaxPoolSize = 20,
        // A new connection, or one of a pool that is busy, may take its time on a machine that runs many tests.
        Timeout = 60,
        IncludeErrorDetail = true,
    }.ConnectionString;

    private static async Task AdministerAsync(string sql)
    {
        try
        {
            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(For("postgres")) { Pooling = false }.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
            await command.ExecuteNonQueryAsync();
        }
        catch (NpgsqlException e) when (e is not PostgresException)
        {
            Prerequisite.Missing($"No PostgreSQL at TEST_POSTGRES ({new NpgsqlConnectionStringBuilder(Server).Host}:{new NpgsqlConnectionStringBuilder(Server).Port}): {e.Message}");
        }
    }
}
