using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Backend.Data.Access;

/// <summary>What a caller wants to do with a table.</summary>
public enum Operation
{
    /// <summary>Read one row by its id.</summary>
    Get,

    /// <summary>Read rows by a filter.</summary>
    Find,

    /// <summary>Count rows.</summary>
    Count,

    /// <summary>Insert a row.</summary>
    Create,

    /// <summary>Change a row.</summary>
    Update,

    /// <summary>Delete a row.</summary>
    Delete,

    /// <summary>Add a field to the table by writing it.</summary>
    AddField,
}

/// <summary>
/// Who may do one operation. Principals are user ids and <c>role:Name</c>. Nobody but an administrator when all are empty.
/// </summary>
/// <param name="Public">Everybody.</param>
/// <param name="RequiresAuthentication">Every user.</param>
/// <param name="Principals">User ids and <c>role:Name</c>.</param>
/// <param name="ReferenceFields">Fields that lead to the user who may: a row is his when one of them holds him.</param>
public sealed record PermissionRule(bool Public, bool RequiresAuthentication, FrozenSet<string> Principals, ImmutableArray<string> ReferenceFields)
{
    /// <summary>Everybody may.</summary>
    public static PermissionRule Everybody { get; } = new(true, false, FrozenSet<string>.Empty, []);

    /// <summary>Nobody but an administrator may.</summary>
    public static PermissionRule Nobody { get; } = new(false, false, FrozenSet<string>.Empty, []);
}

/// <summary>The permissions of a table, per operation, and the fields hidden from callers.</summary>
public sealed record TablePermissions
{
    /// <summary>The group of all users in <see cref="ProtectedFields"/>.</summary>
    public const string Authenticated = "authenticated";

    /// <summary>What a group of <see cref="ProtectedFields"/> begins with that is made of the users in a field of the row.</summary>
    public const string OwnerPrefix = "userField:";

    /// <summary>No declared permissions: everybody may everything that the rows' own access lists allow.</summary>
    public static TablePermissions Public { get; } = new();

    /// <summary>Read one row.</summary>
    public PermissionRule Get { get; init; } = PermissionRule.Everybody;

    /// <summary>Read rows by a filter.</summary>
    public PermissionRule Find { get; init; } = PermissionRule.Everybody;

    /// <summary>Count rows.</summary>
    public PermissionRule Count { get; init; } = PermissionRule.Everybody;

    /// <summary>Insert.</summary>
    public PermissionRule Create { get; init; } = PermissionRule.Everybody;

    /// <summary>Change.</summary>
    public PermissionRule Update { get; init; } = PermissionRule.Everybody;

    /// <summary>Delete.</summary>
    public PermissionRule Delete { get; init; } = PermissionRule.Everybody;

    /// <summary>Add a field by writing it.</summary>
    public PermissionRule AddField { get; init; } = PermissionRule.Everybody;

    /// <summary>Fields whose user may get, find and count the row.</summary>
    public ImmutableArray<string> ReadReferenceFields { get; init; } = [];

    /// <summary>Fields whose user may change and delete the row, and add fields to it.</summary>
    public ImmutableArray<string> WriteReferenceFields { get; init; } = [];

    /// <summary>
    /// Hidden fields per group of callers: <c>*</c> (everybody), <c>authenticated</c>, <c>role:Name</c>, a user id,
    /// <c>userField:f</c> (the user to whom the row's field f leads). What is hidden from a caller is the intersection of all groups he is in.
    /// </summary>
    public ImmutableSortedDictionary<string, ImmutableArray<string>> ProtectedFields { get; init; } = ImmutableSortedDictionary<string, ImmutableArray<string>>.Empty;

    /// <summary>The access list of a row that is inserted without one; null: none. The principal <c>currentUser</c> stands for the caller.</summary>
    public RowAcl? DefaultAcl { get; init; }

    /// <summary>The rule of one operation.</summary>
    public PermissionRule this[Operation operation] => operation switch
    {
        Operation.Get => Get,
        Operation.Find => Find,
        Operation.Count => Count,
        Operation.Create => Create,
        Operation.Update => Update,
        Operation.Delete => Delete,
        _ => AddField,
    };
}
