using Backend.Data.Catalog;
using Backend.Data.Changes;
using Npgsql;

namespace Backend.MongoImport.Returning;

/// <summary>
/// The way back: reads the change feed and brings every row that it names, as it is by then, to the old database. The position is stored after the writes were
/// acknowledged; what is brought twice is the same, so it can be stopped and begun again anywhere.
/// </summary>
internal sealed class Returner(NpgsqlDataSource database, LiveCatalog catalog, ChangeFeed feed, TargetWriter target, TargetReader reader, string prefix)
{
    private const int ChangesAtOnce = 2000;
    private const int Attempts = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly ClassReturner _classes = new(database, target, reader, prefix);
    private readonly SchemaReturner _schemas = new(database, target, reader, prefix);

    /// <summary>Told after each batch: documents written in all, and how old the last change was when it had been written.</summary>
    public Action<long, TimeSpan>? Progressed { get; init; }

    /// <summary>Goes on where it was left, to the end or until it is stopped.</summary>
    /// <param name="untilCaughtUp">Whether to end when everything that was committed has been brought.</param>
    /// <param name="stop">Ctrl-C.</param>
    /// <exception cref="InvalidOperationException">Nothing was prepared, or the feed no longer has everything.</exception>
    public async Task RunAsync(bool untilCaughtUp, CancellationToken stop)
    {
        var state = await WayBackState.ReadAsync(database, stop)
            ?? throw new InvalidOperationException("The way back was not prepared: cutover does that, or return --prepare while both databases hold the same.");
        var before = state.Written;
        for (var attempt = 1; ;)
        {
            try
            {
                var (next, isComplete) = await StepAsync(state, stop);
                attempt = 1;
                state = next with { Written = before + target.Written };
                if (!target.IsWaiting)
                {
                    await state.SaveAsync(database, stop);
                }
                if (isComplete && untilCaughtUp)
                {
                    return;
                }
                if (isComplete)
                {
                    await Task.Delay(Pause, stop);
                }
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.UndefinedTable && attempt < Attempts)
            {
                // A field or table went while it was read; the feed and the catalog tell of it.
                attempt++;
            }
        }
    }

    /// <summary>Brings everything, whatever the old database holds; what is committed meanwhile comes with the next run.</summary>
    public async Task RunFullAsync(CancellationToken stop)
    {
        CatalogSnapshot? snapshot = null;
        await catalog.ChangeFollowedAsync(
            async connection =>
            {
                snapshot = catalog.Current;
                await WayBackState.PrepareAsync(feed, connection, snapshot, stop);
                return true;
            },
            stop);
        var state = (await WayBackState.ReadAsync(database, stop))! with { Schemas = [], Hooks = [] };
        state = await _schemas.RunAsync(await catalog.GetAsync(stop), state, stop);
        foreach (var table in snapshot!.Tables)
        {
            await _classes.WholeAsync(table, stop);
            Progressed?.Invoke(target.Written, TimeSpan.Zero);
        }
        await target.SettleAsync(stop);
        await (state with { Written = target.Written }).SaveAsync(database, stop);
    }

    /// <summary>Compares how many documents both sides have.</summary>
    /// <returns>A sentence for each collection that differs.</returns>
    public async Task<List<string>> CompareCountsAsync(CancellationToken stop)
    {
        var theirs = await reader.CountAsync(stop);
        var differences = new List<string>();
        foreach (var table in (await catalog.GetAsync(stop)).Tables)
        {
            await CompareAsync(prefix + table.Origin, table.Quoted, isRelation: false);
            foreach (var relation in table.Fields.Where(f => f is { Kind: FieldKind.Relation, Column: not null }))
            {
                await CompareAsync(prefix + Restoring.JoinRestorer.CollectionOf(relation.Name, table.Origin), "app." + relation.QuotedColumn, isRelation: true);
            }
        }
        return differences;

        async Task CompareAsync(string collection, string relation, bool isRelation)
        {
            await using var command = database.CreateCommand($"select count(*) from {relation}");
            var rows = (long)(await command.ExecuteScalarAsync(stop))!;
            var documents = theirs.GetValueOrDefault(collection);
            if (documents != rows && isRelation)
            {
                // A pair may have been there several times from of old.
                documents = (await _classes.ReadPairsAsync(collection, stop)).Count;
            }
            if (documents != rows)
            {
                differences.Add($"{collection}: {rows} rows here, {documents} documents there");
            }
        }
    }

    private async Task<(WayBackState State, bool IsComplete)> StepAsync(WayBackState state, CancellationToken stop)
    {
        var batch = await feed.ReadAsync(state.Position, null, ChangesAtOnce, OldRows.OfDeletes, stop) switch
        {
            FeedReading.Batch read => read,
            FeedReading.StartAgain again => throw new InvalidOperationException($"{again.Message} Only return --full can bring both databases together again."),
            _ => throw new InvalidOperationException("The change feed gave something that nobody knows."),
        };
        // The schema first: whoever reads a document there must know its fields.
        var snapshot = await catalog.GetAsync(stop);
        state = await _schemas.RunAsync(snapshot, state, stop);
        await ApplyAsync(batch.Changes, snapshot, stop);
        if (batch.IsComplete)
        {
            await target.SettleAsync(stop);
        }
        if (batch.Changes.Count > 0)
        {
            Progressed?.Invoke(target.Written, DateTime.UtcNow - batch.Changes[^1].At);
        }
        return (state with { Position = batch.Position }, batch.IsComplete);
    }

    private async Task ApplyAsync(IReadOnlyList<RowChange> changes, CatalogSnapshot snapshot, CancellationToken stop)
    {
        foreach (var group in changes.GroupBy(c => c.Origin, StringComparer.Ordinal))
        {
            // A class that is gone by now went with its schema.
            if (snapshot.FindByOrigin(group.Key) is not { } table)
            {
                continue;
            }
            if (group.Any(c => c.Kind == RowChangeKind.Dropped || (c.Kind == RowChangeKind.Replaced && c.Field is null)))
            {
                await _classes.WholeAsync(table, stop);
                continue;
            }
            var rows = new Dictionary<string, string?>(StringComparer.Ordinal);
            foreach (var change in group.Where(c => c is { Field: null, RowId: not null }))
            {
                rows[change.RowId!] = change.OldRow ?? rows.GetValueOrDefault(change.RowId!);
            }
            await _classes.RowsAsync(table, rows, stop);
            foreach (var pairs in group.Where(c => c.Field is not null).GroupBy(c => c.Field!, StringComparer.Ordinal))
            {
                await ApplyPairsAsync(table, pairs.Key, [.. pairs], stop);
            }
        }
    }

    private async Task ApplyPairsAsync(Table table, string name, List<RowChange> changes, CancellationToken stop)
    {
        if (table.Find(name) is not { Kind: FieldKind.Relation, Column: not null } relation)
        {
            await _classes.DropAsync(table.Origin, name, stop);
        }
        else if (changes.Exists(c => c.Kind == RowChangeKind.Replaced))
        {
            await _classes.WholeAsync(table, relation, stop);
        }
        else
        {
            await _classes.PairsAsync(table, relation, [.. changes.Select(c => (c.RowId!, c.RelatedId!)).Distinct()], stop);
        }
    }
}
