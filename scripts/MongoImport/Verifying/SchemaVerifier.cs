using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.MongoImport.Planning;

namespace Backend.MongoImport.Verifying;

/// <summary>Compares what the source's schema says of a class with what the catalog says: fields, their options, permissions, indexes.</summary>
internal static class SchemaVerifier
{
    /// <summary>Compares.</summary>
    /// <param name="plan">What the schema says, by the rules.</param>
    /// <param name="table">What the catalog says.</param>
    /// <param name="found">Gets the differences.</param>
    public static void Compare(ClassPlan plan, Table table, ClassVerification found)
    {
        var declared = plan.Fields.Where(f => !plan.Inferred.Contains(f.Name)).ToDictionary(f => f.Name, StringComparer.Ordinal);
        foreach (var field in declared.Values)
        {
            Field(field, table.Find(field.Name), table, found);
        }
        foreach (var field in table.Fields.Where(f => !declared.ContainsKey(f.Name)))
        {
            found.Rules.Count(field.System ? Rule.SchemaSystem : Rule.SchemaInferred);
        }
        Permissions(plan, table, found);
        foreach (var index in plan.Indexes.Where(i => i.Name != "_id_"))
        {
            found.Rules.Count(Rule.IndexNotBuilt, !table.Indexes.Any(i => i.Name == index.Name && i.Relation is not null));
        }
    }

    private static void Field(FieldSpec wanted, Field? field, Table table, ClassVerification found)
    {
        if (field is null || field.Kind != wanted.Kind || (field.Kind is FieldKind.Reference or FieldKind.Relation && field.Target != wanted.Target))
        {
            Differ(wanted.Name, Describe(wanted.Kind, wanted.Target), field is null ? null : Describe(field.Kind, field.Target), table, found);
            return;
        }
        if (field.System)
        {
            return;
        }
        if (field.Required != wanted.Required)
        {
            Differ(wanted.Name + ".required", Text(wanted.Required), Text(field.Required), table, found);
        }
        if (field.Default != wanted.Default)
        {
            Differ(wanted.Name + ".defaultValue", wanted.Default?.ToString(), field.Default?.ToString(), table, found);
        }
    }

    private static void Permissions(ClassPlan plan, Table table, ClassVerification found)
    {
        if (plan.Permissions is not { } wanted)
        {
            if (table is { HasPermissions: true, System: false })
            {
                Differ("class_permissions", null, PermissionsJson.Write(table.Permissions), table, found);
            }
            return;
        }
        var (source, row) = (PermissionsJson.Write(wanted), PermissionsJson.Write(table.Permissions));
        if (source != row || !table.HasPermissions)
        {
            Differ("class_permissions", source, table.HasPermissions ? row : null, table, found);
        }
    }

    private static void Differ(string what, string? source, string? row, Table table, ClassVerification found) =>
        found.Differences.Add(new Difference(DifferenceKind.Schema, table.Origin, "", what, source, row));

    private static string Describe(FieldKind kind, string? target) => target is null ? kind.ToString() : $"{kind} to {target}";

    private static string Text(bool value) => value ? "true" : "false";
}
