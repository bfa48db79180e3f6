using System.Globalization;
using System.Text;
using System.Text.Json;
using Backend.Data.Values;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Aggregates;

/// <summary>Constants of a pipeline: JSON, the dialect's typed values, and MongoDB's extended JSON.</summary>
internal static class ExtendedJson
{
    /// <summary>An instant, text or number in extended JSON (<c>{"$date": …}</c>); null for anything else.</summary>
    public static Value? Read(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
            return null;
        var properties = element.EnumerateObject();
        if (!properties.MoveNext())
            return null;
        var (name, inner) = (properties.Current.Name, properties.Current.Value);
        if (properties.MoveNext())
            return null;
        switch (name)
        {
            case "$date":
                var instant = Read(inner) ?? Scalar(inner);
                return instant?.Kind switch
                {
                    ValueKind.Number => Value.Timestamp((long)instant.Value.AsNumber),
                    ValueKind.Text when WireDate.Parse(instant.Value.AsText) is { } milliseconds => Value.Timestamp(milliseconds),
                    _ => null,
                };
            case "$oid":
                return inner.ValueKind == JsonValueKind.String ? Value.Of(JsonText.Read(inner)) : null;
            case "$numberInt" or "$numberLong" or "$numberDouble" or "$numberDecimal":
                return Scalar(inner) is { Kind: ValueKind.Text } text && double.TryParse(text.AsText, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? Value.Of(number) : null;
            default:
                return null;
        }
    }

    /// <summary>A constant. Typed values of the dialect are what the old database stored: a pointer its text, a file its name.</summary>
    /// <param name="element">The JSON.</param>
    /// <param name="isNested">Whether it is compared with what stands inside an object or array, where only dates were stored otherwise.</param>
    /// <exception cref="ParseError">111, 121: what no value can be.</exception>
    public static Value ReadValue(JsonElement element, bool isNested)
    {
        if (Read(element) is { } extended)
            return extended;
        var value = ValueReader.Read(element).Value;
        if (isNested && element.ValueKind == JsonValueKind.Object && value.Kind is not (ValueKind.Timestamp or ValueKind.Bytes))
            return Value.Object(NestedJson.Normalize(Encoding.UTF8.GetBytes(element.GetRawText())));
        return value.Kind switch
        {
            ValueKind.Reference => Value.Of($"{value.AsReference.Target}${value.AsReference.Id}"),
            ValueKind.File => Value.Of(value.AsText),
            ValueKind.Point => Value.Array(NestedJson.Normalize(Encoding.UTF8.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"[{value.AsPoint.Longitude:R},{value.AsPoint.Latitude:R}]")))),
            _ => value,
        };
    }

    /// <summary>A constant as it stands in documents.</summary>
    /// <exception cref="ParseError">102: a text that no database column holds.</exception>
    public static byte[] ToDocument(in Value value) => RestJson.ToBytes(value);

    private static Value? Scalar(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number => Value.Of(element.GetDouble()),
        JsonValueKind.String => Value.Of(JsonText.Read(element)),
        _ => null,
    };
}
