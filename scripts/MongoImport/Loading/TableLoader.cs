using Backend.Data.Imports;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Sources;
using Npgsql;

namespace Backend.MongoImport.Loading;

/// <summary>Reads a class's documents and join rows and fills the staged tables.</summary>
/// <param name="database">Connections.</param>
/// <param name="progress">Told of every block.</param>
/// <param name="rejects">Where documents go that cannot be decoded.</param>
/// <param name="options">How many COPY streams a large collection gets.</param>
internal sealed class TableLoader(NpgsqlDataSource database, Progress progress, RejectFile rejects, ImportOptions options)
{
    /// <summary>Fills the class's own table, and of the accounts their identities.</summary>
    /// <param name="plan">The class.</param>
    /// <param name="table">Its table.</param>
    /// <param name="withSequence">Read again, numbering the rows, because some id comes twice. What cannot be decoded was reported the first time.</param>
    /// <param name="report">Gets the counts.</param>
    /// <param name="stop">Cancels.</param>
    public async Task LoadAsync(ClassPlan plan, StagedTable table, bool withSequence, ClassReport report, CancellationToken stop)
    {
        report.BeginLoad();
        if (plan.Collection is not { } collection)
        {
            return;
        }
        var columns = plan.ColumnsOf(table.Fields);
        string[] relations = plan.IsUsers ? [table.Quoted, ImportRun.Quote("identities")] : [table.Quoted];
        await FillAsync(collection, relations, alone => ClassStream.OpenAsync(database, plan, table, columns, withSequence, alone, stop), filled =>
        {
            report.EndLoad([.. filled.Select(s => s.Encoder)]);
            report.Identities = filled.Sum(s => s.Identities);
            var inRest = report.InRest.Keys.Select(k => k.Key).ToHashSet(StringComparer.Ordinal);
            table.FieldsInRest.UnionWith(inRest);
            // Of a name that says nothing of its type in any document only nulls are left.
            table.Untyped.UnionWith(inRest.Where(key => plan.IsFieldName(key) && !plan.IsReserved(key) && table.Fields.All(f => f.Name != key)));
        }, new BlockPump(collection, plan.Name, progress, withSequence ? null : rejects), report, stop);
    }

    /// <summary>Fills a relation's join table; the order of reading is the order of linking.</summary>
    public async Task LoadAsync(JoinPlan join, string relation, ClassReport report, CancellationToken stop)
    {
        var counts = report.Join(join.Field);
        counts.Begin();
        var quoted = ImportRun.Quote(relation);
        await FillAsync(join.Collection, [quoted], alone => JoinStream.OpenAsync(database, quoted, alone, stop), filled => counts.Incomplete = filled.Sum(s => s.Incomplete),
            new BlockPump(join.Collection, $"{report.Name}.{join.Field}", progress, rejects), counts, stop);
    }

    private async Task FillAsync<T>(SourceCollection collection, string[] relations, Func<bool, Task<T>> open, Action<IReadOnlyList<T>> filled, BlockPump pump, ReadCounts counts,
        CancellationToken stop)
        where T : RowStream
    {
        var many = collection.Size >= options.LargeCollection ? options.Streams : 1;
        if (many > 1)
        {
            await ExecuteAsync("truncate " + string.Join(", ", relations), stop);
        }
        var opened = new List<T>();
        try
        {
            for (var i = 0; i < many; i++)
            {
                opened.Add(await open(many == 1));
            }
            await pump.RunAsync(opened, counts, stop);
            foreach (var stream in opened)
            {
                await stream.CompleteAsync();
            }
        }
        finally
        {
            foreach (var stream in opened)
            {
                await stream.DisposeAsync();
            }
        }
        filled(opened);
        if (many > 1)
        {
            // Before there are indexes, it costs least; and they need not look up who wrote the rows.
            foreach (var relation in relations)
            {
                await ExecuteAsync($"vacuum (freeze) {relation}", stop);
            }
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken stop)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(stop);
    }
}
