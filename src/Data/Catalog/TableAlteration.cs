using Backend.Data.Access;

namespace Backend.Data.Catalog;

/// <summary>Changes of one table that become visible together: all or none.</summary>
public sealed record TableAlteration
{
    /// <summary>Fields to drop with their values; each must exist.</summary>
    public IReadOnlyList<string> Drop { get; init; } = [];

    /// <summary>Fields to add. One that exists (and is not dropped) must have the same type; its required flag and default are then set.</summary>
    public IReadOnlyList<FieldSpec> Set { get; init; } = [];

    /// <summary>Whether <see cref="Permissions"/> are to be stored.</summary>
    public bool SetPermissions { get; init; }

    /// <summary>The permissions; null removes the declaration.</summary>
    public TablePermissions? Permissions { get; init; }

    /// <summary>Names of declared indexes to drop.</summary>
    public IReadOnlyList<string> DropIndexes { get; init; } = [];

    /// <summary>Indexes to declare. What a B-tree can serve is built after the change, without locking writers out; the rest is noted.</summary>
    public IReadOnlyList<IndexSpec> AddIndexes { get; init; } = [];
}

/// <summary>An index to declare.</summary>
/// <param name="Name">Its name, unique in the table.</param>
/// <param name="DefinitionJson">The declaration as it came.</param>
/// <param name="Columns">Its fields (<c>id</c>, <c>createdAt</c>, <c>updatedAt</c> too) and whether each is descending; empty: only noted.</param>
public sealed record IndexSpec(string Name, string DefinitionJson, IReadOnlyList<(string Field, bool Descending)> Columns);
