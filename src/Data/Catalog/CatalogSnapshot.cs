using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Backend.Data.Catalog;

/// <summary>All tables and fields at one version. Immutable; <c>LiveCatalog.Current</c> is replaced, never changed.</summary>
public sealed class CatalogSnapshot
{
    private readonly FrozenDictionary<string, Table> _byName;
    private readonly FrozenDictionary<string, Table> _byOrigin;
    private readonly FrozenDictionary<int, Table> _byNumber;

    /// <summary>Makes a snapshot.</summary>
    public CatalogSnapshot(long version, IEnumerable<Table> tables, DateTime? writesClosedAt = null)
    {
        Version = version;
        WritesClosedAt = writesClosedAt;
        Tables = [.. tables];
        _byName = Tables.ToFrozenDictionary(t => t.Name, StringComparer.Ordinal);
        _byOrigin = Tables.ToFrozenDictionary(t => t.Origin, StringComparer.Ordinal);
        _byNumber = Tables.ToFrozenDictionary(t => t.Number);
        Users = _byName.GetValueOrDefault("users");
        Roles = _byName.GetValueOrDefault("roles");
        Sessions = _byName.GetValueOrDefault("sessions");
    }

    /// <summary>Grows by one with every change of the catalog.</summary>
    public long Version { get; }

    /// <summary>Since when nothing can be written (<see cref="WriteSwitch"/>), UTC; null: writes are open.</summary>
    public DateTime? WritesClosedAt { get; }

    /// <summary>Whether writes are refused.</summary>
    public bool WritesClosed => WritesClosedAt is not null;

    /// <summary>Every table.</summary>
    public ImmutableArray<Table> Tables { get; }

    /// <summary>The table of accounts; null only before the first migration.</summary>
    public Table? Users { get; }

    /// <summary>The table of roles.</summary>
    public Table? Roles { get; }

    /// <summary>The table of sessions.</summary>
    public Table? Sessions { get; }

    /// <summary>Finds a table by the name v2 uses.</summary>
    public Table? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Finds a table by the name it had where its rows came from.</summary>
    public Table? FindByOrigin(string origin) => _byOrigin.GetValueOrDefault(origin);

    /// <summary>Finds a table by its key in <c>catalog.tables</c>.</summary>
    public Table? FindByNumber(int number) => _byNumber.GetValueOrDefault(number);

    /// <summary>Whether a statement made by this snapshot can read something that is gone, or of another type, in a later one.</summary>
    internal bool HasColumnsBeyond(CatalogSnapshot later)
    {
        foreach (var table in Tables)
        {
            if (later.FindByNumber(table.Number) is not { } kept)
                return true;
            foreach (var field in table.Fields)
            {
                if (field.Column is not null && !(kept.Find(field.Name) is { } same && same.Column == field.Column && same.Kind == field.Kind))
                    return true;
            }
        }

        return false;
    }
}
