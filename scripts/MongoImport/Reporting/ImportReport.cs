using System.Diagnostics;
using Backend.MongoImport.Files;
using Backend.MongoImport.Planning;

namespace Backend.MongoImport.Reporting;

/// <summary>What an import did, for people and for programs.</summary>
internal sealed class ImportReport(string source, ImportPlan plan, RejectFile rejects)
{
    private readonly List<ClassReport> _classes = [];

    public string Source => source;

    public double Seconds { get; set; }

    /// <summary>The most memory that the process has had, in bytes.</summary>
    public static long PeakMemory
    {
        get
        {
            using var self = Process.GetCurrentProcess();
            return self.PeakWorkingSet64;
        }
    }

    /// <summary>What the process has used of the processors.</summary>
    public static double ProcessorSeconds => Environment.CpuUsage.TotalTime.TotalSeconds;

    public IReadOnlyList<ClassReport> Classes => [.. _classes.OrderBy(c => c.Name, StringComparer.Ordinal)];

    public IReadOnlyList<IgnoredCollection> Ignored => plan.Ignored;

    public IReadOnlyList<string> Notes => [.. plan.Notes, .. plan.IdleRules];

    /// <summary>Values that rules left out, by class and field as the source calls them.</summary>
    public IReadOnlyList<(string ClassName, string Field, long Values)> Skipped => plan.Skipped;

    /// <summary>What became of the files in GridFS; null: the source has none.</summary>
    public FilesReport? Files { get; set; }

    public long Read => _classes.Sum(c => c.Read + c.Joins.Values.Sum(j => j.Read));

    public long Rejected => rejects.Count;

    public string? RejectFile => rejects.Count > 0 ? rejects.Path : null;

    /// <summary>0: all imported; 2: some documents rejected, or files left; 1: some class was not imported.</summary>
    public int ExitCode => _classes.Any(c => c.State is ClassState.Damaged or ClassState.Failed or ClassState.LeftAlone) ? 1 : Rejected > 0 || Files is { IsIncomplete: true } ? 2 : 0;

    public ClassReport Add(ClassReport report)
    {
        _classes.Add(report);
        return report;
    }
}
