using System.Text;
using Backend.Data.Values;

namespace Backend.Data.Catalog;

/// <summary>Decides what a column can hold; everything else goes to the row's <c>rest</c> (design section 3).</summary>
public static class Storage
{
    /// <summary>The longest text in an indexed column, UTF-8 bytes: a B-tree refuses entries of about 2,700.</summary>
    public const int MaxIndexedBytes = 2600;

    /// <summary>The earliest instant a column is given: year 1, which .NET reads back.</summary>
    public static readonly long MinMilliseconds = new DateTimeOffset(DateTime.MinValue, TimeSpan.Zero).AddDays(1).ToUnixTimeMilliseconds();

    /// <summary>The latest instant a column is given: year 9999. The last day is left out, .NET's maximum stands for infinity there.</summary>
    public static readonly long MaxMilliseconds = new DateTimeOffset(DateTime.MaxValue, TimeSpan.Zero).AddDays(-1).ToUnixTimeMilliseconds();

    /// <summary>Whether a write of the value goes to the field's column; otherwise it goes to <c>rest</c>.</summary>
    public static bool Fits(Field field, in Value value) => field is { Column: not null, Promotion: not FieldPromotion.Prepared } && FitsColumn(field, value);

    /// <summary>Whether a column of the field's type can hold the value as it is.</summary>
    public static bool FitsColumn(Field field, in Value value) => (field.Kind, value.Kind) switch
    {
        (FieldKind.Text, ValueKind.Text) => IsStorable(value.AsText, field.Indexed),
        (FieldKind.Number, ValueKind.Number) => double.IsFinite(value.AsNumber),
        (FieldKind.Boolean, ValueKind.Boolean) => true,
        (FieldKind.Timestamp, ValueKind.Timestamp) => value.AsMilliseconds >= MinMilliseconds && value.AsMilliseconds <= MaxMilliseconds,
        (FieldKind.Bytes, ValueKind.Bytes) => true,
        (FieldKind.Object, ValueKind.Object) or (FieldKind.Array, ValueKind.Array) => NestedJson.IsStorable(value.AsBytes),
        (FieldKind.File, ValueKind.File) => IsStorable(value.AsText, field.Indexed),
        (FieldKind.Reference, ValueKind.Reference) => value.AsReference.Target == field.Target && IsStorable(value.AsReference.Id, field.Indexed),
        (FieldKind.Point, ValueKind.Point) => value.AsPoint.IsFinite,
        (FieldKind.Polygon, ValueKind.Polygon) => IsRing(value.AsRing),
        _ => false,
    };

    /// <summary>Whether a text column can hold a text: no NUL, no lone surrogate, and short enough for its index.</summary>
    public static bool IsStorable(string text, bool indexed)
    {
        if (text.Contains('\0') || (indexed && text.Length > MaxIndexedBytes / 3 && Encoding.UTF8.GetByteCount(text) > MaxIndexedBytes))
            return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return false;
            i++;
        }

        return true;
    }

    /// <summary>Whether points make a ring that PostGIS takes: four or more, finite, the last equal to the first.</summary>
    public static bool IsRing(ReadOnlySpan<GeoPoint> ring)
    {
        if (ring.Length < 4 || ring[0] != ring[^1])
            return false;
        foreach (var point in ring)
        {
            if (!point.IsFinite)
                return false;
        }

        return true;
    }
}
