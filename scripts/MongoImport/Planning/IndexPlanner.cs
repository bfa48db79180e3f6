using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.Data;
using Backend.Data.Catalog;
using Backend.Data.Imports;
using Backend.Data.Query;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Planning;

/// <summary>Translates the indexes of the source. What does not translate is noted in the catalog and stands in the report.</summary>
internal sealed class IndexPlanner
{
    private const int MostIncludedBytes = 32;

    private readonly ClassPlan _plan;
    private readonly StagedTable _table;
    private readonly List<string> _notes;
    private readonly HashSet<string> _built = new(StringComparer.Ordinal);
    private readonly HashSet<string> _relations = new(StringComparer.Ordinal);

    private IndexPlanner(ClassPlan plan, StagedTable table, List<string> notes)
    {
        _plan = plan;
        _table = table;
        _notes = notes;
    }

    /// <summary>Text fields that a B-tree will hold.</summary>
    public static HashSet<string> IndexedFields(ClassPlan plan) =>
        plan.Indexes.Where(i => i.Key.All(k => k.Value is "1" or "-1" or "hashed"))
            .SelectMany(i => i.Key)
            .Select(k => FieldName(k.Key))
            .ToHashSet(StringComparer.Ordinal);

    /// <summary>Fills <see cref="StagedTable.Indexes"/> and <see cref="StagedTable.Expirations"/>.</summary>
    public static void Plan(ClassPlan plan, StagedTable table, List<string> notes) => Plan(plan, table, notes, []);

    /// <summary>The same beside indexes that are there.</summary>
    /// <param name="plan">The class, with the indexes.</param>
    /// <param name="table">Its table.</param>
    /// <param name="notes">Gets what is not as it was.</param>
    /// <param name="taken">Names that no index can get.</param>
    public static void Plan(ClassPlan plan, StagedTable table, List<string> notes, IEnumerable<string> taken)
    {
        var planner = new IndexPlanner(plan, table, notes);
        planner._relations.UnionWith(taken);
        foreach (var index in plan.Indexes.Where(i => i.Key is not ([] or [{ Key: "_id" }])))
        {
            planner.Add(index);
        }
    }

    private static string FieldName(string key) => key.StartsWith("_p_", StringComparison.Ordinal) ? key[3..] : key;

    private void Add(SourceIndex index)
    {
        if (IsCovered(index))
        {
            Note(index);
            return;
        }
        if (index.Key.Any(k => k.Value == "text"))
        {
            AddText(index);
        }
        else if (index.Key.Any(k => k.Value is "2d" or "2dsphere" or "geoHaystack"))
        {
            AddGeo(index);
        }
        else if (index.Key.Any(k => k.Key.Contains("$**", StringComparison.Ordinal)))
        {
            Refuse(index, "a wildcard index has no counterpart");
        }
        else if (index.Options.ContainsKey("collation"))
        {
            Refuse(index, "its collation has no counterpart");
        }
        else
        {
            AddTree(index);
        }
    }

    // What every table has, and what the tables of accounts ship with.
    private bool IsCovered(SourceIndex index)
    {
        var first = index.Key[0].Key;
        if (_plan.IsUsers && (first is "username" or "email" || first.StartsWith("_auth_data_", StringComparison.Ordinal) || first is "_email_verify_token" or "_perishable_token" or "_session_token"))
        {
            return index.Key.Length == 1;
        }
        if (index.Key is not [{ Value: "1" or "-1" }])
        {
            return false;
        }
        if (first is "_created_at" or "createdAt" or "_session_token")
        {
            return true;
        }
        var field = Find(first, out var path);
        if (field is null || path.Length > 0)
        {
            return false;
        }
        if (field is { Kind: FieldKind.Reference, Column: not null } && !index.IsUnique)
        {
            return true;
        }
        return field.Column is not null && _table.IndexedColumns.Contains(field.Column) && index.ExpireAfterSeconds is null;
    }

