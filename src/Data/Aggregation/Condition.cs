using System.Collections.Immutable;
using Backend.Data.Query;
using Backend.Data.Values;

namespace Backend.Data.Aggregation;

/// <summary>
/// A condition on documents. Two-valued like <see cref="Filter"/>: what is missing meets no condition but those for null, and every negation.
/// A condition on a path holds when it holds for the value there or, of an array, for any element. An empty path is the value itself.
/// </summary>
public abstract record Condition
{
    private Condition()
    {
    }

    /// <summary>Every document.</summary>
    public static Condition Always { get; } = new AllOf([]);

    /// <summary>All of these.</summary>
    public sealed record AllOf(ImmutableArray<Condition> Conditions) : Condition;

    /// <summary>At least one of these.</summary>
    public sealed record AnyOf(ImmutableArray<Condition> Conditions) : Condition;

    /// <summary>The opposite.</summary>
    public sealed record Not(Condition Inner) : Condition;

    /// <summary>One of these values; null among them means missing or null.</summary>
    public sealed record In(ImmutableArray<string> Path, ImmutableArray<Value> Values) : Condition;

    /// <summary>In this order to a value of the same type.</summary>
    public sealed record Compare(ImmutableArray<string> Path, Comparison Comparison, Value Value) : Condition;

    /// <summary>The path is there, an explicit null too.</summary>
    public sealed record Exists(ImmutableArray<string> Path) : Condition;

    /// <summary>A text that matches.</summary>
    public sealed record Matches(ImmutableArray<string> Path, TextPattern Pattern) : Condition;

    /// <summary>An array of so many elements.</summary>
    public sealed record Size(ImmutableArray<string> Path, double Count) : Condition;

    /// <summary>A value of one of these types, by the names of <c>aggregation.type_name</c>.</summary>
    public sealed record OfType(ImmutableArray<string> Path, ImmutableArray<string> Types) : Condition;

    /// <summary>A number with this remainder.</summary>
    public sealed record Remainder(ImmutableArray<string> Path, double Divisor, double Expected) : Condition;

    /// <summary>An array with an element that meets a condition on its own.</summary>
    public sealed record AnyElement(ImmutableArray<string> Path, Condition Inner) : Condition;

    /// <summary>A condition on a place, which only a table's own column can meet: the filter's field, under this path.</summary>
    public sealed record Place(ImmutableArray<string> Path, Filter Test) : Condition;

    /// <summary>An expression that is true.</summary>
    public sealed record Holds(Expression Expression) : Condition;
}
