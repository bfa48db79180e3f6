using System.Text;
using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Json;

namespace Backend.MongoImport.Values;

/// <summary>The neutral value of a field's default, which stands in <c>_SCHEMA</c> in the forms of the REST API.</summary>
internal static class FieldValues
{
    public static Value Of(BsonValue value, FieldKind kind)
    {
        switch (kind)
        {
            case FieldKind.Timestamp when ParseForms.Is(value, ParseForms.Date) && ParseForms.TryText(value, "iso"u8, out var iso)
                && ExtendedJson.TryIso(Encoding.UTF8.GetString(iso), out var milliseconds):
                return Value.Timestamp(milliseconds);
            case FieldKind.File when ParseForms.Is(value, ParseForms.File) && ParseForms.TryText(value, "name"u8, out var name):
                return Value.File(Encoding.UTF8.GetString(name));
            case FieldKind.Reference when ParseForms.Is(value, ParseForms.Pointer) && ParseForms.TryText(value, "className"u8, out var target)
                && ParseForms.TryText(value, "objectId"u8, out var id):
                return Value.Reference(Encoding.UTF8.GetString(target), Encoding.UTF8.GetString(id));
            case FieldKind.Point when ParseForms.Is(value, ParseForms.GeoPoint) && ParseForms.TryNumber(value, "longitude"u8, out var x)
                && ParseForms.TryNumber(value, "latitude"u8, out var y):
                return Value.Point(new GeoPoint(x, y));
            case FieldKind.Bytes when ParseForms.Is(value, ParseForms.Bytes) && ParseForms.TryText(value, "base64"u8, out var base64):
                var bytes = new byte[base64.Length];
                return Convert.TryFromBase64String(Encoding.ASCII.GetString(base64), bytes, out var length) ? Value.Of(bytes[..length]) : RestValues.Of(value);
            default:
                return RestValues.Of(value);
        }
    }
}
