using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Values;

namespace Backend.Data.Rows;

/// <summary>A row that <see cref="InsertList.Takes"/> allows.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Changes">Its values, defaults included.</param>
/// <param name="Acl">Its access list.</param>
/// <param name="Defaults">What the table chose of its values.</param>
/// <param name="OwnAcl">The access list, where the table chose it.</param>
internal sealed record GatheredInsert(string Id, IReadOnlyList<Change> Changes, RowAcl? Acl, List<KeyValuePair<FieldPath, Value>> Defaults, RowAcl? OwnAcl);

/// <summary>Rows of one shape make one statement, whose text is the same each time and stays prepared.</summary>
internal sealed class InsertShape : IEquatable<InsertShape>
{
    private readonly Field?[] _fields;
    private readonly bool _hasAcl;
    private readonly int _hash;

    /// <summary>The shape of a row: the fields that it sets, in their order, and whether it has an access list.</summary>
    public InsertShape(Table table, GatheredInsert row)
    {
        Table = table;
        _hasAcl = row.Acl is not null;
        _fields = new Field?[row.Changes.Count];
        var hash = new HashCode();
        hash.Add(table);
        hash.Add(_hasAcl);
        for (var i = 0; i < _fields.Length; i++)
        {
            _fields[i] = row.Changes[i] is Change.Set { Path.Field: var field } ? field : null;
            hash.Add(_fields[i]?.Name.GetHashCode(StringComparison.Ordinal) ?? 0);
        }

        _hash = hash.ToHashCode();
    }

    /// <summary>The table.</summary>
    public Table Table { get; }

    /// <inheritdoc/>
    public bool Equals(InsertShape? other)
    {
        if (other is null || _hash != other._hash || Table != other.Table || _hasAcl != other._hasAcl || _fields.Length != other._fields.Length)
            return false;
        for (var i = 0; i < _fields.Length; i++)
        {
            if (!ReferenceEquals(_fields[i], other._fields[i]))
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as InsertShape);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;
}
