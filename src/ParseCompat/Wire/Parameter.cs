using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Backend.ParseCompat.Wire;

/// <summary>One parameter of a read: from the query string (read as JSON where it is JSON, else a text) or from the body.</summary>
internal readonly record struct Parameter(string Name, JsonElement Value)
{
    /// <summary>Express reads so many parameters of a query string and ignores the rest.</summary>
    private const int MaxParameters = 1000;

    private static readonly JsonElement True = JsonSerializer.SerializeToElement(true);
    private static readonly JsonElement False = JsonSerializer.SerializeToElement(false);
    private static readonly JsonElement Null = JsonSerializer.SerializeToElement<string?>(null);

    /// <summary>The value as text: a text itself, anything else as its JSON.</summary>
    public string Text => Value.ValueKind == JsonValueKind.String ? JsonText.Read(Value) : Value.GetRawText();

    /// <summary>Whether JavaScript would take the value for true.</summary>
    public bool IsTruthy => Value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined or JsonValueKind.False => false,
        JsonValueKind.Number => Value.GetDouble() != 0,
        JsonValueKind.String => Value.GetRawText().Length > 2,
        _ => true,
    };

    /// <summary>Name and text of each parameter of a query string, decoded.</summary>
    public static List<KeyValuePair<string, string>> ReadQuery(string? query)
    {
        var list = new List<KeyValuePair<string, string>>();
        if (string.IsNullOrEmpty(query))
            return list;
        foreach (var pair in new QueryStringEnumerable(query))
        {
            if (list.Count == MaxParameters)
                break;
            list.Add(new(pair.DecodeName().ToString(), pair.DecodeValue().ToString()));
        }

        return list;
    }

    /// <summary>Reads a text as JSON if it is JSON, else as a text.</summary>
    public static JsonElement Parse(string text)
    {
        switch (text)
        {
            case "true": return True;
            case "false": return False;
            case "null": return Null;
        }

        // Looked at first, because a failing parser throws, and most parameters are words or comma lists.
        var trimmed = text.AsSpan().TrimStart();
        var mayBeJson = trimmed.Length > 0 && (trimmed[0] is '{' or '[' or '"' || char.IsAsciiDigit(trimmed[0])
            || (trimmed[0] == '-' && trimmed.Length > 1 && char.IsAsciiDigit(trimmed[1])));
        if (mayBeJson && TryParse(text, out var element))
            return element;
        return JsonSerializer.SerializeToElement(text);
    }

    /// <summary>A parameter that came several times: an array of texts.</summary>
    public static JsonElement Array(IEnumerable<string> texts) => JsonSerializer.SerializeToElement(texts.ToArray());

    /// <summary>Reads a text that should be JSON.</summary>
    public static bool TryParse(string text, out JsonElement element)
    {
        element = default;
        try
        {
            var json = Encoding.UTF8.GetBytes(text);
            JsonText.MendNames(json);
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 128 });
            element = JsonElement.ParseValue(ref reader);
            return !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
