using System.Collections.Immutable;

namespace Backend.Data.Aggregation;

/// <summary>
/// What a stage computes of a document. Values are JSON with marks (<c>{"$date": ms}</c>, <c>{"$bytes": base64}</c>); a missing value is told from null.
/// </summary>
public abstract record Expression
{
    private Expression()
    {
    }

    /// <summary>Always missing: a key that gets it is left out.</summary>
    public static Expression Missing { get; } = new Nothing();

    /// <summary>The whole document.</summary>
    public static Expression Root { get; } = new Path(null, []);

    /// <summary>A constant.</summary>
    /// <param name="Json">Normalised JSON that jsonb takes, with marks.</param>
    public sealed record Literal(byte[] Json) : Expression;

    /// <summary>A place in the document, or in a variable.</summary>
    /// <param name="Variable">The variable's name; null: the document.</param>
    /// <param name="Steps">Keys; through arrays on the way it is the array of what the elements have.</param>
    public sealed record Path(string? Variable, ImmutableArray<string> Steps) : Expression;

    /// <summary>An operator.</summary>
    public sealed record Call(Function Function, ImmutableArray<Expression?> Arguments) : Expression;

    /// <summary>An object; members that are missing are left out.</summary>
    public sealed record Object(ImmutableArray<KeyValuePair<string, Expression>> Members) : Expression;

    /// <summary>An array; items that are missing are null.</summary>
    public sealed record Array(ImmutableArray<Expression> Items) : Expression;

    /// <summary>The first branch whose condition is true.</summary>
    /// <param name="Branches">Conditions and values.</param>
    /// <param name="Otherwise">What else; null: an error when it comes to that.</param>
    public sealed record Choose(ImmutableArray<KeyValuePair<Expression, Expression>> Branches, Expression? Otherwise) : Expression;

    /// <summary>The elements of an array, each mapped.</summary>
    public sealed record Map(Expression Input, string Variable, Expression Body) : Expression;

    /// <summary>The elements of an array for which a condition is true.</summary>
    public sealed record Filter(Expression Input, string Variable, Expression Condition, Expression? Limit) : Expression;

    /// <summary>An array folded from its first element to its last; the body sees variables <c>value</c> and <c>this</c>.</summary>
    public sealed record Reduce(Expression Input, Expression Initial, Expression Body) : Expression;

    /// <summary>A value with names for others.</summary>
    public sealed record Let(ImmutableArray<KeyValuePair<string, Expression>> Variables, Expression Body) : Expression;

    /// <summary>Whether a text matches a pattern; null is no match.</summary>
    public sealed record Matches(Expression Input, Query.TextPattern Pattern) : Expression;

    /// <summary>What a pattern finds in a text: an object of <c>match</c>, <c>idx</c> in characters and <c>captures</c>; the first or null, or an array of all.</summary>
    /// <param name="Input">The text.</param>
    /// <param name="Pattern">The pattern.</param>
    /// <param name="Groups">How many groups the pattern has.</param>
    /// <param name="All">All instead of the first.</param>
    public sealed record Finds(Expression Input, Query.TextPattern Pattern, int Groups, bool All) : Expression;

    private sealed record Nothing : Expression;
}
