using Backend.Data.Migrations;
using Npgsql;

namespace Backend.Conformance;

/// <summary>
/// A migrated database on the PostgreSQL that <c>TEST_POSTGRES</c> names, dropped on dispose. It remembers the catalog as it was, so that
/// going back to it is one call.
/// </summary>
internal sealed class SuiteDatabase : IAsyncDisposable
{
    private const string Remember = """
        create schema conformance;
        create table conformance.tables as select * from catalog.tables;
        create table conformance.fields as select * from catalog.fields;
        create table conformance.indexes as select * from catalog.indexes;
        create table conformance.version as select version from catalog.state;

        -- Drops what the suite made, empties the rest, and returns the version that every process must have.
        create function conformance.reset() returns bigint language plpgsql as $$
        declare
          r record;
          now_version bigint;
        begin
          select version into now_version from catalog.state for update;
          if now_version > (select version from conformance.version) then
            for r in select f.column_name from catalog.fields f
                     where f.kind = 'Relation' and f.column_name is not null and f.number not in (select number from conformance.fields) loop
              execute format('drop table if exists app.%I', r.column_name);
            end loop;
            for r in select t.relation from catalog.tables t where t.number not in (select number from conformance.tables) loop
              execute format('drop table if exists app.%I cascade', r.relation);
            end loop;
            for r in select t.relation, f.column_name from catalog.fields f join catalog.tables t on t.number = f.table_number
                     where f.kind <> 'Relation' and f.column_name is not null and t.number in (select number from conformance.tables)
                       and f.number not in (select number from conformance.fields) loop
              execute format('alter table app.%I drop column if exists %I cascade', r.relation, r.column_name);
            end loop;
            for r in select i.relation from catalog.indexes i where i.relation is not null
                       and not exists (select from conformance.indexes p where (p.table_number, p.name) = (i.table_number, i.name)) loop
              execute format('drop index if exists app.%I', r.relation);
            end loop;
            delete from catalog.tables where number not in (select number from conformance.tables);
            delete from catalog.fields where number not in (select number from conformance.fields);
            delete from catalog.indexes i where not exists (select from conformance.indexes p where (p.table_number, p.name) = (i.table_number, i.name));
            update catalog.tables t set permissions = p.permissions from conformance.tables p
              where p.number = t.number and t.permissions is distinct from p.permissions;
            update catalog.fields f set (required, default_value, has_rest, indexed) = (p.required, p.default_value, p.has_rest, p.indexed)
              from conformance.fields p where p.number = f.number
              and (f.required, f.default_value, f.has_rest, f.indexed) is distinct from (p.required, p.default_value, p.has_rest, p.indexed);
            now_version := now_version + 1;
            update catalog.state set version = now_version;
            update conformance.version set version = now_version;
            perform pg_notify('backend_catalog', now_version::text);
          end if;
          for r in select 'app' as s, relation as t from catalog.tables
                   union all select 'app', column_name from catalog.fields where kind = 'Relation' and column_name is not null
                   union all select schemaname, tablename from pg_tables where schemaname = 'parse_compat' loop
            execute format('delete from %I.%I', r.s, r.t);
          end loop;
          perform pg_notify('accounts', '*');
          return now_version;
        end $$;
        """;

    private static readonly string Server = Environment.GetEnvironmentVariable("TEST_POSTGRES") ?? "Host=127.0.0.1;Port=5599;Username=postgres";

    private readonly string _name = $"conformance_{Environment.ProcessId}";
    private readonly NpgsqlDataSource _pool;

    private SuiteDatabase()
    {
        ConnectionString = new NpgsqlConnectionStringBuilder(Server) { Database = _name, IncludeErrorDetail = true, MaxPoolSize = 30 }.ConnectionString;
        _pool = NpgsqlDataSource.Create(ConnectionString);
    }

    public string ConnectionString { get; }

    public static async Task<SuiteDatabase> CreateAsync()
    {
        var database = new SuiteDatabase();
        await AdministerAsync($"drop database if exists {database._name} with (force)");
        await AdministerAsync($"create database {database._name} template template0");
        await MigrationRunner.RunAsync(database.ConnectionString);
        await using var command = database._pool.CreateCommand(Remember);
        await command.ExecuteNonQueryAsync();
        return database;
    }

    /// <summary>Goes back to the migrated state and returns the catalog's version.</summary>
    public async Task<long> ResetAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var command = _pool.CreateCommand("select conformance.reset()");
                return (long)(await command.ExecuteScalarAsync())!;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DeadlockDetected && attempt < 5)
            {
                // A request that the suite did not wait for is still writing.
                await Task.Delay(20 * attempt);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync();
        await AdministerAsync($"drop database if exists {_name} with (force)");
    }

    private static async Task AdministerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Server) { Database = "postgres", Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
