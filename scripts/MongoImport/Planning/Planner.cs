using System.Collections.Frozen;
using System.Text;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Planning;

/// <summary>Decides which collections are classes and which fields they have: from <c>_SCHEMA</c>, and from the scan where it says nothing.</summary>
internal sealed partial class Planner
{
    private const string JoinPrefix = "_Join:";
    private const string SchemaName = "_SCHEMA";
    private const string SkippedByRule = "skipped by rule";

    private static readonly FrozenDictionary<string, string> NeverImported = new Dictionary<string, string>
    {
        ["_Idempotency"] = "request ids of the old server: of no use to another",
        ["_dummy"] = "left over from a hosted export",
        ["_EventDimension"] = "left over from a hosted export",
        ["_ExportProgress"] = "left over from a hosted export",
        ["fs.files"] = "GridFS: left out by rule, or --bucket names another bucket",
        ["fs.chunks"] = "GridFS: left out by rule, or --bucket names another bucket",
    }.ToFrozenDictionary();

    private static readonly FrozenSet<string> SystemClasses = new[]
    {
        "_User", "_Role", "_Session", "_Installation", "_Product", "_PushStatus", "_JobStatus", "_JobSchedule", "_GlobalConfig", "_GraphQLConfig", "_Hooks", "_Audience",
    }.ToFrozenSet();

    private readonly DumpSource _source;
    private readonly Func<SourceCollection, CollectionScan?> _scans;
    private readonly CatalogSnapshot _catalog;
    private readonly ImportPlan _plan;
    private readonly ImportRules _rules;
    private readonly Dictionary<string, ClassSchema> _schemas;
    private readonly string _prefix;

    private Planner(DumpSource source, Func<SourceCollection, CollectionScan?> scans, CatalogSnapshot catalog, ImportRules rules)
    {
        _plan = new ImportPlan { Skipped = RuledSource.SkippedBy(source) };
        _rules = rules.Renamed();
        _source = source;
        _scans = scans;
        _catalog = catalog;
        _prefix = CollectionNames.PrefixOf(source.Collections.Select(c => c.Name));
        var schema = source.Collections.FirstOrDefault(c => c.Name == _prefix + SchemaName);
        if (schema?.Damage is { } damage)
        {
            throw new SourceException($"{damage.Message}. Without {SchemaName} nothing can be imported.", damage);
        }
        if (_prefix.Length > 0)
        {
            _plan.Notes.Add($"Collections have the prefix {_prefix}, which is taken off.");
        }
        _schemas = SchemaReader.Read(schema);
        _plan.HasSchema = schema is not null;
    }

    /// <summary>Makes the plan of a source that was scanned.</summary>
    /// <param name="source">The source, by the rules (<see cref="RuledSource.Over"/>).</param>
    /// <param name="scans">What the scan found in a collection; null: no document.</param>
    /// <param name="catalog">The tables that are there already.</param>
    /// <param name="rules">What the operator settled.</param>
    /// <exception cref="SourceException">The schema is damaged, or a rule cannot be followed.</exception>
    public static ImportPlan Make(DumpSource source, Func<SourceCollection, CollectionScan?> scans, CatalogSnapshot catalog, ImportRules rules)
    {
        var planner = new Planner(source, scans, catalog, rules);
        planner.Classes();
        planner.Joins();
        planner.FollowRules();
        return planner._plan;
    }

    private void Classes()
    {
        foreach (var collection in _source.Collections)
        {
            if (Name(collection) is { } name && name != SchemaName && !name.StartsWith(JoinPrefix, StringComparison.Ordinal))
            {
                if (ClassName(name, collection) is { } className)
                {
                    Add(className, collection);
                }
            }
        }
        foreach (var schema in _schemas.Values.Where(s => _plan.Classes.All(c => c.Name != s.Name) && !_plan.Damaged.ContainsKey(s.Name) && !NeverImported.ContainsKey(s.Name)))
        {
            _plan.Classes.Add(Describe(new ClassPlan(schema.Name, null, null, _source.IsExport)));
        }
    }

    // Another app's collections have another prefix, or none.
    private string? Name(SourceCollection collection)
    {
        if (collection.Name.StartsWith(_prefix, StringComparison.Ordinal))
        {
            return collection.Name[_prefix.Length..];
        }
        Ignore(collection.Name, collection, $"without the prefix {_prefix}");
        return null;
    }

