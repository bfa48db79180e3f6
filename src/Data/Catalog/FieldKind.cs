namespace Backend.Data.Catalog;

/// <summary>What a field holds, and with it the type of its column (design section 3).</summary>
public enum FieldKind
{
    /// <summary>Text; column <c>text collate "C"</c>.</summary>
    Text,

    /// <summary>A double; column <c>double precision</c>.</summary>
    Number,

    /// <summary>True or false; column <c>boolean</c>.</summary>
    Boolean,

    /// <summary>An instant in whole milliseconds; column <c>timestamptz(3)</c>.</summary>
    Timestamp,

    /// <summary>Bytes; column <c>bytea</c>.</summary>
    Bytes,

    /// <summary>A JSON object; column <c>jsonb</c>.</summary>
    Object,

    /// <summary>A JSON array of elements of any type; column <c>jsonb</c>.</summary>
    Array,

    /// <summary>The name of a stored file; column <c>text collate "C"</c>.</summary>
    File,

    /// <summary>The id of a row of the table <see cref="Field.Target"/>; column <c>text collate "C"</c>.</summary>
    Reference,

    /// <summary>A point; column <c>geometry(Point,4326)</c>, x is the longitude.</summary>
    Point,

    /// <summary>A polygon of one closed ring; column <c>geometry(Polygon,4326)</c>.</summary>
    Polygon,

    /// <summary>A many-to-many relation; no column but a join table <c>(owning_id, related_id, seq)</c>.</summary>
    Relation,
}
