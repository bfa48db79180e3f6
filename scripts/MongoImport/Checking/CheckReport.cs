using Backend.MongoImport.Commands;
using Backend.MongoImport.Planning;

namespace Backend.MongoImport.Checking;

/// <summary>What a check has found.</summary>
internal sealed class CheckReport(string source, ImportPlan plan)
{
    public string Source => source;

    public ImportPlan Plan => plan;

    public double Seconds { get; set; }

    public long Bytes { get; set; }

    public List<ClassCheck> Classes { get; } = [];

    /// <summary>The most important first.</summary>
    public List<Finding> Findings { get; } = [];

    public FilesCheck? Files { get; set; }

    public Estimate Estimate { get; set; } = new(0, 0);

    /// <summary>What the database says about itself; null: none was named.</summary>
    public string? Server { get; set; }

    public long Documents => Classes.Sum(c => c.Documents + c.Joins.Values.Sum(j => j.Rows));

    public IEnumerable<Finding> Open(Weight weight) => Findings.Where(f => f.Weight == weight && !f.Accepted);

    /// <summary>0: nothing to decide; 2: something to look at.</summary>
    public int ExitCode => Open(Weight.Fix).Any() || Open(Weight.Decide).Any() ? Command.LookAtIt : Command.Done;
}

/// <summary>What GridFS holds.</summary>
/// <param name="Entries">Entries of files.</param>
/// <param name="Files">Files, each name once.</param>
/// <param name="Bytes">Of these.</param>
internal sealed record FilesCheck(long Entries, long Files, long Bytes);

/// <summary>What an import will need, roughly.</summary>
/// <param name="Seconds">Of time.</param>
/// <param name="Bytes">Of disk in the database, indexes included.</param>
internal sealed record Estimate(double Seconds, long Bytes);
