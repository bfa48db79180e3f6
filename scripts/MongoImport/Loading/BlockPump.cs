using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Loading;

/// <summary>
/// Reads a collection on one thread and hands its blocks to the streams, each on a thread of its own, as each becomes free. A document's number
/// travels with its block, so nothing depends on which stream takes it. Memory is bounded by the blocks on the way.
/// </summary>
internal sealed class BlockPump(SourceCollection collection, string name, Progress progress, RejectFile? rejects)
{
    private const int BlocksPerStream = 2;

    private long _read;
    private long _rejected;
    private Exception? _failure;

    /// <summary>Runs to the collection's end.</summary>
    /// <param name="streams">The ways into the table.</param>
    /// <param name="counts">Gets the documents read and rejected.</param>
    /// <param name="stop">Cancels.</param>
    /// <exception cref="SourceDamagedException">The source is damaged.</exception>
    public async Task RunAsync(IReadOnlyList<RowStream> streams, ReadCounts counts, CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var blocks = new BlockingCollection<DocumentBlock>(streams.Count * BlocksPerStream);
        await Task.WhenAll([OnThread(() => Read(blocks, ended.Token), ended), .. streams.Select(s => OnThread(() => Encode(blocks, s, ended.Token), ended))]);
        while (blocks.TryTake(out var left))
        {
            left.Dispose();
        }
        stop.ThrowIfCancellationRequested();
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }
        counts.Read += _read;
        counts.Rejected += _rejected;
    }

    // What fails first is what is told; it stops the others.
    private Task OnThread(Action work, CancellationTokenSource ended) => Task.Factory.StartNew(
        () =>
        {
            try
            {
                work();
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref _failure, e, null);
                ended.Cancel();
            }
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Read(BlockingCollection<DocumentBlock> blocks, CancellationToken ended)
    {
        using var reader = collection.Open();
        reader.Rejected = rejection =>
        {
            Interlocked.Increment(ref _read);
            Reject(rejection);
        };
        while (reader.Read() is { } block)
        {
            try
            {
                blocks.Add(block, ended);
            }
            catch (OperationCanceledException)
            {
                block.Dispose();
                throw;
            }
        }
        blocks.CompleteAdding();
    }

    private void Encode(BlockingCollection<DocumentBlock> blocks, RowStream stream, CancellationToken ended)
    {
        foreach (var block in blocks.GetConsumingEnumerable(ended))
        {
            using (block)
            {
                var at = 0;
                var number = block.FirstNumber;
                while (block.TryTake(ref at, out var document))
                {
                    try
                    {
                        stream.Add(document, number);
                    }
                    catch (BsonFormatException e)
                    {
                        Reject(new Rejection(block.Path, block.Offset + at - document.Length, number, $"{e.Message} (byte {e.Offset} of the document)", document.ToArray()));
                    }
                    number++;
                }
                Interlocked.Add(ref _read, block.Count);
                progress.Loaded(block.Count);
            }
        }
    }

    private void Reject(Rejection rejection)
    {
        Interlocked.Increment(ref _rejected);
        rejects?.Add(name, rejection);
    }
}
