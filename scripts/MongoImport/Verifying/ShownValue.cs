using System.Globalization;
using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Verifying;

/// <summary>Values for people: Extended JSON, cut where it gets long. Secrets are not shown, only that they differ.</summary>
internal static class ShownValue
{
    private const int Longest = 1_000;

    private static readonly string[] Secrets =
    [
        "_hashed_password", "_session_token", "sessionToken", "_email_verify_token", "_perishable_token", "_password_history", "bcryptPassword",
    ];

    /// <summary>The value; null when it is missing.</summary>
    /// <param name="field">The field's name.</param>
    /// <param name="value">The value.</param>
    public static string? Of(string field, BsonValue value)
    {
        if (value.Type == BsonType.None)
        {
            return null;
        }
        if (Secrets.Contains(field) || field.StartsWith("_auth_data_", StringComparison.Ordinal))
        {
            return "(secret)";
        }
        var text = new StringBuilder();
        Write(value, text);
        return text.Length > Longest ? text.ToString(0, Longest) + "…" : text.ToString();
    }

    private static void Write(BsonValue value, StringBuilder to)
    {
        if (to.Length > Longest)
        {
            return;
        }
        switch (value.Type)
        {
            case BsonType.Document or BsonType.Array:
                Members(value, to);
                break;
            case BsonType.Text:
                Text(value.Text, to);
                break;
            case BsonType.Double:
                to.Append(CultureInfo.InvariantCulture, $"{value.Double:R}");
                break;
            case BsonType.Int32:
                to.Append(CultureInfo.InvariantCulture, $"{value.Int32}");
                break;
            case BsonType.Int64:
                to.Append(CultureInfo.InvariantCulture, $"{value.Int64}");
                break;
            case BsonType.Decimal128:
                to.Append("{\"$numberDecimal\":\"").Append(value.Decimal128).Append("\"}");
                break;
            case BsonType.Boolean:
                to.Append(value.Boolean ? "true" : "false");
                break;
            case BsonType.Null:
                to.Append("null");
                break;
            case BsonType.Date:
                var iso = new Values.Buffer(32);
                to.Append("{\"$date\":").Append(Instants.TryWriteIso(value.Milliseconds, iso) ? $"\"{Encoding.ASCII.GetString(iso.Written)}\"" : value.Milliseconds.ToString(CultureInfo.InvariantCulture)).Append('}');
                break;
            case BsonType.ObjectId:
                to.Append("{\"$oid\":\"").Append(Convert.ToHexStringLower(value.ObjectId)).Append("\"}");
                break;
            case BsonType.Binary:
                to.Append(CultureInfo.InvariantCulture, $"{{\"$binary\":{{\"base64\":\"{Convert.ToBase64String(value.Binary.Length > Longest ? value.Binary[..Longest] : value.Binary)}\",\"subType\":\"{value.BinarySubtype:x2}\"}}}}");
                break;
            default:
                to.Append(CultureInfo.InvariantCulture, $"{{\"${char.ToLowerInvariant(value.Type.ToString()[0])}{value.Type.ToString()[1..]}\":\"{Convert.ToBase64String(value.Raw.Length > Longest ? value.Raw[..Longest] : value.Raw)}\"}}");
                break;
        }
    }

    private static void Members(BsonValue value, StringBuilder to)
    {
        var array = value.Type == BsonType.Array;
        to.Append(array ? '[' : '{');
        var start = to.Length;
        var reader = new BsonReader(value.Raw);
        while (reader.Read())
        {
            if (to.Length > start)
            {
                to.Append(',');
            }
            if (!array)
            {
                Text(reader.Name, to);
                to.Append(':');
            }
            Write(reader.Value, to);
            if (to.Length > Longest)
            {
                break;
            }
        }
        to.Append(array ? ']' : '}');
    }

    private static void Text(ReadOnlySpan<byte> text, StringBuilder to) => to.Append(System.Text.Json.JsonSerializer.Serialize(BsonText.Decode(text.Length > Longest ? text[..Longest] : text), Relaxed));

    private static System.Text.Json.JsonSerializerOptions Relaxed { get; } = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
