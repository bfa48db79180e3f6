using System.Threading.Channels;
using Backend.Data.Catalog;
using Backend.Data.Imports;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Restoring;
using Backend.MongoImport.Sources;
using Npgsql;

namespace Backend.MongoImport.Verifying;

/// <summary>Compares one class with its rows: every document, then which rows have none, then the links of its relations.</summary>
/// <param name="database">Connections without time limit on commands.</param>
/// <param name="plan">Where the class's documents are.</param>
/// <param name="table">Its table.</param>
/// <param name="streams">How many connections compare at a time.</param>
/// <param name="progress">Told of every block.</param>
internal sealed class ClassVerifier(NpgsqlDataSource database, ClassPlan plan, Table table, int streams, Progress progress)
{
    private const int BlocksOnTheWay = 2;

    // Of large classes only: what is small is compared before a second connection has been opened.
    private const long Large = 8 * 1024 * 1024;

    private readonly CanonicalFields _fields = new(table, plan.IsExport);
    private readonly RowRestorer _restorer = new(table);

    /// <summary>Compares.</summary>
    /// <param name="found">Gets what is found.</param>
    /// <param name="now">When expired rows count as expired.</param>
    /// <param name="stop">Cancels.</param>
    /// <exception cref="SourceDamagedException">The source is damaged.</exception>
    public async Task RunAsync(ClassVerification found, DateTimeOffset now, CancellationToken stop)
    {
        if (plan.Collection is { } collection)
        {
            await DocumentsAsync(collection, found, stop);
        }
        var ids = new IdLedger(database, table, plan);
        await ids.CompareAsync(found, stop);
        await ExplainAsync(found, ids, now, stop);
        foreach (var join in plan.Joins)
        {
            await new JoinVerifier(database, table, join).RunAsync(found, stop);
        }
        foreach (var relation in table.Fields.Where(f => f.Kind == FieldKind.Relation && plan.Joins.TrueForAll(j => j.Field != f.Name)))
        {
            await new JoinVerifier(database, table, new JoinPlan(relation.Name, Nothing)).RunAsync(found, stop);
        }
    }

    private static SourceCollection Nothing { get; } = new("", "", "", null);

    private async Task DocumentsAsync(SourceCollection collection, ClassVerification found, CancellationToken stop)
    {
        var blocks = Channel.CreateBounded<DocumentBlock>(new BoundedChannelOptions(streams * BlocksOnTheWay) { SingleWriter = true });
        var comparers = Enumerable.Range(0, collection.Size >= Large ? streams : 1).Select(_ => new RowComparer(table, _fields, _restorer)).ToList();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var reading = Task.Factory.StartNew(() => Read(collection, blocks.Writer, found, ended.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var comparing = comparers.Select(c => Task.Run(() => CompareAsync(c, blocks.Reader, found, ended.Token), CancellationToken.None)).ToList();
        try
        {
            // What fails first is what is told.
            await foreach (var done in Task.WhenEach([reading, .. comparing]).WithCancellation(CancellationToken.None))
            {
                await done;
            }
        }
        catch
        {
            await ended.CancelAsync();
            await Task.WhenAll([reading, .. comparing]).ContinueWith(_ => { }, TaskScheduler.Default);
            throw;
        }
        finally
        {
            while (blocks.Reader.TryRead(out var left))
            {
                left.Dispose();
            }
        }
        comparers.ForEach(c => found.Rows.Add(c.Found));
    }

    private static void Read(SourceCollection collection, ChannelWriter<DocumentBlock> blocks, ClassVerification found, CancellationToken stop)
    {
        try
        {
            using var reader = collection.Open();
            reader.Rejected = _ => found.Rules.Count(Rule.Rejected);
            while (reader.Read() is { } block)
            {
                while (!blocks.TryWrite(block))
                {
                    try
                    {
                        blocks.WaitToWriteAsync(stop).AsTask().GetAwaiter().GetResult();
                    }
                    catch (OperationCanceledException)
                    {
                        block.Dispose();
                        throw;
                    }
                }
            }
            blocks.Complete();
        }
        catch (Exception e)
        {
            blocks.Complete(e);
            throw;
        }
    }

    private async Task CompareAsync(RowComparer comparer, ChannelReader<DocumentBlock> blocks, ClassVerification found, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await foreach (var block in blocks.ReadAllAsync(stop))
        {
            using (block)
            {
                await comparer.CompareAsync(connection, block, found.Differences.Add, stop);
                progress.Loaded(block.Count);
            }
        }
    }

    private async Task ExplainAsync(ClassVerification found, IdLedger ids, DateTimeOffset now, CancellationToken stop)
    {
        var differences = found.Differences;
        if (ids.Duplicates.Count > 0)
        {
            // Of the documents with one id, the row is one.
            differences.Remove(d => d.Kind == DifferenceKind.Value && ids.Duplicates.TryGetValue(d.Id, out var kept) && d.Number != kept);
            found.Rules.Add(Rule.DuplicateId, ids.Repeated);
        }
        found.Rules.Add(Rule.ExpiredSession, differences.Remove(d => d.Kind == DifferenceKind.NoRow && d.ExpiresAt is { } due && due < now.ToUnixTimeMilliseconds()));
        var written = await new ImportState(database).WrittenByOthersAsync(table, [.. differences.Kept.Select(d => d.Id).Distinct()], stop);
        foreach (var difference in differences.Kept)
        {
            difference.WrittenAfterImport = written.Contains(difference.Id);
        }
    }
}
