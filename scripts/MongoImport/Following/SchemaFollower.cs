using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Rules;
using Npgsql;

namespace Backend.MongoImport.Following;

/// <summary>Brings changes of <c>_SCHEMA</c>, and what documents show that no schema declares, into the catalog, before the rows that need it.</summary>
/// <param name="catalog">A follower's catalog.</param>
/// <param name="database">Connections.</param>
/// <param name="rules">By the names that classes and fields have after renaming.</param>
/// <param name="say">Told a sentence for the operator.</param>
internal sealed class SchemaFollower(LiveCatalog catalog, NpgsqlDataSource database, ImportRules rules, Action<string> say)
{
    private readonly HashSet<(string, string)> _told = [];

    /// <summary>Applies an entry of <c>_SCHEMA</c>, by the rules.</summary>
    public async Task ApplyAsync(byte[] document, CancellationToken stop)
    {
        if (SchemaReader.Read(new BsonValue(BsonType.Document, document)) is not { } schema || rules.Class(schema.Name).Skip || Planner.IsNeverImported(schema.Name))
        {
            return;
        }
        var snapshot = await catalog.GetAsync(stop);
        var table = snapshot.FindByOrigin(schema.Name);
        var shipped = table is { System: true } ? table : null;
        var plan = new ClassPlan(schema.Name, null, null, isExport: false) { Rule = rules.Class(schema.Name) };
        var fields = schema.Fields.Where(f => !plan.IsReserved(f.Name) && shipped?.Find(f.Name) is not { System: true }).Select(f => Settled(plan, f)).ToList();
        var permissions = Planner.PermissionsOf(schema.Name, schema.Permissions, shipped);
        if (table is null)
        {
            await catalog.CreateTableAsync(schema.Name, fields, permissions, stop);
            say($"Class {schema.Name} has come.");
            return;
        }
        var drop = new List<string>();
        var set = new List<FieldSpec>();
        foreach (var field in fields)
        {
            if (table.Find(field.Name) is not { } known)
            {
                set.Add(field);
            }
            else if (known.Kind == field.Kind && (known.Kind is not (FieldKind.Reference or FieldKind.Relation) || known.Target == field.Target))
            {
                if (known.Required != field.Required || !IsSame(known.Default, field.Default))
                {
                    set.Add(field);
                }
            }
            else if (await IsUnusedAsync(table, known, stop))
            {
                // Dropped and declared anew: the old server took its values out of every document.
                drop.Add(field.Name);
                set.Add(field);
            }
            else if (_told.Add((schema.Name, field.Name)))
            {
                say($"Field {field.Name} of {schema.Name} has another type now, and rows hold values of the old one: it stays {known.Kind}, values of the new type are kept in rest.");
            }
        }
        var differs = permissions is not null && (!table.HasPermissions || PermissionsJson.Write(permissions) != PermissionsJson.Write(table.Permissions));
        if (drop.Count + set.Count > 0 || differs)
        {
            await catalog.AlterAsync(schema.Name, new TableAlteration { Drop = drop, Set = set, SetPermissions = differs, Permissions = permissions }, stop);
        }
    }

    /// <summary>A class whose entry of <c>_SCHEMA</c> has gone: its table goes with it. What every server has stays.</summary>
    public async Task DropAsync(string className, CancellationToken stop)
    {
        if ((await catalog.GetAsync(stop)).FindByOrigin(className) is { System: false })
        {
            await catalog.DropTableAsync(className, cancellation: stop);
            say($"Class {className} has gone.");
        }
    }

    /// <summary>Adds what documents show that no schema declares, as the import does: the type that most of the values have.</summary>
    /// <param name="className">The class; it need not exist.</param>
    /// <param name="documents">Its changed documents.</param>
    /// <param name="stop">Cancels.</param>
    public async Task InferAsync(string className, IEnumerable<byte[]> documents, CancellationToken stop)
    {
        var scan = new CollectionScan();
        foreach (var document in documents)
        {
            scan.TryAdd(document);
        }
        var table = (await catalog.GetAsync(stop)).FindByOrigin(className);
        var plan = new ClassPlan(className, null, scan, isExport: false) { Rule = rules.Class(className) };
        plan.Fields.AddRange(table?.Fields.Select(f => new FieldSpec(f.Name, f.Kind, f.Target)) ?? []);
        Planner.Infer(plan, table is { System: true } ? table : null);
        var found = plan.Fields.Where(f => plan.Inferred.Contains(f.Name)).Select(f => Settled(plan, f)).ToList();
        if (table is null)
        {
            await catalog.CreateTableAsync(className, found, Planner.PermissionsOf(className, null, null), stop);
            say($"Class {className} has come; no schema declares it.");
        }
        else if (found.Count > 0)
        {
            await catalog.EnsureAsync(className, found, stop);
            say($"{className}: new fields that no schema declares: {string.Join(", ", found.Select(f => f.Name))}.");
        }
    }

    private static bool IsSame(Value? one, Value? other) =>
        one is { } a ? other is { } b && RestJson.ToBytes(a).AsSpan().SequenceEqual(RestJson.ToBytes(b)) : other is null;

    private static FieldSpec Settled(ClassPlan plan, FieldSpec field)
    {
        var rule = plan.Rule.Field(field.Name);
        var kind = rule.Type ?? field.Kind;
        return rule.Type is null && rule.Target is null ? field : field with
        {
            Kind = kind,
            Target = kind is FieldKind.Reference or FieldKind.Relation ? rule.Target ?? field.Target : null,
            Default = kind == field.Kind ? field.Default : null,
        };
    }

    private async Task<bool> IsUnusedAsync(Table table, Field field, CancellationToken stop)
    {
        await using var command = database.CreateCommand(field.Kind == FieldKind.Relation
            ? $"select not exists (select from app.{field.QuotedColumn})"
            : $"select not exists (select from {table.Quoted} where rest ? $1{(field.Column is null ? "" : $" or {field.QuotedColumn} is not null")})");
        if (field.Kind != FieldKind.Relation)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = field.Name });
        }
        return (bool)(await command.ExecuteScalarAsync(stop))!;
    }
}
