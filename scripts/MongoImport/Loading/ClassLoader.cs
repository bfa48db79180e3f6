using Backend.Data.Catalog;
using Backend.Data.Imports;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Sources;
using Npgsql;

namespace Backend.MongoImport.Loading;

/// <summary>A class on its way: its plan, its table in schema <c>import</c>, and what is told of it.</summary>
internal sealed record ClassImport(ClassPlan Plan, StagedTable Table, ClassReport Report);

/// <summary>
/// Brings classes from their documents to tables that are ready to be published: filled, with keys, indexes and counts. How far each is is noted in the
/// database, so that a run that goes on begins there.
/// </summary>
internal sealed class ClassLoader(ImportRun run, TableLoader loader, RejectFile rejects, Progress progress)
{
    private readonly Finisher _finisher = new(run, loader, progress);

    /// <summary>Classes at a time: one is decoded while another is being indexed.</summary>
    private const int ClassesAtOnce = 2;

    /// <summary>Loads whatever is not complete yet.</summary>
    public async Task LoadAsync(IReadOnlyList<ClassImport> classes, CancellationToken stop)
    {
        var accounts = classes.Where(c => c.Plan.IsAccounts).ToList();
        // The largest first, and the accounts, which wait for each other, as one.
        var work = classes.Except(accounts)
            .Select(c => (Size: c.Plan.Collection?.Size ?? 0, Run: (Func<Task>)(() => GuardedAsync(c, () => LoadOneAsync(c, stop)))))
            .Append((Size: accounts.Sum(c => c.Plan.Collection?.Size ?? 0), Run: () => LoadAccountsAsync(accounts, stop)))
            .OrderByDescending(w => w.Size);
        await Parallel.ForEachAsync(work, new ParallelOptions { MaxDegreeOfParallelism = ClassesAtOnce, CancellationToken = stop }, async (w, _) => await w.Run());
    }

    /// <summary>Tells that a class stays as it was.</summary>
    public void Fail(ClassImport one, Exception e)
    {
        one.Report.State = e is SourceDamagedException ? ClassState.Damaged : ClassState.Failed;
        one.Report.Message = e.Message;
        progress.Say($"{one.Plan.Name} stays as it was: {e.Message}");
    }

    private async Task LoadOneAsync(ClassImport one, CancellationToken stop)
    {
        if (one.Table.Stage == ImportStage.Ready)
        {
            return;
        }
        if (one.Table.Stage == ImportStage.New)
        {
            await loader.LoadAsync(one.Plan, one.Table, withSequence: false, one.Report, stop);
            await NoteAsync(ImportStage.Loaded, [one], stop);
        }
        await JoinsAsync(one, stop);
        await _finisher.KeyAsync(one.Plan, one.Table, one.Report, stop);
        await _finisher.FinishAsync(one.Table, one.Report, stop);
        await NoteAsync(ImportStage.Ready, [one], stop);
    }

    private async Task LoadAccountsAsync(List<ClassImport> accounts, CancellationToken stop)
    {
        if (accounts.All(c => c.Table.Stage == ImportStage.Ready))
        {
            return;
        }
        foreach (var one in accounts)
        {
            await GuardedAsync(one, async () =>
            {
                await loader.LoadAsync(one.Plan, one.Table, withSequence: false, one.Report, stop);
                await JoinsAsync(one, stop);
                await _finisher.KeyAsync(one.Plan, one.Table, one.Report, stop);
            });
        }
        StagedTable? Table(string name) => accounts.Find(c => c.Plan.Name == name && c.Report.State == ClassState.Imported)?.Table;
        try
        {
            await new AccountMarks(run.Database).RunAsync(Table("_User"), Table("_Session"), Table("_Role"), table => accounts.First(c => c.Table == table).Report, stop);
        }
        catch (NpgsqlException e) when (!DatabaseTrouble.EndsEverything(e))
        {
            // They are published together, so they fail together.
            accounts.ForEach(c => Fail(c, e));
        }
        foreach (var one in accounts)
        {
            await GuardedAsync(one, () => _finisher.FinishAsync(one.Table, one.Report, stop));
        }
        if (accounts.All(c => c.Report.State == ClassState.Imported))
        {
            await NoteAsync(ImportStage.Ready, accounts, stop);
        }
    }

    private async Task JoinsAsync(ClassImport one, CancellationToken stop)
    {
        foreach (var join in one.Plan.Joins)
        {
            await loader.LoadAsync(join, one.Table.Fields.First(f => f.Name == join.Field).Column!, one.Report, stop);
        }
    }

    private async Task NoteAsync(ImportStage stage, IReadOnlyList<ClassImport> classes, CancellationToken stop)
    {
        // What was rejected must be on disk before it counts as told.
        rejects.Flush();
        foreach (var one in classes)
        {
            one.Table.Report = one.Report.Save().ToJson();
        }
        await run.NoteAsync(stage, [.. classes.Select(c => c.Table)], stop);
    }

    /// <summary>Finds out where relations lead that no schema declared, and counts what leads nowhere.</summary>
    /// <param name="classes">The classes.</param>
    /// <param name="catalog">The catalog, for what is not imported now.</param>
    /// <param name="elsewhere">Classes in schema <c>app</c> that a relation may lead to as well.</param>
    /// <param name="stop">Cancels.</param>
    public async Task RelateAsync(IReadOnlyList<ClassImport> classes, CatalogSnapshot catalog, IReadOnlyList<string> elsewhere, CancellationToken stop)
    {
        progress.Begin("looking for references that lead nowhere");
        var staged = classes.Where(c => c.Report.State == ClassState.Imported).ToDictionary(c => c.Plan.Name);
        string? Rows(string name) => staged.GetValueOrDefault(name)?.Table.Quoted ?? catalog.FindByOrigin(name)?.Quoted;
        var candidates = staged.Keys.Union(elsewhere).Select(name => (Name: name, Rows: Rows(name))).Where(c => c.Rows is not null).Select(c => (c.Name, c.Rows!)).ToList();
        foreach (var one in staged.Values)
        {
            foreach (var field in one.Table.Fields.Where(f => f is { Kind: FieldKind.Relation, Target: null or "" }).ToList())
            {
                var target = await _finisher.GuessTargetAsync(field.Column!, candidates, stop);
                one.Report.Notes.Add(target is null
                    ? $"Relation {field.Name}: no class holds the rows it links; taken for {one.Plan.Name}."
                    : $"Relation {field.Name}: in no schema; it leads to {target}, going by the rows it links.");
                one.Table.SetTarget(field.Name, target ?? one.Plan.Name);
            }
        }
        await Parallel.ForEachAsync(staged.Values, new ParallelOptions { MaxDegreeOfParallelism = ClassesAtOnce, CancellationToken = stop },
            async (one, _) => await GuardedAsync(one, () => _finisher.CountDanglingAsync(one.Plan, one.Table, Rows, one.Report, stop)));
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
        catch (Exception e) when (e is NpgsqlException or SourceDamagedException or IOException && !DatabaseTrouble.EndsEverything(e))
        {
            Fail(one, e);
        }
    }
}
