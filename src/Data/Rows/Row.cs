using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Values;

namespace Backend.Data.Rows;

/// <summary>
/// A row that was read: the current one of a <c>RowCursor</c> or a kept one. Fields are addressed by their position in
/// <see cref="Fields"/>; what is missing, and what stands in <c>rest</c>, is null there.
/// </summary>
public abstract class Row
{
    /// <summary>The table.</summary>
    public abstract Table Table { get; }

    /// <summary>The fields read, in the order of positions. Relations are among them and have no value.</summary>
    public abstract ImmutableArray<Field> Fields { get; }

    /// <summary>The row's id.</summary>
    public abstract string Id { get; }

    /// <summary>When it was inserted, UTC, milliseconds.</summary>
    public abstract DateTime CreatedAt { get; }

    /// <summary>When it was last changed, UTC, milliseconds.</summary>
    public abstract DateTime UpdatedAt { get; }

    /// <summary>The access list, or null when there is none (or it was not asked for).</summary>
    public abstract RowAcl? Acl { get; }

    /// <summary>The row version (<c>xmin</c>), when it was asked for.</summary>
    public abstract uint Version { get; }

    /// <summary>How well the row matches a text search, when it was asked for; else null.</summary>
    public abstract float? Score { get; }

    /// <summary>Whether the column is null: the field is missing or stands in <see cref="Rest"/>.</summary>
    public abstract bool IsNull(int field);

    /// <summary>Whether the caller who read the row does not get to see the field; its value is then null. Relations have no value and are hidden so.</summary>
    public virtual bool IsHidden(int field) => false;

    /// <summary>The boolean at a position.</summary>
    public abstract bool GetBoolean(int field);

    /// <summary>The number at a position.</summary>
    public abstract double GetNumber(int field);

    /// <summary>The instant at a position, UTC.</summary>
    public abstract DateTime GetTimestamp(int field);

    /// <summary>UTF-8 of a text, file name or reference id, or of the JSON of an object or array. Valid until the next row is read.</summary>
    public abstract ReadOnlySpan<byte> GetUtf8(int field);

    /// <summary>The bytes at a position.</summary>
    public abstract byte[] GetBytes(int field);

    /// <summary>The point at a position.</summary>
    public abstract GeoPoint GetPoint(int field);

    /// <summary>The polygon's closed ring at a position.</summary>
    public abstract GeoPoint[] GetRing(int field);

    /// <summary>
    /// Values that no column holds: explicit nulls, odd types, fields without a column. Only of fields that were asked for and are not
    /// hidden from the caller. Empty for nearly every row.
    /// </summary>
    public abstract IReadOnlyList<KeyValuePair<string, Value>> Rest { get; }

    /// <summary>The value of a field wherever it stands; null when it is missing (an explicit null is <see cref="Value.Null"/>).</summary>
    public Value? Get(string name)
    {
        var fields = Fields;
        for (var i = 0; i < fields.Length; i++)
        {
            if (fields[i].Name == name && fields[i].Column is not null && fields[i].Kind != FieldKind.Relation && !IsNull(i))
                return GetValue(i);
        }

        foreach (var (key, value) in Rest)
        {
            if (key == name)
                return value;
        }

        return null;
    }

    /// <summary>This row with other values, which are not stored.</summary>
    /// <param name="values">The values by field name: all that the row shall have. One that is not of its field's type stands in <see cref="Rest"/>.</param>
    public Row With(IReadOnlyDictionary<string, Value> values) => new ChangedRow(this, values);

    /// <summary>The value at a position, which must not be null.</summary>
    public Value GetValue(int field) => Fields[field].Kind switch
    {
        FieldKind.Text => Value.Of(Utf8(field)),
        FieldKind.Number => Value.Of(GetNumber(field)),
        FieldKind.Boolean => Value.Of(GetBoolean(field)),
        FieldKind.Timestamp => Value.Of(GetTimestamp(field)),
        FieldKind.Bytes => Value.Of(GetBytes(field)),
        FieldKind.Object => Value.Object(GetUtf8(field).ToArray()),
        FieldKind.Array => Value.Array(GetUtf8(field).ToArray()),
        FieldKind.File => Value.File(Utf8(field)),
        FieldKind.Reference => Value.Reference(Fields[field].Target!, Utf8(field)),
        FieldKind.Point => Value.Point(GetPoint(field)),
        FieldKind.Polygon => Value.Polygon(GetRing(field)),
        var kind => throw new InvalidOperationException($"A {kind} has no value."),
    };

    private string Utf8(int field) => System.Text.Encoding.UTF8.GetString(GetUtf8(field));
}
