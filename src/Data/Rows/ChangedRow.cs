using System.Collections.Immutable;
using System.Text;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Values;

namespace Backend.Data.Rows;

/// <summary>A row that was read, with values that an interceptor gave it.</summary>
internal sealed class ChangedRow : Row
{
    private readonly Row _row;
    private readonly Value?[] _values;

    public ChangedRow(Row row, IReadOnlyDictionary<string, Value> values)
    {
        _row = row;
        Table = row.Table;
        Fields = row.Fields;
        _values = new Value?[Fields.Length];
        var rest = new List<KeyValuePair<string, Value>>();
        foreach (var (name, value) in values)
        {
            var i = Position(name);
            if (i >= 0 && Storage.Fits(Fields[i], value))
                _values[i] = value;
            else
                rest.Add(new(name, value));
        }

        Rest = rest;
    }

    public override Table Table { get; }

    public override ImmutableArray<Field> Fields { get; }

    public override string Id => _row.Id;

    public override DateTime CreatedAt => _row.CreatedAt;

    public override DateTime UpdatedAt => _row.UpdatedAt;

    public override RowAcl? Acl => _row.Acl;

    public override uint Version => _row.Version;

    public override float? Score => _row.Score;

    public override IReadOnlyList<KeyValuePair<string, Value>> Rest { get; }

    public override bool IsHidden(int field) => _row.IsHidden(field);

    public override bool IsNull(int field) => _values[field] is null;

    public override bool GetBoolean(int field) => _values[field]!.Value.AsBoolean;

    public override double GetNumber(int field) => _values[field]!.Value.AsNumber;

    public override DateTime GetTimestamp(int field) => DateTimeOffset.FromUnixTimeMilliseconds(_values[field]!.Value.AsMilliseconds).UtcDateTime;

    public override ReadOnlySpan<byte> GetUtf8(int field) => _values[field]!.Value switch
    {
        { Kind: ValueKind.Object or ValueKind.Array } json => json.AsBytes,
        { Kind: ValueKind.Reference } reference => Encoding.UTF8.GetBytes(reference.AsReference.Id),
        var text => Encoding.UTF8.GetBytes(text.AsText),
    };

    public override byte[] GetBytes(int field) => _values[field]!.Value.AsBytes;

    public override GeoPoint GetPoint(int field) => _values[field]!.Value.AsPoint;

    public override GeoPoint[] GetRing(int field) => _values[field]!.Value.AsRing;

    private int Position(string name)
    {
        for (var i = 0; i < Fields.Length; i++)
        {
            if (Fields[i].Name == name && Fields[i].Column is not null)
                return i;
        }

        return -1;
    }
}
