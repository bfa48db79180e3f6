using System.Collections.Immutable;

namespace Backend.Data.Access;

/// <summary>Access rules that the deployment sets for all clients: section <c>Access</c>.</summary>
public sealed class AccessOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Access";

    /// <summary>
    /// Fields hidden besides those that a table's own permissions protect: table name to group (<c>*</c>, <c>authenticated</c>; a
    /// setting's name cannot hold the colon of <c>role:Name</c>) to field names. <c>{"users": {"*": ["email"]}}</c> is always among them. Own rows of
    /// users are not concerned.
    /// </summary>
    public Dictionary<string, Dictionary<string, string[]>>? ProtectedFields { get; set; }

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
