using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;

namespace Backend.Data.Access;

/// <summary>Access rules that the deployment sets for all clients: section <c>Access</c>.</summary>
public sealed class AccessOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Access";

    /// <summary>
    /// Fields hidden besides those that a table's own permissions protect: table name to group (<c>*</c>, <c>authenticated</c>,
    /// <c>role:Name</c>, <c>userField:field</c>, a user's id) to field names. A group with an empty value hides nothing from its users. <c>{"users": {"*": ["email"]}}</c> is always among them. Own rows of
    /// users are not concerned.
    /// </summary>
    public Dictionary<string, Dictionary<string, string[]>>? ProtectedFields { get; set; }

    /// <summary>Whether users see all of their own rows in the table of users, whatever is protected. Default: yes.</summary>
    public bool ProtectedFieldsOwnerExempt { get; set; } = true;

    /// <summary>
    /// Reads the section. For <see cref="ProtectedFields"/> the configuration's own binder would take the colon of <c>role:Name</c> for one between names of
    /// settings; here everything between the table and the numbers of the list is the group.
    /// </summary>
    internal void Read(IConfigurationSection section)
    {
        ProtectedFieldsOwnerExempt = section.GetValue(nameof(ProtectedFieldsOwnerExempt), ProtectedFieldsOwnerExempt);
        foreach (var table in section.GetSection(nameof(ProtectedFields)).GetChildren())
        {
            var groups = new Dictionary<string, string[]>(StringComparer.Ordinal);
            foreach (var group in table.GetChildren())
                ReadGroups(group, group.Key, groups);
            (ProtectedFields ??= new(StringComparer.Ordinal))[table.Key] = groups;
        }
    }

    private static void ReadGroups(IConfigurationSection section, string group, Dictionary<string, string[]> groups)
    {
        var parts = section.GetChildren().ToList();
        var fields = parts.Where(p => p.Value is not null && p.Key.All(char.IsAsciiDigit)).Select(p => p.Value!).ToArray();
        if (fields.Length > 0 || parts.Count == 0)
            groups[group] = fields.Length > 0 || string.IsNullOrEmpty(section.Value) ? fields : [section.Value];
        foreach (var part in parts.Where(p => p.Value is null || !p.Key.All(char.IsAsciiDigit)))
            ReadGroups(part, $"{group}:{part.Key}", groups);
    }

    /// <summary>What is hidden of a table: the declared groups and the deployment's, each group with the fields of both.</summary>
    internal static ImmutableSortedDictionary<string, ImmutableArray<string>> Merge(
        string table, bool system, ImmutableSortedDictionary<string, ImmutableArray<string>> declared, AccessOptions? options)
    {
        if (system && table == "users")
            declared = With(declared, RowAcl.Everybody, ["email"]);
        if (options?.ProtectedFields is { } configured && configured.TryGetValue(table, out var groups))
        {
            foreach (var (group, fields) in groups)
                declared = With(declared, group, fields);
        }

        return declared;
    }

    private static ImmutableSortedDictionary<string, ImmutableArray<string>> With(
        ImmutableSortedDictionary<string, ImmutableArray<string>> groups, string group, string[] fields) =>
        groups.SetItem(group, [.. groups.GetValueOrDefault(group, []).Union(fields)]);
}
