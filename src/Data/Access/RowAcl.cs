using System.Collections.Immutable;

namespace Backend.Data.Access;

/// <summary>
/// A row's access list. Principals are <c>*</c>, a user id, or <c>role:Name</c>. A list that is default (null in the database) stands for no
/// restriction, an empty one for nobody.
/// </summary>
/// <param name="Read">Who may read, or default.</param>
/// <param name="Write">Who may change and delete, or default.</param>
public sealed record RowAcl(ImmutableArray<string> Read, ImmutableArray<string> Write)
{
    /// <summary>Everybody's principal.</summary>
    public const string Everybody = "*";

    /// <summary>What a role's principal begins with.</summary>
    public const string RolePrefix = "role:";

    /// <summary>Whether a user may have this id: one that access lists take for nothing else.</summary>
    public static bool IsUserId(string id) => id != Everybody && !id.StartsWith(RolePrefix, StringComparison.Ordinal);
}
