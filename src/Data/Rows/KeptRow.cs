using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Values;

namespace Backend.Data.Rows;

/// <summary>A row copied from a cursor, to be kept after it.</summary>
internal sealed class KeptRow : Row
{
    private readonly object?[] _objects;
    private readonly double[] _numbers;

    public KeptRow(Row source)
    {
        Table = source.Table;
        Fields = source.Fields;
        Id = source.Id;
        CreatedAt = source.CreatedAt;
        UpdatedAt = source.UpdatedAt;
        Acl = source.Acl;
        Version = source.Version;
        Score = source.Score;
        Rest = source.Rest;
        _objects = new object?[Fields.Length];
        _numbers = new double[Fields.Length];
        for (var i = 0; i < Fields.Length; i++)
        {
            if (!source.IsNull(i))
                Copy(source, i);
            else if (source.IsHidden(i))
                _objects[i] = Hidden;
        }
    }

    private static object Present { get; } = new();

    private static object Hidden { get; } = new();

    public override Table Table { get; }

    public override ImmutableArray<Field> Fields { get; }

    public override string Id { get; }

    public override DateTime CreatedAt { get; }

    public override DateTime UpdatedAt { get; }

    public override RowAcl? Acl { get; }

    public override uint Version { get; }

    public override float? Score { get; }

    public override IReadOnlyList<KeyValuePair<string, Value>> Rest { get; }

    public override bool IsNull(int field) => _objects[field] is null || ReferenceEquals(_objects[field], Hidden);

    public override bool IsHidden(int field) => ReferenceEquals(_objects[field], Hidden);

    public override bool GetBoolean(int field) => _numbers[field] != 0;

    public override double GetNumber(int field) => _numbers[field];

    public override DateTime GetTimestamp(int field) => (DateTime)_objects[field]!;

    public override ReadOnlySpan<byte> GetUtf8(int field) => (byte[])_objects[field]!;

    public override byte[] GetBytes(int field) => (byte[])_objects[field]!;

    public override GeoPoint GetPoint(int field) => (GeoPoint)_objects[field]!;

    public override GeoPoint[] GetRing(int field) => (GeoPoint[])_objects[field]!;

    private void Copy(Row source, int i)
    {
        switch (Fields[i].Kind)
        {
            case FieldKind.Boolean:
                _objects[i] = Present;
                _numbers[i] = source.GetBoolean(i) ? 1 : 0;
                break;
            case FieldKind.Number:
                _objects[i] = Present;
                _numbers[i] = source.GetNumber(i);
                break;
            case FieldKind.Timestamp:
                _objects[i] = source.GetTimestamp(i);
                break;
            case FieldKind.Bytes:
                _objects[i] = source.GetBytes(i);
                break;
            case FieldKind.Point:
                _objects[i] = source.GetPoint(i);
                break;
            case FieldKind.Polygon:
                _objects[i] = source.GetRing(i);
                break;
            default:
                _objects[i] = source.GetUtf8(i).ToArray();
                break;
        }
    }
}
