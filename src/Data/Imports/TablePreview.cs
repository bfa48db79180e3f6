using Backend.Data.Catalog;

namespace Backend.Data.Imports;

/// <summary>What an import would call its tables and columns, worked out without a database.</summary>
public sealed class TablePreview
{
    private readonly HashSet<string> _taken;

    /// <summary>Begins.</summary>
    /// <param name="taken">Relations of schema <c>app</c> that are there already.</param>
    public TablePreview(IEnumerable<string> taken) => _taken = new HashSet<string>(taken, StringComparer.Ordinal);

    /// <summary>The name by the rules of naming alone: what a relation or column is called when nothing stands against it.</summary>
    public static string PlainName(string name) => Naming.Snake(name);

    /// <summary>The table that <see cref="ImportRun.StageAsync"/> would make for the first import of a class. It cannot be loaded: it is nowhere.</summary>
    /// <param name="spec">What would be asked for.</param>
    /// <param name="existing">The table that is there, or null.</param>
    /// <param name="columns">Columns of a system table that are no fields.</param>
    /// <param name="indexedColumns">See <see cref="StagedTable.IndexedColumns"/>.</param>
    public StagedTable Make(StagedTableSpec spec, Table? existing, IEnumerable<string> columns, IReadOnlySet<string> indexedColumns)
    {
        var relation = existing?.Relation ?? Naming.Relation(spec.Origin, _taken);
        _taken.Add(relation);
        var kept = existing is { System: true }
            ? existing.Fields.Where(f => f.System || spec.Fields.Any(s => s.Name == f.Name && s.Kind == f.Kind && s.Target == f.Target)).ToList()
            : [];
        var names = kept.Where(f => f is { Column: not null, Kind: not FieldKind.Relation }).Select(f => f.Column!).Concat(columns).ToHashSet(StringComparer.Ordinal);
        var added = Staging.Name(relation, spec.Fields.Where(s => kept.All(k => k.Name != s.Name)), names, existing, _taken, spec);
        return new StagedTable(spec, existing, relation, [.. kept, .. added], []) { IndexedColumns = indexedColumns };
    }
}
