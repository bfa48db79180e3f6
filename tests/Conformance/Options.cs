using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backend.Conformance;

/// <summary>What a test wants changed of the suite's default configuration, in parse-server's option names.</summary>
internal sealed class Options
{
    /// <summary>Option name to its value.</summary>
    public JsonObject Set { get; init; } = [];

    /// <summary>Options that are to be undefined.</summary>
    public IReadOnlyList<string> Unset { get; init; } = [];

    /// <summary>Reads the body of <c>POST /reconfigure</c>.</summary>
    public static async Task<Options> ReadAsync(Stream body)
    {
        var asked = await JsonSerializer.DeserializeAsync<JsonObject>(body) ?? [];
        return new Options
        {
            Set = asked["options"] is JsonObject set ? (JsonObject)set.DeepClone() : [],
            Unset = asked["unset"] is JsonArray unset ? [.. unset.Select(name => (string)name!)] : [],
        };
    }

    public bool IsDefault => Set.Count == 0 && Unset.Count == 0;

    /// <summary>Whether the other asks for the same.</summary>
    public bool Equals(Options other) => JsonNode.DeepEquals(Set, other.Set) && Unset.SequenceEqual(other.Unset);
}
