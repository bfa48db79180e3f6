using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace Backend.ParseCompat.Limits;

/// <summary>
/// A word that no written data may hold: <c>ParseCompat:KeywordDenylist:0:Key</c>, <c>…:Value</c>, or <c>ParseCompat:KeywordDenylist:0</c>, which stands for
/// a key.
/// </summary>
internal sealed class KeywordOptions
{
    /// <summary>A regular expression found in a key; null: any key.</summary>
    public string? Key { get; set; }

    /// <summary>A regular expression found in a text; null: any value.</summary>
    public string? Value { get; set; }

    /// <summary>Whether the entry is the key itself.</summary>
    internal bool IsBare { get; init; }

    /// <summary>As it stands in an error text: the JSON of the old server's option.</summary>
    public override string ToString()
    {
        if (IsBare)
            return $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(Key!)}\"";
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            if (Key is not null)
                writer.WriteString("key"u8, Key);
            if (Value is not null)
                writer.WriteString("value"u8, Value);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>Reads the list; null when it is not configured.</summary>
    internal static KeywordOptions[]? Read(IConfigurationSection list) => !list.Exists() && list.Value is null
        ? null
        : [.. list.GetChildren().Select(entry => entry.GetChildren().Any()
            ? new KeywordOptions { Key = entry[nameof(Key)], Value = entry[nameof(Value)] }
            : new KeywordOptions { Key = entry.Value, IsBare = true })];
}
