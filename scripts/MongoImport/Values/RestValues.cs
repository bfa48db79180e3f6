using Backend.Data.Values;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Planning;

namespace Backend.MongoImport.Values;

/// <summary>The neutral value that stands in a row's <c>rest</c> for a BSON value: nothing of it is lost.</summary>
internal static class RestValues
{
    /// <summary>The value of a field of a kind: what a column of the kind would have held, had there been no reason against it.</summary>
    public static Value Of(BsonValue value, ColumnKind? kind)
    {
        switch (kind)
        {
            case ColumnKind.File when value.Type == BsonType.Text && BsonText.TryDecode(value.Text, out var name):
                return Value.File(name);
            case ColumnKind.File when ParseForms.Is(value, ParseForms.File) && ParseForms.TryText(value, "name"u8, out var utf8) && BsonText.TryDecode(utf8, out var name):
                return Value.File(name);
            case ColumnKind.Reference when value.Type == BsonType.Text && BsonText.TryDecode(value.Text, out var text) && text.IndexOf('$', StringComparison.Ordinal) is > 0 and var dollar:
                return Value.Reference(text[..dollar], text[(dollar + 1)..]);
            case ColumnKind.Reference when ParseForms.Is(value, ParseForms.Pointer) && ParseForms.TryText(value, "className"u8, out var className)
                && ParseForms.TryText(value, "objectId"u8, out var id) && BsonText.TryDecode(className, out var target) && BsonText.TryDecode(id, out var text):
                return Value.Reference(target, text);
            case ColumnKind.Point when Geometry.TryPair(value, out var x, out var y):
                return Value.Point(new GeoPoint(x, y));
            default:
                return Of(value);
        }
    }

    /// <summary>The value by itself.</summary>
    public static Value Of(BsonValue value)
    {
        switch (value.Type)
        {
            case BsonType.Null:
                return Value.Null;
            case BsonType.Boolean:
                return Value.Of(value.Boolean);
            case BsonType.Int32 or BsonType.Int64 or BsonType.Double or BsonType.Decimal128:
                return Numbers.TryExact(value, out var number) ? Value.Of(number) : Value.ExactNumber(Numbers.ExactText(value));
            case BsonType.Text when BsonText.TryDecode(value.Text, out var text):
                return Value.Of(text);
            case BsonType.Date:
                return Value.Timestamp(value.Milliseconds);
            case BsonType.Binary when value.BinarySubtype == 0:
                return Value.Of(value.Binary.ToArray());
            case BsonType.Document or BsonType.Array:
                var json = new Buffer(value.Raw.Length * 2);
                if (!NestedWriter.TryWriteExactly(value, json, out _))
                {
                    break;
                }
                return value.Type == BsonType.Array ? Value.Array(json.Written.ToArray()) : Value.Object(json.Written.ToArray());
            default:
                break;
        }
        return Value.Foreign((byte)value.Type, value.Raw.ToArray());
    }
}
