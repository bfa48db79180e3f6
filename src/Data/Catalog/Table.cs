using System.Collections.Frozen;
using System.Collections.Immutable;
using Backend.Data.Access;

namespace Backend.Data.Catalog;

/// <summary>A table of schema <c>app</c> as the catalog knows it. Immutable: a change makes a new one in a new snapshot.</summary>
public sealed class Table
{
    /// <summary>Fields of system tables that only the row's own user and an administrator see, whatever permissions declare.</summary>
    private static readonly FrozenDictionary<string, ImmutableArray<string>> OwnFields =
        new Dictionary<string, ImmutableArray<string>> { ["users"] = ["authData"] }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly FrozenDictionary<string, Field> _byName;
    private readonly bool _ownRowIsWhole;
    private readonly bool _hidesByPrincipal;
    private readonly ImmutableArray<string> _ownFields;
    private FieldHiding? _fromAnonymous;
    private FieldHiding? _fromUsers;

    /// <summary>Describes a table.</summary>
    public Table(int number, string name, string origin, string relation, bool system, IEnumerable<Field> fields, TablePermissions? permissions = null,
        IEnumerable<TableIndex>? indexes = null, AccessOptions? access = null, IEnumerable<string>? untyped = null)
    {
        Number = number;
        Name = name;
        Origin = origin;
        Relation = relation;
        System = system;
        Indexes = indexes is null ? [] : [.. indexes];
        Fields = IndexedPaths.Mark(fields, Indexes);
        Permissions = permissions ?? TablePermissions.Public;
        HasPermissions = permissions is not null;
        HiddenFields = AccessOptions.Merge(name, system, Permissions.ProtectedFields, access);
        _ownFields = system && OwnFields.TryGetValue(name, out var own) ? own : [];
        _ownRowIsWhole = access?.ProtectedFieldsOwnerExempt ?? true;
        _hidesByPrincipal = HiddenFields.Keys.Any(g => g is not (RowAcl.Everybody or TablePermissions.Authenticated)
            && !g.StartsWith(TablePermissions.OwnerPrefix, StringComparison.Ordinal));
        _byName = Fields.ToFrozenDictionary(f => f.Name, StringComparer.Ordinal);
        Quoted = "app." + Sql.Quote(relation);
        Untyped = untyped is null ? FrozenSet<string>.Empty : untyped.ToFrozenSet(StringComparer.Ordinal);
        HasRest = Untyped.Count > 0 || Fields.Any(f => f.HasRest);
    }

    /// <summary>The key in <c>catalog.tables</c>.</summary>
    public int Number { get; }

    /// <summary>The name that v2 uses, unique: <c>GameScore</c>, <c>users</c>.</summary>
    public string Name { get; }

    /// <summary>The name the table's rows had where they came from, unique; what <see cref="Field.Target"/> holds.</summary>
    public string Origin { get; }

    /// <summary>The relation's name in schema <c>app</c>, not quoted.</summary>
    public string Relation { get; }

    /// <summary>The relation for SQL: schema and quoted name.</summary>
    public string Quoted { get; }

    /// <summary>One of the tables that every deployment has.</summary>
    public bool System { get; }

    /// <summary>The fields in the order in which they were made, without id and timestamps.</summary>
    public ImmutableArray<Field> Fields { get; }

    /// <summary>Who may do what; <see cref="TablePermissions.Public"/> when nothing is declared.</summary>
    public TablePermissions Permissions { get; }

    /// <summary>Whether permissions were declared for this table.</summary>
    public bool HasPermissions { get; }

    /// <summary>Hidden fields per group of callers: what the permissions declare and what the deployment adds (<see cref="AccessOptions"/>).</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<string>> HiddenFields { get; }

    /// <summary>The declared indexes.</summary>
    public ImmutableArray<TableIndex> Indexes { get; }

    /// <summary>Names that no field has and under which rows may hold an explicit null in <c>rest</c>: a null says nothing of a type, so it makes no field.</summary>
    public FrozenSet<string> Untyped { get; }

    /// <summary>Whether any field, or a name without one, may have a value in <c>rest</c>.</summary>
    public bool HasRest { get; }

    /// <summary>What the table hides from a caller. Worked out once where the caller's roles do not matter.</summary>
    internal FieldHiding HidingFrom(Caller caller)
    {
        if (caller.IsAdministrator || (HiddenFields.IsEmpty && _ownFields.IsEmpty))
            return FieldHiding.None;
        if (caller.UserId is null)
            return _fromAnonymous ??= FieldHiding.Of(this, caller, _ownFields, _ownRowIsWhole);
        return _hidesByPrincipal ? FieldHiding.Of(this, caller, _ownFields, _ownRowIsWhole)
            : _fromUsers ??= FieldHiding.Of(this, caller, _ownFields, _ownRowIsWhole);
    }

    /// <summary>Finds a field by its name; the system fields id, createdAt and updatedAt are not among them.</summary>
    public Field? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>What stands for a name of <see cref="Untyped"/> where a field is needed: one without a column. Null: it is none of them.</summary>
    public Field? FindUntyped(string name) => Untyped.Contains(name) ? Field.WithoutType(name) with { HasRest = true } : null;
}

/// <summary>A declared index.</summary>
/// <param name="Name">The name it was declared under.</param>
/// <param name="Relation">The index's name in schema <c>app</c>; null when it was only noted, not built.</param>
/// <param name="DefinitionJson">The declaration as it came: a JSON object of field name to <c>1</c>, <c>-1</c>, <c>"text"</c>, <c>"2dsphere"</c> …</param>
public sealed record TableIndex(string Name, string? Relation, string DefinitionJson);
