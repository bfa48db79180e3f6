using System.Collections.Concurrent;
using System.Diagnostics;
using Backend.Data.Imports;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Files;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Checking;

/// <summary>
/// The check from front to back: scan, plan, make every row and throw it away, then ask what its ids and pointers lead to. Memory stays under 200 MB whatever
/// the size (<see cref="KeyFile"/>); only the entries of GridFS are held (<see cref="GridBucket"/>).
/// </summary>
internal sealed class Checker(CheckOptions options, Progress progress, TimeProvider time)
{
    private const int ClassesAtOnce = 2;

    private readonly ConcurrentDictionary<SourceCollection, CollectionScan> _scans = new();

    /// <summary>Checks.</summary>
    /// <exception cref="SourceException">The source cannot be used, or a rule cannot be followed.</exception>
    public async Task<CheckReport> RunAsync(CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        using var source = RuledSource.Over(DumpSource.Open(options.Source, options.Database, options.Temporary), options.Rules);
        source.Say = progress.Say;
        progress.Begin($"scanning {source.Description}");
        await Task.Run(() => source.Scan(Scan, stop), stop);
        var look = options.Connection is null ? null : await DatabaseLook.TakeAsync(options.Connection, stop);
        var catalog = look?.Catalog ?? ShippedTables.Known.Catalog;
        var plan = Planner.Make(source, c => _scans.GetValueOrDefault(c), catalog, options.Rules);
        var report = new CheckReport(source.Description, plan) { Bytes = source.Collections.Sum(c => c.Size), Server = look?.Server };
        report.Findings.AddRange(look?.Findings ?? []);

        var preview = new TablePreview(ShippedTables.Known.Relations.Concat(look?.Relations ?? []));
        foreach (var planned in plan.Classes)
        {
            var spec = new StagedTableSpec(planned.Name, planned.Fields) { IndexedFields = IndexPlanner.IndexedFields(planned) };
            var check = new ClassCheck(planned, ShippedTables.Known.Preview(preview, spec, catalog.FindByOrigin(planned.Name)));
            IndexPlanner.Plan(planned, check.Table, check.IndexNotes);
            report.Classes.Add(check);
            if (look is not null && catalog.FindByOrigin(planned.Name) is { } existing && await look.WhyLeftAloneAsync(existing, stop) is { } why)
            {
                report.Findings.Add(new Finding(Weight.Fix, "left-alone", $"would be left alone: {why}; --replace {planned.Name} imports it all the same") { Class = planned.Name });
            }
        }

        var bucket = Bucket(source, report);
        progress.Begin("looking at every document", report.Classes.Sum(c => c.Plan.Documents + c.Plan.Joins.Sum(j => _scans.GetValueOrDefault(j.Collection)?.Documents ?? 0)));
        var keys = report.Classes.ToDictionary(c => c.Name, c => new ClassKeys(c.Plan, options.Temporary), StringComparer.Ordinal);
        using var files = new KeyFile(options.Temporary);
        try
        {
            // The largest first: otherwise one core waits at the end.
            var order = report.Classes.OrderByDescending(c => c.Plan.Collection?.Size ?? 0);
            await Parallel.ForEachAsync(order, new ParallelOptions { MaxDegreeOfParallelism = ClassesAtOnce, CancellationToken = stop }, (check, _) =>
            {
                try
                {
                    new ClassChecker(check, keys[check.Name], progress, time.GetUtcNow()).Run(stop);
                }
                catch (SourceDamagedException e)
                {
                    lock (plan.Damaged)
                    {
                        plan.Damaged.TryAdd(check.Name, e);
                    }
                    keys[check.Name].Complete();
                }
                return ValueTask.CompletedTask;
            });
            progress.Begin("looking for what leads nowhere and what comes twice");
            new Findings(report, keys, options, time.GetUtcNow()).Gather(bucket, files, stop);
        }
        finally
        {
            foreach (var one in keys.Values)
            {
                one.Dispose();
            }
        }
        report.Estimate = Estimates.Of(report, _scans.Values.Sum(s => s.Documents));
        report.Seconds = clock.Elapsed.TotalSeconds;
        return report;
    }

    private void Scan(SourceCollection collection, DocumentBlock block)
    {
        using (block)
        {
            _scans.GetOrAdd(collection, _ => new CollectionScan()).Add(block);
            progress.Loaded(block.Count);
        }
    }

    private GridBucket? Bucket(DumpSource source, CheckReport report)
    {
        try
        {
            if (GridBucket.Read(source, options.Bucket) is not { } bucket)
            {
                return null;
            }
            report.Files = new FilesCheck(bucket.Count, bucket.Files.Count, bucket.Files.Values.Sum(f => f.Length));
            return bucket;
        }
        catch (SourceDamagedException e)
        {
            report.Findings.Add(new Finding(Weight.Fix, "damaged", $"GridFS is damaged, no file can be imported: {e.Message}"));
            return null;
        }
    }
}
