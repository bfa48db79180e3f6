using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Access;

namespace Backend.ParseCompat.Schemas;

/// <summary>Prints a table's permissions as class-level permissions (contract 13.1).</summary>
internal static class PermissionsWriter
{
    /// <summary>Writes the object. Without declared permissions: everything public, with nothing protected.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="permissions">The permissions.</param>
    /// <param name="declared">Whether somebody declared them.</param>
    /// <param name="alwaysProtected">Fields shown as protected from everybody besides the declared ones.</param>
    public static void Write(Utf8JsonWriter writer, TablePermissions permissions, bool declared, ImmutableArray<string> alwaysProtected)
    {
        writer.WriteStartObject();
        Write(writer, "find", permissions.Find);
        Write(writer, "count", permissions.Count);
        Write(writer, "get", permissions.Get);
        Write(writer, "create", permissions.Create);
        Write(writer, "update", permissions.Update);
        Write(writer, "delete", permissions.Delete);
        Write(writer, "addField", permissions.AddField);
        if (permissions.DefaultAcl is { } acl)
            Write(writer, acl);
        if (!permissions.ReadReferenceFields.IsEmpty)
            Write(writer, "readUserFields", permissions.ReadReferenceFields);
        if (!permissions.WriteReferenceFields.IsEmpty)
            Write(writer, "writeUserFields", permissions.WriteReferenceFields);
        writer.WriteStartObject("protectedFields"u8);
        var groups = permissions.ProtectedFields;
        if (!alwaysProtected.IsEmpty || (groups.IsEmpty && !declared))
            groups = groups.SetItem(RowAcl.Everybody, [.. groups.GetValueOrDefault(RowAcl.Everybody, []).Union(alwaysProtected)]);
        foreach (var (group, names) in groups)
            Write(writer, group, names);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, string operation, PermissionRule rule)
    {
        writer.WriteStartObject(operation);
        if (rule.Public)
            writer.WriteBoolean(RowAcl.Everybody, true);
        if (rule.RequiresAuthentication)
            writer.WriteBoolean("requiresAuthentication"u8, true);
        foreach (var principal in rule.Principals.Order(StringComparer.Ordinal))
            writer.WriteBoolean(principal, true);
        if (!rule.ReferenceFields.IsEmpty)
            Write(writer, "pointerFields", rule.ReferenceFields);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, RowAcl acl)
    {
        writer.WriteStartObject("ACL"u8);
        var (read, write) = (acl.Read.IsDefault ? [] : acl.Read, acl.Write.IsDefault ? [] : acl.Write);
        foreach (var principal in read.Union(write).Order(StringComparer.Ordinal))
        {
            writer.WriteStartObject(principal);
            if (read.Contains(principal))
                writer.WriteBoolean("read"u8, true);
            if (write.Contains(principal))
                writer.WriteBoolean("write"u8, true);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, string name, ImmutableArray<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
            writer.WriteStringValue(text);
        writer.WriteEndArray();
    }
}
