using System.Collections.Concurrent;
using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Backend.Data.Imports;
using Backend.Data.Migrations;
using Backend.MongoImport.Commands;
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
    /// <summary>Classes at a time: one is decoded while another is being indexed.</summary>
    private const int ClassesAtOnce = 2;

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
        progress.Begin($"scanning {source.Description}");
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
        await using var run = await ImportRun.BeginAsync(database, catalog, source.Description, stop);
        var plan = selection.Of(Planner.Make(source, c => _scans.GetValueOrDefault(c), await catalog.GetAsync(stop), options.Rules));

        using var rejects = new RejectFile(options.Rejects);
        var report = new ImportReport(source.Description, plan, rejects);
        var classes = await StageAsync(plan, run, report, stop);
        progress.Begin("loading", classes.Sum(c => c.Plan.Documents + c.Plan.Joins.Sum(j => _scans.GetValueOrDefault(j.Collection)?.Documents ?? 0)));
        var loader = new TableLoader(database, progress, rejects, options);
        var finisher = new Finisher(run, loader);
        await LoadAsync(classes, loader, finisher, database, stop);
        await RelateAsync(classes, finisher, await catalog.GetAsync(stop), stop);
        progress.Begin("publishing");
        await PublishAsync(classes, run, stop);
        report.Seconds = progress.Elapsed.TotalSeconds;
        return report;
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
            progress.Loaded(block.Count);
        }
    }

    private async Task<List<ClassImport>> StageAsync(ImportPlan plan, ImportRun run, ImportReport report, CancellationToken stop)
    {
        var snapshot = await run.Catalog.GetAsync(stop);
        foreach (var (name, damage) in plan.Damaged)
        {
            report.Add(new ClassReport(new ClassPlan(name, null, null, false)) { State = ClassState.Damaged, Message = damage.Message });
        }
        var classes = new List<ClassImport>();
        foreach (var planned in plan.Classes)
        {
            var outcome = report.Add(new ClassReport(planned));
            if (snapshot.FindByOrigin(planned.Name) is { } existing && !options.Replace.Contains(planned.Name)
                && await run.State.WhyTouchedAsync(existing, stop) is { } touched)
            {
                LeaveAlone(outcome, touched);
                continue;
            }
            var table = await run.StageAsync(new StagedTableSpec(planned.Name, planned.Fields) 
            {
                Permissions = planned.Permissions,
                IndexedFields = IndexPlanner.IndexedFields(planned),
                Rules = RulesText.Of(options.Rules.For(planned.Name)),
            }, stop);
            outcome.Table = "app." + table.Relation;
            IndexPlanner.Plan(planned, table, outcome.Notes);
            classes.Add(new ClassImport(planned, table, outcome));
        }
        return classes;
    }

    private async Task LoadAsync(List<ClassImport> classes, TableLoader loader, Finisher finisher, NpgsqlDataSource database, CancellationToken stop)
    {
        var accounts = classes.Where(c => c.Plan.IsAccounts).ToList();
        // The largest first, and the accounts, which wait for each other, as one.
        var work = classes.Except(accounts)
            .Select(c => (Size: c.Plan.Collection?.Size ?? 0, Run: (Func<Task>)(() => GuardedAsync(c, () => LoadOneAsync(c, loader, finisher, stop)))))
            .Append((Size: accounts.Sum(c => c.Plan.Collection?.Size ?? 0), Run: () => LoadAccountsAsync(accounts, loader, finisher, database, stop)))
            .OrderByDescending(w => w.Size);
        await Parallel.ForEachAsync(work, new ParallelOptions { MaxDegreeOfParallelism = ClassesAtOnce, CancellationToken = stop }, async (w, _) => await w.Run());
    }

    private static async Task LoadOneAsync(ClassImport one, TableLoader loader, Finisher finisher, CancellationToken stop)
    {
        await FillAsync(one, loader, stop);
        await finisher.KeyAsync(one.Plan, one.Table, one.Report, stop);
        await finisher.FinishAsync(one.Table, one.Report, stop);
    }

    private async Task LoadAccountsAsync(List<ClassImport> accounts, TableLoader loader, Finisher finisher, NpgsqlDataSource database, CancellationToken stop)
    {
        foreach (var one in accounts)
        {
            await GuardedAsync(one, async () =>
            {
                await FillAsync(one, loader, stop);
                await finisher.KeyAsync(one.Plan, one.Table, one.Report, stop);
            });
        }
        StagedTable? Table(string name) => accounts.Find(c => c.Plan.Name == name && c.Report.State == ClassState.Imported)?.Table;
        try
        {
            await new AccountMarks(database).RunAsync(Table("_User"), Table("_Session"), Table("_Role"), table => accounts.First(c => c.Table == table).Report, stop);
        }
        catch (NpgsqlException e)
        {
            // They are published together, so they fail together.
            accounts.ForEach(c => Fail(c, e));
        }
        foreach (var one in accounts)
        {
            await GuardedAsync(one, () => finisher.FinishAsync(one.Table, one.Report, stop));
        }
    }

    private static async Task FillAsync(ClassImport one, TableLoader loader, CancellationToken stop)
    {
        await loader.LoadAsync(one.Plan, one.Table, withSequence: false, one.Report, stop);
        foreach (var join in one.Plan.Joins)
        {
            await loader.LoadAsync(join, one.Table.Fields.First(f => f.Name == join.Field).Column!, one.Report, stop);
        }
    }

    // Where relations lead that no schema declared, and what leads nowhere.
    private async Task RelateAsync(List<ClassImport> classes, Finisher finisher, CatalogSnapshot catalog, CancellationToken stop)
    {
        progress.Begin("looking for references that lead nowhere");
        var staged = classes.Where(c => c.Report.State == ClassState.Imported).ToDictionary(c => c.Plan.Name);
        string? Rows(string name) => staged.GetValueOrDefault(name)?.Table.Quoted ?? catalog.FindByOrigin(name)?.Quoted;
        foreach (var one in staged.Values)
        {
            foreach (var field in one.Table.Fields.Where(f => f is { Kind: FieldKind.Relation, Target: null or "" }).ToList())
            {
                var target = await finisher.GuessTargetAsync(field.Column!, staged.Values.Select(c => (c.Plan.Name, c.Table.Quoted)), stop);
                one.Report.Notes.Add(target is null
                    ? $"Relation {field.Name}: no class holds the rows it links; taken for {one.Plan.Name}."
                    : $"Relation {field.Name}: in no schema; it leads to {target}, going by the rows it links.");
                one.Table.SetTarget(field.Name, target ?? one.Plan.Name);
            }
        }
        await Parallel.ForEachAsync(staged.Values, new ParallelOptions { MaxDegreeOfParallelism = ClassesAtOnce, CancellationToken = stop },
            async (one, _) => await GuardedAsync(one, () => finisher.CountDanglingAsync(one.Plan, one.Table, Rows, one.Report, stop)));
    }

    private async Task PublishAsync(List<ClassImport> classes, ImportRun run, CancellationToken stop)
    {
        var ready = classes.Where(c => c.Report.State == ClassState.Imported).ToList();
        var accounts = ready.Where(c => c.Plan.IsAccounts).ToList();
        var groups = ready.Except(accounts).Select(c => new List<ClassImport> { c });
        foreach (var group in accounts.Count > 0 ? groups.Prepend(accounts) : groups)
        {
            try
            {
                if (await PublishGroupAsync(group, run, stop) is { } why)
                {
                    group.ForEach(c => LeaveAlone(c.Report, why));
                }
            }
            catch (NpgsqlException e)
            {
                group.ForEach(c => Fail(c, e));
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

    // One class that cannot be imported must not keep the others from it.
    private async Task GuardedAsync(ClassImport one, Func<Task> work)
    {
        if (one.Report.State != ClassState.Imported)
        {
            return;
        }
        try
        {
            await work();
        }
        catch (Exception e) when (e is NpgsqlException or SourceDamagedException or IOException)
        {
            Fail(one, e);
        }
    }

    private void Fail(ClassImport one, Exception e)
    {
        one.Report.State = e is SourceDamagedException ? ClassState.Damaged : ClassState.Failed;
        one.Report.Message = e.Message;
        progress.Say($"{one.Plan.Name} stays as it was: {e.Message}");
    }

    private void LeaveAlone(ClassReport report, string why)
    {
        report.State = ClassState.LeftAlone;
        report.Message = $"{why}; --replace {report.Name} imports it all the same";
        progress.Say($"{report.Name} is left alone: {report.Message}.");
    }

    private sealed record ClassImport(ClassPlan Plan, StagedTable Table, ClassReport Report);
}
