using Backend.Data.Catalog;
using Npgsql;

namespace Backend.Data.Changes;

/// <summary>
/// The change feed (design section 9): what is written to a table, by whomever, from the time on when somebody listens to it. A change is there when its transaction has
/// committed. Tables that nobody listens to pay nothing. Readers ask; nothing is pushed.
/// </summary>
public sealed partial class ChangeFeed(NpgsqlDataSource database, LiveCatalog catalog)
{
    /// <summary>How long the beginning of listening waits for the writers of a table, during which further writers wait behind it.</summary>
    private const int LockMilliseconds = 2000;

    /// <summary>Begins to listen to tables; nothing happens for those that the listener has already.</summary>
    /// <param name="listener">Who: a name of his own, under which he also stops.</param>
    /// <param name="origins"><see cref="Table.Origin"/> of each; one that does not exist yet is listened to from its beginning.</param>
    /// <param name="cancellation">Cancels the waiting.</param>
    /// <exception cref="Refusal"><see cref="RefusalKind.Busy"/>: a table has a writer that did not end in time.</exception>
    public Task EnableAsync(string listener, IReadOnlyCollection<string> origins, CancellationToken cancellation = default) =>
        catalog.ChangeFollowedAsync(connection => ListenAsync(connection, listener, [.. origins], cancellation), cancellation);

    /// <summary>Begins to listen to all tables, also those that will be made.</summary>
    /// <returns>The position from which on every change is there.</returns>
    /// <exception cref="Refusal"><see cref="RefusalKind.Busy"/>: a table has a writer that did not end in time.</exception>
    public async Task<FeedPosition> EnableAllAsync(string listener, CancellationToken cancellation = default)
    {
        FeedPosition? position = null;
        await catalog.ChangeFollowedAsync(
            async connection =>
            {
                position = await EnableAllAsync(connection, listener, cancellation);
                return true;
            },
            cancellation);
        return position!;
    }

    /// <summary>
    /// The same as a part of a change of the catalog (<see cref="LiveCatalog.ChangeFollowedAsync"/>), with whose transaction it becomes true: the position can be stored
    /// there too. No table of rows may be written in that transaction.
    /// </summary>
    public async Task<FeedPosition> EnableAllAsync(NpgsqlConnection connection, string listener, CancellationToken cancellation = default)
    {
        await ListenAsync(connection, listener, [null], cancellation);
        return await NowAsync(connection, cancellation);
    }

    /// <summary>Ends everything that a listener listens to. Tables without another listener have no triggers any more.</summary>
    public Task DisableAsync(string listener, CancellationToken cancellation = default) => DisableAsync(listener, null, cancellation);

    /// <summary>Stops listening to tables.</summary>
    /// <param name="listener">Who.</param>
    /// <param name="origins">The tables; null: to everything.</param>
    /// <param name="cancellation">Cancels the waiting.</param>
    public Task DisableAsync(string listener, IReadOnlyCollection<string>? origins, CancellationToken cancellation = default) => catalog.ChangeFollowedAsync(
        async connection =>
        {
            var gone = await ExecuteAsync(connection, "delete from catalog.feed_listeners where listener = $1 and ($2::text[] is null or origin = any($2))", cancellation,
                listener, (object?)origins?.ToArray() ?? DBNull.Value);
            if (gone > 0)
                await KeepAsync(connection, cancellation);
            return gone > 0;
        },
        cancellation);

    /// <summary>The position of this moment: changes that are committed from now on come after it.</summary>
    public async Task<FeedPosition> NowAsync(CancellationToken cancellation = default)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await AdoptAsync(connection, cancellation);
        return await NowAsync(connection, cancellation);
    }

    private static async Task<FeedPosition> NowAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        // The sequence first, and the snapshot after it, by a statement of its own.
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select last_value from catalog.changes_sequence"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand($"select {ClusterSql}, pg_current_snapshot()::text"));
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var number = reader.GetInt64(0);
        await reader.NextResultAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return new FeedPosition(reader.GetString(0), number, reader.GetString(1));
    }

    private static async Task<bool> ListenAsync(NpgsqlConnection connection, string listener, string?[] origins, CancellationToken cancellation)
    {
        await AdoptAsync(connection, cancellation);
        var added = await ExecuteAsync(connection, "insert into catalog.feed_listeners (listener, origin) select $1, unnest($2::text[]) on conflict do nothing", cancellation, listener, origins);
        if (added > 0)
            await KeepAsync(connection, cancellation);
        return added > 0;
    }

    private static async Task KeepAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        try
        {
            await ExecuteAsync(connection, $"set local lock_timeout = {LockMilliseconds}", cancellation);
            await ExecuteAsync(connection, "select catalog.keep_feed(number, false) from catalog.tables order by number", cancellation);
            await ExecuteAsync(connection, "set local lock_timeout = 0", cancellation);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
        {
            throw new Refusal(RefusalKind.Busy, "A table is being written to by a long transaction: its changes cannot be listened to before that has ended.");
        }
    }

    /// <summary>In a copy of another database what stands in the feed has transaction ids of another world: away with it.</summary>
    private static async Task AdoptAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using (var ask = new NpgsqlCommand($"select cluster = {ClusterSql} from catalog.feed", connection))
        {
            if (await ask.ExecuteScalarAsync(cancellation) is true)
                return;
        }

        await ExecuteAsync(connection, $"""
            do $adopt$
            begin
                perform from catalog.feed for update;
                if (select cluster is distinct from {ClusterSql} from catalog.feed) then
                    truncate app.changes;
                    update catalog.feed set cluster = {ClusterSql}, purged_xid = '0';
                end if;
            end $adopt$
            """, cancellation);
    }

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return await command.ExecuteNonQueryAsync(cancellation);
    }
}
