using Backend.Data;
using Npgsql;

namespace Backend.Jobs.Housekeeping;

/// <summary>Deletes in portions, each committed by itself, so that a long-neglected table is neither locked nor bloated at a stroke.</summary>
internal static class Batches
{
    public const int Size = 2_000;

    /// <summary>Repeats a statement that deletes at most <see cref="Size"/> rows until it finds fewer. Returns how many it deleted.</summary>
    /// <param name="database">Where.</param>
    /// <param name="sql">The statement, with parameters <c>$1…</c>.</param>
    /// <param name="values">Their values.</param>
    /// <param name="cancellation">Stops between two portions.</param>
    public static async Task<long> DeleteAsync(NpgsqlDataSource database, string sql, object[] values, CancellationToken cancellation)
    {
        long total = 0;
        while (true)
        {
            var deleted = await Database.ExecuteUnlimitedAsync(database, sql, values, cancellation);
            total += deleted;
            if (deleted < Size)
                return total;
        }
    }
}
