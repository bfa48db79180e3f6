using Backend.Data.Catalog;
using Npgsql;

namespace Backend.Data.Changes;

/// <content>Reading.</content>
public sealed partial class ChangeFeed
{
    /// <summary>Which cluster and database this is, as an expression.</summary>
    private const string ClusterSql =
        "((select system_identifier from pg_control_system())::text || '/' || (select oid from pg_database where datname = current_database())::text)";

    // Not visible in the old snapshot: begun after it was taken, or on the way then. Both are found by the index.
    private const string SinceSql = "xid >= pg_snapshot_xmax($1::text::pg_snapshot)";
    private const string PendingSql = "xid = any(array(select pg_snapshot_xip($1::text::pg_snapshot)))";

    // With "+ 0", so that the least is not looked for by walking along all sequences.
    private const string CheckSql = $"""
        select pg_current_snapshot()::text, {ClusterSql} = $2 and pg_snapshot_xmax($1::text::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()),
            (select purged_xid < pg_snapshot_xmin($1::text::pg_snapshot) from catalog.feed),
            (select min(origin) from catalog.tables where case when $4::int[] is null then feed_since > $3 else number = any($4) and coalesce(feed_since > $3, true) end),
            least.sequence, least.last
        from (select min(sequence + 0) as sequence, max(sequence + 0) as last from (
            select sequence, table_number from app.changes where $5 and {SinceSql}
            union all
            select sequence, table_number from app.changes where $5 and {PendingSql}) c where $4::int[] is null or table_number = any($4)) least
        """;

    private const string RowsSql = $"""
        select sequence, xid, at, table_number, field, operation::text, row_id, related_id, case when $7 = 2 or ($7 = 1 and operation = 'd') or operation = 'x' then old::text end
        from app.changes
        where sequence > $3 and sequence <= $4 and ({SinceSql} or {PendingSql}) and pg_visible_in_snapshot(xid, $2::text::pg_snapshot)
        and ($5::int[] is null or table_number = any($5))
        order by sequence limit $6
        """;

    /// <summary>Reads the next changes.</summary>
    /// <param name="position">Where to begin, from <see cref="NowAsync(CancellationToken)"/> or from what was read before.</param>
    /// <param name="tables">The tables to read of, which must be listened to; null: of all that are.</param>
    /// <param name="limit">How many changes at most.</param>
    /// <param name="oldRows">Where <see cref="RowChange.OldRow"/> is wanted.</param>
    /// <param name="cancellation">Cancels.</param>
    public async Task<FeedReading> ReadAsync(FeedPosition position, IReadOnlyCollection<Table>? tables, int limit, OldRows oldRows = OldRows.None, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(position);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var numbers = tables?.Select(t => t.Number).ToArray();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var (refusal, target) = await CheckAsync(connection, position, numbers, cancellation);
        if (refusal is not null)
            return refusal;
        var end = new FeedPosition(position.Cluster, target.Number, target.Snapshot);
        if (target.After >= target.Last)
            return new FeedReading.Batch([], end, true);
        var rows = new List<NotedRow>();
        if (!await ReadRowsAsync(connection, position, target, numbers, limit, oldRows, rows, cancellation))
            return new FeedReading.StartAgain(StartAgainReason.Purged, PurgedMessage);
        await connection.CloseAsync();
        var isComplete = rows.Count < limit;
        return new FeedReading.Batch(await NameAsync(rows, cancellation), isComplete ? end : position with { Target = target with { After = rows[^1].Sequence } }, isComplete);
    }

    private const string PurgedMessage = "The position is older than what the change feed keeps (setting Changes:Retention).";

