using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Planning;

/// <summary>A collection that is not imported, and why.</summary>
internal sealed record IgnoredCollection(string Name, long Documents, string Reason);

/// <summary>What an import is going to do.</summary>
internal sealed class ImportPlan
{
    public List<ClassPlan> Classes { get; } = [];

    public List<IgnoredCollection> Ignored { get; } = [];

    /// <summary>Whether the source has a schema; without one every type is inferred.</summary>
    public bool HasSchema { get; set; }

    /// <summary>Sentences for the operator.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Values that rules leave out, by class and field as the source calls them.</summary>
    public IReadOnlyList<(string ClassName, string Field, long Values)> Skipped { get; init; } = [];

    /// <summary>Entries of the rules that nothing in the source answers to.</summary>
    public List<string> IdleRules { get; } = [];

    /// <summary>Damaged collections by the class that they belong to: it stays as it was.</summary>
    public Dictionary<string, SourceDamagedException> Damaged { get; } = new(StringComparer.Ordinal);
}
