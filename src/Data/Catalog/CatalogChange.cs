using System.Text;
using Backend.Data.Access;
using Backend.Data.Values;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Backend.Data.Catalog;

/// <summary>One change of the catalog under way: its transaction holds the catalog's lock.</summary>
internal sealed partial class CatalogChange(NpgsqlConnection connection, CatalogSnapshot snapshot, ILogger logger)
{
    /// <summary>
    /// Past this many columns fields of a table live in <c>rest</c>. A row must fit into a page of 8 KB, and a value takes up to 24 bytes of it before
    /// PostgreSQL stores it elsewhere: with more columns rows could be refused that have a value in each.
    /// </summary>
    internal const int MaxColumns = 320;

    /// <summary>Past this many columns that a table ever had, dropped ones too, it gets no more: PostgreSQL ends at 1,600, and migrations may need some.</summary>
    internal const int MaxColumnsEver = 1_400;

    /// <summary>How long a new column waits for its table's lock; longer, and every reader would queue behind it.</summary>
    private const int LockMilliseconds = 200;

    private readonly List<string> _later = [];
    private readonly Dictionary<string, int> _columnsEver = new(StringComparer.Ordinal);
    private HashSet<string>? _relations;

    /// <summary>The catalog before the change.</summary>
    public CatalogSnapshot Snapshot => snapshot;

    /// <summary>The transaction's connection.</summary>
    public NpgsqlConnection Connection => connection;

    /// <summary>A field's default in the form of rest, or null.</summary>
    public static object? DefaultJson(FieldSpec field) => field.Default is { } value ? Encoding.UTF8.GetString(RestJson.ToBytes(value)) : null;

    /// <summary>The table, which must exist.</summary>
    public Table Require(string origin) => snapshot.FindByOrigin(origin) ?? throw new Refusal(RefusalKind.NotFound, $"No table {origin}.", origin);

    /// <summary>Makes a table with its fields and join tables.</summary>
    /// <returns>Its number in the catalog and its relation.</returns>
    public async Task<(int Number, string Relation)> CreateTableAsync(string origin, IReadOnlyList<FieldSpec> fields, TablePermissions? permissions, bool visible = true)
    {
        if (Encoding.UTF8.GetByteCount(origin) > LiveCatalog.MaxNameBytes)
            throw new Refusal(RefusalKind.LimitExceeded, $"A name may have at most {LiveCatalog.MaxNameBytes} bytes.", origin);
        var relations = await RelationsAsync();
        var relation = Naming.Relation(origin, relations);
        relations.Add(relation);
        await ExecuteAsync($"""
            create table app.{Sql.Quote(relation)} (
                id text collate "C" primary key,
                created_at timestamptz(3) not null,
                updated_at timestamptz(3) not null,
                acl_read text[],
                acl_write text[],
                public_read boolean not null generated always as (acl_read is null or '*' = any(acl_read)) stored,
                public_write boolean not null generated always as (acl_write is null or '*' = any(acl_write)) stored,
                rest jsonb
            );
            """);
        await ExecuteAsync($"create index {Sql.Quote(Naming.Index(relation, "created_at"))} on app.{Sql.Quote(relation)} (created_at, id{AccessKey.Suffix})");
        await CloseIfClosedAsync(relation);
        var number = await InsertTableAsync(origin, relation, permissions, visible);
        var columns = new HashSet<string>(StringComparer.Ordinal);
        foreach (var field in fields)
            await AddFieldAsync(number, relation, field, columns, fresh: true);
        await KeepFeedAsync(number, fresh: true);
        return (number, relation);
    }

    /// <summary>Enters a table whose relation exists, without fields.</summary>
    /// <returns>Its number in the catalog.</returns>
    public async Task<int> InsertTableAsync(string origin, string relation, TablePermissions? permissions, bool visible = true)
    {
        var name = Naming.TableName(origin, await NamesAsync());
        return (int)(await ScalarAsync("""
            insert into catalog.tables (name, origin, relation, permissions, visible) values ($1, $2, $3, $4::jsonb, $5) returning number
            """, name, origin, relation, permissions is null ? null : PermissionsJson.Write(permissions), visible))!;
    }

    /// <summary>Enters a field whose column or join table exists.</summary>
    public Task InsertFieldAsync(int table, Field field) => ExecuteAsync("""
        insert into catalog.fields (table_number, name, kind, target, column_name, required, default_value, has_rest, indexed, system, secret)
        values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11)
        """, table, field.Name, field.Kind.ToString(), field.Target, field.Column, field.Required,
        field.Default is { } value ? Encoding.UTF8.GetString(RestJson.ToBytes(value)) : null, field.HasRest, field.Indexed, field.System, field.Secret);

