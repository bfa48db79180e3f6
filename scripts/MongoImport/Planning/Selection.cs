using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Planning;

/// <summary>The classes that an operator named, or all. Of users, sessions and roles, which refer to each other, one names all three.</summary>
internal sealed class Selection
{
    private const string SchemaName = "_SCHEMA";
    private static readonly string[] Accounts = ["_User", "_Session", "_Role"];

    private readonly HashSet<string> _named;
    private readonly HashSet<string> _classes;

    /// <summary>Selects.</summary>
    /// <param name="named">Classes; none: all.</param>
    public Selection(IEnumerable<string> named)
    {
        _named = new HashSet<string>(named, StringComparer.Ordinal);
        _classes = new HashSet<string>(_named, StringComparer.Ordinal);
        if (_classes.Overlaps(Accounts))
        {
            _classes.UnionWith(Accounts);
        }
    }

    /// <summary>
    /// Whether a collection's documents are needed. Before the schema has been read a prefix of all collections is not known, nor what a collection
    /// without a class's name will be called: what ends alike is read as well, and left out by <see cref="Of"/>.
    /// </summary>
    public bool Wants(SourceCollection collection)
    {
        if (_classes.Count == 0 || collection.Name.EndsWith(SchemaName, StringComparison.Ordinal))
        {
            return true;
        }
        var name = ClassLike(collection.Name);
        return _classes.Any(c => name.EndsWith(c, StringComparison.Ordinal) || c.StartsWith('C' + name, StringComparison.Ordinal) || c.TrimEnd('_') == name.TrimEnd('_'));
    }

    /// <summary>The part of a plan that is selected.</summary>
    /// <exception cref="SourceException">A class was named that the source does not hold.</exception>
    public ImportPlan Of(ImportPlan plan)
    {
        if (_classes.Count == 0)
        {
            return plan;
        }
        var known = plan.Classes.Select(c => c.Name).Concat(plan.Damaged.Keys).ToHashSet(StringComparer.Ordinal);
        if (_named.FirstOrDefault(n => !known.Contains(n)) is { } unknown)
        {
            throw new SourceException($"The source holds no class {unknown}, but {string.Join(", ", known.Order(StringComparer.Ordinal))}.");
        }
        plan.Classes.RemoveAll(c => !_classes.Contains(c.Name));
        foreach (var name in plan.Damaged.Keys.Where(n => !_classes.Contains(n)).ToList())
        {
            plan.Damaged.Remove(name);
        }
        // Nothing can be said of what was not read.
        plan.Ignored.Clear();
        plan.Notes.Add($"Only {string.Join(", ", plan.Classes.Select(c => c.Name).Order(StringComparer.Ordinal))}: the source's other collections were not looked at.");
        return plan;
    }

    private static string ClassLike(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_'));
}
