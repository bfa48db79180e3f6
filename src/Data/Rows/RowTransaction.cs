using Npgsql;

namespace Backend.Data.Rows;

/// <summary>
/// A connection with an open transaction for several writes. While it is open nothing may call out, change the catalog, or take a
/// second connection.
/// </summary>
public sealed class RowTransaction : IAsyncDisposable
{
    internal RowTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        Connection = connection;
        Transaction = transaction;
    }

    /// <summary>The connection, for statements of other parts that belong to the same commit.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>The transaction.</summary>
    public NpgsqlTransaction Transaction { get; }

    /// <summary>Whether a statement failed in a way after which the connection's prepared statements cannot be trusted.</summary>
    internal bool IsSpoiled { get; set; }

    /// <summary>Sets a savepoint; <paramref name="name"/> is a constant of the program.</summary>
    public Task SaveAsync(string name, CancellationToken cancellation = default) => Transaction.SaveAsync(name, cancellation);

    /// <summary>Undoes what came after a savepoint.</summary>
    public Task RollbackToAsync(string name, CancellationToken cancellation = default) => Transaction.RollbackAsync(name, cancellation);

    /// <summary>Commits. An error here leaves the outcome unknown: the writes must not be repeated.</summary>
    public Task CommitAsync(CancellationToken cancellation = default) => Transaction.CommitAsync(cancellation);

    /// <summary>Rolls back what was not committed and gives the connection back.</summary>
    public async ValueTask DisposeAsync()
    {
        await Transaction.DisposeAsync();
        if (IsSpoiled)
            DatabaseErrors.ForgetStatements(Connection);
        await Connection.DisposeAsync();
    }
}
