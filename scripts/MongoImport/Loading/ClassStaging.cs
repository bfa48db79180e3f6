using Backend.Data.Catalog;
using Backend.Data.Imports;
using Backend.MongoImport.Commands;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Rules;

namespace Backend.MongoImport.Loading;

/// <summary>Decides, class by class, what is to be loaded: what others have written to is left alone, what a broken-off run had done is kept.</summary>
internal sealed class ClassStaging(ImportOptions options, ImportRun run, ImportReport report, Fingerprint fingerprint, Progress progress)
{
    private readonly List<string> _published = [];

    /// <summary>Classes that the run had published before it was broken off.</summary>
    public IReadOnlyList<string> Published => _published;

    /// <summary>Makes the tables of what is to be imported.</summary>
    /// <param name="plan">What is planned.</param>
    /// <param name="rejects">Keeps what a broken-off run has rejected of classes that are not read again.</param>
    /// <param name="stop">Cancels.</param>
    public async Task<List<ClassImport>> StageAsync(ImportPlan plan, RejectFile rejects, CancellationToken stop)
    {
        var snapshot = await run.Catalog.GetAsync(stop);
        foreach (var (name, damage) in plan.Damaged)
        {
            report.Add(new ClassReport(new ClassPlan(name, null, null, false)) { State = ClassState.Damaged, Message = damage.Message });
        }
        var stages = Stages(plan, snapshot);
        var classes = new List<ClassImport>();
        foreach (var planned in plan.Classes)
        {
            var outcome = report.Add(new ClassReport(planned));
            var existing = snapshot.FindByOrigin(planned.Name);
            if (stages[planned.Name] == ImportStage.Published)
            {
                outcome.Restore(ReportState.Parse(run.Kept[planned.Name].Report));
                outcome.Table = existing!.Quoted;
                _published.Add(planned.Name);
                progress.Say($"{planned.Name} had been published before: it stays.");
            }
            else if (existing is not null && !options.Replace.Contains(planned.Name) && await run.State.WhyTouchedAsync(existing, stop) is { } touched)
            {
                outcome.LeaveAlone(touched, progress);
            }
            else
            {
                classes.Add(await StageAsync(planned, outcome, stages[planned.Name], stop));
            }
        }
        if (options.Resume)
        {
            await run.SweepAsync(stop);
        }
        if (run.Kept.Count > 0)
        {
            var kept = classes.ToDictionary(c => c.Plan.Name, c => c.Table.Stage);
            _published.ForEach(name => kept.Add(name, ImportStage.Published));
            rejects.Keep(name => IsKept(name, kept));
        }
        return classes;
    }

    // Of a class that is loaded but not ready, the join collections (Class.relation) are read again.
    private static bool IsKept(string name, Dictionary<string, ImportStage> kept)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return kept.GetValueOrDefault(dot < 0 ? name : name[..dot]) >= (dot < 0 ? ImportStage.Loaded : ImportStage.Ready);
    }

    private async Task<ClassImport> StageAsync(ClassPlan planned, ClassReport outcome, ImportStage stage, CancellationToken stop)
    {
        var rules = RulesText.Of(options.Rules.For(planned.Name));
        var table = await run.StageAsync(new StagedTableSpec(planned.Name, planned.Fields)
        {
            Permissions = planned.Permissions,
            IndexedFields = IndexPlanner.IndexedFields(planned),
            Rules = rules,
        }, fingerprint.Of(planned, rules), stage, stop);
        outcome.Table = "app." + table.Relation;
        IndexPlanner.Plan(planned, table, outcome.Notes);
        if (table.Stage != ImportStage.New)
        {
            var kept = run.Kept[planned.Name];
            table.Restore(kept);
            outcome.Restore(ReportState.Parse(kept.Report));
            progress.Say($"{planned.Name} had been loaded before{(table.Stage == ImportStage.Ready ? "" : ", but not all of its indexes")}.");
        }
        return new ClassImport(planned, table, outcome);
    }

    // Accounts refer to each other: they are kept as far as all of them are.
    private Dictionary<string, ImportStage> Stages(ImportPlan plan, CatalogSnapshot snapshot)
    {
        ImportStage Of(ClassPlan planned) =>
            run.Kept.GetValueOrDefault(planned.Name) is { } kept && kept.Fingerprint == fingerprint.Of(planned, RulesText.Of(options.Rules.For(planned.Name)))
            && (kept.Stage != ImportStage.Published || snapshot.FindByOrigin(planned.Name) is not null)
                ? kept.Stage
                : ImportStage.New;
        var stages = plan.Classes.ToDictionary(c => c.Name, Of);
        var accounts = plan.Classes.Where(c => c.IsAccounts).Select(c => c.Name).ToList();
        if (accounts.Select(name => stages[name]).Distinct().Count() > 1 || accounts.Any(name => stages[name] == ImportStage.Loaded))
        {
            accounts.ForEach(name => stages[name] = ImportStage.New);
        }
        return stages;
    }
}
