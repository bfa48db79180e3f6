using System.Collections.Immutable;
using Backend.Data.Values;

namespace Backend.Data.Catalog;

/// <summary>One field of a table: its name in both dialects, its type, and the column (or join table) that holds it.</summary>
public sealed record Field
{
    /// <summary>The name that clients use, for example <c>playerName</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The type.</summary>
    public required FieldKind Kind { get; init; }

    /// <summary>
    /// The column's name, not quoted; for a <see cref="FieldKind.Relation"/> the join table's name in schema <c>app</c>. Null for a field
    /// that has no column yet: all its values are in the rows' <c>rest</c>.
    /// </summary>
    public required string? Column { get; init; }

    /// <summary>For a reference or relation: <see cref="Table.Origin"/> of the table it leads to, which need not exist. Otherwise null.</summary>
    public string? Target { get; init; }

    /// <summary>A reference whose <see cref="Target"/> is the table of users.</summary>
    public bool LeadsToUsers { get; init; }

    /// <summary>Must have a value on insert and cannot be unset.</summary>
    public bool Required { get; init; }

    /// <summary>Its declaration said that it is not required, which changes nothing but is shown again.</summary>
    public bool OptionalStated { get; init; }

    /// <summary>The value that an insert without this field stores; null: none.</summary>
    public Value? Default { get; init; }

    /// <summary>True when a row may hold a value of this field in <c>rest</c>: only then does a query look there.</summary>
    public bool HasRest { get; init; }

    /// <summary>How far the field is on its way to a column of its own.</summary>
    public FieldPromotion Promotion { get; init; }

    /// <summary>True when a B-tree index holds the column: text over 2,600 bytes then goes to <c>rest</c>.</summary>
    public bool Indexed { get; init; }

    /// <summary>Part of a system table as it is shipped: cannot be changed or dropped by a client.</summary>
    public bool System { get; init; }

    /// <summary>Never shown by v2 or in its OpenAPI document (a session's token).</summary>
    public bool Secret { get; init; }

    /// <summary>
    /// Paths inside an object column that a B-tree index holds as <c>(column #> path)</c>: conditions on them print the path as a constant, so that
    /// the index can serve them (design section 3). Keys joined by dots.
    /// </summary>
    public ImmutableArray<string> IndexedPaths { get; init; } = [];

    /// <summary>The column's identifier, quoted for SQL.</summary>
    /// <exception cref="InvalidOperationException">The field has no column.</exception>
    public string QuotedColumn => _quoted ??= Column is null
        ? throw new InvalidOperationException($"Field {Name} has no column.")
        : Sql.Quote(Column);

    private string? _quoted;

    /// <summary>A name that no field has, as something a null can be stored under; no reader looks there yet.</summary>
    public static Field WithoutType(string name) => new() { Name = name, Kind = FieldKind.Text, Column = null };

    /// <summary>The field of this name that every table has; null when it is none of them.</summary>
    public static Field? OfEveryTable(string name) => name switch
    {
        "id" => Id,
        "createdAt" => CreatedAt,
        "updatedAt" => UpdatedAt,
        _ => null,
    };

    /// <summary>The row's key: <c>id text primary key</c>, in every table.</summary>
    public static Field Id { get; } = new() { Name = "id", Kind = FieldKind.Text, Column = "id", System = true, Indexed = true };

    /// <summary>When the row was inserted, in every table.</summary>
    public static Field CreatedAt { get; } = new() { Name = "createdAt", Kind = FieldKind.Timestamp, Column = "created_at", System = true, Indexed = true };

    /// <summary>When the row was last changed, in every table.</summary>
    public static Field UpdatedAt { get; } = new() { Name = "updatedAt", Kind = FieldKind.Timestamp, Column = "updated_at", System = true };
}
