using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backend.ParseCompat.Wire;

/// <summary>Query strings whose names have places in brackets (<c>where[score][$gt]=1</c>), which Express reads as objects and lists. All leaves are texts.</summary>
internal static class BracketedNames
{
    private const int MaxPlaces = 5;
    private const int MaxIndex = 20;

    /// <summary>Whether a name has a place in brackets.</summary>
    public static bool Has(string name) => name.IndexOf('[', StringComparison.Ordinal) > 0 && name[^1] == ']';

    /// <summary>The values of the names that have, by what stands before the first bracket.</summary>
    public static Dictionary<string, JsonElement> Read(IEnumerable<KeyValuePair<string, string>> query)
    {
        var roots = new Dictionary<string, Place>(StringComparer.Ordinal);
        foreach (var (name, text) in query)
        {
            if (!Has(name))
                continue;
            var bracket = name.IndexOf('[', StringComparison.Ordinal);
            if (!roots.TryGetValue(name[..bracket], out var place))
                roots.Add(name[..bracket], place = new Place());
            foreach (var step in Steps(name[bracket..]))
                place = place.Child(step);
            place.Texts.Add(text);
        }

        return roots.ToDictionary(r => r.Key, r => JsonSerializer.SerializeToElement(r.Value.ToNode()), StringComparer.Ordinal);
    }

    /// <summary>The places; what is deeper than five is one name, brackets and all.</summary>
    private static IEnumerable<string> Steps(string brackets)
    {
        var at = 0;
        for (var i = 0; i < MaxPlaces && at < brackets.Length && brackets[at] == '['; i++)
        {
            var end = brackets.IndexOf(']', at);
            if (end < 0)
                break;
            yield return brackets[(at + 1)..end];
            at = end + 1;
        }

        if (at < brackets.Length)
            yield return brackets[at..];
    }

    private sealed class Place
    {
        private readonly List<(string Name, Place Inside)> _children = [];

        public List<string> Texts { get; } = [];

        public Place Child(string name)
        {
            foreach (var (other, inside) in _children)
            {
                if (other == name && name.Length > 0)
                    return inside;
            }

            var made = new Place();
            _children.Add((name, made));
            return made;
        }

        public JsonNode? ToNode()
        {
            if (_children.Count == 0)
                return Texts.Count == 1 ? JsonValue.Create(Texts[0]) : new JsonArray([.. Texts.Select(t => JsonValue.Create(t))]);
            if (_children.TrueForAll(c => c.Name.Length == 0 || (int.TryParse(c.Name, out var index) && index is >= 0 and <= MaxIndex)))
                return new JsonArray([.. _children.Select(c => c.Inside.ToNode())]);
            var result = new JsonObject();
            foreach (var (name, inside) in _children)
                result[name] = inside.ToNode();
            return result;
        }
    }
}
