namespace Backend.Data.Values;

/// <summary>What a <see cref="Value"/> is.</summary>
public enum ValueKind : byte
{
    /// <summary>An explicit null.</summary>
    Null,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>A double, any: NaN and infinities too.</summary>
    Number,

    /// <summary>Text of any UTF-16 units: NUL and lone surrogates too.</summary>
    Text,

    /// <summary>Milliseconds since 1970-01-01T00:00:00Z, any 64-bit number.</summary>
    Timestamp,

    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>A JSON object as normalised UTF-8 (<c>NestedJson</c>).</summary>
    Object,

    /// <summary>A JSON array as normalised UTF-8 (<c>NestedJson</c>).</summary>
    Array,

    /// <summary>A file's name.</summary>
    File,

    /// <summary>A row of another table.</summary>
    Reference,

    /// <summary>Longitude and latitude.</summary>
    Point,

    /// <summary>A ring of points.</summary>
    Polygon,

    /// <summary>A number that no double holds exactly, as its decimal text (64-bit integers, decimal128).</summary>
    ExactNumber,

    /// <summary>A value of a foreign type that none of the others can stand for: its type's number and its raw bytes.</summary>
    Foreign,
}

/// <summary>A reference's table, by its original name (<c>Table.Origin</c>), and row id.</summary>
public sealed record RowReference(string Target, string Id);

/// <summary>A value of a foreign type.</summary>
/// <param name="Type">The type's number in the format it came from (BSON).</param>
/// <param name="Bytes">Its raw bytes there.</param>
public sealed record ForeignValue(byte Type, byte[] Bytes);

/// <summary>
/// A neutral value of a field: what a dialect or the importer read, what a row holds. Small and immutable; scalars are not boxed.
/// </summary>
public readonly struct Value : IEquatable<Value>
{
    private readonly object? _object;
    private readonly long _bits;

    private Value(ValueKind kind, object? value, long bits)
    {
        Kind = kind;
        _object = value;
        _bits = bits;
    }

    /// <summary>What it is.</summary>
    public ValueKind Kind { get; }

    /// <summary>An explicit null; also <c>default</c>.</summary>
    public static Value Null => default;

    /// <summary>A boolean.</summary>
    public static Value Of(bool value) => new(ValueKind.Boolean, null, value ? 1 : 0);

    /// <summary>A number.</summary>
    public static Value Of(double value) => new(ValueKind.Number, null, BitConverter.DoubleToInt64Bits(double.IsNaN(value) ? double.NaN : value));

    /// <summary>A text.</summary>
    public static Value Of(string value) => new(ValueKind.Text, value, 0);

    /// <summary>An instant, cut to milliseconds; the kind must be UTC.</summary>
    public static Value Of(DateTime utc) => Timestamp(new DateTimeOffset(utc, TimeSpan.Zero).ToUnixTimeMilliseconds());

    /// <summary>An instant in milliseconds since 1970 UTC.</summary>
    public static Value Timestamp(long milliseconds) => new(ValueKind.Timestamp, null, milliseconds);

    /// <summary>Bytes.</summary>
    public static Value Of(byte[] value) => new(ValueKind.Bytes, value, 0);

    /// <summary>A JSON object; <paramref name="utf8"/> must come from <c>NestedJson</c> or a jsonb column.</summary>
    public static Value Object(byte[] utf8) => new(ValueKind.Object, utf8, 0);

    /// <summary>A JSON array; <paramref name="utf8"/> must come from <c>NestedJson</c> or a jsonb column.</summary>
    public static Value Array(byte[] utf8) => new(ValueKind.Array, utf8, 0);

    /// <summary>A stored file by its name.</summary>
    public static Value File(string name) => new(ValueKind.File, name, 0);

    /// <summary>A reference to a row.</summary>
    public static Value Reference(string target, string id) => new(ValueKind.Reference, new RowReference(target, id), 0);

    /// <summary>A point.</summary>
    public static Value Point(GeoPoint point) => new(ValueKind.Point, point, 0);

    /// <summary>A polygon: its ring, closed or not, as (longitude, latitude) points.</summary>
    public static Value Polygon(GeoPoint[] ring) => new(ValueKind.Polygon, ring, 0);

    /// <summary>A number by its decimal text.</summary>
    public static Value ExactNumber(string digits) => new(ValueKind.ExactNumber, digits, 0);

    /// <summary>A value of a foreign type.</summary>
    public static Value Foreign(byte type, byte[] bytes) => new(ValueKind.Foreign, new ForeignValue(type, bytes), 0);

    /// <summary>Whether this is an explicit null.</summary>
    public bool IsNull => Kind == ValueKind.Null;

    /// <summary>The boolean.</summary>
    public bool AsBoolean => _bits != 0;

    /// <summary>The number; of an exact number the nearest double.</summary>
    public double AsNumber => Kind == ValueKind.ExactNumber
        ? double.Parse((string)_object!, System.Globalization.CultureInfo.InvariantCulture)
        : BitConverter.Int64BitsToDouble(_bits);

    /// <summary>The text, file name or exact number's digits.</summary>
    public string AsText => (string)_object!;

    /// <summary>Milliseconds since 1970 UTC.</summary>
    public long AsMilliseconds => _bits;

    /// <summary>The bytes, or the UTF-8 JSON of an object or array.</summary>
    public byte[] AsBytes => (byte[])_object!;

    /// <summary>The reference.</summary>
    public RowReference AsReference => (RowReference)_object!;

    /// <summary>The point.</summary>
    public GeoPoint AsPoint => (GeoPoint)_object!;

    /// <summary>The ring.</summary>
    public GeoPoint[] AsRing => (GeoPoint[])_object!;

    /// <summary>The foreign value.</summary>
    public ForeignValue AsForeign => (ForeignValue)_object!;

    /// <inheritdoc/>
    public bool Equals(Value other) => Kind == other.Kind && _bits == other._bits && (_object, other._object) switch
    {
        (byte[] a, byte[] b) => a.AsSpan().SequenceEqual(b),
        (GeoPoint[] a, GeoPoint[] b) => a.AsSpan().SequenceEqual(b),
        (ForeignValue a, ForeignValue b) => a.Type == b.Type && a.Bytes.AsSpan().SequenceEqual(b.Bytes),
        var (a, b) => Equals(a, b),
    };

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Value other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, _bits, _object is string or RowReference ? _object : null);

    /// <summary>Its form in <c>rest</c>, for people.</summary>
    public override string ToString() => System.Text.Encoding.UTF8.GetString(RestJson.ToBytes(this));

    /// <summary>Same value.</summary>
    public static bool operator ==(Value left, Value right) => left.Equals(right);

    /// <summary>Another value.</summary>
    public static bool operator !=(Value left, Value right) => !left.Equals(right);
}

/// <summary>A point on the earth in degrees; out of range and not finite is possible.</summary>
public readonly record struct GeoPoint(double Longitude, double Latitude)
{
    /// <summary>Whether both are finite numbers, as a geometry column asks.</summary>
    public bool IsFinite => double.IsFinite(Longitude) && double.IsFinite(Latitude);
}
