using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Values;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.Data.Rows;

/// <summary>
/// Reads and writes rows of any table on behalf of a caller: permissions, access lists and interceptors are applied here, for both dialects.
/// </summary>
public sealed partial class RowStore
{
    private readonly NpgsqlDataSource _database;
    private readonly LiveCatalog _catalog;
    private readonly ImmutableArray<IRowInterceptor> _interceptors;
    private readonly IndexDemand _indexes;
    private readonly Replica _replica;
    private readonly OpenTables _open;
    private readonly int _idLength;
    private readonly int _maxChanged;
    private readonly Gathering<InsertShape, GatheredInsert, WriteResult> _inserts;
    private readonly Gathering<string, GatheredRead, Row?> _reads;
    private readonly Gathering<string, GatheredChange, WriteResult> _changes;

    /// <summary>Makes a store.</summary>
    public RowStore(NpgsqlDataSource database, LiveCatalog catalog, IEnumerable<IRowInterceptor> interceptors, IndexDemand indexes, Replica replica,
        OpenTables open, IOptions<RowOptions> options)
    {
        _database = database;
        _catalog = catalog;
        _interceptors = [.. interceptors];
        _indexes = indexes;
        _replica = replica;
        _open = open;
        _idLength = options.Value.IdLength;
        _maxChanged = options.Value.MaxChanged;
        _inserts = new(InsertGatheredAsync);
        _reads = new((text, reads) => ExecuteReadsAsync(text, reads, CancellationToken.None));
        _changes = new(ExecuteChangesAsync);
    }

    /// <summary>An id for a new row.</summary>
    public string NewId() => RowId.New(_idLength);

    /// <summary>How many rows one write by a condition may concern (<see cref="RowOptions.MaxChanged"/>).</summary>
    public int MaxChanged => _maxChanged;

    /// <summary>Whether an interceptor has to do with the table: its rows are then written one by one, outside shared transactions.</summary>
    public bool IsIntercepted(Table table) => Concerning(table).Length > 0;

    /// <summary>
    /// Whether a query may read the row of a reference along (<see cref="Join"/>): the caller may get rows of its table, no value of the field stands
    /// beside its column, and nobody intercepts.
    /// </summary>
    public bool CanJoin(Field reference, Table target, Caller caller) =>
        reference is { Kind: FieldKind.Reference, Column: not null, HasRest: false } && reference.Target == target.Origin
        && !IsIntercepted(target) && AccessRules.Allows(target, Operation.Get, caller);

    /// <summary>Opens a cursor over a query's rows. The caller disposes it.</summary>
    /// <param name="query">The query; with <see cref="RowQuery.WithCount"/> the count travels along, and with a limit of 0 alone: then only the right to count is asked for.</param>
    /// <param name="caller">On whose behalf.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    /// <param name="transaction">Reads inside this transaction, or on a connection of its own.</param>
    /// <exception cref="Refusal">Not allowed, or stopped by the time limit.</exception>
    public async Task<RowCursor> OpenAsync(RowQuery query, Caller caller, CancellationToken cancellation = default, RowTransaction? transaction = null)
    {
        // In a transaction nobody calls out.
        if (transaction is null && !query.IsForWrite)
        {
            foreach (var interceptor in Concerning(query.Table))
                query = await interceptor.BeforeFindAsync(query, caller, cancellation);
        }

        var (count, rows, shape) = Print(query, caller);
        _indexes.Note((rows ?? count)?.Demanded);
        if (query.MayLag && transaction is null && _replica.IsConfigured)
        {
            var (lagging, table) = ((Count: count, Rows: rows, Shape: shape), query.Table);
            if (await _replica.TryReadAsync(replica => RowCursor.OpenAsync(replica, true, null, lagging.Count, lagging.Rows, lagging.Shape, table, caller, cancellation), cancellation) is { } cursor)
                return cursor;

            // The primary has it. Printed anew: parameters belong to one command.
            (count, rows, shape) = Print(query, caller);
        }

        var connection = transaction?.Connection ?? await OpenConnectionAsync(cancellation);
        return await RowCursor.OpenAsync(connection, transaction is null, transaction?.Transaction, count, rows, shape, query.Table, caller, cancellation);
    }

