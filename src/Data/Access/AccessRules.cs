using System.Collections.Frozen;
using System.Collections.Immutable;
using Backend.Data.Catalog;
using Backend.Data.Query;

namespace Backend.Data.Access;

/// <summary>
/// Turns permissions and access lists into refusals, predicates and hidden fields: the one place where this happens, for both dialects
/// (design section 6; rules: contract sections 11 and 13).
/// </summary>
public static class AccessRules
{
    /// <summary>Fields of system tables that only the row's own user and an administrator see, whatever permissions declare.</summary>
    private static readonly FrozenDictionary<string, ImmutableArray<string>> Private =
        new Dictionary<string, ImmutableArray<string>> { ["users"] = ["authData"] }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Checks an operation that concerns no row yet, or all of them.</summary>
    /// <exception cref="Refusal">Denied; or the caller must be a user; or he may only read; or a rule cannot be evaluated.</exception>
    public static void Require(Table table, Operation operation, Caller caller) => _ = Resolve(table, operation, caller);

    /// <summary>The fields that this caller does not get to see, in rows that are not his own account.</summary>
    public static FrozenSet<string> HiddenFields(Table table, Caller caller)
    {
        if (caller.IsAdministrator)
            return FrozenSet<string>.Empty;
        var declared = table.HiddenFields;
        HashSet<string>? hidden = null;
        if (declared.TryGetValue(RowAcl.Everybody, out var fromEverybody))
            hidden = [.. fromEverybody];
        foreach (var (group, fields) in declared)
        {
            // The more groups a caller is in, the less is hidden from him.
            if (group == RowAcl.Everybody || !IsIn(group, caller))
                continue;
            if (hidden is null)
                hidden = [.. fields];
            else
                hidden.IntersectWith(fields);
        }

        if (table.System && Private.TryGetValue(table.Name, out var own))
            (hidden ??= []).UnionWith(own);
        return hidden is null or { Count: 0 } ? FrozenSet<string>.Empty : hidden.ToFrozenSet(StringComparer.Ordinal);
    }

    /// <summary>Prints the condition under which this caller may read a row of <paramref name="alias"/>.</summary>
    /// <exception cref="Refusal">He may read none.</exception>
    internal static void PrintReadable(Statement sql, Table table, Operation operation, Caller caller, string alias) =>
        PrintAllowed(sql, Resolve(table, operation, caller), caller, alias, "read");

    /// <summary>Prints the condition under which this caller may change a row of <paramref name="alias"/>.</summary>
    /// <exception cref="Refusal">He may change none.</exception>
    internal static void PrintWritable(Statement sql, Table table, Operation operation, Caller caller, string alias) =>
        PrintAllowed(sql, Resolve(table, operation, caller), caller, alias, "write");

    private static void PrintAllowed(Statement sql, ImmutableArray<Field> ownedBy, Caller caller, string alias, string access)
    {
        if (caller.IsAdministrator)
        {
            sql.Sql("true");
            return;
        }

        if (caller.UserId is null)
            sql.Sql(alias).Sql(".public_").Sql(access);
        else
            sql.Sql("(").Sql(alias).Sql(".public_").Sql(access).Sql(" or ").Sql(alias).Sql(".acl_").Sql(access).Sql(" && ").Texts(caller.Principals).Sql(")");
        if (ownedBy.IsDefault)
            return;
        sql.Sql(" and (");
        for (var i = 0; i < ownedBy.Length; i++)
        {
            if (i > 0)
                sql.Sql(" or ");
            sql.Sql(alias).Sql(".").Sql(ownedBy[i].QuotedColumn).Sql(" = ").Text(caller.UserId ?? "");
        }

        sql.Sql(ownedBy.IsEmpty || caller.UserId is null ? " and false)" : ")");
    }

    /// <summary>Default: every row. Otherwise the reference fields of which one must hold the caller.</summary>
    private static ImmutableArray<Field> Resolve(Table table, Operation operation, Caller caller)
    {
        var isRead = operation is Operation.Get or Operation.Find or Operation.Count;
        if (caller.IsReadOnly && !isRead)
            throw Denied(RefusalKind.ReadOnly, table, operation);
        if (caller.IsAdministrator || !table.HasPermissions)
            return default;
        var rule = table.Permissions[operation];
        if (rule.Public || HoldsAny(rule.Principals, caller))
            return default;
        if (rule.RequiresAuthentication)
        {
            return caller.UserId is not null ? default : throw Denied(RefusalKind.AuthenticationRequired, table, operation);
        }

        if (operation == Operation.Create)
            throw Denied(RefusalKind.PermissionDenied, table, operation);
        var general = isRead ? table.Permissions.ReadReferenceFields : table.Permissions.WriteReferenceFields;
        if (general.IsEmpty && rule.ReferenceFields.IsEmpty)
            throw Denied(RefusalKind.PermissionDenied, table, operation);
        var fields = ImmutableArray.CreateBuilder<Field>();
        foreach (var name in general.Concat(rule.ReferenceFields).Distinct())
        {
            if (table.Find(name) is not { Kind: FieldKind.Reference, Column: not null } field)
                throw Denied(RefusalKind.UnsupportedRule, table, operation);
            fields.Add(field);
        }

        return fields.ToImmutable();
    }

    private static bool HoldsAny(FrozenSet<string> principals, Caller caller)
    {
        if (principals.Count == 0)
            return false;
        foreach (var principal in caller.Principals)
        {
            if (principals.Contains(principal))
                return true;
        }

        return false;
    }

    // A group by a row's field (userField:f) can only shrink the set; until rows are looked at one by one, everything stays hidden.
    private static bool IsIn(string group, Caller caller) => group switch
    {
        "authenticated" => caller.UserId is not null,
        _ => caller.Is(group),
    };

    private static Refusal Denied(RefusalKind kind, Table table, Operation operation) =>
        new(kind, $"{operation} on {table.Name}: {kind}.", table.Origin) { Operation = operation };
}
