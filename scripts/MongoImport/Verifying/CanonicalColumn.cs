using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Json;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Values;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Verifying;

/// <summary>The canonical form of first-level values: the several ways in which a value of a column's type may have been written are one.</summary>
internal static class CanonicalColumn
{
    private const ulong PointerSeed = 0x100;
    private const ulong PointSeed = 0x101;
    private const ulong PolygonSeed = 0x102;

    /// <summary>Whether a value says what a missing one says: no failed log-ins, no earlier passwords.</summary>
    public static bool IsDefault(ColumnKind? kind, BsonValue value) => kind switch
    {
        ColumnKind.Integer => value.IsNumber && Numbers.TryExact(value, out var number) && number == 0,
        ColumnKind.TextArray => value.Type == BsonType.Array && value.Raw.Length == BsonReader.SmallestDocument,
        _ => false,
    };

    /// <summary>Of a value.</summary>
    /// <param name="kind">The column's kind; null for what is no column.</param>
    /// <param name="value">The value.</param>
    /// <param name="rules">Gets forms that the row has in another way.</param>
    /// <param name="scratch">For the bytes of geometries.</param>
    public static UInt128 Of(ColumnKind? kind, BsonValue value, RuleCounts? rules, Buffer scratch)
    {
        switch (kind)
        {
            case ColumnKind.Timestamp when value.Type == BsonType.Document && TryTime(value, out var milliseconds):
                rules?.Count(Rule.DateForm);
                return CanonicalValue.OfDate(milliseconds);
            case ColumnKind.File when ParseForms.Is(value, ParseForms.File) && ParseForms.TryText(value, "name"u8, out var name):
                rules?.Count(Rule.FileForm);
                return CanonicalValue.OfText(name);
            case ColumnKind.Reference when TryPointer(value, out var target, out var id):
                rules?.Count(Rule.PointerForm, value.Type != BsonType.Text);
                return Hash128.Of(Hash128.Of(target, PointerSeed), CanonicalValue.OfText(id));
            case ColumnKind.Bytes when TryBytes(value, scratch):
                rules?.Count(Rule.BytesForm, value.Type != BsonType.Binary);
                return CanonicalValue.OfBytes(scratch.Written);
            case ColumnKind.Point or ColumnKind.Polygon:
                scratch.Clear();
                if (kind == ColumnKind.Point ? Geometry.TryWritePoint(value, scratch) : Geometry.TryWritePolygon(value, scratch))
                {
                    rules?.Count(Rule.GeoForm, ParseForms.TypeOf(value).Length > 0);
                    return Hash128.Of(scratch.Written, kind == ColumnKind.Point ? PointSeed : PolygonSeed);
                }
                return CanonicalValue.Of(value, rules);
            default:
                return CanonicalValue.Of(value, rules);
        }
    }

    private static bool TryTime(BsonValue value, out long milliseconds)
    {
        milliseconds = 0;
        if (!ParseForms.Is(value, ParseForms.Date) || !value.TryFind("iso"u8, out var iso))
        {
            return false;
        }
        if (iso.Type == BsonType.Date)
        {
            milliseconds = iso.Milliseconds;
            return true;
        }
        return iso.Type == BsonType.Text && ExtendedJson.TryIso(Encoding.UTF8.GetString(iso.Text), out milliseconds);
    }

    private static bool TryPointer(BsonValue value, out ReadOnlySpan<byte> target, out ReadOnlySpan<byte> id)
    {
        target = id = default;
        if (value.Type == BsonType.Text)
        {
            var dollar = value.Text.IndexOf((byte)'$');
            if (dollar <= 0 || dollar == value.Text.Length - 1)
            {
                return false;
            }
            target = value.Text[..dollar];
            id = value.Text[(dollar + 1)..];
            return true;
        }
        return (ParseForms.Is(value, ParseForms.Pointer) || ParseForms.Is(value, "Object"))
            && ParseForms.TryText(value, "className"u8, out target) && ParseForms.TryText(value, "objectId"u8, out id) && !id.IsEmpty;
    }

    private static bool TryBytes(BsonValue value, Buffer to)
    {
        to.Clear();
        if (value.Type == BsonType.Binary)
        {
            if (value.BinarySubtype == 0)
            {
                to.Bytes(value.Binary);
            }
            return value.BinarySubtype == 0;
        }
        ReadOnlySpan<byte> base64;
        if (value.Type == BsonType.Text)
        {
            base64 = value.Text;
        }
        else if (!ParseForms.Is(value, ParseForms.Bytes) || !ParseForms.TryText(value, "base64"u8, out base64))
        {
            return false;
        }
        if (base64.Length % 4 != 0 || System.Buffers.Text.Base64.DecodeFromUtf8(base64, to.Room(base64.Length), out var used, out var length) != System.Buffers.OperationStatus.Done
            || used != base64.Length)
        {
            return false;
        }
        to.Advance(length);
        return true;
    }
}
