using System.Collections.Concurrent;
using System.Globalization;
using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Backend.Data.Imports;
using Backend.Data.Migrations;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Files;
using Backend.MongoImport.Following;
using Backend.MongoImport.Loading;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Backend.MongoImport;

/// <summary>
/// The import from front to back: scan the source, plan, fill tables aside, make keys and indexes, put them into place. Nothing that anybody
/// sees changes before the last step.
/// </summary>
internal sealed class Importer(ImportOptions options, Progress progress)
{
    private const int PublishAttempts = 5;

    private readonly ConcurrentDictionary<SourceCollection, CollectionScan> _scans = new();

    /// <summary>Imports.</summary>
    /// <exception cref="SourceException">The source cannot be used.</exception>
    public async Task<ImportReport> RunAsync(CancellationToken stop)
    {
        var connection = new NpgsqlConnectionStringBuilder(options.Connection);
        using var source = RuledSource.Over(DumpSource.Open(options.Source, options.Database, options.Temporary), options.Rules);
        var selection = new Selection(options.Only);
        source.Wanted = selection.Wants;
        source.Say = progress.Say;
        // Reading the source and preparing the database have nothing to do with each other.
        progress.Begin($"scanning {source.Description}", 0, source.Size);
        using var scanStop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var scanning = Task.Run(() => source.Scan(Scan, scanStop.Token), stop);
        try
        {
            await MigrationRunner.RunAsync(connection.ConnectionString, stop);
        }
        catch
        {
            await scanStop.CancelAsync();
            await scanning.ContinueWith(_ => { }, TaskScheduler.Default);
            throw;
        }
        await scanning;

        await using var database = NpgsqlDataSource.Create(ForLoading(connection));
        await using var catalogDatabase = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connection.ConnectionString)
        {
            CommandTimeout = 0,
            Options = $"{connection.Options} {WriteSwitch.FollowerOption}",
        });
        using var listener = new Listener(connection.ConnectionString, NullLogger<Listener>.Instance);
        using var catalog = new LiveCatalog(catalogDatabase, listener, NullLogger<LiveCatalog>.Instance) { Follows = true };
        await using var run = await ImportRun.BeginAsync(database, catalog, source.Description, options.Resume, stop);
        var plan = selection.Of(Planner.Make(source, c => _scans.GetValueOrDefault(c), await catalog.GetAsync(stop), options.Rules));

        if (options.Resume && run.Kept.Count == 0)
        {
            progress.Say("There is nothing to go on with: the import begins from the start.");
        }
        await NoteSourceAsync(source, run, stop);
        using var rejects = new RejectFile(options.Rejects);
        var report = new ImportReport(source.Description, plan, rejects);
        var staging = new ClassStaging(options, run, report, new Fingerprint(source, c => _scans.GetValueOrDefault(c)), progress);
        var classes = await staging.StageAsync(plan, rejects, stop);
        progress.Begin("loading", classes.Where(c => c.Table.Stage != ImportStage.Ready).Sum(Documents));
        var loader = new ClassLoader(run, new TableLoader(database, progress, rejects, options), rejects, progress);
        await loader.LoadAsync(classes, stop);
        var snapshot = await catalog.GetAsync(stop);
        var elsewhere = options.Only.Count > 0 ? snapshot.Tables.Select(t => t.Origin) : staging.Published;
        await loader.RelateAsync(classes, snapshot, [.. elsewhere], stop);
        progress.Begin("publishing");
        await PublishAsync(classes, run, loader, stop);
        if (report.Classes.Any(c => c.Name == ImportedHooks.ClassName && c.State == ClassState.Imported))
        {
            await ImportedHooks.SyncAsync(catalog, stop);
        }
        if (options.Only.Count == 0 && !options.Rules.SkipFiles)
        {
            report.Files = await FileImport.RunAsync(options.Files, source, options.Temporary, rejects, progress, stop);
            plan.Ignored.RemoveAll(i => GridBucket.Is(i.Name, options.Files.Bucket, ""));
        }
        await run.CompleteAsync(report.Classes.All(c => c.State == ClassState.Imported), stop);
        if (options.Only.Count == 0 && report.ExitCode != Command.Failed)
        {
            await FollowState.EndImportAsync(database, stop);
        }
        if (report.ExitCode != Command.Failed)
        {
            NoteOplog(source, plan);
        }
        report.Seconds = progress.Elapsed.TotalSeconds;
        return report;
    }

    private long Documents(ClassImport one) =>
        (one.Table.Stage == ImportStage.New ? one.Plan.Documents : 0) + one.Plan.Joins.Sum(j => _scans.GetValueOrDefault(j.Collection)?.Documents ?? 0);

    // Whoever follows the source goes on from before the first document that was read, also by a run that this one goes on with.
    private Task NoteSourceAsync(DumpSource source, ImportRun run, CancellationToken stop) => (options.Only.Count, source.Position) switch
    {
        ( > 0, _) => FollowState.ForgetLinksAsync(run.Database, stop),
        (_, null) => FollowState.ForgetAsync(run.Database, stop),
        (_, { } position) => FollowState.BeginImportAsync(run.Database, source.Description, CollectionNames.PrefixOf(source.Collections.Select(c => c.Name)), position,
            options.Resume && run.Kept.Count > 0, options.Replace.Count > 0, stop),
    };

    private void NoteOplog(DumpSource source, ImportPlan plan)
    {
        if (options.Only.Count > 0 || source.Oplog is not { Damage: null } oplog || source.Position is null)
        {
            return;
        }
        long entries = 0;
        using var reader = oplog.Open();
        while (reader.Read() is { } block)
        {
            using (block)
            {
                entries += block.Count;
            }
        }
        plan.Notes.Add($"The dump holds {entries.ToString("N0", CultureInfo.InvariantCulture)} entries of the oplog: what was written while it was made. import-mongo verify {options.Source}, then import-mongo follow {options.Source} brings them.");
    }

    private static string ForLoading(NpgsqlConnectionStringBuilder connection) => new NpgsqlConnectionStringBuilder(connection.ConnectionString)
    {
        CommandTimeout = 0,
        // Two classes at a time, each with its streams (the users' identities have their own), index builds, and the run's own connection.
        MaxPoolSize = 50,
        MaxAutoPrepare = 0,
        ApplicationName = "backend import",
        // What is loaded can be loaded again; it is made durable by the commit that publishes it.
        Options = $"{connection.Options} -c synchronous_commit=off -c maintenance_work_mem=256MB -c max_parallel_maintenance_workers=1 -c jit=off {WriteSwitch.FollowerOption}",
    }.ConnectionString;

    private void Scan(SourceCollection collection, DocumentBlock block)
    {
        using (block)
        {
            _scans.GetOrAdd(collection, _ => new CollectionScan()).Add(block);
            progress.Loaded(block.Count, block.Length);
        }
    }

    private async Task PublishAsync(List<ClassImport> classes, ImportRun run, ClassLoader loader, CancellationToken stop)
    {
        var ready = classes.Where(c => c.Report.State == ClassState.Imported).ToList();
        var accounts = ready.Where(c => c.Plan.IsAccounts).ToList();
        var groups = ready.Except(accounts).Select(c => new List<ClassImport> { c });
        foreach (var group in accounts.Count > 0 ? groups.Prepend(accounts) : groups)
        {
            group.ForEach(c => c.Table.Report = c.Report.Save().ToJson());
            try
            {
                if (await PublishGroupAsync(group, run, stop) is { } why)
                {
                    group.ForEach(c => c.Report.LeaveAlone(why, progress));
                }
            }
            catch (NpgsqlException e) when (!DatabaseTrouble.EndsEverything(e))
            {
                group.ForEach(c => loader.Fail(c, e));
            }
        }
    }

    // A server that writes to the old tables may have locked them in another order.
    private async Task<string?> PublishGroupAsync(List<ClassImport> group, ImportRun run, CancellationToken stop)
    {
        var replace = group.Any(c => options.Replace.Contains(c.Plan.Name));
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await run.PublishAsync([.. group.Select(c => c.Table)], replace, stop);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected && attempt < PublishAttempts)
            {
                progress.Say($"{group[0].Plan.Name}: a deadlock with a running server; once more.");
            }
        }
    }
}