    /// <summary>The class that a collection is, or null when it is none (and then it is noted why).</summary>
    private string? ClassName(string name, SourceCollection collection)
    {
        var documents = _scans(collection)?.Documents ?? 0;
        if (_rules.Class(name).Skip)
        {
            return Ignore(name, collection, SkippedByRule);
        }
        if (_schemas.ContainsKey(name) && !NeverImported.ContainsKey(name))
        {
            return name;
        }
        if (NeverImported.TryGetValue(name, out var reason))
        {
            return Ignore(name, collection, reason);
        }
        if (name.StartsWith("system.", StringComparison.Ordinal))
        {
            return Ignore(name, collection, "MongoDB's own");
        }
        if (collection.Metadata.Type is not "collection")
        {
            return Ignore(name, collection, $"a {collection.Metadata.Type}");
        }
        if (SystemClasses.Contains(name))
        {
            return name;
        }
        if (name.StartsWith('_') || name.Contains('.', StringComparison.Ordinal))
        {
            return Ignore(name, collection, "not a class of Parse");
        }
        if (_schemas.Count > 0 && _scans(collection) is not { } scan)
        {
            return Ignore(name, collection, $"not in {SchemaName}, and empty");
        }
        if (_schemas.Count > 0 && _scans(collection)!.LooksLikeParse * 2 < documents)
        {
            return Ignore(name, collection, $"not in {SchemaName}, and its documents are not those of a Parse server");
        }
        if (ClassPlan.IsName(name))
        {
            return name;
        }
        var renamed = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_'));
        renamed = char.IsAsciiLetter(renamed[0]) ? renamed : "C" + renamed;
        while (_plan.Classes.Any(c => c.Name == renamed) || _source.Collections.Any(c => c.Name == renamed))
        {
            renamed += "_";
        }
        _plan.Notes.Add($"Collection {name} has no class name; it is imported as class {renamed}.");
        return renamed;
    }

    private string? Ignore(string name, SourceCollection collection, string reason)
    {
        _plan.Ignored.Add(new IgnoredCollection(name, _scans(collection)?.Documents ?? 0, reason));
        return null;
    }

    private void Add(string name, SourceCollection collection)
    {
        if (collection.Damage is { } damage)
        {
            _plan.Damaged[name] = damage;
            return;
        }
        _plan.Classes.Add(Describe(new ClassPlan(name, collection, _scans(collection), _source.IsExport)));
    }

    private ClassPlan Describe(ClassPlan plan)
    {
        var shipped = _catalog.FindByOrigin(plan.Name) is { System: true } system ? system : null;
        plan.Rule = _rules.Class(plan.Name);
        if (_schemas.TryGetValue(plan.Name, out var schema))
        {
            plan.Fields.AddRange(schema.Fields.Where(f => !plan.IsReserved(f.Name) && shipped?.Find(f.Name) is not { System: true }));
            plan.Permissions = schema.Permissions;
            plan.IsDeclared = true;
        }
        plan.Permissions = PermissionsOf(plan.Name, plan.Permissions, shipped);
        plan.Indexes.AddRange(plan.Collection?.Metadata.Indexes ?? []);
        plan.Indexes.AddRange((schema?.Indexes ?? []).Where(i => plan.Indexes.All(known => !known.Key.SequenceEqual(i.Key))));
        Infer(plan, shipped);
        foreach (var field in plan.Fields.Where(f => f.Kind == FieldKind.Relation))
        {
            plan.Relations.Add(field.Name);
        }
        foreach (var field in shipped?.Fields.Where(f => f.Kind == FieldKind.Relation) ?? [])
        {
            plan.Relations.Add(field.Name);
        }
        return plan;
    }

    /// <summary>The permissions that a class gets.</summary>
    /// <param name="className">The class.</param>
    /// <param name="given">What its schema declares; null: nothing.</param>
    /// <param name="shipped">Its table, if every server has it.</param>
    internal static TablePermissions? PermissionsOf(string className, TablePermissions? given, Table? shipped) =>
        shipped is { HasPermissions: true } && given is not null ? Narrowed(given, shipped.Permissions)
        : shipped is null && className.StartsWith('_') ? Nobody
        : given;

    /// <summary>Whether a collection is left out of every import.</summary>
    internal static bool IsNeverImported(string name) => NeverImported.ContainsKey(name);

    /// <summary>Whether a collection is a class without an entry of the schema.</summary>
    internal static bool IsSystemClass(string name) => SystemClasses.Contains(name);

