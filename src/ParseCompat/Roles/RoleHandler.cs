using System.Text.Json;
using Backend.Data.Rows;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Drafts;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Roles;

/// <summary>The class <c>_Role</c> (contract section 12), over <c>/roles</c> and <c>/classes/_Role</c>.</summary>
internal sealed class RoleHandler(ClassServices services, Data.Accounts.Sessions sessions) : ClassHandler(services), IRouteSource
{
    /// <inheritdoc/>
    public override string ClassName => Wire.ClassName.Role;

    /// <inheritdoc/>
    public void AddRoutes(RouteList routes) => ClassRoutes.AddClass(routes, "/roles", this);

    /// <inheritdoc/>
    public override async ValueTask<ParseResponse> DeleteAsync(ParseRequest request, string className, string id)
    {
        var answer = await base.DeleteAsync(request, className, id);
        sessions.ForgetAll();
        return answer;
    }

    /// <inheritdoc/>
    protected override ValueTask BeforeWriteAsync(WriteDraft draft)
    {
        // A role without a name or without an access list of its own would be everybody's to change.
        Require(draft, "name", draft.IsCreate ? draft.Body.Text("name") is { Length: > 0 } : draft.Body.Find("name") is null or { Action: DraftAction.Set, Value.IsNull: false });
        var acl = draft.Request.Body.Get("ACL");
        var isDelete = acl is { ValueKind: JsonValueKind.Object } json && json.TryGetProperty("__op", out var op) && op.ValueKind == JsonValueKind.String && op.ValueEquals("Delete");
        Require(draft, "ACL", !isDelete && (!draft.IsCreate || acl is { ValueKind: not (JsonValueKind.Null or JsonValueKind.False) }));
        return default;
    }

    /// <inheritdoc/>
    protected override async ValueTask<WriteResult> StoreAsync(WriteDraft draft)
    {
        var result = await base.StoreAsync(draft);
        sessions.ForgetAll();
        return result;
    }

    private static void Require(WriteDraft draft, string name, bool given)
    {
        if (!given && draft.Body.Find(name) is { Action: DraftAction.Set, Kind: not (null or Data.Catalog.FieldKind.Text) } other && draft.IsCreate)
        {
            throw new ParseError(ErrorCode.IncorrectType,
                $"schema mismatch for _Role.{name}; expected String but got {ErrorMapping.TypeName(other.Kind!.Value, other.Target)}");
        }

        if (!given)
            throw new ParseError(ErrorCode.IncorrectType, $"{name} is required.");
    }
}
