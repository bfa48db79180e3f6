using Npgsql;

namespace Backend.MongoImport.Loading;

/// <summary>A binary COPY into a table.</summary>
internal static class BinaryCopy
{
    /// <summary>
    /// Writes rows. What fails or is cancelled meanwhile is what the caller hears of: COPY is given up then, where its mere end would be taken for the end of
    /// the rows, and PostgreSQL's complaint about them for the reason.
    /// </summary>
    /// <param name="connection">Not used otherwise meanwhile.</param>
    /// <param name="sql">The statement <c>copy … from stdin (format binary)</c>.</param>
    /// <param name="write">Writes the rows with their header.</param>
    /// <param name="stop">Cancels the beginning.</param>
    public static async Task RunAsync(NpgsqlConnection connection, string sql, Func<NpgsqlRawCopyStream, Task> write, CancellationToken stop)
    {
        await using var stream = await connection.BeginRawBinaryCopyAsync(sql, stop);
        try
        {
            await write(stream);
        }
        catch
        {
            try
            {
                await stream.CancelAsync();
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException or OperationCanceledException)
            {
                // It has ended with the error that brought us here.
            }
            throw;
        }
    }
}
