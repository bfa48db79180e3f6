using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Backend.Data.Imports;
using Backend.Data.Migrations;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Files;
using Backend.MongoImport.Following;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Backend.MongoImport.Verifying;

/// <summary>
/// Compares a whole source with the rows in the database: documents, links, schema, and rows that the source does not have. Nothing is written but the
/// record of the comparison in the catalog.
/// </summary>
internal sealed class Verifier(VerifyOptions options, Progress progress, TimeProvider clock)
{
    /// <summary>Compares.</summary>
    /// <exception cref="SourceException">The source cannot be used, or the rows came by other rules.</exception>
    public async Task<VerifyReport> RunAsync(CancellationToken stop)
    {
        await MigrationRunner.RunAsync(options.Connection, stop);
        await using var database = NpgsqlDataSource.Create(ForReading(options.Connection));
        using var listener = new Listener(options.Connection, NullLogger<Listener>.Instance);
        using var live = new LiveCatalog(database, listener, NullLogger<LiveCatalog>.Instance);
        var verifications = new Verifications(database);
        var started = clock.GetUtcNow();
        var (snapshot, cluster) = await verifications.PositionAsync(stop);
        var rules = await StoredRules.RequireAsync(database, options.Rules, stop);
        using var source = RuledSource.Over(DumpSource.Open(options.Source, options.Database, options.Temporary), rules);
        source.Say = progress.Say;
        if (!ComparesFiles(rules))
        {
            source.Wanted = c => !IsChunks(c);
        }
        progress.Begin($"reading {source.Description}");
        if (source.NeedsScan)
        {
            source.Scan((_, block) => block.Dispose(), stop);
        }
        var catalog = await live.GetAsync(stop);
        var plan = Planner.Make(source, FirstBlock, catalog, rules);
        var report = new VerifyReport(source.Description);
        report.Ignored.AddRange(plan.Ignored.Where(i => !GridBucket.Is(i.Name, options.Files.Bucket, "")));
        progress.Begin("comparing");
        await ClassesAsync(plan, catalog, database, report, started, stop);
        await FilesAsync(source, rules, database, report, started, stop);
        await new FollowedChanges(database, clock, options.Patience).ExplainAsync(report, started, stop);
        report.Seconds = progress.Elapsed.TotalSeconds;
        report.IsComplete = options.Only.Count == 0 && !report.Failed;
        await verifications.AddAsync(new Verification(source.Description, started.UtcDateTime, snapshot, cluster, report.IsComplete, report.Unexplained, report.ClassesJson()), stop);
        if (report.IsComplete)
        {
            var differences = report.Classes.SelectMany(c => c.Differences.Kept).ToList();
            var rows = differences.Where(d => d.Kind is DifferenceKind.Value or DifferenceKind.NoRow or DifferenceKind.NoDocument).Select(d => (d.ClassName, d.Id)).ToHashSet();
            // Files that differ are noted elsewhere: the follow brings them once more.
            var others = report.Classes.Sum(c => c.Differences.Dropped)
                + differences.Count(d => d.Kind is not (DifferenceKind.Value or DifferenceKind.NoRow or DifferenceKind.NoDocument or DifferenceKind.NoFile or DifferenceKind.FileContent));
            await FollowState.NoteVerifyAsync(database, started, rows, others, stop);
        }
        return report;
    }

    /// <summary>Connections for comparing: many, without limits of time.</summary>
    public static string ForReading(string connection) => new NpgsqlConnectionStringBuilder(connection)
    {
        CommandTimeout = 0,
        MaxPoolSize = 50,
        MaxAutoPrepare = 20,
        AutoPrepareMinUsages = 2,
        ApplicationName = "backend verify",
        Options = $"{new NpgsqlConnectionStringBuilder(connection).Options} -c jit=off",
    }.ConnectionString;

    private bool ComparesFiles(ImportRules rules) => options.Only.Count == 0 && options.Files.Folder is not null && !rules.SkipFiles;

