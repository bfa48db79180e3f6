using System.Collections.Frozen;

namespace Backend.ParseCompat.Hooks;

/// <summary>All hooks at one moment. Immutable.</summary>
internal sealed class HookSnapshot
{
    private readonly FrozenDictionary<string, Hook> _functions;
    private readonly FrozenDictionary<string, FrozenDictionary<string, Hook>> _triggers;

    public HookSnapshot(IReadOnlyList<Hook> hooks)
    {
        _functions = hooks.Where(h => h.FunctionName is not null).ToFrozenDictionary(h => h.FunctionName!, StringComparer.Ordinal);
        _triggers = hooks.Where(h => h.ClassName is not null).GroupBy(h => h.ClassName!)
            .ToFrozenDictionary(g => g.Key, g => g.ToFrozenDictionary(h => h.TriggerName!, StringComparer.Ordinal), StringComparer.Ordinal);
    }

    /// <summary>No hook at all.</summary>
    public static HookSnapshot None { get; } = new([]);

    /// <summary>Whether any class has a trigger.</summary>
    public bool HasTriggers => _triggers.Count > 0;

    /// <summary>The hook of a function, or null.</summary>
    public Hook? Function(string name) => _functions.GetValueOrDefault(name);

    /// <summary>Whether a class has a trigger of any kind.</summary>
    public bool Concerns(string className) => _triggers.Count > 0 && _triggers.ContainsKey(className);

    /// <summary>A class's trigger, or null.</summary>
    public Hook? Trigger(string className, string triggerName) =>
        _triggers.Count > 0 && _triggers.TryGetValue(className, out var triggers) ? triggers.GetValueOrDefault(triggerName) : null;
}