    /// <summary>Adds fields to a table that has rows already.</summary>
    public async Task AddFieldsAsync(Table table, IReadOnlyList<FieldSpec> fields)
    {
        var columns = await ColumnsAsync(table);
        foreach (var field in fields)
            await AddFieldAsync(table.Number, table.Relation, field, columns, fresh: false);
        if (fields.Any(f => f.Kind == FieldKind.Relation))
            await KeepFeedAsync(table.Number, fresh: false);
    }

    /// <summary>Drops a field's column or join table, its values in <c>rest</c> and its entry.</summary>
    public async Task DropFieldAsync(Table table, Field field)
    {
        if (field.Kind == FieldKind.Relation)
            await ExecuteAsync($"drop table app.{field.QuotedColumn}");
        else if (field.Column is not null)
            await ExecuteAsync($"alter table {table.Quoted} drop column {field.QuotedColumn}");
        if (field.HasRest)
        {
            await ExecuteAsync("set local statement_timeout = 0");
            await ExecuteAsync($"update {table.Quoted} set rest = nullif(rest - $1, '{{}}') where rest ? $1", field.Name);
        }

        await ExecuteAsync("delete from catalog.fields where table_number = $1 and name = $2", table.Number, field.Name);
        await NoteTableAsync(table.Number, 'r', field.Kind == FieldKind.Relation ? field.Name : null);
    }

    /// <summary>Refuses to go on with a table that has rows; until the end of the change it gets none.</summary>
    public async Task RequireEmptyAsync(Table table)
    {
        await ExecuteAsync($"lock table {table.Quoted} in access exclusive mode");
        if (await ScalarAsync($"select true from {table.Quoted} limit 1") is not null)
            throw new Refusal(RefusalKind.Conflict, $"Table {table.Name} has rows.", table.Origin);
    }

    /// <summary>Drops a table, its join tables and its entry.</summary>
    public async Task DropTableAsync(Table table)
    {
        await NoteTableAsync(table.Number, 'x');
        foreach (var field in table.Fields.Where(f => f.Kind == FieldKind.Relation))
            await ExecuteAsync($"drop table app.{field.QuotedColumn}");
        await ExecuteAsync($"drop table {table.Quoted}");
        await ExecuteAsync("delete from catalog.tables where number = $1", table.Number);
    }