    /// <summary>How the database would read a query's rows, or did: PostgreSQL's plan as JSON.</summary>
    /// <param name="query">The query, without its count.</param>
    /// <param name="caller">On whose behalf.</param>
    /// <param name="analyze">Whether the query runs, so that the plan holds what it took.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    /// <exception cref="Refusal">Not allowed, or stopped by the time limit.</exception>
    public async Task<byte[]> ExplainAsync(RowQuery query, Caller caller, bool analyze, CancellationToken cancellation = default)
    {
        foreach (var interceptor in Concerning(query.Table))
            query = await interceptor.BeforeFindAsync(query, caller, cancellation);
        var statement = QueryPlan.Begin(analyze);
        ReadCompiler.PrintRows(statement, query, caller, _open.Contains(query.Table));
        return await QueryPlan.ReadAsync(_database, statement, query.Table, cancellation);
    }

    private (Statement? Count, Statement? Rows, ReadShape? Shape) Print(RowQuery query, Caller caller)
    {
        Statement? count = null;
        if (query.WithCount)
        {
            count = new Statement();
            ReadCompiler.PrintCount(count, query, caller);
        }

        // With nothing to read the connection is not needed for long, but a cursor has one.
        if (query.Limit is 0 && count is not null)
            return (count, null, null);
        var rows = new Statement();
        return (count, rows, ReadCompiler.PrintRows(rows, query, caller, _open.Contains(query.Table)));
    }

    /// <summary>Reads one row by its id, as <see cref="Operation.Get"/>; null when there is none that the caller may read.</summary>
    public async Task<Row?> GetAsync(Table table, string id, Caller caller, RowQuery? shape = null, CancellationToken cancellation = default, RowTransaction? transaction = null)
    {
        var query = ById(table, id, shape);
        if (transaction is null && CanGather(query))
            return await ReadGatheredAsync(query, id, caller, cancellation);
        Row? row;
        await using (var cursor = await OpenAsync(query, caller, cancellation, transaction))
            row = await cursor.ReadAsync(cancellation) ? cursor.Keep() : null;
        if (row is null || transaction is not null || query.IsForWrite || !IsIntercepted(table))
            return row;
        var rows = await AfterFindAsync(query, [row], caller, cancellation);
        return rows.Count > 0 ? rows[0] : null;
    }

    /// <summary>Reads one whole row by its id for the program's own use: whoever may see it, and without interceptors; null when there is none.</summary>
    public async Task<Row?> GetUninterceptedAsync(Table table, string id, CancellationToken cancellation = default)
    {
        var rows = new Statement();
        var shape = ReadCompiler.PrintRows(rows, ById(table, id), Caller.Administrator);
        await using var cursor = await RowCursor.OpenAsync(await OpenConnectionAsync(cancellation), true, null, null, rows, shape, table, Caller.Administrator, cancellation);
        return await cursor.ReadAsync(cancellation) ? cursor.Keep() : null;
    }

    /// <summary>
    /// What interceptors make of rows that were read and kept. For a reader who streams rows from <see cref="OpenAsync"/>: of an intercepted table
    /// (<see cref="IsIntercepted"/>) he keeps them, gives his cursor back, and answers with what this returns.
    /// </summary>
    public async ValueTask<IReadOnlyList<Row>> AfterFindAsync(RowQuery query, IReadOnlyList<Row> rows, Caller caller, CancellationToken cancellation = default)
    {
        foreach (var interceptor in Concerning(query.Table))
            rows = await interceptor.AfterFindAsync(query, rows, caller, cancellation);
        return rows;
    }

