using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backend.Conformance;

/// <summary>What an option of parse-server means for us: which settings it writes, and what parse-server says where ours refuse a value.</summary>
/// <param name="Settings">The settings that it replaces as a whole, before <paramref name="Put"/> writes them.</param>
/// <param name="Put">Writes them. Not called for an option that is undefined.</param>
/// <param name="Refusal">parse-server's sentence for our refusal, which named one of the settings; null: ours stays.</param>
internal sealed record Option(string[] Settings, Action<Dictionary<string, string?>, JsonNode?> Put, Func<string, string?>? Refusal = null)
{
    /// <summary>A true or false. Anything else reaches our start-up as its JSON text, which is no boolean.</summary>
    public static Option Flag(string refusal, params string[] keys) => new(keys, (settings, value) =>
    {
        foreach (var key in keys)
            settings[key] = value is null ? "null" : value.ToJsonString();
    }, _ => refusal);

    /// <summary>A number, or the text of one.</summary>
    public static Option Number(string setting, Func<string, string>? refusal = null) => new([setting], (settings, value) =>
    {
        if (value is not null)
            settings[setting] = Text(value);
    }, refusal);

    /// <summary>A text.</summary>
    public static Option Words(string setting, string? refusal = null) => new([setting], (settings, value) =>
    {
        if (value is not null)
            settings[setting] = Text(value);
    }, _ => refusal);

    /// <summary>A list of texts.</summary>
    public static Option List(string setting, Func<string, string?>? refusal = null) => new([setting], (settings, value) => Flatten(settings, setting, value), refusal);

    /// <summary>A length of time in units of <paramref name="unit"/>.</summary>
    public static void PutDuration(Dictionary<string, string?> settings, string setting, JsonNode? value, TimeSpan unit)
    {
        if (value is null)
            return;
        settings[setting] = double.TryParse(Text(value), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? (unit * number).ToString()
            : Text(value);
    }

    /// <summary>A text itself, anything else as its JSON.</summary>
    public static string Text(JsonNode value) => value.GetValueKind() == JsonValueKind.String ? (string)value! : value.ToJsonString();

    /// <summary>Writes an object or list as settings below a key, names with a capital letter.</summary>
    public static void Flatten(Dictionary<string, string?> settings, string key, JsonNode? value, bool asNamed = false)
    {
        switch (value)
        {
            case JsonObject map:
                foreach (var (name, inner) in map)
                    Flatten(settings, $"{key}:{(asNamed || name.Length == 0 ? name : char.ToUpperInvariant(name[0]) + name[1..])}", inner, asNamed);
                break;
            case JsonArray { Count: 0 } when asNamed:
                settings[key] = ""; // a group from which nothing is hidden
                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                    Flatten(settings, $"{key}:{i}", list[i], asNamed);
                break;
            case null:
                break;
            default:
                settings[key] = Text(value);
                break;
        }
    }
}
