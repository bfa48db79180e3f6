using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using Backend.Data.Catalog;

namespace Backend.Data.Access;

/// <summary>
/// The fields of a table's rows that a caller does not see (contract 13.3): in general, and in rows that have to do with him, which is decided
/// row by row. Immutable; the same one serves every caller of the same rights.
/// </summary>
internal sealed class FieldHiding
{
    /// <summary>More owners than this are not looked at: their rows hide what a stranger's hide.</summary>
    private const int MaxOwners = 60;

    private readonly ImmutableArray<FrozenSet<string>> _ofOwner;
    private readonly FrozenSet<string> _inOwnRow;
    private readonly ConcurrentDictionary<ulong, FrozenSet<string>> _byRow = [];

    private FieldHiding(FrozenSet<string> general, FrozenSet<string> inOwnRow, ImmutableArray<Field> owners, ImmutableArray<FrozenSet<string>> ofOwner)
    {
        General = general;
        _inOwnRow = inOwnRow;
        Owners = owners;
        _ofOwner = ofOwner;
        HasOwnRow = inOwnRow.Count < general.Count;
        var always = inOwnRow;
        foreach (var set in ofOwner)
            always = Intersect(always, set);
        Always = always;
    }

    /// <summary>Nothing is hidden.</summary>
    public static FieldHiding None { get; } = new(FrozenSet<string>.Empty, FrozenSet<string>.Empty, [], []);

    /// <summary>What is hidden in a row that has nothing to do with the caller; also what he may neither filter nor sort by.</summary>
    public FrozenSet<string> General { get; }

    /// <summary>What is hidden whatever the row: never read at all.</summary>
    public FrozenSet<string> Always { get; }

    /// <summary>Fields by which a row can be the caller's, so that less of it is hidden; for each the cursor reads whether it is.</summary>
    public ImmutableArray<Field> Owners { get; }

    /// <summary>Whether the caller's own row (of the table of users) hides less.</summary>
    public bool HasOwnRow { get; }

    /// <summary>Whether rows have to be looked at one by one.</summary>
    public bool DependsOnRow => HasOwnRow || !Owners.IsEmpty;

    /// <summary>What is hidden in a row. Bit 0: it is the caller's own row; bit n + 1: owner n is the caller.</summary>
    public FrozenSet<string> In(ulong row) => row == 0 ? General : _byRow.GetOrAdd(row, Compute);

    /// <summary>What a table hides from a caller.</summary>
    /// <param name="table">The table.</param>
    /// <param name="caller">No administrator.</param>
    /// <param name="ownFields">Fields that only the row's own user and administrators see, whatever permissions say.</param>
    /// <param name="ownRowIsWhole">Whether the caller's own row in the table of users hides nothing from him.</param>
    public static FieldHiding Of(Table table, Caller caller, ImmutableArray<string> ownFields, bool ownRowIsWhole)
    {
        var declared = Declared(table, caller);
        var general = declared.Union(ownFields).ToFrozenSet(StringComparer.Ordinal);
        if (general.Count == 0)
            return None;
        if (caller.UserId is null)
            return new FieldHiding(general, general, [], []);
        var isUsers = table is { Name: "users", System: true };
        var inOwnRow = !isUsers ? general : ownRowIsWhole ? FrozenSet<string>.Empty : declared.ToFrozenSet(StringComparer.Ordinal);
        var owners = ImmutableArray.CreateBuilder<Field>();
        var ofOwner = ImmutableArray.CreateBuilder<FrozenSet<string>>();
        foreach (var (group, fields) in table.HiddenFields)
        {
            if (!group.StartsWith(TablePermissions.OwnerPrefix, StringComparison.Ordinal) || owners.Count == MaxOwners)
                continue;
            if (table.Find(group[TablePermissions.OwnerPrefix.Length..]) is not { } field || !AccessRules.CanHoldUser(field) || declared.IsSubsetOf(fields))
                continue;
            owners.Add(field);
            ofOwner.Add(fields.Union(ownFields).ToFrozenSet(StringComparer.Ordinal));
        }

        return new FieldHiding(general, inOwnRow, owners.ToImmutable(), ofOwner.ToImmutable());
    }

    /// <summary>The more groups a caller is in, the less is hidden from him.</summary>
    private static HashSet<string> Declared(Table table, Caller caller)
    {
        HashSet<string>? hidden = null;
        foreach (var (group, fields) in table.HiddenFields)
        {
            if (!IsIn(group, caller))
                continue;
            if (hidden is null)
                hidden = new(fields, StringComparer.Ordinal);
            else
                hidden.IntersectWith(fields);
        }

        return hidden ?? [];
    }

    private static bool IsIn(string group, Caller caller) => group switch
    {
        TablePermissions.Authenticated => caller.UserId is not null,
        _ => caller.Is(group),
    };

    private FrozenSet<string> Compute(ulong row)
    {
        var hidden = (row & 1) != 0 ? _inOwnRow : General;
        for (var i = 0; i < _ofOwner.Length; i++)
        {
            if ((row & (2UL << i)) != 0)
                hidden = Intersect(hidden, _ofOwner[i]);
        }

        return hidden;
    }

    private static FrozenSet<string> Intersect(FrozenSet<string> a, FrozenSet<string> b) =>
        a.IsSubsetOf(b) ? a : a.Where(b.Contains).ToFrozenSet(StringComparer.Ordinal);
}