    /// <summary>The query for one row by its id.</summary>
    public static RowQuery ById(Table table, string id, RowQuery? shape = null) => (shape ?? new RowQuery { Table = table }) with
    {
        Table = table,
        Filter = new Filter.Equal(Field.Id, Value.Of(id)),
        Operation = Operation.Get,
        Limit = 1,
    };

    /// <summary>Reads the rows with these ids that the caller may get, in one statement, by id.</summary>
    public async Task<Dictionary<string, Row>> LookUpAsync(Table table, IReadOnlyCollection<string> ids, Caller caller, ImmutableArray<Field> fields = default,
        CancellationToken cancellation = default, bool withAcl = true, bool mayLag = false, bool isForWrite = false)
    {
        var rows = new Dictionary<string, Row>(ids.Count, StringComparer.Ordinal);
        if (ids.Count == 0)
            return rows;
        var query = new RowQuery
        {
            Table = table,
            Filter = new Filter.In(Field.Id, [.. ids.Select(Value.Of)]),
            Operation = Operation.Get,
            Fields = fields,
            Sort = [new Sort(Field.Id)],
            WithAcl = withAcl,
            MayLag = mayLag,
            IsForWrite = isForWrite,
        };
        await using (var cursor = await OpenAsync(query, caller, cancellation))
        {
            while (await cursor.ReadAsync(cancellation))
                rows[cursor.Id] = cursor.Keep();
        }

        return !isForWrite && IsIntercepted(table) ? (await AfterFindAsync(query, [.. rows.Values], caller, cancellation)).ToDictionary(r => r.Id, StringComparer.Ordinal) : rows;
    }

    /// <summary>Counts a query's rows, without limit and offset.</summary>
    public async Task<long> CountAsync(RowQuery query, Caller caller, CancellationToken cancellation = default)
    {
        foreach (var interceptor in Concerning(query.Table))
            query = await interceptor.BeforeFindAsync(query, caller, cancellation);
        var count = new Statement();
        ReadCompiler.PrintCount(count, query, caller);
        await using var cursor = await RowCursor.OpenAsync(await OpenConnectionAsync(cancellation), true, null, count, null, null, query.Table, caller, cancellation);
        return cursor.Count!.Value;
    }

    /// <summary>Begins a transaction for several writes.</summary>
    public async Task<RowTransaction> BeginAsync(CancellationToken cancellation = default)
    {
        var connection = await OpenConnectionAsync(cancellation);
        try
        {
            return new RowTransaction(connection, await connection.BeginTransactionAsync(cancellation));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    // A statement on the transaction's connection or one of its own; what a request can cause becomes a refusal.
    private async Task<T> OnConnectionAsync<T>(Table table, RowTransaction? transaction, Func<NpgsqlConnection, Task<T>> run, CancellationToken cancellation)
    {
        var connection = transaction?.Connection ?? await OpenConnectionAsync(cancellation);
        try
        {
            return await run(connection);
        }
        catch (NpgsqlException e)
        {
            if (transaction is null)
                DatabaseErrors.Settle(connection, e);
            else
                transaction.IsSpoiled |= DatabaseErrors.MaySpoil(e);
            if (DatabaseErrors.TryMap(e, table, out var refusal))
                throw refusal;
            throw;
        }
        finally
        {
            if (transaction is null)
                await connection.DisposeAsync();
        }
    }

    private async ValueTask<NpgsqlConnection> OpenConnectionAsync(CancellationToken cancellation)
    {
        try
        {
            return await _database.OpenConnectionAsync(cancellation);
        }
        catch (NpgsqlException e) when (e.InnerException is TimeoutException)
        {
            throw new Refusal(RefusalKind.Busy, "No database connection became free in time.");
        }
    }

    // The interceptors that have to do with a table; without any, nothing is allocated.
    private ImmutableArray<IRowInterceptor> Concerning(Table table)
    {
        var concerning = ImmutableArray<IRowInterceptor>.Empty;
        foreach (var interceptor in _interceptors)
        {
            if (interceptor.Concerns(table))
                concerning = concerning.Add(interceptor);
        }

        return concerning;
    }
}
