using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Backend.Data.Access;

/// <summary>
/// Table permissions as <c>catalog.tables.permissions</c> holds them:
/// <c>{"get": {"public": true, "authenticated": true, "principals": [..], "references": [..]}, …, "readReferences": [..], "writeReferences": [..],
/// "protected": {"*": [..]}, "defaultAcl": {"read": [..], "write": [..]}}</c>. What is absent is empty.
/// </summary>
public static class PermissionsJson
{
    private static readonly (string Name, Operation Operation)[] Operations =
    [
        ("get", Operation.Get), ("find", Operation.Find), ("count", Operation.Count), ("create", Operation.Create), ("update", Operation.Update),
        ("delete", Operation.Delete), ("addField", Operation.AddField),
    ];

    /// <summary>Reads them.</summary>
    public static TablePermissions Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        return new TablePermissions
        {
            Get = Rule(root, "get"),
            Find = Rule(root, "find"),
            Count = Rule(root, "count"),
            Create = Rule(root, "create"),
            Update = Rule(root, "update"),
            Delete = Rule(root, "delete"),
            AddField = Rule(root, "addField"),
            ReadReferenceFields = Texts(root, "readReferences"),
            WriteReferenceFields = Texts(root, "writeReferences"),
            ProtectedFields = root.TryGetProperty("protected", out var hidden)
                ? hidden.EnumerateObject().ToImmutableSortedDictionary(p => p.Name, p => Texts(p.Value), StringComparer.Ordinal)
                : ImmutableSortedDictionary<string, ImmutableArray<string>>.Empty,
            DefaultAcl = root.TryGetProperty("defaultAcl", out var acl) ? new RowAcl(Texts(acl, "read"), Texts(acl, "write")) : null,
        };
    }

    /// <summary>Writes them.</summary>
    public static string Write(TablePermissions permissions)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            foreach (var (name, operation) in Operations)
            {
                var rule = permissions[operation];
                writer.WriteStartObject(name);
                writer.WriteBoolean("public", rule.Public);
                writer.WriteBoolean("authenticated", rule.RequiresAuthentication);
                WriteTexts(writer, "principals", rule.Principals.Order(StringComparer.Ordinal));
                WriteTexts(writer, "references", rule.ReferenceFields);
                writer.WriteEndObject();
            }

            WriteTexts(writer, "readReferences", permissions.ReadReferenceFields);
            WriteTexts(writer, "writeReferences", permissions.WriteReferenceFields);
            writer.WriteStartObject("protected");
            foreach (var (group, fields) in permissions.ProtectedFields)
                WriteTexts(writer, group, fields);
            writer.WriteEndObject();
            if (permissions.DefaultAcl is { } acl)
            {
                writer.WriteStartObject("defaultAcl");
                WriteTexts(writer, "read", acl.Read);
                WriteTexts(writer, "write", acl.Write);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static PermissionRule Rule(JsonElement root, string name) => root.TryGetProperty(name, out var rule)
        ? new PermissionRule(Flag(rule, "public"), Flag(rule, "authenticated"), Texts(rule, "principals").ToFrozenSet(StringComparer.Ordinal), Texts(rule, "references"))
        : PermissionRule.Nobody;

    private static bool Flag(JsonElement rule, string name) => rule.TryGetProperty(name, out var flag) && flag.ValueKind == JsonValueKind.True;

    private static ImmutableArray<string> Texts(JsonElement parent, string name) => parent.TryGetProperty(name, out var list) ? Texts(list) : [];

    private static ImmutableArray<string> Texts(JsonElement list) => [.. list.EnumerateArray().Select(t => t.GetString()!)];

    private static void WriteTexts(Utf8JsonWriter writer, string name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
            writer.WriteStringValue(text);
        writer.WriteEndArray();
    }
}
