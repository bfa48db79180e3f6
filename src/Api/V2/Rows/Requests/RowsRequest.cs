using System.Collections.Immutable;

namespace Backend.Api.V2.Rows.Requests;

/// <summary>
/// What the query string of a request for rows says, in the PostgREST dialect. Names are as the client wrote them: whether they exist is
/// the planner's business.
/// </summary>
internal sealed record RowsRequest
{
    /// <summary>The output wanted; null: everything (<c>select=*</c>).</summary>
    public ImmutableArray<SelectItem>? Select { get; init; }

    /// <summary>Conditions on the rows, all of which must hold.</summary>
    public ImmutableArray<Condition> Conditions { get; init; } = [];

    /// <summary>Conditions on embedded rows, by the name of the embedding.</summary>
    public ImmutableArray<(string Embedding, Condition Condition)> EmbeddedConditions { get; init; } = [];

    /// <summary>The order; empty: none given.</summary>
    public ImmutableArray<OrderTerm> Order { get; init; } = [];

    /// <summary>At most so many rows.</summary>
    public int? Limit { get; init; }

    /// <summary>Skip so many rows.</summary>
    public int? Offset { get; init; }

    /// <summary>The columns of the body that an insert takes; null: all.</summary>
    public ImmutableArray<string>? Columns { get; init; }

    /// <summary>The query asks for <c>on_conflict</c>.</summary>
    public bool OnConflict { get; init; }

    /// <summary>Whether any condition stands in the query.</summary>
    public bool HasConditions => !Conditions.IsEmpty || !EmbeddedConditions.IsEmpty;
}

/// <summary>A column, or a place inside its JSON: <c>stats->level</c>.</summary>
/// <param name="Name">The column's name.</param>
/// <param name="Steps">Keys and positions below it.</param>
/// <param name="AsText">The last arrow was <c>->></c>: the value is wanted as text.</param>
internal sealed record ColumnName(string Name, ImmutableArray<string> Steps, bool AsText)
{
    public override string ToString() => Steps.IsEmpty ? Name : $"{Name}->{(AsText ? ">" : "")}{string.Join("->", Steps)}";
}

/// <summary>The operators, by their abbreviations in the dialect.</summary>
internal enum Operator
{
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Like,
    ILike,
    Match,
    IMatch,
    In,
    Is,
    IsDistinct,
    Contains,
    Overlaps,
}

/// <summary>Whether the operand is a list of which any, or all, must fit: <c>like(any).{a*,b*}</c>.</summary>
internal enum Quantifier
{
    None,
    Any,
    All,
}

/// <summary>A condition in three-valued logic, as SQL has it.</summary>
internal abstract record Condition
{
    private Condition()
    {
    }

    /// <summary>One comparison.</summary>
    /// <param name="Column">What is compared.</param>
    /// <param name="Negated">Preceded by <c>not.</c>.</param>
    /// <param name="Operator">How.</param>
    /// <param name="Quantifier">Over a list.</param>
    /// <param name="Operand">The text compared with; of a list its elements in <paramref name="List"/>.</param>
    /// <param name="List">The elements of <c>in.(…)</c>, or of a quantified operand.</param>
    public sealed record Test(ColumnName Column, bool Negated, Operator Operator, Quantifier Quantifier, string Operand, ImmutableArray<string> List) : Condition;

    /// <summary><c>and(…)</c> or <c>or(…)</c>.</summary>
    public sealed record Group(bool Negated, bool Any, ImmutableArray<Condition> Conditions) : Condition;
}

/// <summary>One item of <c>select=</c>.</summary>
internal abstract record SelectItem
{
    private SelectItem()
    {
    }

    /// <summary>All columns.</summary>
    public sealed record Star : SelectItem;

    /// <summary>A column, perhaps under another name.</summary>
    public sealed record Column(ColumnName Name, string? Alias) : SelectItem;

    /// <summary>The row that a reference leads to: <c>alias:name!hint!inner(…)</c>.</summary>
    public sealed record Embedding(string Name, string? Alias, string? Hint, bool Inner, ImmutableArray<SelectItem> Items) : SelectItem;
}

/// <summary>One term of <c>order=</c>.</summary>
internal sealed record OrderTerm(ColumnName Column, bool Descending, bool? NullsFirst);