    /// <summary>Adds the fields that its scan shows and nothing declares to a class.</summary>
    internal static void Infer(ClassPlan plan, Table? shipped)
    {
        if (plan.Scan is not { } scan)
        {
            return;
        }
        var geo = plan.Indexes.SelectMany(i => i.Key).Where(k => k.Value is "2d" or "2dsphere").Select(k => k.Key).ToHashSet();
        var taken = plan.InternalColumns.SelectMany(c => c.Sources)
            .Concat((shipped?.Fields ?? []).SelectMany(f => plan.SourcesOf(f.Name, f.Kind)))
            .ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < scan.Names.Count; i++)
        {
            var key = Encoding.UTF8.GetString(scan.Names[i]);
            var isPointer = key.StartsWith("_p_", StringComparison.Ordinal);
            var name = isPointer ? key[3..] : key;
            if (!plan.IsFieldName(name) || plan.IsReserved(name) || taken.Contains(key) || plan.Fields.Any(f => f.Name == name) || shipped?.Find(name) is { System: true })
            {
                continue;
            }
            if (scan[i].Kind(geo.Contains(key), isPointer) is var (kind, target))
            {
                plan.Fields.Add(new FieldSpec(name, kind, target));
                plan.Inferred.Add(name);
            }
        }
    }

    private void Joins()
    {
        foreach (var collection in _source.Collections)
        {
            if (!collection.Name.StartsWith(_prefix + JoinPrefix, StringComparison.Ordinal))
            {
                continue;
            }
            var name = collection.Name[_prefix.Length..];
            var parts = name.Split(':', 3);
            var documents = _scans(collection)?.Documents ?? 0;
            if (parts.Length < 3 || parts[1].Length == 0 || parts[2].Length == 0)
            {
                Ignore(name, collection, "a join collection names a field and a class");
                continue;
            }
            if (_rules.Class(parts[2]).Skip || _rules.Class(parts[2]).Field(parts[1]).Skip)
            {
                Ignore(name, collection, SkippedByRule);
                continue;
            }
            if (collection.Damage is { } damage)
            {
                // Half a relation would be a wrong one: its class stays as it was.
                _plan.Damaged.TryAdd(parts[2], damage);
                _plan.Classes.RemoveAll(c => c.Name == parts[2]);
                continue;
            }
            if (_plan.Damaged.ContainsKey(parts[2]))
            {
                continue;
            }
            var owner = _plan.Classes.Find(c => c.Name == parts[2]);
            if (documents == 0 && owner?.Relations.Contains(parts[1]) != true)
            {
                Ignore(name, collection, "empty, and of no relation that the schema knows");
                continue;
            }
            if (owner is null)
            {
                _plan.Classes.Add(owner = Describe(new ClassPlan(parts[2], null, null, _source.IsExport)));
            }
            if (!owner.Relations.Contains(parts[1]))
            {
                if (owner.Fields.Any(f => f.Name == parts[1]))
                {
                    Ignore(name, collection, $"{parts[1]} of {parts[2]} is no relation");
                    continue;
                }
                owner.Fields.Add(new FieldSpec(parts[1], FieldKind.Relation));
                owner.Inferred.Add(parts[1]);
                owner.Relations.Add(parts[1]);
            }
            owner.Joins.Add(new JoinPlan(parts[1], collection));
        }
    }

    private static TablePermissions Nobody { get; } = new()
    {
        Get = PermissionRule.Nobody,
        Find = PermissionRule.Nobody,
        Count = PermissionRule.Nobody,
        Create = PermissionRule.Nobody,
        Update = PermissionRule.Nobody,
        Delete = PermissionRule.Nobody,
        AddField = PermissionRule.Nobody,
    };

    // The old server refused clients some operations on its own classes in code, whatever the class permissions said.
    private static TablePermissions Narrowed(TablePermissions given, TablePermissions shipped)
    {
        PermissionRule Rule(Operation operation) => shipped[operation] is { Public: false, RequiresAuthentication: false, Principals.Count: 0, ReferenceFields.IsEmpty: true }
            ? PermissionRule.Nobody
            : given[operation];
        return given with
        {
            Get = Rule(Operation.Get),
            Find = Rule(Operation.Find),
            Count = Rule(Operation.Count),
            Create = Rule(Operation.Create),
            Update = Rule(Operation.Update),
            Delete = Rule(Operation.Delete),
            AddField = Rule(Operation.AddField),
            ReadReferenceFields = [],
            WriteReferenceFields = [],
        };
    }
}
