using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.Data.Catalog;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Schemas.Definitions;

/// <summary>What has to be done for a class to be as it is defined: the body of a call to the schemas API.</summary>
internal sealed class DefinedClass(SchemaDefinitions definitions, string className, JsonElement schema)
{
    /// <summary>Fields of the class that its definition does not have, and that stay.</summary>
    public List<string> Extra { get; } = [];

    /// <summary>Fields that are of another type than defined, and stay so.</summary>
    public List<string> Different { get; } = [];

    /// <summary>The same, with nothing found yet.</summary>
    public DefinedClass Again() => new(definitions, className, schema);

    /// <summary>The fields to add, change and drop; the table is null for a class to be made.</summary>
    public JsonElement Fields(Table? table)
    {
        var fields = new JsonObject();
        foreach (var declaration in FieldDeclaration.Read(Get("fields")))
        {
            if (SystemColumns.IsDefault(className, declaration.Name))
                continue;
            if (table?.Find(declaration.Name) is { } field)
            {
                var spec = declaration.ToSpec(className);
                if ((spec.Kind, spec.Target) != (field.Kind, field.Target) && !definitions.RecreateModifiedFields)
                {
                    Different.Add(field.Name);
                    continue;
                }

                if ((spec.Kind, spec.Target, spec.Required, spec.OptionalStated, spec.Default) == (field.Kind, field.Target, field.Required, field.OptionalStated, field.Default))
                    continue;
            }

            fields[declaration.Name] = JsonNode.Parse(declaration.Json.GetRawText());
        }

        foreach (var field in table?.Fields ?? [])
        {
            if (field.System || SystemColumns.IsDefault(className, field.Name) || IsDefined(field.Name))
                continue;
            if (definitions.DeleteExtraFields)
                fields[field.Name] = new JsonObject { ["__op"] = "Delete" };
            else
                Extra.Add(field.Name);
        }

        return ToElement(fields);
    }

    /// <summary>Existing fields whose type is another one, to be dropped before they are made anew.</summary>
    public IReadOnlyList<string> Recreated(Table table) => !definitions.RecreateModifiedFields
        ? []
        : [.. FieldDeclaration.Read(Get("fields")).Where(d => !SystemColumns.IsDefault(className, d.Name)
            && table.Find(d.Name) is { } field && d.ToSpec(className) is var spec && (spec.Kind, spec.Target) != (field.Kind, field.Target)).Select(d => d.Name)];

    /// <summary>The permissions; nobody but the master key adds fields to a defined class by writing them.</summary>
    public JsonElement Permissions()
    {
        var permissions = Get("classLevelPermissions") is { ValueKind: JsonValueKind.Object } given ? (JsonObject)JsonNode.Parse(given.GetRawText())! : [];
        permissions["addField"] = new JsonObject();
        return ToElement(permissions);
    }

    /// <summary>The names of declared indexes that are gone or different, to be dropped first.</summary>
    public IReadOnlyList<string> IndexesToDrop(Table table) =>
        [.. table.Indexes.Where(i => !IsProtected(i.Name) && Index(i.Name) is var defined && (defined is null || !JsonNode.DeepEquals(JsonNode.Parse(defined.Value.GetRawText()), JsonNode.Parse(i.DefinitionJson))))
            .Select(i => i.Name)];

    /// <summary>The indexes to declare.</summary>
    public JsonElement Indexes(Table? table)
    {
        var indexes = new JsonObject();
        if (Get("indexes") is { ValueKind: JsonValueKind.Object } declared)
        {
            foreach (var index in declared.EnumerateObject())
            {
                if (!IsProtected(index.Name) && table?.Indexes.Any(i => i.Name == index.Name) is not true)
                    indexes[index.Name] = JsonNode.Parse(index.Value.GetRawText());
            }
        }

        return ToElement(indexes);
    }

    /// <summary>Indexes that the old server makes by itself.</summary>
    private bool IsProtected(string index) => index == IndexPlan.PrimaryKey || className switch
    {
        ClassName.User => index is "case_insensitive_username" or "case_insensitive_email" or "username_1" or "email_1",
        ClassName.Role => index == "name_1",
        ClassName.Idempotency => index == "reqId_1",
        _ => false,
    };

    private bool IsDefined(string field) => Get("fields") is { ValueKind: JsonValueKind.Object } fields && fields.TryGetProperty(field, out _);

    private JsonElement? Index(string name) => Get("indexes") is { ValueKind: JsonValueKind.Object } indexes && indexes.TryGetProperty(name, out var index) ? index : null;

    private JsonElement? Get(string name) => schema.TryGetProperty(name, out var value) ? value : null;

    private static JsonElement ToElement(JsonObject json) => JsonSerializer.Deserialize<JsonElement>(json.ToJsonString());
}
