using System.Text;
using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Planning;

/// <summary>What the values of one first-level name are, counted over all documents.</summary>
internal sealed class FieldStatistics
{
    /// <summary>Number of documents at most whose <c>_p_</c> texts are split differently: past it, the field has no one target anyway.</summary>
    private const int MostTargets = 64;

    private readonly long[] _byType = new long[20];
    private readonly Dictionary<(string Form, string Target), long> _forms = [];
    private byte[] _lastTarget = [];
    private long _lastTargetCount;

    /// <summary>Arrays of exactly two numbers: what a point looks like.</summary>
    public long Pairs { get; private set; }

    /// <summary>GeoJSON polygons.</summary>
    public long GeoJsonPolygons { get; private set; }

    private long this[BsonType type] => _byType[(int)type];

    public void Add(BsonValue value, bool isPointer)
    {
        var type = (int)value.Type;
        if (type >= _byType.Length)
        {
            type = 0;
        }
        _byType[type]++;
        switch (value.Type)
        {
            case BsonType.Text when isPointer:
                AddTarget(value.Text);
                break;
            case BsonType.Document when ParseForms.TypeOf(value) is { IsEmpty: false } form:
                AddForm(Encoding.UTF8.GetString(form), ParseForms.TryText(value, "className"u8, out var target) ? Encoding.UTF8.GetString(target) : "");
                break;
            case BsonType.Document when ParseForms.TryText(value, "type"u8, out var text) && text.SequenceEqual("Polygon"u8):
                GeoJsonPolygons++;
                break;
            case BsonType.Array when value.Raw.Length <= 27 && Geometry.TryPair(value, out _, out _):
                Pairs++;
                break;
            default:
                break;
        }
    }

    /// <summary>The type that most values have; null when no value says anything.</summary>
    /// <param name="geo">Whether a geographic index of the source holds the field: then pairs are points and GeoJSON polygons are polygons.</param>
    /// <param name="isPointer">Whether the name begins with <c>_p_</c>.</param>
    public (FieldKind Kind, string? Target)? Kind(bool geo, bool isPointer)
    {
        Flush();
        var votes = new List<(FieldKind Kind, string? Target, long Votes)>();
        var formed = _forms.Where(f => f.Key.Form.Length > 0 && !isPointer).Sum(f => f.Value);
        foreach (var ((form, target), count) in _forms)
        {
            if (KindOf(form, isPointer) is { } kind)
            {
                votes.Add((kind, kind is FieldKind.Reference or FieldKind.Relation ? target : null, count));
                continue;
            }
            formed -= count;
        }
        var points = geo ? Pairs : 0;
        var polygons = geo ? GeoJsonPolygons : 0;
        votes.Add((FieldKind.Text, null, isPointer ? 0 : this[BsonType.Text] + this[BsonType.ObjectId]));
        votes.Add((FieldKind.Number, null, this[BsonType.Int32] + this[BsonType.Int64] + this[BsonType.Double] + this[BsonType.Decimal128]));
        votes.Add((FieldKind.Boolean, null, this[BsonType.Boolean]));
        votes.Add((FieldKind.Timestamp, null, this[BsonType.Date]));
        votes.Add((FieldKind.Bytes, null, this[BsonType.Binary]));
        votes.Add((FieldKind.Point, null, points));
        votes.Add((FieldKind.Polygon, null, polygons));
        votes.Add((FieldKind.Array, null, this[BsonType.Array] - points));
        votes.Add((FieldKind.Object, null, isPointer ? 0 : this[BsonType.Document] - formed - polygons));
        var best = votes.GroupBy(v => (v.Kind, v.Target)).Select(g => (g.Key, Votes: g.Sum(v => v.Votes))).MaxBy(v => v.Votes);
        return best.Votes > 0 ? best.Key : null;
    }

    private static FieldKind? KindOf(string form, bool isPointer) => isPointer
        ? form is "" or ParseForms.Pointer ? FieldKind.Reference : null
        : form switch
        {
            ParseForms.Pointer => FieldKind.Reference,
            ParseForms.Relation => FieldKind.Relation,
            ParseForms.File => FieldKind.File,
            ParseForms.Date => FieldKind.Timestamp,
            ParseForms.GeoPoint => FieldKind.Point,
            ParseForms.Polygon => FieldKind.Polygon,
            ParseForms.Bytes => FieldKind.Bytes,
            _ => null,
        };

    private void AddTarget(ReadOnlySpan<byte> text)
    {
        var dollar = text.IndexOf((byte)'$');
        if (dollar <= 0)
        {
            return;
        }
        if (!text[..dollar].SequenceEqual(_lastTarget))
        {
            Flush();
            _lastTarget = text[..dollar].ToArray();
        }
        _lastTargetCount++;
    }

    private void Flush()
    {
        if (_lastTargetCount > 0)
        {
            AddForm("", Encoding.UTF8.GetString(_lastTarget), _lastTargetCount);
            _lastTargetCount = 0;
        }
    }

    private void AddForm(string form, string target, long count = 1)
    {
        var key = (form, target);
        if (_forms.Count < MostTargets || _forms.ContainsKey(key))
        {
            _forms[key] = _forms.GetValueOrDefault(key) + count;
        }
    }
}