    private static async Task<(FeedReading.StartAgain? Refusal, (string Snapshot, long Number, long After, long Last) Target)> CheckAsync(NpgsqlConnection connection, FeedPosition position,
        int[]? numbers, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select last_value from catalog.changes_sequence"));
        var check = new NpgsqlBatchCommand(CheckSql);
        foreach (var value in new object[] { position.Snapshot, position.Cluster, position.Number, (object?)numbers ?? DBNull.Value, position.Target is null })
            check.Parameters.Add(new NpgsqlParameter { Value = value });
        batch.BatchCommands.Add(check);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var number = reader.GetInt64(0);
        await reader.NextResultAsync(cancellation);
        await reader.ReadAsync(cancellation);
        FeedReading.StartAgain? refusal = null;
        if (!reader.GetBoolean(1))
            refusal = new(StartAgainReason.OtherDatabase, "The position is of another database, or of a later time of this one.");
        else if (!reader.GetBoolean(2))
            refusal = new(StartAgainReason.Purged, PurgedMessage);
        else if (!reader.IsDBNull(3))
            refusal = new(StartAgainReason.NotListened, $"The change feed did not listen to {reader.GetString(3)} at the time of the position.");
        return (refusal, position.Target ?? (reader.GetString(0), number, reader.IsDBNull(4) ? 0 : reader.GetInt64(4) - 1, reader.IsDBNull(5) ? 0 : reader.GetInt64(5)));
    }

    /// <returns>Whether the purge has left everything in peace until the end.</returns>
    private static async Task<bool> ReadRowsAsync(NpgsqlConnection connection, FeedPosition position, (string Snapshot, long Number, long After, long Last) target, int[]? numbers, int limit,
        OldRows oldRows, List<NotedRow> rows, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        var read = new NpgsqlBatchCommand(RowsSql);
        foreach (var value in new object[] { position.Snapshot, target.Snapshot, target.After, target.Last, (object?)numbers ?? DBNull.Value, limit, (int)oldRows })
            read.Parameters.Add(new NpgsqlParameter { Value = value });
        batch.BatchCommands.Add(read);
        // A partition is emptied for everybody at once, whatever his snapshot says: so this is asked after the rows were read.
        var after = new NpgsqlBatchCommand("select purged_xid < pg_snapshot_xmin($1::text::pg_snapshot) from catalog.feed");
        after.Parameters.Add(new NpgsqlParameter { Value = position.Snapshot });
        batch.BatchCommands.Add(after);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(new NotedRow(reader.GetInt64(0), reader.GetFieldValue<ulong>(1), reader.GetDateTime(2), reader.GetInt32(3), Text(reader, 4), reader.GetString(5)[0],
                Text(reader, 6), Text(reader, 7), Text(reader, 8)));
        }

        await reader.NextResultAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return reader.GetBoolean(0);
    }

    /// <summary>Finds the tables that the catalog's numbers stand for. What is left of a table that was dropped is only that it was.</summary>
    private async Task<IReadOnlyList<RowChange>> NameAsync(List<NotedRow> rows, CancellationToken cancellation)
    {
        var snapshot = await catalog.GetAsync(cancellation);
        if (rows.Exists(r => snapshot.FindByNumber(r.Table) is null))
        {
            // A table that was made a moment ago may not have come to this process yet.
            await catalog.RefreshAsync(cancellation);
            snapshot = catalog.Current;
        }

        var changes = new List<RowChange>(rows.Count);
        foreach (var row in rows)
        {
            var table = snapshot.FindByNumber(row.Table);
            if (table is null && row.Operation != 'x')
                continue;
            changes.Add(new RowChange
            {
                Sequence = row.Sequence,
                Transaction = row.Transaction,
                At = row.At,
                Kind = row.Operation switch
                {
                    'i' => RowChangeKind.Inserted,
                    'u' => RowChangeKind.Updated,
                    'd' => RowChangeKind.Deleted,
                    'r' => RowChangeKind.Replaced,
                    _ => RowChangeKind.Dropped,
                },
                Table = row.Operation == 'x' ? null : table,
                Origin = row.Operation == 'x' ? OriginOf(row.Old!) : table!.Origin,
                Field = row.Field,
                RowId = row.RowId,
                RelatedId = row.RelatedId,
                OldRow = row.Operation is 'u' or 'd' ? row.Old : null,
            });
        }

        return changes;
    }

    private static string OriginOf(string json)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json);
        return document.RootElement.GetProperty("origin").GetString()!;
    }

    private static string? Text(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);

    private sealed record NotedRow(long Sequence, ulong Transaction, DateTime At, int Table, string? Field, char Operation, string? RowId, string? RelatedId, string? Old);
}
