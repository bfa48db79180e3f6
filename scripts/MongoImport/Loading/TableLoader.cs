using Backend.Data.Catalog;
using Backend.Data.Imports;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Sources;
using Npgsql;

namespace Backend.MongoImport.Loading;

/// <summary>Reads a class's documents and join rows and fills the staged tables.</summary>
internal sealed class TableLoader(NpgsqlDataSource database, Progress progress, RejectFile rejects)
{
    /// <summary>Fills the class's own table, and of the accounts their identities.</summary>
    /// <param name="plan">The class.</param>
    /// <param name="table">Its table.</param>
    /// <param name="withSequence">Number the rows, because some id comes twice.</param>
    /// <param name="report">Gets the counts.</param>
    /// <param name="stop">Cancels.</param>
    public async Task LoadAsync(ClassPlan plan, StagedTable table, bool withSequence, ClassReport report, CancellationToken stop)
    {
        report.BeginLoad();
        if (plan.Collection is null)
        {
            return;
        }
        var columns = table.Fields
            .Where(f => f.Kind != FieldKind.Relation && !plan.IsDerived(f.Name))
            .Select(f => new ColumnPlan(f.Column ?? "", ColumnPlan.KindOf(f.Kind), plan.SourcesOf(f.Name, f.Kind), f.Name) { Target = f.Target, Indexed = f.Indexed })
            .Concat(plan.InternalColumns)
            .ToList();
        var identityEncoder = plan.IsUsers ? new IdentityEncoder(withSequence) : null;
        var encoder = new RowEncoder(plan, plan.Scan?.Names ?? new FieldNames(), columns, withSequence, identityEncoder);
        await using var sink = await CopySink.OpenAsync(database, table.Quoted, encoder.ColumnNames, stop);
        await using var identities = identityEncoder is null
            ? null
            : await CopySink.OpenAsync(database, ImportRun.Quote("identities"), identityEncoder.ColumnNames, stop);
        await OnThreadAsync(() => Encode(plan.Collection, plan.Name, report, stop, (document, number) =>
        {
            if (identities is not null)
            {
                identityEncoder!.Rows = identities.Current;
            }
            encoder.Encode(document, number, sink.Current);
            sink.Flush();
            identities?.Flush();
        }));
        await sink.CompleteAsync();
        if (identities is not null)
        {
            await identities.CompleteAsync();
            report.Identities = identityEncoder!.Count;
        }
        report.EndLoad(encoder);
        foreach (var (key, _) in encoder.Rest.Counts.Keys)
        {
            table.FieldsInRest.Add(key);
            // Of a name that says nothing of its type in any document only nulls are left.
            if (plan.IsFieldName(key) && !plan.IsReserved(key) && table.Fields.All(f => f.Name != key))
            {
                table.Untyped.Add(key);
            }
        }
    }

    /// <summary>Fills a relation's join table; the order of reading is the order of linking.</summary>
    public async Task LoadAsync(JoinPlan join, string relation, ClassReport report, CancellationToken stop)
    {
        var counts = report.Join(join.Field);
        counts.Begin();
        await using var sink = await CopySink.OpenAsync(database, ImportRun.Quote(relation), ["owning_id", "related_id", "seq"], stop);
        await OnThreadAsync(() => Encode(join.Collection, $"{report.Name}.{join.Field}", counts, stop, (document, number) =>
        {
            if (!JoinEncoder.TryEncode(document, number, sink.Current))
            {
                counts.Incomplete++;
            }
            sink.Flush();
        }));
        await sink.CompleteAsync();
    }

    private void Encode(SourceCollection collection, string name, ReadCounts counts, CancellationToken stop, EncodeDocument encode)
    {
        using var reader = collection.Open();
        reader.Rejected = rejection =>
        {
            counts.Read++;
            counts.Rejected++;
            rejects.Add(name, rejection);
        };
        while (reader.Read() is { } block)
        {
            using (block)
            {
                stop.ThrowIfCancellationRequested();
                var at = 0;
                var number = block.FirstNumber;
                while (block.TryTake(ref at, out var document))
                {
                    try
                    {
                        encode(document, number);
                    }
                    catch (BsonFormatException e)
                    {
                        counts.Rejected++;
                        rejects.Add(name, new Rejection(block.Path, block.Offset + at - document.Length, number, $"{e.Message} (byte {e.Offset} of the document)", document.ToArray()));
                    }
                    number++;
                }
                counts.Read += block.Count;
                progress.Loaded(block.Count);
            }
        }
    }

    private static Task OnThreadAsync(Action work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private delegate void EncodeDocument(ReadOnlySpan<byte> document, long number);
}
