using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Backend.Data.Catalog;

/// <summary>
/// Makes the indexes of spatial and full text searches when the first such query comes, in the background: no request waits, and a table that is never
/// searched pays nothing. A small table is left alone and looked at again later.
/// </summary>
public sealed class IndexDemand : IDisposable
{
    /// <summary>Below this size a scan is as good as an index.</summary>
    private const long LeastBytes = 256 * 1024;

    /// <summary>More names than that are remembered of tables that are gone.</summary>
    private const int MostRemembered = 10_000;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly string _connectionString;
    private readonly LiveCatalog _catalog;
    private readonly ILogger<IndexDemand> _logger;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _next = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _making = new(1);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Makes indexes in a database.</summary>
    public IndexDemand(string connectionString, LiveCatalog catalog, ILogger<IndexDemand> logger, TimeProvider? time = null)
    {
        // A session lock and a statement that no transaction may hold: a connection of its own.
        _connectionString = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, CommandTimeout = 0, ApplicationName = "backend indexes" }.ConnectionString;
        _catalog = catalog;
        _logger = logger;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Notes what queries would like to have, and returns at once.</summary>
    public void Note(List<DemandedIndex>? demanded)
    {
        if (demanded is null)
            return;
        foreach (var index in demanded)
        {
            if (TableOf(index.Field) is not { } table)
                continue;
            var name = NameOf(table, index);
            // Until it has been looked at, and for ever when it is there, it is not noted again.
            if (_next.TryGetValue(name, out var next) ? next > _time.GetUtcNow() || !_next.TryUpdate(name, DateTimeOffset.MaxValue, next) : !_next.TryAdd(name, DateTimeOffset.MaxValue))
                continue;
            if (_next.Count > MostRemembered)
                _next.Clear();
            _ = Task.Run(() => MakeAsync(table, index, name, _stopping.Token));
        }
    }

    /// <summary>Makes an index if it is missing and its table large enough; whether it exists afterwards.</summary>
    internal async Task<bool> EnsureAsync(Table table, DemandedIndex index, long leastBytes, CancellationToken cancellation)
    {
        var name = NameOf(table, index);
        await using var connection = new NpgsqlConnection(_connectionString);
        await connection.OpenAsync(cancellation);
        switch (await StateAsync(connection, table, index, name, leastBytes, cancellation))
        {
            case "there": return true;
            case "small": return false;
            case "invalid":
                // What a build that was cut off left behind; the lock says that no other process is at it.
                await ExecuteAsync(connection, $"drop index concurrently if exists app.{Sql.Quote(name)}", cancellation);
                break;
            case "busy": return false;
        }

        await ExecuteAsync(connection, $"create index concurrently if not exists {Sql.Quote(name)} on {table.Quoted} {index.Definition}", cancellation);
        Log.IndexMade(_logger, name);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
        _making.Dispose();
    }

    private async Task MakeAsync(Table table, DemandedIndex index, string name, CancellationToken stopping)
    {
        var isThere = false;
        try
        {
            // One at a time: each takes a connection of its own, and a flood of searches in ever other fields must not take all that PostgreSQL has.
            await _making.WaitAsync(stopping);
            try
            {
                isThere = await EnsureAsync(table, index, LeastBytes, stopping);
            }
            finally
            {
                _making.Release();
            }
        }
        catch (Exception e) when (e is NpgsqlException or OperationCanceledException or ObjectDisposedException)
        {
            // Without the index everything works, slower; a later query tries again.
            if (!stopping.IsCancellationRequested)
                Log.IndexNotBuilt(_logger, e);
        }

        if (!isThere)
            _next[name] = _time.GetUtcNow() + Pause;
    }

    /// <summary>there, small, busy (another process is at it), invalid or missing; in the last two cases this session holds the lock.</summary>
    private static async Task<string> StateAsync(NpgsqlConnection connection, Table table, DemandedIndex index, string name, long leastBytes, CancellationToken cancellation)
    {
        // An imported index has a name of its own: what it holds is compared. PostgreSQL prints the definition in its own spelling, on both sides.
        const string sql = """
            select case
                when exists (
                    select from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am a on a.oid = x.relam
                    where i.indrelid = $1::regclass and i.indisvalid and (x.relname = $2 or (a.amname = $3 and case
                        when $4 then i.indexprs is null and i.indkey[0] = (select attnum from pg_attribute where attrelid = i.indrelid and attname = $5)
                        else x.relname <> $2 and pg_get_indexdef(i.indexrelid) like '%' || $6 || '%' and strpos(pg_get_indexdef(i.indexrelid), quote_ident($5)) > 0 end)))
                    then 'there'
                when pg_relation_size($1::regclass) < $7 then 'small'
                when not pg_try_advisory_lock(hashtextextended($2, 0)) then 'busy'
                when exists (select from pg_class where relnamespace = 'app'::regnamespace and relname = $2) then 'invalid'
                else 'missing' end
            """;
        await using var command = new NpgsqlCommand(sql, connection);
        var isGist = index.Definition.StartsWith("using gist", StringComparison.Ordinal);
        foreach (object value in new object[] { table.Quoted, name, isGist ? "gist" : "gin", index.Manner == "plane", index.Field.Column!, isGist ? "geography" : index.Definition["using gin ((".Length..(index.Definition.IndexOf(", ", StringComparison.Ordinal) + 2)], leastBytes })
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return (string)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private Table? TableOf(Field field)
    {
        foreach (var table in _catalog.Current.Tables)
        {
            if (table.Fields.Any(f => ReferenceEquals(f, field)))
                return table;
        }

        return null;
    }

    private static string NameOf(Table table, DemandedIndex index) => Naming.Index(table.Relation, index.Field.Column!, index.Manner);
}