    private bool IsChunks(SourceCollection collection) => collection.Name.EndsWith(options.Files.Bucket + ".chunks", StringComparison.Ordinal);

    private async Task FilesAsync(DumpSource source, ImportRules rules, NpgsqlDataSource database, VerifyReport report, DateTimeOffset started, CancellationToken stop)
    {
        if (ComparesFiles(rules))
        {
            progress.Begin("comparing files");
            if (await new FileVerifier(options.Files, database, clock, options.Patience).RunAsync(source, options.Temporary, started, stop) is { } files)
            {
                report.Classes.Insert(0, files);
            }
        }
        else if (options.Only.Count == 0 && !rules.SkipFiles && source.Collections.Any(IsChunks))
        {
            report.FilesLeft = "Files in GridFS were not compared: name the folder of the file store with --files, or set Files__Directory as for the API.";
        }
    }

    // What the plan asks of a scan is only whether there is anything, and whether it looks like Parse's: the types are in the catalog.
    private CollectionScan? FirstBlock(SourceCollection collection)
    {
        if (collection.Damage is not null || IsChunks(collection))
        {
            return null;
        }
        try
        {
            using var reader = collection.Open();
            if (reader.Read() is not { } block)
            {
                return null;
            }
            using (block)
            {
                var scan = new CollectionScan();
                scan.Add(block);
                return scan;
            }
        }
        catch (SourceDamagedException e)
        {
            collection.Damage = e;
            return null;
        }
    }

    private async Task ClassesAsync(ImportPlan plan, CatalogSnapshot catalog, NpgsqlDataSource database, VerifyReport report, DateTimeOffset now, CancellationToken stop)
    {
        bool Wanted(string name) => options.Only.Count == 0 || options.Only.Contains(name);
        foreach (var (name, damage) in plan.Damaged.Where(d => Wanted(d.Key)))
        {
            report.Classes.Add(new ClassVerification(name) { Failure = damage.Message });
        }
        var work = new List<(ClassPlan Plan, Table Table, ClassVerification Found)>();
        foreach (var one in plan.Classes.Where(c => Wanted(c.Name)))
        {
            var found = new ClassVerification(one.Name);
            report.Classes.Add(found);
            if (catalog.FindByOrigin(one.Name) is { } table)
            {
                work.Add((one, table, found));
            }
            else
            {
                found.Differences.Add(new Difference(DifferenceKind.NoClass, one.Name, "", null, null, null));
            }
        }
        var state = await new ImportState(database).ReadRulesAsync(stop);
        foreach (var table in catalog.Tables.Where(t => Wanted(t.Origin) && !plan.Damaged.ContainsKey(t.Origin) && plan.Classes.TrueForAll(c => c.Name != t.Origin)))
        {
            var found = new ClassVerification(table.Origin);
            if (!state.ContainsKey(table.Origin))
            {
                // No import made it: it is the server's own, and says nothing about the source.
                continue;
            }
            report.Classes.Add(found);
            work.Add((new ClassPlan(table.Origin, null, null, false), table, found));
        }
        var most = new ParallelOptions { MaxDegreeOfParallelism = options.Streams, CancellationToken = stop };
        await Parallel.ForEachAsync(work.OrderByDescending(w => w.Plan.Collection?.Size ?? 0), most, async (one, cancel) =>
        {
            try
            {
                if (one.Plan.Collection is not null || one.Plan.Fields.Count > 0)
                {
                    SchemaVerifier.Compare(one.Plan, one.Table, one.Found);
                }
                await new ClassVerifier(database, one.Plan, one.Table, options.Streams, progress).RunAsync(one.Found, now, cancel);
                if (options.AllowWrites)
                {
                    one.Found.Rules.Add(Rule.WrittenAfterImport, one.Found.Differences.Remove(d => d.WrittenAfterImport));
                }
            }
            catch (Exception e) when (e is SourceDamagedException or IOException)
            {
                one.Found.Failure = e.Message;
            }
        });
        report.Classes.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
    }
}
