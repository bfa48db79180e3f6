using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Aggregates;

/// <summary>Settings of aggregates, section <c>ParseCompat:Aggregate</c>.</summary>
internal sealed class AggregateOptions
{
    public const string Section = ParseCompatOptions.Section + ":Aggregate";

    /// <summary>What the old database put before the names of its collections, as <c>$lookup</c> names them; null: nothing.</summary>
    public string? CollectionPrefix { get; set; }

    /// <summary>Whether stages may be named without their <c>$</c>, as before parse-server 6.</summary>
    public bool PlainStageNames { get; set; }

    /// <summary>The most stages, inner pipelines included.</summary>
    public int MaxStages { get; set; } = 100;

    /// <summary>The deepest nesting of expressions, conditions and pipelines.</summary>
    public int MaxDepth { get; set; } = 50;

    /// <summary>The most expressions and conditions.</summary>
    public int MaxNodes { get; set; } = 5000;

    /// <summary>What is wrong, as sentences that name the setting.</summary>
    internal IEnumerable<string> Problems()
    {
        if (MaxStages < 1)
            yield return "ParseCompat:Aggregate:MaxStages is less than 1.";
        if (MaxDepth is < 1 or > 100)
            yield return "ParseCompat:Aggregate:MaxDepth is not between 1 and 100.";
        if (MaxNodes is < 1 or > 10_000)
            yield return "ParseCompat:Aggregate:MaxNodes is not between 1 and 10000: each may be several parameters of the statement.";
    }
}
