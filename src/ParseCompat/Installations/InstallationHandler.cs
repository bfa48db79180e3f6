using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Installations;

/// <summary>The class <c>_Installation</c> (contract section 17): a save may update, merge and replace rows of the same device.</summary>
internal sealed class InstallationHandler(ClassServices services) : ClassHandler(services), IRouteSource
{
    /// <inheritdoc/>
    public override string ClassName => Wire.ClassName.Installation;

    /// <inheritdoc/>
    public void AddRoutes(RouteList routes) => ClassRoutes.AddClass(routes, "/installations", this);

    /// <inheritdoc/>
    public override async ValueTask<ParseResponse> CreateAsync(ParseRequest request, string className)
    {
        var save = Read(request, null);
        InstallationPlan.Check(save, request.InstallationId);
        var plan = await PlanAsync(request, save);
        return plan.Target is null ? await base.CreateAsync(request, className) : await base.UpdateAsync(request, className, plan.Target);
    }

    /// <inheritdoc/>
    public override async ValueTask<ParseResponse> UpdateAsync(ParseRequest request, string className, string id)
    {
        var save = Read(request, id);
        if (save.IsPlainUpdate)
            return await base.UpdateAsync(request, className, id);
        var plan = await PlanAsync(request, save);
        return await base.UpdateAsync(request, className, plan.Target ?? id);
    }

    /// <inheritdoc/>
    public override ValueTask<ParseResponse> FindAsync(ParseRequest request, string className)
    {
        RequireMaster(request, "find");
        return base.FindAsync(request, className);
    }

    /// <inheritdoc/>
    public override ValueTask<ParseResponse> DeleteAsync(ParseRequest request, string className, string id)
    {
        RequireMaster(request, "delete");
        return base.DeleteAsync(request, className, id);
    }

    /// <inheritdoc/>
    protected override ValueTask BeforeWriteAsync(WriteDraft draft)
    {
        if (draft.Body.Text("installationId") is { Length: > 0 } id)
            draft.Body.Set("installationId", new TypedValue(Value.Of(id.ToLowerInvariant()), FieldKind.Text));
        if (draft.Body.Text("deviceToken") is { Length: 64 } token)
            draft.Body.Set("deviceToken", new TypedValue(Value.Of(token.ToLowerInvariant()), FieldKind.Text));
        return default;
    }

    private static InstallationSave Read(ParseRequest request, string? pathId) => new()
    {
        PathId = pathId,
        BodyId = request.Body.GetText("objectId"),
        InstallationId = InstallationSave.NormalizeId(request.Body.GetText("installationId")),
        SenderId = request.IsMaster ? null : InstallationSave.NormalizeId(request.InstallationId),
        DeviceToken = InstallationSave.NormalizeToken(request.Body.GetText("deviceToken")),
        DeviceType = request.Body.GetText("deviceType") is { Length: > 0 } type ? type : null,
        AppIdentifier = request.Body.GetText("appIdentifier") is { Length: > 0 } app ? app : null,
    };

    /// <summary>Reads the rows concerned, decides, and deletes what has to go, whoever may see it.</summary>
    private async ValueTask<InstallationPlan> PlanAsync(ParseRequest request, InstallationSave save)
    {
        var table = (await Services.Catalog.GetAsync(request.Aborted)).FindByOrigin(ClassName)!;
        var (installation, token, type, app) = (table.Find("installationId")!, table.Find("deviceToken")!, table.Find("deviceType")!, table.Find("appIdentifier")!);
        var filters = new List<Filter>();
        if (save.PathId is not null)
            filters.Add(new Filter.Equal(Field.Id, Value.Of(save.PathId)));
        if (save.EffectiveId is not null)
        {
            // Imported ids keep their capitals.
            var sent = new[] { request.Body.GetText("installationId"), request.InstallationId, save.EffectiveId, save.EffectiveId.ToUpperInvariant() };
            filters.Add(new Filter.In(installation, [.. sent.Where(s => string.Equals(s, save.EffectiveId, StringComparison.OrdinalIgnoreCase)).Distinct().Select(s => Value.Of(s!))]));
        }

        if (save.DeviceToken is not null)
            filters.Add(new Filter.Equal(token, Value.Of(save.DeviceToken)));
        var rows = new List<StoredInstallation>();
        if (filters.Count > 0)
        {
            var query = new RowQuery { Table = table, Filter = new Filter.AnyOf([.. filters]), Fields = [installation, token, type, app] };
            await using var cursor = await Services.Rows.OpenAsync(query, Caller.Administrator, request.Aborted);
            while (await cursor.ReadAsync(request.Aborted))
                rows.Add(new StoredInstallation(cursor.Id, Text(cursor, "installationId"), Text(cursor, "deviceToken"), Text(cursor, "deviceType"), Text(cursor, "appIdentifier")));
        }

        var plan = InstallationPlan.Make(save, rows);
        foreach (var id in plan.Doomed)
        {
            try
            {
                await Services.Rows.DeleteAsync(table, id, Caller.Administrator, null, request.Aborted);
            }
            catch (Refusal refusal) when (refusal.Kind == RefusalKind.NotFound)
            {
                // Another save of the same device was faster.
            }
        }

        return plan;
    }

    private static string? Text(Row row, string field) => row.Get(field) is { Kind: ValueKind.Text } value && value.AsText.Length > 0 ? value.AsText : null;

    private static void RequireMaster(ParseRequest request, string operation)
    {
        if (!request.IsMaster)
            throw new ParseError(ErrorCode.OperationForbidden, $"Clients aren't allowed to perform the {operation} operation on the installation collection.");
    }
}
