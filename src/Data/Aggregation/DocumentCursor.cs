using Backend.Data.Catalog;
using Backend.Data.Query;
using Npgsql;

namespace Backend.Data.Aggregation;

/// <summary>Documents as they stream from the database. Holds a connection until it is disposed.</summary>
public sealed class DocumentCursor : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlCommand _command;
    private readonly NpgsqlDataReader _reader;
    private readonly Table _table;
    private bool _isDisposed;

    private DocumentCursor(NpgsqlConnection connection, NpgsqlCommand command, NpgsqlDataReader reader, Table table)
    {
        _connection = connection;
        _command = command;
        _reader = reader;
        _table = table;
    }

    /// <summary>The current document (or value, of a distinct) as UTF-8 JSON with marks; valid until the next read.</summary>
    public ReadOnlyMemory<byte> Utf8 => _reader.GetFieldValue<ReadOnlyMemory<byte>>(0);

    /// <summary>Goes to the next document; false at the end.</summary>
    /// <exception cref="Refusal">The statement ran into its time limit, or an expression into a value that it does not take.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellation = default)
    {
        try
        {
            return await _reader.ReadAsync(cancellation);
        }
        catch (NpgsqlException e) when (Map(e, _table) is { } refusal)
        {
            throw refusal;
        }
    }

    /// <summary>Gives the connection back; again, it does nothing (<see cref="Rows.RowCursor.DisposeAsync"/>).</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        await _reader.DisposeAsync();
        await _command.DisposeAsync();
        await _connection.DisposeAsync();
    }

    /// <summary>Sends the statement and waits for the first answer.</summary>
    internal static async Task<DocumentCursor> OpenAsync(NpgsqlConnection connection, Statement statement, Table table, CancellationToken cancellation)
    {
        var command = statement.ToCommand(connection);
        try
        {
            return new DocumentCursor(connection, command, await command.ExecuteReaderAsync(cancellation), table);
        }
        catch (Exception e)
        {
            await command.DisposeAsync();
            if (e is NpgsqlException spoiling)
                DatabaseErrors.Settle(connection, spoiling);
            await connection.DisposeAsync();
            if (e is NpgsqlException error && Map(error, table) is { } refusal)
                throw refusal;
            throw;
        }
    }

    /// <summary>What a pipeline computes has no place to be stored in: an overflow is the expression's.</summary>
    private static Refusal? Map(NpgsqlException error, Table table)
    {
        var isOverflow = error is PostgresException e && e.SqlState is PostgresErrorCodes.NumericValueOutOfRange or PostgresErrorCodes.DatetimeFieldOverflow
            or PostgresErrorCodes.IntervalFieldOverflow or PostgresErrorCodes.FloatingPointException;
        if (isOverflow)
            return new Refusal(RefusalKind.InvalidExpression, "A computed number or date is out of range.", table.Origin);
        return DatabaseErrors.TryMap(error, table, out var refusal) ? refusal : null;
    }
}