    private void AddText(SourceIndex index)
    {
        var names = index.Options.TryGetValue("weights", out var weights) && weights.ValueKind == JsonValueKind.Object
            ? weights.EnumerateObject().Select(w => w.Name).ToList()
            : index.Key.Where(k => k.Value == "text").Select(k => k.Key).ToList();
        var fields = names.Select(n => Find(n, out var path) is { Column: not null, Kind: FieldKind.Text } field && path.Length == 0 ? field : null).ToList();
        if (fields.Count == 0 || fields.Any(f => f is null))
        {
            Refuse(index, "a text index on something else than text fields has no counterpart");
            return;
        }
        var language = index.Options.TryGetValue("default_language", out var given) && given.ValueKind == JsonValueKind.String && IsKnown(given.GetString()!) ? given.GetString()! : "english";
        Build(index, DemandedIndex.Words([.. fields.Select(f => f!)], language).Definition, [.. fields.Select(f => f!.Column!), "text"], unique: false);
    }

    // Two manners, because MongoDB has two: planar on the geometry, spherical on its geography, without what geography would rewrite.
    private void AddGeo(SourceIndex index)
    {
        if (Find(index.Key[0].Key, out var path) is not { Column: not null, Kind: FieldKind.Point or FieldKind.Polygon } field || path.Length > 0)
        {
            Refuse(index, "a geographic index on something else than a point or polygon has no counterpart");
            return;
        }
        Build(index, DemandedIndex.Sphere(field).Definition, [field.Column!, "sphere"], unique: false);
        Build(index with { Name = index.Name + " (planar)" }, DemandedIndex.Plane(field).Definition, [field.Column!, "plane"], unique: false);
        if (index.Key.Length > 1)
        {
            _notes.Add($"Index {index.Name}: only its geographic part is built.");
        }
    }

