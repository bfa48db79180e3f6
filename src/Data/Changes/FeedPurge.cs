using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.Data.Changes;

/// <summary>Empties the partitions of the feed whose changes are all older than <see cref="FeedOptions.Retention"/>.</summary>
public sealed class FeedPurge(NpgsqlDataSource database, IOptions<FeedOptions> options)
{
    private const int Slots = 16;

    /// <summary>Purges. A partition that somebody reads just now is left for the next time.</summary>
    /// <returns>How many partitions were emptied.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var emptied = 0;
        for (var slot = 0; slot < Slots; slot++)
        {
            try
            {
                emptied += await PurgeAsync(slot, cancellation) ? 1 : 0;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                // A reader holds it; the next run will not meet the same one.
            }
        }

        return emptied;
    }

    private async Task<bool> PurgeAsync(int slot, CancellationToken cancellation)
    {
        var partition = "catalog." + Sql.Quote($"changes_{slot:00}");
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using (var begin = new NpgsqlCommand("set local statement_timeout = 0; set local lock_timeout = '1s'", connection, transaction))
            await begin.ExecuteNonQueryAsync(cancellation);

        // Without a lock at first: nothing is written to what is old.
        if (!await IsOldAsync(connection, partition, cancellation))
            return false;
        await using (var take = new NpgsqlCommand($"lock table {partition} in access exclusive mode", connection, transaction))
            await take.ExecuteNonQueryAsync(cancellation);
        if (!await IsOldAsync(connection, partition, cancellation))
            return false;
        await using var purge = new NpgsqlCommand($"""
            update catalog.feed set purged_xid = greatest(purged_xid, (select max(xid) from {partition}));
            truncate {partition};
            """, connection, transaction);
        await purge.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return true;
    }

    private async Task<bool> IsOldAsync(NpgsqlConnection connection, string partition, CancellationToken cancellation)
    {
        // The youngest is the one with the highest sequence, give or take a moment.
        await using var ask = new NpgsqlCommand($"select at < clock_timestamp() - $1 - interval '1 minute' from {partition} order by sequence desc limit 1", connection);
        ask.Parameters.Add(new NpgsqlParameter { Value = options.Value.Retention });
        return await ask.ExecuteScalarAsync(cancellation) is true;
    }
}
