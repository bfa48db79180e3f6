namespace Backend.ParseCompat.Limits;

/// <summary>
/// How much one request may ask for: section <c>ParseCompat:RequestComplexity</c> (contract section 26). The master key may ask for anything. -1: no limit.
/// </summary>
internal sealed class ComplexityOptions
{
    public const string Section = "ParseCompat:RequestComplexity";

    /// <summary>Steps of an <c>include</c> path. Each level is a round trip.</summary>
    public int IncludeDepth { get; set; } = 10;

    /// <summary>Fields that come along, those on the way to others too.</summary>
    public int IncludeCount { get; set; } = 100;

    /// <summary>Queries inside queries inside queries.</summary>
    public int SubqueryDepth { get; set; } = 10;

    /// <summary><c>$or</c>, <c>$and</c>, <c>$nor</c> inside each other.</summary>
    public int QueryDepth { get; set; } = 32;

    /// <summary>Conditions of one query, those of its sub-queries too.</summary>
    public int ConditionCount { get; set; } = 2_000;

    /// <summary>Elements of all lists in one query's conditions.</summary>
    public int ListElements { get; set; } = 100_000;

    /// <summary>Characters of a regular expression.</summary>
    public int RegexLength { get; set; } = 10_000;

    /// <summary>Whether <c>$regex</c> is allowed at all.</summary>
    public bool AllowRegex { get; set; } = true;

    /// <summary>Requests of a batch.</summary>
    public int BatchRequestLimit { get; set; } = 1_000;

    /// <summary>What is wrong, as sentences that name the setting.</summary>
    internal IEnumerable<string> Problems()
    {
        foreach (var property in typeof(ComplexityOptions).GetProperties())
        {
            if (property.GetValue(this) is int value && value is < 1 and not -1)
                yield return $"{Section}:{property.Name} must be 1 or more, or -1 for no limit.";
        }
    }
}
