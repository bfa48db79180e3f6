using System.Diagnostics.CodeAnalysis;
using Backend.Data.Catalog;
using Npgsql;

namespace Backend.Data;

/// <summary>The one place where PostgreSQL's errors become refusals (design section 11). What is not here is a fault of ours.</summary>
public static class DatabaseErrors
{
    /// <summary>
    /// To be called with every error of a statement before its connection is used again. An error that comes while a statement's parameters are
    /// bound, on the very run that prepares it, leaves the driver (Npgsql 10.0) with a prepared statement of which it believes that it returns
    /// nothing: its next run would take effect and fail. So all of the connection are forgotten.
    /// </summary>
    public static void Settle(NpgsqlConnection connection, NpgsqlException error)
    {
        if (MaySpoil(error))
            ForgetStatements(connection);
    }

    /// <summary>Drops a connection's prepared statements, outside of any transaction. The driver can do it only with the thread waiting.</summary>
    public static void ForgetStatements(NpgsqlConnection connection)
    {
        if (connection.FullState == System.Data.ConnectionState.Open)
            connection.UnprepareAll();
    }

    /// <summary>Whether an error can have come before the statement ran: all but those of its effects.</summary>
    public static bool MaySpoil(NpgsqlException error) =>
        error is PostgresException e && !e.SqlState.StartsWith("23", StringComparison.Ordinal) && !e.SqlState.StartsWith("40", StringComparison.Ordinal);

    /// <summary>
    /// Whether the database was not there, went away, or is a standby that takes no writes (yet, or any more): nothing of ours is at fault, and who watches the connection to it says so once, not once
    /// a request. Of a write that was under way nobody knows whether it was done.
    /// </summary>
    public static bool IsUnreachable(Exception error) => error switch
    {
        PostgresException e => e.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.TooManyConnections
            or PostgresErrorCodes.ReadOnlySqlTransaction,
        NpgsqlException e => e.IsTransient,
        _ => false,
    };

    /// <summary>Whether the server takes no writes: a standby (on which an unlogged table cannot even be read), or one that is set to read only.</summary>
    public static bool IsReadOnly(NpgsqlException error) => error is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.FeatureNotSupported };

    /// <summary>Whether a prepared statement was of a table as it no longer is: a column came back with another type, or a table with other columns.</summary>
    private static bool IsOutdatedPlan(NpgsqlException error) => error is PostgresException { SqlState: PostgresErrorCodes.FeatureNotSupported, Routine: "RevalidateCachedQuery" };

    /// <summary>Maps an error that a request can cause; false for any other.</summary>
    public static bool TryMap(NpgsqlException error, Table? table, [NotNullWhen(true)] out Refusal? refusal)
    {
        refusal = error switch
        {
            PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } e => new Refusal(RefusalKind.Duplicate, "A value that must be unique is taken.", table?.Origin, FieldOf(e, table)),
            PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => new Refusal(RefusalKind.Timeout, "The statement ran into its time limit.", table?.Origin),
            PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected } => new Refusal(RefusalKind.Conflict, "Two writes met.", table?.Origin),
            PostgresException { SqlState: PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.UndefinedTable } when table is not null => new Refusal(RefusalKind.Conflict, "The table was changed meanwhile.", table.Origin),
            PostgresException e when table is not null && IsOutdatedPlan(e) => new Refusal(RefusalKind.Conflict, "The table was changed meanwhile.", table.Origin),
            PostgresException { SqlState: PostgresErrorCodes.InvalidRegularExpression } => new Refusal(RefusalKind.InvalidPattern, "The regular expression is not valid.", table?.Origin),
            PostgresException { SqlState: PostgresErrorCodes.ProgramLimitExceeded or PostgresErrorCodes.StatementTooComplex or PostgresErrorCodes.TooManyColumns or PostgresErrorCodes.TooManyArguments } => new Refusal(RefusalKind.LimitExceeded, "The value or query is too large.", table?.Origin),
            PostgresException { SqlState: WriteSwitch.RefusedState } => WriteSwitch.Refused(table?.Origin),
            // Our own, of schema aggregation: the message is a constant with an operator's name.
            PostgresException { SqlState: "B0A01" } e => new Refusal(RefusalKind.InvalidExpression, e.MessageText, table?.Origin),
            PostgresException e when e.SqlState.StartsWith("22", StringComparison.Ordinal) => new Refusal(RefusalKind.InvalidValue, "A value cannot be stored or compared.", table?.Origin),
            PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } => new Refusal(RefusalKind.Busy, "Too many connections.", table?.Origin),
            { InnerException: TimeoutException } => new Refusal(RefusalKind.Timeout, "The statement ran into its time limit.", table?.Origin),
            _ => null,
        };
        return refusal is not null;
    }

    // Unique indexes are named after their relation and columns; the message's own detail holds the value and is not for clients.
    private static string? FieldOf(PostgresException error, Table? table)
    {
        if (table is null || error.ConstraintName is not { } name)
            return null;
        if (name == table.Relation + "_pkey")
            return Field.Id.Name;
        foreach (var field in table.Fields)
        {
            if (field.Column is { } column && name.StartsWith($"{table.Relation}_{column}_", StringComparison.Ordinal))
                return field.Name;
        }

        return null;
    }
}
