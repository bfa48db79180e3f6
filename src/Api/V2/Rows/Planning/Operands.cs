using System.Globalization;
using System.Text;
using System.Text.Json;
using Backend.Api.V2.Problems;
using Backend.Data.Catalog;
using Backend.Data.Values;

namespace Backend.Api.V2.Rows.Planning;

/// <summary>Reads operands of conditions: texts of the URL that must be values of a column's type.</summary>
internal static class Operands
{
    public static Value Read(Field field, string text) => field.Kind switch
    {
        FieldKind.Text => Value.Of(text),
        FieldKind.File => Value.File(text),
        FieldKind.Reference => Value.Reference(field.Target!, text),
        FieldKind.Number => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? Value.Of(number)
            : throw Invalid(field, text),
        FieldKind.Boolean => Boolean(text) is { } boolean ? Value.Of(boolean) : throw Invalid(field, text),
        FieldKind.Timestamp => Timestamp(text) is { } instant ? Value.Of(instant) : throw Invalid(field, text),
        FieldKind.Bytes => Bytes(text) is { } bytes ? Value.Of(bytes) : throw Invalid(field, text),
        _ => throw new Problem(400, ProblemCodes.Operator, $"operator does not exist for {Columns.TypeName(field.Kind)}", $"Field: {field.Name}"),
    };

    /// <summary>A JSON operand (<c>stats->level=gte.3</c>, <c>tags=cs.["a"]</c>) as a value.</summary>
    public static Value Json(string text)
    {
        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), new JsonReaderOptions { MaxDepth = NestedJson.MaxDepth });
            reader.Read();
            var value = Json(ref reader);
            return reader.Read() ? throw new JsonException() : value;
        }
        catch (JsonException)
        {
            throw new Problem(400, ProblemCodes.Value, "invalid input syntax for type json", $"Token \"{text}\" is invalid.");
        }
    }

    /// <summary>The value at the reader's token.</summary>
    public static Value Json(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Null => Value.Null,
        JsonTokenType.True => Value.Of(true),
        JsonTokenType.False => Value.Of(false),
        JsonTokenType.Number => Value.Of(NestedJson.ReadNumber(ref reader)),
        JsonTokenType.String => Value.Of(NestedJson.ReadString(ref reader)),
        JsonTokenType.StartObject => Value.Object(NestedJson.Normalize(ref reader)),
        _ => Value.Array(NestedJson.Normalize(ref reader)),
    };

    /// <summary>PostgreSQL's spellings of a boolean.</summary>
    public static bool? Boolean(string text) => text.Trim().ToLowerInvariant() switch
    {
        "true" or "t" or "yes" or "y" or "on" or "1" => true,
        "false" or "f" or "no" or "n" or "off" or "0" => false,
        _ => null,
    };

    /// <summary>An instant of ISO 8601 or RFC 3339, also with a blank for the T; without an offset it is UTC. In whole milliseconds.</summary>
    public static DateTime? Timestamp(string text)
    {
        // "+02:00" in a URL that was not encoded arrives as " 02:00".
        if (text.Length < 10 || text[4] != '-' || text[7] != '-')
            return null;
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowTrailingWhite, out var instant))
            return null;
        var utc = instant.UtcDateTime;
        return utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerMillisecond));
    }

    public static byte[]? Bytes(string text)
    {
        var buffer = new byte[(text.Length * 3 / 4) + 3];
        return Convert.TryFromBase64String(text, buffer, out var length) ? buffer[..length] : null;
    }

    private static Problem Invalid(Field field, string text) =>
        new(400, ProblemCodes.Value, $"invalid input syntax for type {Columns.TypeName(field.Kind)}: \"{text}\"", $"Field: {field.Name}");
}