    private void AddTree(SourceIndex index)
    {
        var keys = new List<string>();
        var names = new List<string>();
        var held = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (key, direction) in index.Key)
        {
            var field = Find(key, out var path);
            var column = key switch
            {
                "_id" => "id",
                "_created_at" => "created_at",
                "_updated_at" => "updated_at",
                _ => field?.Column,
            };
            if (column is null || field is { Kind: FieldKind.Relation or FieldKind.Point or FieldKind.Polygon })
            {
                Refuse(index, $"there is no column for {key}");
                return;
            }
            if (path.Length > 0)
            {
                if (field is not { Kind: FieldKind.Object })
                {
                    Refuse(index, $"{key} leads into something that is no object");
                    return;
                }
                keys.Add($"({Sql.Quote(column)} #> {Literal(path)}){KeyOrder.Suffix("", direction == "-1")}");
                names.Add(string.Join('_', path.Prepend(column)));
                continue;
            }
            if (field is { Kind: FieldKind.Array or FieldKind.Object })
            {
                if (index.Key.Length > 1 || index.IsUnique)
                {
                    Refuse(index, $"{key} is an array or object, which stands alone in an index, and not a unique one");
                    return;
                }
                Build(index, $"using gin ({Sql.Quote(column)} jsonb_path_ops)", [column], unique: false);
                return;
            }
            keys.Add(Sql.Quote(column) + KeyOrder.Suffix(column, direction == "-1"));
            names.Add(column);
            held.Add(column);
        }
        AddExpiration(index);
        var unique = index.IsUnique && !index.IsPartial;
        if (index.IsPartial)
        {
            _notes.Add($"Index {index.Name}: built without its condition{(index.IsUnique ? ", and therefore not unique" : "")}.");
        }
        Build(index, $"({string.Join(", ", keys)}{(unique ? "" : AccessKey.Suffix)}){Included(held, unique)}", names, unique);
    }

    private void AddExpiration(SourceIndex index)
    {
        if (index.ExpireAfterSeconds is not { } seconds)
        {
            return;
        }
        if (seconds is >= 0 and <= int.MaxValue && index.Key is [var only] && Find(only.Key, out var path) is { Kind: FieldKind.Timestamp, Column: not null } field && path.Length == 0)
        {
            _table.Expirations[field.Column] = (long)seconds;
            _notes.Add($"Index {index.Name}: a recurring job deletes rows {seconds.ToString(CultureInfo.InvariantCulture)} s after {field.Name}.");
            return;
        }
        _notes.Add($"Index {index.Name}: expires nothing, because its field is no date or its time is out of range.");
    }

    // Counts and ranges need not look at the rows when the index has what the access condition and small filters ask for.
    private string Included(HashSet<string> held, bool unique)
    {
        // Of a unique index it cannot be a key: that would change what must be unique.
        var columns = new List<string>();
        if (unique)
        {
            columns.Add(AccessKey.Column);
        }
        var bytes = 1;
        foreach (var field in _table.Fields.Where(f => f.Column is not null && !held.Contains(f.Column)))
        {
            var size = field.Kind switch
            {
                FieldKind.Boolean => 1,
                FieldKind.Number or FieldKind.Timestamp => 8,
                _ => int.MaxValue,
            };
            if (size <= MostIncludedBytes - bytes)
            {
                columns.Add(field.QuotedColumn);
                bytes += size;
            }
        }
        return columns.Count == 0 ? "" : $" include ({string.Join(", ", columns)})";
    }

    private void Build(SourceIndex index, string definition, IReadOnlyList<string> names, bool unique)
    {
        if (!_built.Add(definition))
        {
            return;
        }
        var relation = ImportRun.IndexName([_table.Relation, .. names, "idx"]);
        for (var n = 1; !_relations.Add(relation); n++)
        {
            relation = ImportRun.IndexName([_table.Relation, .. names, "idx" + n.ToString(CultureInfo.InvariantCulture)]);
        }
        var sql = $"create {{0}}index {Sql.Quote(relation)} on {_table.Quoted} {definition}";
        var plain = sql.Replace("{0}", "", StringComparison.Ordinal);
        _table.Indexes.Add(unique
            ? new StagedIndex(index.Name, relation, sql.Replace("{0}", "unique ", StringComparison.Ordinal), Definition(index), plain)
            : new StagedIndex(index.Name, relation, plain, Definition(index)));
    }

    private void Note(SourceIndex index) => _table.Indexes.Add(new StagedIndex(index.Name, null, null, Definition(index)));

    private void Refuse(SourceIndex index, string why)
    {
        _notes.Add($"Index {index.Name} is not built: {why}.");
        Note(index);
    }

    private Field? Find(string key, out string[] path)
    {
        var parts = FieldName(key).Split('.');
        var whole = _table.Fields.FirstOrDefault(f => _plan.SourcesOf(f.Name, f.Kind).Contains(key) || f.Name == FieldName(key));
        path = whole is null ? parts[1..] : [];
        return whole ?? _table.Fields.FirstOrDefault(f => f.Name == parts[0]);
    }

    private static string Literal(string[] path) => $"array[{string.Join(", ", path.Select(p => $"'{p.Replace("'", "''", StringComparison.Ordinal)}'"))}]::text[]";

    private static bool IsKnown(string language) => language is "danish" or "dutch" or "english" or "finnish" or "french" or "german" or "hungarian" or "italian"
        or "norwegian" or "portuguese" or "romanian" or "russian" or "spanish" or "swedish" or "turkish";

    private static string Definition(SourceIndex index)
    {
        var definition = new JsonObject();
        // Of a text index MongoDB keeps the fields among the weights.
        if (index.Options.TryGetValue("weights", out var weights) && weights.ValueKind == JsonValueKind.Object)
        {
            foreach (var weight in weights.EnumerateObject())
            {
                definition[weight.Name] = "text";
            }
        }
        foreach (var (key, direction) in index.Key.Where(k => k.Key is not ("_fts" or "_ftsx")))
        {
            definition[key] = direction is "1" or "-1" ? JsonValue.Create(int.Parse(direction, CultureInfo.InvariantCulture)) : JsonValue.Create(direction);
        }
        return definition.ToJsonString();
    }
}
