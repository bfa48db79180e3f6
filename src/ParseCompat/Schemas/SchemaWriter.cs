using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Schemas;

/// <summary>Prints a table as a schema object (contract section 23).</summary>
internal sealed class SchemaWriter(ValueWriter values)
{
    /// <summary>Writes the schema of a class.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="table">The table.</param>
    /// <param name="moment">Which request is answered: the old server's answers differ.</param>
    public void Write(Utf8JsonWriter writer, Table table, SchemaMoment moment)
    {
        writer.WriteStartObject();
        writer.WriteString("className"u8, table.Origin);
        writer.WriteStartObject("fields"u8);
        WriteType(writer, "objectId", "String");
        WriteType(writer, "createdAt", "Date");
        WriteType(writer, "updatedAt", "Date");
        foreach (var column in SystemColumns.Of(table.Origin))
            WriteField(writer, column);
        foreach (var field in table.Fields)
        {
            if (!SystemColumns.IsDefault(table.Origin, field.Name) && !field.System)
                WriteField(writer, new FieldSpec(field.Name, field.Kind, field.Target)
                {
                    Required = field.Required,
                    OptionalStated = field.OptionalStated,
                    Default = field.Default,
                });
        }

        WriteType(writer, "ACL", "ACL");
        writer.WriteEndObject();
        writer.WritePropertyName("classLevelPermissions"u8);
        var declared = table.HasPermissions && !IsShipped(table);
        PermissionsWriter.Write(writer, declared ? table.Permissions : TablePermissions.Public, declared, moment == SchemaMoment.Changed && table.Origin == ClassName.User ? ["email"] : []);
        WriteIndexes(writer, table, moment);
        writer.WriteEndObject();
    }

    /// <summary>
    /// What clients may do with installations was fixed in the old server's code and did not show; here the table ships with it.
    /// </summary>
    private static bool IsShipped(Table table) => table is { Origin: ClassName.Installation, System: true }
        && table.Permissions is { Find.Public: false, Count.Public: false, Delete.Public: false, Get.Public: true, Create.Public: true, Update.Public: true, AddField.Public: true }
        && table.Permissions.Find is { RequiresAuthentication: false, Principals.Count: 0, ReferenceFields.IsEmpty: true };

    private static void WriteIndexes(Utf8JsonWriter writer, Table table, SchemaMoment moment)
    {
        var shown = table.Indexes.Where(i => moment != SchemaMoment.Created || i.Name != IndexPlan.PrimaryKey).ToList();
        if (shown.Count == 0)
            return;
        writer.WriteStartObject("indexes"u8);
        foreach (var index in shown)
        {
            writer.WritePropertyName(index.Name);
            writer.WriteRawValue(index.DefinitionJson, skipInputValidation: true);
        }

        writer.WriteEndObject();
    }

    private void WriteField(Utf8JsonWriter writer, FieldSpec field)
    {
        writer.WriteStartObject(field.Name);
        writer.WriteString("type"u8, FieldDeclaration.BaseName(field.Kind));
        if (field.Target is not null)
            writer.WriteString("targetClass"u8, field.Target);
        if (field.Required || field.OptionalStated)
            writer.WriteBoolean("required"u8, field.Required);
        if (field.Default is { } value)
        {
            writer.WritePropertyName("defaultValue"u8);
            values.Write(writer, value);
        }

        writer.WriteEndObject();
    }

    private static void WriteType(Utf8JsonWriter writer, string name, string type)
    {
        writer.WriteStartObject(name);
        writer.WriteString("type"u8, type);
        writer.WriteEndObject();
    }
}

/// <summary>Which request a schema object answers.</summary>
internal enum SchemaMoment
{
    /// <summary>A read.</summary>
    Read,

    /// <summary>The creation of the class: the index of the primary key is not shown.</summary>
    Created,

    /// <summary>A change of the class: fields that the server protects by itself are shown.</summary>
    Changed,
}
