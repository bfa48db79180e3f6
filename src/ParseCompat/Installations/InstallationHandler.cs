using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
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
        var plan = await PlanAsync(request, save, null);
        return plan.Target is null ? await CreateAsync(request, className, new Outcome(save, plan)) : await UpdateAsync(request, className, plan.Target, new Outcome(save, plan));
    }

    /// <inheritdoc/>
    public override async ValueTask<ParseResponse> UpdateAsync(ParseRequest request, string className, string id)
    {
        var save = Read(request, id);
        if (save.IsPlainUpdate)
            return await base.UpdateAsync(request, className, id);
        var plan = await PlanAsync(request, save, null);
        return await UpdateAsync(request, className, plan.Target ?? id, new Outcome(save, plan));
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

    /// <summary>Deletes what has to go, and writes.</summary>
    protected override async ValueTask<WriteResult> StoreAsync(WriteDraft draft)
    {
        if (draft.Outcome is not Outcome(var save, var plan))
            return await base.StoreAsync(draft);
        if (draft.Request.Shared is { } shared)
            return await StoreRowAsync(draft, new Turn(this, draft.Request, save, plan, shared));
        await DeleteAsync(draft.Table, plan, null, draft.Request.Aborted);
        return await base.StoreAsync(draft);
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

    /// <summary>Reads the rows concerned, whoever may see them, and decides.</summary>
    private async ValueTask<InstallationPlan> PlanAsync(ParseRequest request, InstallationSave save, RowTransaction? transaction)
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
            await using var cursor = await Services.Rows.OpenAsync(query, Caller.Administrator, request.Aborted, transaction);
            while (await cursor.ReadAsync(request.Aborted))
                rows.Add(new StoredInstallation(cursor.Id, Text(cursor, "installationId"), Text(cursor, "deviceToken"), Text(cursor, "deviceType"), Text(cursor, "appIdentifier")));
        }

        return InstallationPlan.Make(save, rows);
    }

    private async ValueTask DeleteAsync(Table table, InstallationPlan plan, RowTransaction? transaction, CancellationToken cancellation)
    {
        foreach (var id in plan.Doomed)
        {
            try
            {
                await Services.Rows.DeleteAsync(table, id, Caller.Administrator, transaction, cancellation);
            }
            catch (Refusal refusal) when (refusal.Kind == RefusalKind.NotFound)
            {
                // Another save of the same device was faster.
            }
        }
    }

    private static string? Text(Row row, string field) => row.Get(field) is { Kind: ValueKind.Text } value && value.AsText.Length > 0 ? value.AsText : null;

    private static void RequireMaster(ParseRequest request, string operation)
    {
        if (!request.IsMaster)
            throw new ParseError(ErrorCode.OperationForbidden, $"Clients aren't allowed to perform the {operation} operation on the installation collection.");
    }

    /// <summary>What came, and what is to be done for it.</summary>
    private sealed record Outcome(InstallationSave Save, InstallationPlan Plan);

    /// <summary>
    /// The turn of a save in a transaction with others: those before it may have written the same device, so what has to go is looked up once more there.
    /// </summary>
    private sealed class Turn(InstallationHandler handler, ParseRequest request, InstallationSave save, InstallationPlan plan, ISharedTransaction shared) : ISharedTransaction
    {
        public async Task<RowTransaction> EnterAsync()
        {
            var transaction = await shared.EnterAsync();
            var now = await handler.PlanAsync(request, save, transaction);
            if (now.Target != plan.Target)
                throw new Refusal(RefusalKind.Conflict, "Another write made or took the row of this device.", handler.ClassName);
            await handler.DeleteAsync((await handler.Services.Catalog.GetAsync(request.Aborted)).FindByOrigin(handler.ClassName!)!, now, transaction, request.Aborted);
            return transaction;
        }

        public Task CommitAsync() => shared.CommitAsync();
    }
}
