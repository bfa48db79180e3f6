using Backend.Data.Rows;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Values;

/// <summary>The neutral value that stands in a row's <c>rest</c> for a BSON value: nothing of it is lost.</summary>
internal static class RestValues
{
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
                var storable = true;
                if (!NestedWriter.TryWrite(value, json, ref storable))
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
