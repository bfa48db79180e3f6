using Backend.Data.Catalog;
using Npgsql;

namespace Backend.Data.Query;

/// <summary>PostgreSQL's plan of a statement, as JSON.</summary>
internal static class QueryPlan
{
    /// <summary>The beginning of a statement that explains what is printed into it.</summary>
    public static Statement Begin(bool analyze) => new Statement().Sql(analyze ? "explain (format json, analyze, timing off) " : "explain (format json) ");

    /// <summary>Runs it.</summary>
    public static async Task<byte[]> ReadAsync(NpgsqlDataSource database, Statement statement, Table table, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellation);
            await using var command = statement.ToCommand(connection);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            await reader.ReadAsync(cancellation);
            return System.Text.Encoding.UTF8.GetBytes(reader.GetString(0));
        }
        catch (NpgsqlException e) when (DatabaseErrors.TryMap(e, table, out var refusal))
        {
            throw refusal;
        }
    }
}
