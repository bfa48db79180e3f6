using System.Collections.Immutable;
using System.Text.Json;

namespace Backend.MongoImport.Sources;

/// <summary>One index of the source.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Key">Field paths in order, with 1, -1, "2d", "2dsphere", "text", "hashed".</param>
/// <param name="Options">unique, sparse, expireAfterSeconds, collation, partialFilterExpression, weights … as they stand.</param>
internal sealed record SourceIndex(string Name, ImmutableArray<KeyValuePair<string, string>> Key, ImmutableDictionary<string, JsonElement> Options)
{
    public bool IsUnique => Options.TryGetValue("unique", out var unique) && unique.ValueKind == JsonValueKind.True;

    public bool IsPartial => Options.ContainsKey("partialFilterExpression");

    /// <summary>Seconds after which a document of this date goes; null when the index is no TTL.</summary>
    public double? ExpireAfterSeconds => Options.TryGetValue("expireAfterSeconds", out var seconds) ? CollectionMetadata.Number(seconds) : null;
}

/// <summary>What metadata.json says: Extended JSON, old form (numbers) and new (<c>{"$numberInt":"1"}</c>) alike.</summary>
internal sealed record CollectionMetadata(string? CollectionName, string Type, ImmutableArray<SourceIndex> Indexes)
{
    public static CollectionMetadata None { get; } = new(null, "collection", []);

    /// <summary>Reads metadata.json.</summary>
    /// <exception cref="JsonException">The text is no JSON object.</exception>
    public static CollectionMetadata Parse(ReadOnlyMemory<byte> json)
    {
        if (json.Span.Trim(" \t\r\n\0"u8).IsEmpty)
        {
            return None;
        }
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("the metadata are no JSON object");
        }
        var indexes = root.TryGetProperty("indexes", out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Where(i => i.ValueKind == JsonValueKind.Object).Select(Index).ToImmutableArray()
            : [];
        return new(Text(root, "collectionName"), Text(root, "type") is { Length: > 0 } type ? type : "collection", indexes);
    }

    /// <summary>A number in any of its Extended JSON forms.</summary>
    public static double? Number(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number => element.GetDouble(),
        JsonValueKind.Object => element.EnumerateObject().FirstOrDefault() is { Value.ValueKind: JsonValueKind.String } only
            && only.Name.StartsWith("$number", StringComparison.Ordinal)
            && double.TryParse(only.Value.GetString(), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null,
        _ => null,
    };

    private static SourceIndex Index(JsonElement index)
    {
        var key = index.TryGetProperty("key", out var fields) && fields.ValueKind == JsonValueKind.Object
            ? fields.EnumerateObject().Select(f => KeyValuePair.Create(f.Name, Direction(f.Value))).ToImmutableArray()
            : [];
        var name = Text(index, "name") ?? string.Join('_', key.Select(k => $"{k.Key}_{k.Value}"));
        var options = index.EnumerateObject()
            .Where(o => o.Name is not ("key" or "name" or "v" or "ns"))
            .DistinctBy(o => o.Name)
            .ToImmutableDictionary(o => o.Name, o => o.Value.Clone());
        return new(name, key, options);
    }

    private static string Direction(JsonElement value) => value.ValueKind == JsonValueKind.String
        ? value.GetString()!
        : Number(value) is { } number ? (number < 0 ? "-1" : "1") : value.GetRawText();

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
