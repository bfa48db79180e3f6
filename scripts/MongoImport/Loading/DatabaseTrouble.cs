using Npgsql;

namespace Backend.MongoImport.Loading;

/// <summary>What no class can be imported after: the database is gone, or has no room left.</summary>
internal static class DatabaseTrouble
{
    private const string InsufficientResources = "53";
    private const string OperatorIntervention = "57";
    private const string ConnectionException = "08";

    /// <summary>A sentence about it, or null when the error concerns a single class.</summary>
    public static string? Explain(Exception error) => error switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } e => $"The disk of the database is full ({e.MessageText}).",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } e => $"There is no such database: {e.MessageText}. Make it first (createdb).",
        PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => null,
        PostgresException e when e.SqlState.StartsWith(InsufficientResources, StringComparison.Ordinal) => $"The database has run out of something ({e.MessageText}).",
        PostgresException e when e.SqlState.StartsWith(OperatorIntervention, StringComparison.Ordinal) || e.SqlState.StartsWith(ConnectionException, StringComparison.Ordinal) =>
            $"The database has ended the connection ({e.MessageText}).",
        PostgresException => null,
        NpgsqlException { InnerException: IOException or System.Net.Sockets.SocketException or TimeoutException } e => $"The connection to the database is lost ({(e.InnerException ?? e).Message}).",
        _ => null,
    };

    /// <summary>Whether the whole run has to end.</summary>
    public static bool EndsEverything(Exception error) => Explain(error) is not null;
}
