using Backend.MongoImport.Oplogs;
using Backend.MongoImport.Sources;
using Npgsql;
using NpgsqlTypes;

namespace Backend.MongoImport.Following;

/// <summary>The row of <c>catalog.follow</c>: what was imported to be followed, and how far it has come.</summary>
/// <param name="Source">The source, without a password.</param>
/// <param name="Prefix">What the names of its collections begin with.</param>
/// <param name="State">One of the constants.</param>
/// <param name="Position">Where reading goes on.</param>
/// <param name="Linked">Whether the ids of join documents have been read.</param>
/// <param name="Changes">How many changes were applied.</param>
/// <param name="ChangedAt">When the last of them happened, by the source's clock.</param>
/// <param name="BeganAt">When it was first followed.</param>
internal sealed record FollowState(string Source, string Prefix, string State, byte[] Position, bool Linked, long Changes, DateTime? ChangedAt, DateTime? BeganAt)
{
    /// <summary>Whether its changes come from dumps of an oplog.</summary>
    public bool FromOplog => OplogPosition.TryRead(Position, out _);

    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(2);

    /// <summary>The advisory lock of whoever follows.</summary>
    public const long LockKey = 0x666f_6c6c_6f77;   // "follow"

    /// <summary>An import is under way, or was broken off.</summary>
    public const string Importing = "importing";

    /// <summary>Imported; nothing was followed yet.</summary>
    public const string Imported = "imported";

    /// <summary>Followed; writes are closed.</summary>
    public const string Following = "following";

    /// <summary>Cut over: the rows are the truth now.</summary>
    public const string CutOver = "cut over";

    /// <summary>The follow was given up.</summary>
    public const string Abandoned = "abandoned";

    /// <summary>Reads it; null when no import has left one.</summary>
    public static async Task<FollowState?> ReadAsync(NpgsqlDataSource database, CancellationToken stop)
    {
        await using var command = database.CreateCommand("select source, prefix, state, position, linked, changes, changed_at, began_at from catalog.follow");
        await using var reader = await command.ExecuteReaderAsync(stop);
        return !await reader.ReadAsync(stop) ? null : new FollowState(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<byte[]>(3), reader.GetBoolean(4),
            reader.GetInt64(5), reader.IsDBNull(6) ? null : reader.GetDateTime(6), reader.IsDBNull(7) ? null : reader.GetDateTime(7));
    }

