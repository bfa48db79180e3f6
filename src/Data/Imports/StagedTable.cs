using Backend.Data.Access;
using Backend.Data.Catalog;

namespace Backend.Data.Imports;

/// <summary>What an import knows about a table before it has read the rows.</summary>
/// <param name="Origin"><see cref="Table.Origin"/>.</param>
/// <param name="Fields">Every field, relations included; of a system table those that it ships with may be left out.</param>
public sealed record StagedTableSpec(string Origin, IReadOnlyList<FieldSpec> Fields)
{
    /// <summary>The declared permissions; null leaves those that the table has, if it exists, and else declares none.</summary>
    public TablePermissions? Permissions { get; init; }

    /// <summary>What the import was told about this table, as a text that is kept with it; empty: nothing.</summary>
    public string Rules { get; init; } = "";

    /// <summary>Fields whose column an index will hold: too long a text must not go there.</summary>
    public IReadOnlySet<string> IndexedFields { get; init; } = new HashSet<string>();
}

/// <summary>An index to be made when the rows are in.</summary>
/// <param name="Name">The name it was declared under.</param>
/// <param name="Relation">The name it gets here; null: it is only noted.</param>
/// <param name="Sql">The whole statement; null when the index is there already or is only noted.</param>
/// <param name="DefinitionJson">The declaration, for the catalog.</param>
/// <param name="IfRefused">What to make instead when the rows break a unique index; null: nothing.</param>
public sealed record StagedIndex(string Name, string? Relation, string? Sql, string DefinitionJson, string? IfRefused = null)
{
    /// <summary>The rows did not allow it: it is only noted.</summary>
    public bool Refused { get; init; }
}

/// <summary>A table being filled in schema <c>import</c>, where nobody looks, until it takes the place of the one in <c>app</c>.</summary>
public sealed class StagedTable
{
    private Table? _inPlace;

    internal StagedTable(StagedTableSpec spec, Table? existing, string relation, IReadOnlyList<Field> fields, IReadOnlyList<string> companions)
    {
        Spec = spec;
        Existing = existing;
        Relation = relation;
        Fields = fields;
        Companions = companions;
    }

    /// <summary>A table that is there and stays: what is planned for it (indexes) is made in its place.</summary>
    /// <param name="table">The table.</param>
    /// <param name="indexedColumns">See <see cref="IndexedColumns"/>.</param>
    public static StagedTable InPlace(Table table, IReadOnlySet<string> indexedColumns)
    {
        ArgumentNullException.ThrowIfNull(table);
        return new(new StagedTableSpec(table.Origin, []), table, table.Relation, [.. table.Fields], []) { _inPlace = table, IndexedColumns = indexedColumns };
    }

    /// <summary>How far it is: after <see cref="ImportRun.StageAsync"/> what of a broken-off run could be kept.</summary>
    public ImportStage Stage { get; internal set; }

    /// <summary>Of what is read; see <see cref="KeptTable.Fingerprint"/>.</summary>
    public string Fingerprint { get; internal init; } = "";

    /// <summary>The importer's account of the table, JSON: kept with it when the run is broken off.</summary>
    public string Report { get; set; } = "{}";

    /// <summary>A hash of the statements that make the empty table.</summary>
    internal string Definition { get; set; } = "";

    /// <summary>What was asked for.</summary>
    public StagedTableSpec Spec { get; }

    /// <summary>The table of schema <c>app</c> that this one will replace, or null.</summary>
    public Table? Existing { get; }

    /// <summary>The relation's name, the same in both schemas, not quoted.</summary>
    public string Relation { get; }

    /// <summary>The relation for SQL: in schema <c>import</c>, or where it is.</summary>
    public string Quoted => _inPlace?.Quoted ?? ImportRun.Quote(Relation);

    /// <summary>Every field with its column; of a relation the column is the join table, which lies in schema <c>import</c> as well.</summary>
    public IReadOnlyList<Field> Fields { get; private set; }

    /// <summary>The relations that go with the table: join tables, and for the accounts their identities.</summary>
    public IReadOnlyList<string> Companions { get; }

    /// <summary>Of a system table: the columns that an index leads with which nobody declared. It comes along by itself.</summary>
    public IReadOnlySet<string> IndexedColumns { get; internal init; } = new HashSet<string>();

    /// <summary>Names of the fields of which some row holds a value in <c>rest</c>.</summary>
    public HashSet<string> FieldsInRest { get; } = new(StringComparer.Ordinal);

    /// <summary>Names that no field has and of which some row holds a null in <c>rest</c>.</summary>
    public HashSet<string> Untyped { get; } = new(StringComparer.Ordinal);

    /// <summary>The declared indexes.</summary>
    public List<StagedIndex> Indexes { get; } = [];

    /// <summary>Seconds after the instant in a column when its row goes; a recurring job sees to it.</summary>
    public Dictionary<string, long> Expirations { get; } = new(StringComparer.Ordinal);

    /// <summary>What was counted in each relation when it was complete.</summary>
    internal Dictionary<string, StagedRows> Rows { get; } = new(StringComparer.Ordinal);

    /// <summary>Takes over what a broken-off run knew of it; when <see cref="Indexes"/> are filled.</summary>
    public void Restore(KeptTable kept)
    {
        Report = kept.Report;
        FieldsInRest.UnionWith(kept.State.FieldsInRest);
        Untyped.UnionWith(kept.State.Untyped);
        foreach (var (relation, rows) in kept.State.Rows)
            Rows[relation] = rows;
        foreach (var name in kept.State.Refused)
            Refuse(name);
    }

    /// <summary>Notes that the rows did not allow an index.</summary>
    public void Refuse(string index)
    {
        lock (Indexes)
        {
            var at = Indexes.FindIndex(i => i.Name == index && i.Sql is not null);
            if (at >= 0)
                Indexes[at] = Indexes[at] with { Relation = null, Sql = null, Refused = true };
        }
    }

    /// <summary>Says where a relation leads that nothing had declared.</summary>
    public void SetTarget(string field, string target) => Fields = [.. Fields.Select(f => f.Name == field ? f with { Target = target } : f)];

    /// <summary>The table itself and its companions.</summary>
    public IEnumerable<string> Relations => Companions.Prepend(Relation);
}

/// <summary>How many rows a relation has, and the transactions (<c>xmin</c>) that wrote them.</summary>
internal sealed record StagedRows(long Count, string[] Writers);
