using System.Text.Json;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Functions;

/// <summary>The parameters of a function as its web hook gets them: those of the body, and those of the query string, which win.</summary>
internal static class FunctionParameters
{
    /// <summary>Writes them as an object. Dates became dates on the old server, and so plain ISO texts in a hook's body; everything else stays encoded.</summary>
    public static void Write(Utf8JsonWriter writer, ParseRequest request)
    {
        writer.WriteStartObject();
        foreach (var property in request.Body.Properties())
        {
            if (IsInQuery(request, property.Name))
                continue;
            writer.WritePropertyName(property.Name);
            Write(writer, property.Value);
        }

        foreach (var group in request.Query.GroupBy(q => q.Key))
        {
            writer.WritePropertyName(group.Key);
            var texts = group.Select(q => q.Value).ToList();
            if (texts.Count > 1)
                writer.WriteStartArray();
            foreach (var text in texts)
                JsonText.Write(writer, text);
            if (texts.Count > 1)
                writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static bool IsInQuery(ParseRequest request, string name)
    {
        foreach (var (other, _) in request.Query)
        {
            if (other == name)
                return true;
        }

        return false;
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var element in value.EnumerateArray())
                    Write(writer, element);
                writer.WriteEndArray();
                break;
            case JsonValueKind.Object when IsDate(value):
                WriteDate(writer, value);
                break;
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in value.EnumerateObject())
                {
                    writer.WritePropertyName(property.Name);
                    Write(writer, property.Value);
                }

                writer.WriteEndObject();
                break;
            default:
                writer.WriteRawValue(value.GetRawText(), skipInputValidation: true);
                break;
        }
    }

    private static bool IsDate(JsonElement value) =>
        value.TryGetProperty("__type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("Date");

    private static void WriteDate(Utf8JsonWriter writer, JsonElement date)
    {
        if (date.TryGetProperty("iso", out var iso) && iso.ValueKind == JsonValueKind.String && WireDate.Parse(JsonText.Read(iso)) is { } milliseconds)
            WireDate.Write(writer, milliseconds);
        else
            writer.WriteNullValue();
    }
}
