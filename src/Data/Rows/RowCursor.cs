using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Npgsql;

namespace Backend.Data.Rows;

/// <summary>
/// Rows as they stream from the database: the cursor itself is the current row. Holds a connection until it is disposed.
/// </summary>
public sealed class RowCursor : ReadRow, IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly bool _ownsConnection;
    private readonly NpgsqlBatch _batch;
    private readonly NpgsqlDataReader _reader;
    private readonly bool _hasRows;
    private readonly ImmutableArray<JoinedRow> _joined;
    private bool _isDisposed;

    private RowCursor(NpgsqlConnection connection, bool ownsConnection, NpgsqlBatch batch, NpgsqlDataReader reader, ReadShape? shape, Table table, Caller caller)
        : base(reader, shape, table, caller)
    {
        _connection = connection;
        _ownsConnection = ownsConnection;
        _batch = batch;
        _reader = reader;
        _hasRows = shape is not null;
        _joined = shape is null or { Joined.IsEmpty: true } ? [] : [.. shape.Joined.Select(joined => new JoinedRow(reader, joined, caller))];
    }

    /// <summary>How many rows there are without limit and offset, when the count was asked for.</summary>
    public long? Count { get; private set; }

    /// <summary>The row of this table and id that a join of the query found for the current one; null: none. Good until the next read.</summary>
    /// <param name="origin"><see cref="Table.Origin"/> of its table.</param>
    /// <param name="id">Its id.</param>
    public Row? FindJoined(string origin, string id)
    {
        foreach (var joined in _joined)
        {
            if (joined.Exists && joined.Id == id && joined.Table.Origin == origin)
                return joined;
        }

        return null;
    }

    /// <summary>Goes to the next row; false at the end.</summary>
    /// <exception cref="Refusal">The statement ran into its time limit.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellation = default)
    {
        if (!_hasRows)
            return false;
        try
        {
            if (!await _reader.ReadAsync(cancellation))
                return false;
        }
        catch (NpgsqlException e) when (DatabaseErrors.TryMap(e, Table, out var refusal))
        {
            throw refusal;
        }

        Arrive();
        foreach (var joined in _joined)
            joined.Next();
        return true;
    }

    /// <summary>
    /// Gives the connection back; again, it does nothing. (The driver uses one reader object for all commands of a connection: closing it a second time
    /// would close what somebody else is reading by then.)
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        await _reader.DisposeAsync();
        await _batch.DisposeAsync();
        if (_ownsConnection)
            await _connection.DisposeAsync();
    }

    /// <summary>Sends the statements and waits for the first answer.</summary>
    internal static async Task<RowCursor> OpenAsync(NpgsqlConnection connection, bool ownsConnection, NpgsqlTransaction? transaction, Statement? count, Statement? rows,
        ReadShape? shape, Table table, Caller caller, CancellationToken cancellation)
    {
        var batch = new NpgsqlBatch(connection, transaction);
        NpgsqlDataReader? reader = null;
        try
        {
            if (count is not null)
                batch.BatchCommands.Add(count.ToBatchCommand());
            if (rows is not null)
                batch.BatchCommands.Add(rows.ToBatchCommand());
            reader = await batch.ExecuteReaderAsync(cancellation);
            var cursor = new RowCursor(connection, ownsConnection, batch, reader, shape, table, caller);
            if (count is not null)
            {
                await reader.ReadAsync(cancellation);
                cursor.Count = reader.GetInt64(0);
                await reader.NextResultAsync(cancellation);
            }

            return cursor;
        }
        catch (Exception e)
        {
            if (reader is not null)
                await reader.DisposeAsync();
            await batch.DisposeAsync();
            if (ownsConnection)
            {
                if (e is NpgsqlException spoiling)
                    DatabaseErrors.Settle(connection, spoiling);
                await connection.DisposeAsync();
            }

            if (e is NpgsqlException error && DatabaseErrors.TryMap(error, table, out var refusal))
                throw refusal;
            throw;
        }
    }
}
