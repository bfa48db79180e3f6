using System.Collections.Immutable;
using Backend.Data.Catalog;
using Backend.Data.Values;

namespace Backend.Data.Query;

/// <summary>A field, or a place inside an object or array field. Numeric steps address array positions as well as keys.</summary>
/// <param name="Field">The field.</param>
/// <param name="Steps">Keys below it; empty for the field itself.</param>
public sealed record FieldPath(Field Field, ImmutableArray<string> Steps)
{
    /// <summary>The field itself.</summary>
    public static implicit operator FieldPath(Field field) => new(field, []);
}

/// <summary>The four orderings.</summary>
public enum Comparison
{
    /// <summary>Less.</summary>
    Less,

    /// <summary>Less or equal.</summary>
    LessOrEqual,

    /// <summary>Greater.</summary>
    Greater,

    /// <summary>Greater or equal.</summary>
    GreaterOrEqual,
}

/// <summary>
/// A condition on rows, with names resolved against the catalog. <b>Two-valued</b>: a condition on a missing value is false and its
/// negation true, as in MongoDB (contract appendix C); a dialect that wants SQL's manner adds <see cref="Exists"/>.
/// On an array (or a path through one) a condition holds when it holds for the array itself or for any element.
/// </summary>
public abstract record Filter
{
    private Filter()
    {
    }

    /// <summary>Every row.</summary>
    public static Filter Always { get; } = new AllOf([]);

    /// <summary>No row.</summary>
    public static Filter Never { get; } = new AnyOf([]);

    /// <summary>All of these.</summary>
    public sealed record AllOf(ImmutableArray<Filter> Filters) : Filter;

    /// <summary>At least one of these.</summary>
    public sealed record AnyOf(ImmutableArray<Filter> Filters) : Filter;

    /// <summary>The opposite.</summary>
    public sealed record Not(Filter Inner) : Filter;

    /// <summary>A condition on what stands in one field, or at one place inside it.</summary>
    public abstract record OnPath(FieldPath Path) : Filter;

    /// <summary>Equal and of the same type. <see cref="Value.Null"/> means missing or null. A value of another type than the column's matches nothing but <c>rest</c>.</summary>
    public sealed record Equal(FieldPath Path, Value Value) : OnPath(Path);

    /// <summary>One of these, each as <see cref="Equal"/>; empty: none.</summary>
    public sealed record In(FieldPath Path, ImmutableArray<Value> Values) : OnPath(Path);

    /// <summary>In this order to a value of the same type.</summary>
    public sealed record Compare(FieldPath Path, Comparison Comparison, Value Value) : OnPath(Path);

    /// <summary>The key is present, an explicit null too.</summary>
    public sealed record Exists(FieldPath Path) : OnPath(Path);

    /// <summary>Present and not null (SQL's <c>is not null</c>).</summary>
    public sealed record HasValue(FieldPath Path) : OnPath(Path);

    /// <summary>No array, or an array of which every element equals one of these; a missing one too.</summary>
    public sealed record ContainedBy(FieldPath Path, ImmutableArray<Value> Values) : OnPath(Path);

    /// <summary>A text that matches a regular expression.</summary>
    public sealed record Matches(FieldPath Path, TextPattern Pattern) : OnPath(Path);

    /// <summary>
    /// The row is related: its id stands in the relation's join table on the other side of <paramref name="OwnerId"/>. With
    /// <paramref name="Owners"/> only when that query finds the owner, so that who may not read an owner learns nothing about it.
    /// </summary>
    public sealed record RelatedTo(Field Relation, string OwnerId, RowQuery? Owners = null) : Filter;

    /// <summary>The row's own relation holds one of the rows with these ids.</summary>
    public sealed record HasRelated(Field Relation, ImmutableArray<string> RelatedIds) : Filter;

    /// <summary>The row's own relation holds a row that the inner query finds.</summary>
    public sealed record HasRelatedIn(Field Relation, RowQuery Query) : Filter;

    /// <summary>
    /// The reference leads to (or the array or object holds a reference to) a row that the inner query finds. References inside JSON
    /// are recognised by <paramref name="Forms"/>; without it they match nothing.
    /// </summary>
    public sealed record InQuery(FieldPath Path, RowQuery Query, NestedForms? Forms = null) : OnPath(Path);

    /// <summary>Equal to a value that the rows of the inner query have at <paramref name="Found"/>; of an array there, to one of its elements.</summary>
    public sealed record InValues(FieldPath Path, RowQuery Query, FieldPath Found, NestedForms? Forms = null) : OnPath(Path);

    /// <summary>A point on the earth not farther from the centre than so many radians along the sphere; null: any point that is on the earth.</summary>
    public sealed record Near(FieldPath Path, GeoPoint Center, double? MaxRadians) : OnPath(Path);

    /// <summary>A point inside or on the edge of the rectangle between two corners, on the plane of degrees.</summary>
    public sealed record InsideBox(FieldPath Path, GeoPoint Corner, GeoPoint Opposite) : OnPath(Path);

    /// <summary>A point inside or on the edge of a closed ring, on the plane of degrees.</summary>
    public sealed record InsideRing(FieldPath Path, ImmutableArray<GeoPoint> Ring) : OnPath(Path);

    /// <summary>A polygon that holds the point, or has it on its edge, on the sphere.</summary>
    public sealed record Covers(FieldPath Path, GeoPoint Point) : OnPath(Path);

    /// <summary>Text fields that hold the words of a search.</summary>
    public sealed record SearchText(ImmutableArray<Field> Fields, TextSearch Search) : Filter;
}

/// <summary>
/// How a dialect writes references and instants inside JSON, where they have no column. Data compares them with columns by this.
/// </summary>
public abstract class NestedForms
{
    /// <summary>The form of a reference to a row of the table with this <see cref="Table.Origin"/>; its key holds the id.</summary>
    public abstract NestedForm Reference(string target);

    /// <summary>The form of an instant; its key holds ISO 8601 in UTC with three digits of a second.</summary>
    public abstract NestedForm Timestamp { get; }
}

/// <summary>A JSON object of constant members and one that holds the value as text.</summary>
/// <param name="Constant">The constant members, a JSON object as UTF-8.</param>
/// <param name="Key">The key that holds the value.</param>
public sealed record NestedForm(byte[] Constant, string Key);

/// <summary>A text pattern in PostgreSQL's own syntax, ready to be a parameter.</summary>
/// <param name="Expression">A regular expression (ARE without a leading director) or a LIKE pattern.</param>
/// <param name="IgnoreCase">Compare without case, by Unicode rules.</param>
/// <param name="IsLike">True for LIKE syntax.</param>
/// <param name="Prefix">A literal text that every match begins with, when the pattern is anchored and case matters: served by an index. Otherwise null.</param>
public sealed record TextPattern(string Expression, bool IgnoreCase = false, bool IsLike = false, string? Prefix = null);
