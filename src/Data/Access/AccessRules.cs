using System.Collections.Frozen;
using System.Collections.Immutable;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;

namespace Backend.Data.Access;

/// <summary>
/// Turns permissions and access lists into refusals, predicates and hidden fields: the one place where this happens, for both dialects
/// (design section 6; rules: contract sections 11 and 13).
/// </summary>
public static class AccessRules
{
    /// <summary>Whether a caller may do this at all; which rows it then concerns is another matter.</summary>
    public static bool Allows(Table table, Operation operation, Caller caller) => Check(table, operation, caller, out _) is null;

    /// <summary>Checks an operation that concerns no row yet, or all of them.</summary>
    /// <exception cref="Refusal">Denied; or the caller must be a user; or he may only read.</exception>
    public static void Require(Table table, Operation operation, Caller caller) => _ = Resolve(table, operation, caller);

    /// <summary>
    /// Checks that the caller may add fields to a table by writing them. In a change the row has to be one that he may add fields to as well
    /// (<see cref="ChangeSet.AddsFields"/>); a new row is nobody's yet, so a rule by the operation's own reference fields lets nobody in.
    /// </summary>
    /// <exception cref="Refusal">Denied; or the caller must be a user; or he may only read.</exception>
    public static void RequireAddField(Table table, Caller caller, bool isInsert)
    {
        _ = Resolve(table, Operation.AddField, caller);
        if (!isInsert || caller.IsAdministrator || !table.HasPermissions)
            return;
        var rule = table.Permissions.AddField;
        if (!IsOpen(rule, caller) && !rule.RequiresAuthentication && table.Permissions.WriteReferenceFields.IsEmpty)
            throw Denied(RefusalKind.PermissionDenied, table, Operation.AddField);
    }

    /// <summary>Whether the caller may do this only with rows whose fields lead to him.</summary>
    public static bool IsByOwner(Table table, Operation operation, Caller caller) => Check(table, operation, caller, out var owners) is null && !owners.IsDefault;

    /// <summary>The fields that this caller does not get to see in rows that have nothing to do with him.</summary>
    public static FrozenSet<string> HiddenFields(Table table, Caller caller) => table.HidingFrom(caller).General;

    /// <summary>The fields that this caller does not get to see in the row with this id, as far as that can be said without reading it.</summary>
    public static FrozenSet<string> HiddenFields(Table table, Caller caller, string id)
    {
        var hiding = table.HidingFrom(caller);
        return hiding.HasOwnRow && id == caller.UserId ? hiding.In(1) : hiding.General;
    }

    /// <summary>Whether a rule by this field can be evaluated: it leads to users, or is an array, whose references are looked at.</summary>
    internal static bool CanHoldUser(Field field) => field is { Kind: FieldKind.Reference, LeadsToUsers: true } or { Kind: FieldKind.Array };

    /// <summary>Prints whether a field of <paramref name="alias"/> holds a user: a reference that leads to him, or an array with one in it.</summary>
    internal static void PrintHolds(Statement sql, Field field, string userId, string alias)
    {
        var user = FilterCompiler.Clean(userId);
        var isArray = field.Kind == FieldKind.Array;
        sql.Sql("(");
        if (field.Column is not null)
        {
            sql.Sql(alias).Sql(".").Sql(field.QuotedColumn);
            if (isArray)
                sql.Sql(" @> catalog.user_reference(").Text(user).Sql(")");
            else
                sql.Sql(" = ").Text(user);
        }

        if (field.HasRest)
        {
            if (field.Column is not null)
                sql.Sql(" or ");
            sql.Sql(alias).Sql(".rest -> ").Text(field.Name);
            if (isArray)
                sql.Sql(" @> catalog.user_reference(").Text(user).Sql(")");
            else
                sql.Sql(" = ").Json(RestJson.ToBytes(Value.Reference(field.Target!, user)));
        }
        else if (field.Column is null)
        {
            sql.Sql("false");
        }

        sql.Sql(")");
    }

