using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Query;
using Backend.Data.Values;

namespace Backend.Data.Rows;

/// <summary>One change of a row, atomic in the database (design section 5).</summary>
public abstract record Change
{
    private Change()
    {
    }

    /// <summary>Stores a value; <see cref="Value.Null"/> stores an explicit null. With steps: at that place of an object or array, making missing levels.</summary>
    public sealed record Set(FieldPath Path, Value Value) : Change;

    /// <summary>Removes the value; with steps: the key at that place.</summary>
    public sealed record Unset(FieldPath Path) : Change;

    /// <summary>Adds to a number; missing and null count as 0.</summary>
    public sealed record Increment(FieldPath Path, double Amount) : Change;

    /// <summary>Appends elements (a JSON array's UTF-8) to an array; missing and null count as empty.</summary>
    public sealed record Append(FieldPath Path, byte[] Elements) : Change;

    /// <summary>Appends the elements that are not yet in the array.</summary>
    public sealed record AppendUnique(FieldPath Path, byte[] Elements) : Change;

    /// <summary>Removes all elements equal to one of these; a missing array stays missing.</summary>
    public sealed record RemoveElements(FieldPath Path, byte[] Elements) : Change;

    /// <summary>Links rows in a relation; links that exist stay.</summary>
    public sealed record Link(Catalog.Field Relation, ImmutableArray<string> Ids) : Change;

    /// <summary>Unlinks rows; missing links are ignored.</summary>
    public sealed record Unlink(Catalog.Field Relation, ImmutableArray<string> Ids) : Change;
}

/// <summary>A write of one row: what a dialect read, before interceptors and permissions.</summary>
public sealed class ChangeSet
{
    /// <summary>The changes, in order. Interceptors may add and replace.</summary>
    public List<Change> Changes { get; } = [];

    /// <summary>The access list to store; null: unchanged (insert: the table's default, else none).</summary>
    public RowAcl? Acl { get; set; }

    /// <summary>When the inserted row counts as made, UTC, in milliseconds; null: now. <see cref="UpdatedAt"/> is then given as well.</summary>
    public DateTime? CreatedAt { get; set; }

    /// <summary>When the inserted row counts as last changed.</summary>
    public DateTime? UpdatedAt { get; set; }

    /// <summary>The write brought fields that the table did not have: the caller must be allowed to add fields to this row.</summary>
    public bool AddsFields { get; set; }

    /// <summary>What has to happen in the write's transaction before it; null, nearly always: nothing.</summary>
    public IWriteGuard? Guard { get; set; }

    /// <summary>Adds a change and returns the set.</summary>
    public ChangeSet Add(Change change)
    {
        Changes.Add(change);
        return this;
    }
}

/// <summary>What a write did.</summary>
/// <param name="Id">The row's id.</param>
/// <param name="CreatedAt">When the row was inserted, UTC; for a change not set.</param>
/// <param name="UpdatedAt">When the row was last changed, UTC.</param>
/// <param name="Values">
/// New values of the fields (or places in them) that the write computed: increments, array operations, defaults. Missing values are absent.
/// </param>
/// <param name="Acl">The access list when the write chose it itself (the table's default), otherwise null.</param>
/// <param name="Version">The row version after the write.</param>
public sealed record WriteResult(string Id, DateTime CreatedAt, DateTime UpdatedAt, IReadOnlyList<KeyValuePair<FieldPath, Value>> Values, RowAcl? Acl, uint Version);