    /// <summary>
    /// An import of everything is about to put its rows into place: what is followed from then on is this source, from this position. One that goes on where another was
    /// broken off keeps the earlier position: some of the rows are of that time.
    /// </summary>
    /// <param name="database">The database.</param>
    /// <param name="source">The source, without a password.</param>
    /// <param name="prefix">What the names of its collections begin with.</param>
    /// <param name="position">The position before its first document was read.</param>
    /// <param name="goesOn">Whether rows of an earlier run stay.</param>
    /// <param name="again">Whether it may begin after a cut-over: somebody named classes to be replaced.</param>
    /// <param name="stop">Cancels.</param>
    /// <exception cref="SourceException">A follow is running.</exception>
    public static async Task BeginImportAsync(NpgsqlDataSource database, string source, string prefix, byte[] position, bool goesOn, bool again, CancellationToken stop)
    {
        await using (var take = database.CreateCommand("select pg_try_advisory_xact_lock($1)"))
        {
            take.Parameters.Add(new NpgsqlParameter { Value = LockKey });
            if (!(bool)(await take.ExecuteScalarAsync(stop))!)
            {
                throw new SourceException("A follow is running in this database: stop it first.");
            }
        }
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("delete from catalog.follow_links"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("delete from catalog.follow_changes"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("truncate catalog.follow_files, catalog.follow_chunks"));
        var command = new NpgsqlBatchCommand("""
            insert into catalog.follow as f (source, prefix, state, position) values ($1, $2, 'importing', $3)
            on conflict (only_row) do update set source = $1, prefix = $2, state = 'importing', linked = false, files_known = false, began_at = null, changes = 0, changed_at = null, lag_seconds = null,
                position = case when $4 and f.state = 'importing' and f.source = $1 then f.position else $3 end
            where f.state <> 'cut over' or $5
            """);
        foreach (object value in new object[] { source, prefix, position, goesOn, again })
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(stop);
    }

    /// <summary>All rows are in their places.</summary>
    public static Task EndImportAsync(NpgsqlDataSource database, CancellationToken stop) =>
        ExecuteAsync(database, "update catalog.follow set state = 'imported', imported_at = now() where state = 'importing'", stop);

    /// <summary>Everything is imported from a source that tells of no changes: what was imported before is not followed any more.</summary>
    /// <exception cref="SourceException">It is being followed.</exception>
    public static async Task ForgetAsync(NpgsqlDataSource database, CancellationToken stop)
    {
        if (await ReadAsync(database, stop) is { State: Following } followed)
        {
            throw new SourceException($"The rows follow {followed.Source}: import-mongo follow SOURCE --abandon first.");
        }
        await ExecuteAsync(database, "delete from catalog.follow where state <> 'cut over'", stop);
    }

    /// <summary>Some classes were imported again: their join documents have to be read again.</summary>
    public static Task ForgetLinksAsync(NpgsqlDataSource database, CancellationToken stop) =>
        ExecuteAsync(database, "update catalog.follow set linked = false", stop);

    /// <summary>Notes that following has begun; writes are closed.</summary>
    public static Task BeginAsync(NpgsqlDataSource database, CancellationToken stop) =>
        ExecuteAsync(database, "update catalog.follow set state = 'following', began_at = coalesce(began_at, now()) where state in ('imported', 'following')", stop);

    /// <summary>Notes that the follow was given up.</summary>
    public static Task AbandonAsync(NpgsqlDataSource database, CancellationToken stop) =>
        ExecuteAsync(database, "update catalog.follow set state = 'abandoned'", stop);

    /// <summary>
    /// A complete verify has begun and ended: what has not changed since is as it should be, what differed is looked at once more before the cut-over.
    /// </summary>
    /// <param name="database">The database.</param>
    /// <param name="started">When it began.</param>
    /// <param name="rows">The rows that differ: class and id.</param>
    /// <param name="others">How many differences are of no row, or were not kept.</param>
    /// <param name="stop">Cancels.</param>
    public static async Task NoteVerifyAsync(NpgsqlDataSource database, DateTimeOffset started, IReadOnlyCollection<(string Origin, string Id)> rows, long others, CancellationToken stop)
    {
        // Clocks differ, and a transaction commits some time after it wrote: some minutes more are compared twice, and nothing not at all.
        if (await ReadAsync(database, stop) is not { FromOplog: true })
        {
            await ExecuteAsync(database, "delete from catalog.follow_changes where changed_at < $1", stop, (started - Margin).UtcDateTime);
        }
        await ExecuteAsync(database, """
            insert into catalog.follow_changes (origin, id) select distinct o, i from unnest($1::text[], $2::text[]) n (o, i) where exists (select from catalog.follow)
            on conflict (origin, id) do update set changed_at = excluded.changed_at
            """, stop, rows.Select(r => r.Origin).ToArray(), rows.Select(r => r.Id).ToArray());
        await ExecuteAsync(database, "update catalog.follow set other_differences = $1", stop, others);
    }

    /// <summary>Notes the cut-over with its report.</summary>
    public static async Task CutOverAsync(NpgsqlDataSource database, string report, CancellationToken stop)
    {
        await ExecuteAsync(database, "update catalog.follow set state = 'cut over', cut_over_at = now(), report = $1::jsonb", stop, report);
        // Pieces of files that nobody finished uploading.
        await ExecuteAsync(database, "delete from catalog.follow_chunks where not exists (select from catalog.follow_files where pending)", stop);
    }

    /// <summary>Notes how far the rows have come; in their transaction.</summary>
    public static async Task AdvanceAsync(NpgsqlConnection connection, byte[] position, long changes, DateTimeOffset? changedAt, TimeSpan? lag, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand("""
            update catalog.follow set position = $1, changes = changes + $2, changed_at = coalesce($3, changed_at), applied_at = now(), lag_seconds = coalesce($4, lag_seconds)
            """, connection);
        command.Parameters.Add(new() { Value = position });
        command.Parameters.Add(new() { Value = changes });
        command.Parameters.Add(new() { Value = changedAt?.UtcDateTime ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new() { Value = lag?.TotalSeconds ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Double });
        await command.ExecuteNonQueryAsync(stop);
    }

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql, CancellationToken stop, params object[] values)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        await command.ExecuteNonQueryAsync(stop);
    }
}
