using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Schemas;

/// <summary>
/// Reads class-level permissions (contract 13.1) and refuses what 13.4 names. An operation that is not mentioned is open to nobody but the
/// master key.
/// </summary>
internal sealed class PermissionsReader(Func<string, FieldSpec?> field, bool allowAnyUserId)
{
    private static readonly string[] Operations = ["find", "count", "get", "create", "update", "delete", "addField"];

    /// <summary>
    /// Reads permissions; null stands for JSON null: no declared permissions. What is no object is taken as parse-server takes it: what
    /// JavaScript holds for false is none, and anything else names no operation and so opens none.
    /// </summary>
    /// <exception cref="ParseError">107 with the text that names the fault.</exception>
    public TablePermissions? Read(JsonElement permissions)
    {
        if (!new Parameter("", permissions).IsTruthy)
            return null;
        // The first key of a text or a list is a number.
        if (permissions.ValueKind == JsonValueKind.String || (permissions.ValueKind == JsonValueKind.Array && permissions.GetArrayLength() > 0))
            throw Invalid("0 is not a valid operation for class level permissions");
        var rules = new Dictionary<string, PermissionRule>(StringComparer.Ordinal);
        var result = new TablePermissions();
        foreach (var property in permissions.ValueKind == JsonValueKind.Object ? permissions.EnumerateObject() : default)
        {
            var (name, value) = (property.Name, property.Value);
            if (!Operations.Contains(name) && name is not ("readUserFields" or "writeUserFields" or "protectedFields" or "ACL"))
                throw Invalid($"{name} is not a valid operation for class level permissions");
            if (name is "readUserFields" or "writeUserFields")
            {
                if (value.ValueKind != JsonValueKind.Array)
                    throw Invalid($"'{JavaScriptText.Of(value)}' is not a valid value for class level permissions {name} - must be an array");
                var fields = UserFields(value, name);
                result = name == "readUserFields" ? result with { ReadReferenceFields = fields } : result with { WriteReferenceFields = fields };
                continue;
            }

            if (value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
                throw Invalid($"'{JavaScriptText.Of(value)}' is not a valid value for class level permissions {name} - must be an object");
            if (name == "protectedFields")
                result = result with { ProtectedFields = ProtectedFields(value) };
            else if (name == "ACL")
                result = result with { DefaultAcl = Acl(value) };
            else
                rules[name] = Rule(value, name);
        }

        PermissionRule Of(string name) => rules.GetValueOrDefault(name, PermissionRule.Nobody);
        return result with
        {
            Find = Of("find"),
            Count = Of("count"),
            Get = Of("get"),
            Create = Of("create"),
            Update = Of("update"),
            Delete = Of("delete"),
            AddField = Of("addField"),
        };
    }

    private PermissionRule Rule(JsonElement rule, string operation)
    {
        var (open, authenticated) = (false, false);
        var principals = new HashSet<string>(StringComparer.Ordinal);
        ImmutableArray<string> references = [];
        foreach (var (key, value) in Entries(rule))
        {
            if (key == "pointerFields")
            {
                if (value.ValueKind != JsonValueKind.Array)
                    throw Invalid($"'{JavaScriptText.Of(value)}' is not a valid value for {operation}[{key}] - expected an array.");
                references = UserFields(value, operation);
                continue;
            }

            if (key is not (RowAcl.Everybody or "requiresAuthentication") && !IsPrincipal(key))
                throw Invalid($"'{key}' is not a valid key for class level permissions");
            if (value.ValueKind != JsonValueKind.True)
            {
                var text = JavaScriptText.Of(value);
                throw Invalid($"'{text}' is not a valid value for class level permissions {operation}:{key}:{text}");
            }

            if (key == RowAcl.Everybody)
                open = true;
            else if (key == "requiresAuthentication")
                authenticated = true;
            else
                principals.Add(key);
        }

        return new PermissionRule(open, authenticated, principals.ToFrozenSet(StringComparer.Ordinal), references);
    }

    private ImmutableSortedDictionary<string, ImmutableArray<string>> ProtectedFields(JsonElement groups)
    {
        var result = ImmutableSortedDictionary.CreateBuilder<string, ImmutableArray<string>>(StringComparer.Ordinal);
        foreach (var (group, names) in Entries(groups))
        {
            if (group is not (RowAcl.Everybody or "authenticated") && !group.StartsWith("userField:", StringComparison.Ordinal) && !IsPrincipal(group))
                throw Invalid($"'{group}' is not a valid key for class level permissions");
            if (names.ValueKind != JsonValueKind.Array)
                throw Invalid($"'{JavaScriptText.Of(names)}' is not a valid value for protectedFields[{group}] - expected an array.");
            var fields = ImmutableArray.CreateBuilder<string>();
            foreach (var element in names.EnumerateArray())
            {
                var name = JavaScriptText.Of(element);
                if (SystemColumns.IsImplicit(name))
                    throw Invalid($"Default field '{name}' can not be protected");
                if (field(name) is null)
                    throw Invalid($"Field '{name}' in protectedFields:{group} does not exist");
                fields.Add(name);
            }

            result[group] = fields.ToImmutable();
        }

        return result.ToImmutable();
    }

    private ImmutableArray<string> UserFields(JsonElement names, string operation)
    {
        var result = ImmutableArray.CreateBuilder<string>();
        foreach (var element in names.EnumerateArray())
        {
            var name = JavaScriptText.Of(element);
            if (field(name) is not ({ Kind: FieldKind.Reference, Target: ClassName.User } or { Kind: FieldKind.Array }))
                throw Invalid($"'{name}' is not a valid column for class level pointer permissions {operation}");
            result.Add(name);
        }

        return result.ToImmutable();
    }

    private static RowAcl Acl(JsonElement acl)
    {
        var read = ImmutableArray.CreateBuilder<string>();
        var write = ImmutableArray.CreateBuilder<string>();
        foreach (var (principal, flags) in Entries(acl))
        {
            if (flags.ValueKind != JsonValueKind.Object)
                throw Invalid($"'{JavaScriptText.Of(flags)}' is not a valid value for class level permissions acl {principal}");
            foreach (var flag in flags.EnumerateObject())
            {
                if (flag.Name is not ("read" or "write"))
                    throw Invalid($"'{flag.Name}' is not a valid key for class level permissions acl {principal}");
                if (flag.Value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                    throw Invalid($"'{JavaScriptText.Of(flag.Value)}' is not a valid value for class level permissions acl {principal}:{flag.Name}");
                if (flag.Value.ValueKind == JsonValueKind.True)
                    (flag.Name == "read" ? read : write).Add(principal);
            }
        }

        return new RowAcl(read.ToImmutable(), write.ToImmutable());
    }

    private bool IsPrincipal(string key) => key.StartsWith(RowAcl.RolePrefix, StringComparison.Ordinal) || IsUserId(key);

    private bool IsUserId(string key) => key.Length > 0 && (allowAnyUserId || key.All(char.IsAsciiLetterOrDigit));

    /// <summary>The properties of an object; an array has none, as a loop over it in JavaScript would find indexes that are no principals.</summary>
    private static IEnumerable<(string Key, JsonElement Value)> Entries(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            if (value.GetArrayLength() > 0)
                throw Invalid($"'{JavaScriptText.Of(value)}' is not a valid value for class level permissions - must be an object");
            yield break;
        }

        foreach (var property in value.EnumerateObject())
            yield return (property.Name, property.Value);
    }

    private static ParseError Invalid(string text) => new(ErrorCode.InvalidJson, text);
}
