using System.Text.Json;
using Backend.Data.Catalog;
using Backend.Data.Imports;

namespace Backend.MongoImport.Checking;

/// <summary>
/// The tables that every migrated database has, as the file <c>shipped-tables.json</c> tells them: a source is checked without a database. A test holds the
/// file against a migrated database and writes it anew when asked to.
/// </summary>
internal sealed class ShippedTables
{
    /// <summary>Gives the file's text out of a migrated database.</summary>
    public const string Sql = """
        select json_agg(json_build_object(
            'name', t.name, 'origin', t.origin, 'relation', t.relation,
            'columns', (select json_agg(a.attname order by a.attnum) from pg_attribute a where a.attrelid = ('app.' || quote_ident(t.relation))::regclass and a.attnum > 0 and not a.attisdropped),
            'indexed', (select json_agg(distinct a.attname order by a.attname) from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                where i.indrelid = ('app.' || quote_ident(t.relation))::regclass),
            'fields', (select json_agg(json_build_object('name', f.name, 'kind', f.kind, 'target', f.target, 'column', f.column_name, 'indexed', f.indexed) order by f.number)
                from catalog.fields f where f.table_number = t.number and f.system)
        ) order by t.number)::text from catalog.tables t where t.system
        """;

    private static readonly JsonSerializerOptions Options = new() { PropertyNameCaseInsensitive = true };

    private readonly List<Shipped> _tables;

    private ShippedTables(List<Shipped> tables) => _tables = tables;

    /// <summary>What this program ships.</summary>
    public static ShippedTables Known { get; } = Read();

    /// <summary>A catalog that holds nothing else.</summary>
    public CatalogSnapshot Catalog => new(1, _tables.Select((t, n) => new Table(n + 1, t.Name, t.Origin, t.Relation, true, (t.Fields ?? []).Select(f => new Field
    {
        Name = f.Name,
        Kind = Enum.Parse<FieldKind>(f.Kind),
        Target = f.Target,
        Column = f.Column,
        Indexed = f.Indexed,
        System = true,
    }))));

    /// <summary>Relations of schema <c>app</c> that nobody else can have.</summary>
    public IEnumerable<string> Relations => _tables.Select(t => t.Relation)
        .Concat(_tables.SelectMany(t => (t.Fields ?? []).Where(f => f.Kind == nameof(FieldKind.Relation)).Select(f => f.Column!)))
        .Append("identities");

    /// <summary>The table that an import would make.</summary>
    public StagedTable Preview(TablePreview preview, StagedTableSpec spec, Table? existing)
    {
        var shipped = _tables.Find(t => t.Origin == spec.Origin);
        return preview.Make(spec, existing, shipped?.Columns ?? [], (shipped?.Indexed ?? []).ToHashSet(StringComparer.Ordinal));
    }

    private static ShippedTables Read()
    {
        using var file = typeof(ShippedTables).Assembly.GetManifestResourceStream("shipped-tables.json")!;
        return new ShippedTables(JsonSerializer.Deserialize<List<Shipped>>(file, Options)!);
    }

    private sealed record Shipped(string Name, string Origin, string Relation, string[] Columns, string[]? Indexed, ShippedField[]? Fields);

    private sealed record ShippedField(string Name, string Kind, string? Target, string? Column, bool Indexed);
}
