using Npgsql;

namespace Backend.Data;

/// <summary>
/// A read replica, when the setting <c>ConnectionStrings:Replica</c> names one (several hosts, separated by commas, share the reads). Only reads that say
/// so go there (<see cref="Query.RowQuery.MayLag"/>): it may be behind. What it cannot answer, because it is away or does not have a new column yet, the
/// primary answers (design section 15).
/// </summary>
public sealed class Replica : IAsyncDisposable
{
    /// <summary>Makes the pool; null: there is no replica.</summary>
    public Replica(string? connectionString, TimeSpan? statementTimeout = null) =>
        Database = string.IsNullOrWhiteSpace(connectionString) ? null : Data.Database.CreatePool(connectionString, statementTimeout);

    /// <summary>The pool, or null.</summary>
    internal NpgsqlDataSource? Database { get; }

    /// <summary>Whether a failure is the replica's, so that the primary should be asked.</summary>
    internal static bool IsToBlame(Exception failure) => failure switch
    {
        Refusal { Kind: RefusalKind.Conflict or RefusalKind.Busy } => true,
        PostgresException e => e.SqlState is PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.TooManyConnections
            or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.SerializationFailure,
        NpgsqlException { InnerException: not TimeoutException } => true,
        _ => false,
    };

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Database?.DisposeAsync() ?? default;
}
