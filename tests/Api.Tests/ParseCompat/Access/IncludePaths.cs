using System.Text.Json.Nodes;

namespace Backend.Api.Tests.ParseCompat.Access;

/// <summary>Paths of an include, with the keys that are wanted at each place.</summary>
internal sealed class IncludePaths
{
    private static readonly string[] Always = ["objectId", "ACL", "__type", "className"];

    private HashSet<string>? _keys;

    /// <summary>What is included, and below it.</summary>
    public Dictionary<string, IncludePaths> Below { get; } = [];

    public void Add(string path)
    {
        var node = this;
        foreach (var step in path.Split('.'))
        {
            if (!node.Below.TryGetValue(step, out var below))
                node.Below[step] = below = new();
            node = below;
        }
    }

    /// <summary>A path of <c>keys</c>: what is below a pointer includes it.</summary>
    public void Select(string path)
    {
        var steps = path.Split('.');
        if (steps.Length > 1)
            Add(steps[0]);
        (_keys ??= []).Add(steps[0]);
        if (steps.Length > 1)
            (Below[steps[0]]._keys ??= []).Add(steps[1]);
    }

    /// <summary>Leaves what is wanted.</summary>
    public void Restrict(JsonObject seen)
    {
        if (_keys is null)
            return;
        foreach (var name in seen.Select(f => f.Key).Where(k => !_keys.Contains(k) && !Always.Contains(k)).ToList())
            seen.Remove(name);
    }
}
