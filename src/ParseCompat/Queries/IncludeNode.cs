using System.Collections.Immutable;
using Backend.Data.Catalog;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <summary>
/// A tree of the paths that <c>include</c>, <c>keys</c> and <c>excludeKeys</c> name: the root is the queried row, a child is a field whose
/// pointers are replaced by their rows (contract 9.8, 9.9).
/// </summary>
internal sealed class IncludeNode(string name)
{
    /// <summary>A longer path is refused for everybody: the tree is walked by recursion, and a level is a statement.</summary>
    private const int MaxDepth = 100;

    private readonly KeyedList<IncludeNode> _children = new();

    /// <summary>The four keys that are always there.</summary>
    public static bool IsAlwaysSelected(string key) => key is "objectId" or "createdAt" or "updatedAt" or "ACL";

    /// <summary>The field.</summary>
    public string Name { get; } = name;

    /// <summary>The fields below it that are included.</summary>
    public List<IncludeNode> Children => _children.Values;

    /// <summary>The columns wanted of its rows; null: all.</summary>
    public HashSet<string>? Keys { get; set; }

    /// <summary>The columns not wanted of its rows; null: none.</summary>
    public HashSet<string>? Excluded { get; private set; }

    /// <summary>The child of a field, or null.</summary>
    public IncludeNode? Find(string field) => _children.Find(field);

    /// <summary>Includes a path and every level above its end.</summary>
    /// <exception cref="ParseError">102: a path that is too long.</exception>
    public void Add(ReadOnlySpan<string> path)
    {
        if (path.Length > MaxDepth)
            throw new ParseError(ErrorCode.InvalidQuery, $"Include depth of {path.Length} exceeds maximum allowed depth of {MaxDepth}");
        var node = this;
        foreach (var step in path)
        {
            var child = node.Find(step);
            if (child is null)
                node._children.Put(step, child = new IncludeNode(step));
            node = child;
        }
    }

    /// <summary>Selects a path: its root column, and of every included row on the way the next step.</summary>
    /// <exception cref="ParseError">102: a path that is too long.</exception>
    public void Select(ReadOnlySpan<string> path)
    {
        if (path.Length > 1)
            Add(path[..^1]);
        var node = this;
        foreach (var step in path)
        {
            (node.Keys ??= new(StringComparer.Ordinal)).Add(step);
            if (node.Find(step) is not { } child)
                return;
            node = child;
        }
    }

    /// <summary>Leaves out the end of a path.</summary>
    /// <exception cref="ParseError">102: a path that is too long.</exception>
    public void Exclude(ReadOnlySpan<string> path)
    {
        if (path.Length > 1)
            Add(path[..^1]);
        var node = this;
        for (var i = 0; i < path.Length - 1; i++)
            node = node.Find(path[i])!;
        if (!IsAlwaysSelected(path[^1]))
            (node.Excluded ??= new(StringComparer.Ordinal)).Add(path[^1]);
    }

    /// <summary>The fields of its rows' table to read; default: all.</summary>
    public ImmutableArray<Field> FieldsOf(Table table) => this is { Keys: null, Excluded: null } ? default : [.. table.Fields.Where(f => Wants(f.Name))];

    /// <summary>Whether a column of its rows is wanted.</summary>
    public bool Wants(string field) => (Keys is null || Keys.Contains(field)) && Excluded?.Contains(field) != true;
}