    /// <summary>Prints the condition under which this caller may read a row of <paramref name="alias"/>.</summary>
    /// <exception cref="Refusal">He may read none.</exception>
    internal static void PrintReadable(Statement sql, Table table, Operation operation, Caller caller, string alias)
    {
        var owners = Resolve(table, operation, caller);
        PrintAcl(sql, caller, alias, "read");
        PrintOwned(sql, owners, caller, alias);
    }

    /// <summary>Prints the condition under which this caller may change a row of <paramref name="alias"/>.</summary>
    /// <exception cref="Refusal">He may change none.</exception>
    internal static void PrintWritable(Statement sql, Table table, Operation operation, Caller caller, string alias, bool addsFields = false)
    {
        var owners = Resolve(table, operation, caller);
        PrintAcl(sql, caller, alias, "write");
        PrintOwned(sql, owners, caller, alias);
        if (addsFields)
            PrintOwned(sql, Resolve(table, Operation.AddField, caller), caller, alias);
    }

    private static void PrintAcl(Statement sql, Caller caller, string alias, string access)
    {
        if (caller.IsAdministrator)
            sql.Sql("true");
        else if (caller.UserId is null)
            sql.Sql(alias).Sql(".public_").Sql(access);
        else
            sql.Sql("(").Sql(alias).Sql(".public_").Sql(access).Sql(" or ").Sql(alias).Sql(".acl_").Sql(access).Sql(" && ").Texts(caller.Principals).Sql(")");
    }

    private static void PrintOwned(Statement sql, ImmutableArray<Field> owners, Caller caller, string alias)
    {
        if (owners.IsDefault)
            return;
        if (owners.IsEmpty || caller.UserId is not { } userId)
        {
            sql.Sql(" and false");
            return;
        }

        sql.Sql(" and (");
        for (var i = 0; i < owners.Length; i++)
        {
            if (i > 0)
                sql.Sql(" or ");
            PrintHolds(sql, owners[i], userId, alias);
        }

        sql.Sql(")");
    }

    /// <summary>Default: every row. Otherwise the fields of which one must hold the caller; none: no row.</summary>
    private static ImmutableArray<Field> Resolve(Table table, Operation operation, Caller caller) =>
        Check(table, operation, caller, out var owners) is { } kind ? throw Denied(kind, table, operation) : owners;

    /// <summary>Why the caller may not, or null and the rows that he may, as <see cref="Resolve"/> gives them.</summary>
    private static RefusalKind? Check(Table table, Operation operation, Caller caller, out ImmutableArray<Field> owners)
    {
        owners = default;
        var isRead = operation is Operation.Get or Operation.Find or Operation.Count;
        if (caller.IsReadOnly && !isRead)
            return RefusalKind.ReadOnly;
        if (caller.IsAdministrator || !table.HasPermissions)
            return null;
        var permissions = table.Permissions;
        var rule = permissions[operation];
        if (IsOpen(rule, caller))
            return null;
        if (rule.RequiresAuthentication && caller.UserId is null)
            return RefusalKind.AuthenticationRequired;
        if (operation == Operation.Create)
            return rule.RequiresAuthentication ? null : RefusalKind.PermissionDenied;
        var general = isRead ? permissions.ReadReferenceFields : permissions.WriteReferenceFields;
        if (general.IsEmpty && rule.ReferenceFields.IsEmpty)
            return rule.RequiresAuthentication ? null : RefusalKind.PermissionDenied;

        // Both kinds of rule together: a user, and one to whom the row leads. A field that is gone or cannot hold a user lets nobody in.
        var fields = ImmutableArray.CreateBuilder<Field>();
        foreach (var name in rule.ReferenceFields.Union(general))
        {
            if (table.Find(name) is { } field && CanHoldUser(field))
                fields.Add(field);
        }

        owners = fields.ToImmutable();
        return null;
    }

    private static bool IsOpen(PermissionRule rule, Caller caller)
    {
        if (rule.Public)
            return true;
        if (rule.Principals.Count == 0)
            return false;
        foreach (var principal in caller.Principals)
        {
            if (rule.Principals.Contains(principal))
                return true;
        }

        return false;
    }

    private static Refusal Denied(RefusalKind kind, Table table, Operation operation) =>
        new(kind, $"{operation} on {table.Name}: {kind}.", table.Origin) { Operation = operation };
}