    /// <summary>Raises the version and tells everybody when the transaction commits.</summary>
    public async Task<long> BumpAsync()
    {
        var version = (long)(await ScalarAsync("update catalog.state set version = version + 1 returning version"))!;
        await ExecuteAsync("select pg_notify($1, $2)", LiveCatalog.ChannelName, version.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return version;
    }

    /// <summary>Runs a statement of the change.</summary>
    public async Task ExecuteAsync(string sql, params object?[] values)
    {
        await using var command = Command(sql, values);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Builds what must not be built under the catalog's lock: indexes on tables that may be large. The change is answered without it.</summary>
    public void BuildLater(NpgsqlDataSource database)
    {
        if (_later.Count > 0)
            _ = BuildAsync(database);
    }

    private async Task BuildAsync(NpgsqlDataSource database)
    {
        foreach (var sql in _later)
        {
            try
            {
                // Not in a transaction, so what lifts the time limit of requests is taken back before the connection goes on.
                await using var connection = await database.OpenConnectionAsync();
                await SetAsync(connection, "set statement_timeout = 0");
                try
                {
                    await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
                    await command.ExecuteNonQueryAsync();
                }
                finally
                {
                    await SetAsync(connection, "reset statement_timeout");
                }
            }
            catch (Exception e) when (e is NpgsqlException or ObjectDisposedException or InvalidOperationException)
            {
                // Without the index everything works, slower; an invalid one stays visible in pg_index.
                Log.IndexNotBuilt(logger, e);
            }
        }
    }

    // What is made while writes are closed is closed as well.
    private async Task CloseIfClosedAsync(string relation)
    {
        if (snapshot.WritesClosed)
            await ExecuteAsync("select catalog.close_writes($1)", relation);
    }

    private static async Task SetAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task AddFieldAsync(int table, string relation, FieldSpec field, HashSet<string> columns, bool fresh)
    {
        if (Encoding.UTF8.GetByteCount(field.Name) > LiveCatalog.MaxNameBytes)
            throw new Refusal(RefusalKind.LimitExceeded, $"A name may have at most {LiveCatalog.MaxNameBytes} bytes.", field: field.Name);
        string? column;
        if (field.Kind == FieldKind.Relation)
        {
            await ForgetNullsAsync(table, relation, field.Name);
            var relations = await RelationsAsync();
            column = Naming.JoinTable(relation, field.Name, relations);
            relations.Add(column);
            await ExecuteAsync($"""
                create table app.{Sql.Quote(column)} (
                    owning_id text collate "C" not null,
                    related_id text collate "C" not null,
                    seq bigint generated by default as identity,
                    primary key (owning_id, related_id)
                );
                """);
            await ExecuteAsync($"create index {Sql.Quote(Naming.Index(column, "related_id"))} on app.{Sql.Quote(column)} (related_id, owning_id)");
            await CloseIfClosedAsync(column);
        }
        else
        {
            column = await AddColumnAsync(relation, field, columns, fresh);
        }

        // Rows that hold a null under the name go on holding it.
        await ExecuteAsync("""
            with typed as (update catalog.tables set untyped = array_remove(untyped, $2) where number = $1 and $2 = any(untyped) returning true)
            insert into catalog.fields (table_number, name, kind, target, column_name, required, default_value, has_rest, indexed, optional_stated)
            select $1, $2, $3, $4, $5, $6, $7::jsonb, $8 or exists (select from typed), $9, $10
            """, table, field.Name, field.Kind.ToString(), field.Target, column, field.Required, DefaultJson(field), column is null,
            column is not null && field.Kind == FieldKind.Reference, field.OptionalStated);
    }

    private async Task<string?> AddColumnAsync(string relation, FieldSpec field, HashSet<string> columns, bool fresh)
    {
        if (columns.Count >= MaxColumns)
            return null;
        if (!_columnsEver.TryGetValue(relation, out var ever))
            ever = (short)(await ScalarAsync("select relnatts from pg_class where oid = $1::regclass", "app." + Sql.Quote(relation)))!;
        if (ever >= MaxColumnsEver)
            return null;
        var column = Naming.Column(field.Name, columns);
        var add = $"alter table app.{Sql.Quote(relation)} add column {Sql.Quote(column)} {TypeOf(field.Kind)}";
        if (fresh)
        {
            await ExecuteAsync(add);
        }
        else
        {
            await ExecuteAsync("savepoint add_column");
            try
            {
                await ExecuteAsync($"set local lock_timeout = {LockMilliseconds}");
                await ExecuteAsync(add);
                await ExecuteAsync("set local lock_timeout = 0");
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                await ExecuteAsync("rollback to savepoint add_column");
                Log.FieldWithoutColumn(logger, relation, field.Name, LockMilliseconds);
                return null;
            }
        }

        columns.Add(column);
        _columnsEver[relation] = ever + 1;
        if (field.Kind == FieldKind.Reference)
        {
            var index = $"{Sql.Quote(Naming.Index(relation, column, "idx"))} on app.{Sql.Quote(relation)} ({Sql.Quote(column)}{AccessKey.Suffix})";
            if (fresh)
                await ExecuteAsync("create index if not exists " + index);
            else
                _later.Add("create index concurrently if not exists " + index);
        }

        return column;
    }

    /// <summary>The SQL type of a field's column.</summary>
    internal static string TypeOf(FieldKind kind) => kind switch
    {
        FieldKind.Text or FieldKind.File or FieldKind.Reference => "text collate \"C\"",
        FieldKind.Number => "double precision",
        FieldKind.Boolean => "boolean",
        FieldKind.Timestamp => "timestamptz(3)",
        FieldKind.Bytes => "bytea",
        FieldKind.Object or FieldKind.Array => "jsonb",
        FieldKind.Point => "geometry(Point,4326)",
        FieldKind.Polygon => "geometry(Polygon,4326)",
        _ => throw new InvalidOperationException($"A {kind} has no column."),
    };

    private async Task<HashSet<string>> RelationsAsync()
    {
        if (_relations is null)
        {
            _relations = new HashSet<string>(StringComparer.Ordinal);
            await using var command = Command("select relname::text from pg_class where relnamespace = 'app'::regnamespace", []);
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
                _relations.Add(reader.GetString(0));
        }

        return _relations;
    }

    private async Task<HashSet<string>> NamesAsync()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        await using var command = Command("select name from catalog.tables", []);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            names.Add(reader.GetString(0));
        return names;
    }

    private async Task<HashSet<string>> ColumnsAsync(Table table)
    {
        var columns = table.Fields.Where(f => f is { Column: not null, Kind: not FieldKind.Relation }).Select(f => f.Column!).ToHashSet(StringComparer.Ordinal);
        foreach (var column in await InternalColumnsAsync(table))
            columns.Add(column);
        return columns;
    }

    // System tables have columns that are no fields (password hashes, tokens): a field must not take their names.
    private async Task<List<string>> InternalColumnsAsync(Table table)
    {
        var columns = new List<string>();
        await using var command = Command("select attname::text from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped", [table.Quoted]);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            columns.Add(reader.GetString(0));
        return columns;
    }

    private async Task<object?> ScalarAsync(string sql, params object?[] values)
    {
        await using var command = Command(sql, values);
        return await command.ExecuteScalarAsync();
    }

    private NpgsqlCommand Command(string sql, object?[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
            command.Parameters.Add(value is null ? new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text } : new NpgsqlParameter { Value = value });
        return command;
    }
}
