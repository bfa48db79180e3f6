using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.ParseCompat.Drafts;
using Backend.ParseCompat.Hooks;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Classes;

/// <content>Where the triggers of a class come in (contract 7.1, 20.3).</content>
internal partial class ClassHandler
{
    /// <summary>Checks what the client sent of a create or update, before any trigger sees it.</summary>
    protected virtual ValueTask CheckSentAsync(WriteDraft draft) => default;

    /// <summary>The token of the session that a create began, for the afterSave trigger.</summary>
    protected virtual string? NewSessionToken(WriteDraft draft) => null;

    private async ValueTask BeforeTriggersAsync(WriteDraft draft)
    {
        await CheckSentAsync(draft);
        await Services.Catalog.GetAsync(draft.Request.Aborted); // for the triggers
        if (Services.Triggers.ConcernsSaves(draft.ClassName) && draft.Request.Transaction is null)
            await BeforeSaveAsync(draft);
    }

    /// <summary>The caller's right to a save, the row as it was, the beforeSave trigger, whose answer changes the draft.</summary>
    private async ValueTask BeforeSaveAsync(WriteDraft draft)
    {
        var (request, triggers) = (draft.Request, Services.Triggers);
        var table = (await Services.Catalog.GetAsync(request.Aborted)).FindByOrigin(draft.ClassName);
        Row? original = null;
        if (draft.IsCreate)
        {
            if (request.Caller.IsReadOnly)
                throw new Refusal(RefusalKind.ReadOnly, "The caller may only read.", draft.ClassName) { Operation = Operation.Create };
            if (table is null)
                _planner.RequireCreation(draft.ClassName, request.Caller);
            else
                AccessRules.Require(table, Operation.Create, request.Caller);
        }
        else
        {
            original = await Services.Rows.GetWritableAsync(table ?? throw ParseError.ObjectNotFound(), draft.Id!, Operation.Update, request.Caller, request.Aborted);
        }

        var save = new HookedSave
        {
            ClassName = draft.ClassName,
            IsCreate = draft.IsCreate,
            Id = draft.Id,
            Body = draft.Body,
            Facts = await triggers.Facts.OfAsync(request),
            Original = original is null ? null : triggers.Show(original),
            Sent = HookJson.Object(request.Body.Root),
        };
        draft.Save = save;
        await triggers.BeforeSaveAsync(save, request.Aborted);
        draft.Body = save.Body;
        draft.Id = save.Id;
    }

    private async ValueTask<ParseResponse> AfterTriggersAsync(WriteDraft draft, WriteResult result, ParseResponse answer)
    {
        if (draft.Save is not { } save)
            return answer;
        return await Services.Triggers.AfterSaveAsync(save, draft.Table, result.Id, NewSessionToken(draft)) is { } instead
            ? ParseResponse.Json(answer.Status, writer => instead.WriteTo(writer), answer.Location)
            : answer;
    }

    private async ValueTask<ParseResponse> DeleteWithTriggersAsync(ParseRequest request, Table table, string id)
    {
        HookScope.Enter(request);
        try
        {
            await DeleteRowAsync(request, table, id);
            return ParseResponse.Empty;
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.NotFound && (table.Origin != Wire.ClassName.User || request.IsMaster)
            && (Services.Triggers.Find(table.Origin, Triggers.BeforeDelete) ?? Services.Triggers.Find(table.Origin, Triggers.AfterDelete)) is not null)
        {
            throw new ParseError(ErrorCode.ObjectNotFound, "Object not found for delete.");
        }
    }

    /// <summary>The beforeFind trigger; returns what the afterFind trigger needs, or null when the class has neither.</summary>
    private async ValueTask<HookedFind?> BeginFindAsync(ParseRequest request, string className, string? id)
    {
        var triggers = Services.Triggers;
        if ((triggers.Find(className, Triggers.BeforeFind) ?? triggers.Find(className, Triggers.AfterFind)) is null || request.Transaction is not null)
            return null;
        var find = HookedFind.Of(request, id, await triggers.Facts.OfAsync(request), Services.Options.DefaultLimit);
        await triggers.BeforeFindAsync(className, find, request.Aborted);
        return find;
    }

    /// <summary>Writes what a beforeSave trigger changed, besides what is written already.</summary>
    private static void WriteTold(Utf8JsonWriter writer, WriteDraft draft, WriteResult result, FrozenSet<string> hidden)
    {
        if (draft.Save is not { Told.Count: > 0 } save)
            return;
        foreach (var (key, value) in save.Told)
        {
            if (hidden.Contains(key) || IsWritten(key))
                continue;
            if (value is JsonObject operation && operation.TryGetPropertyValue("__op", out var name) && !(Is(name, "Delete") && ClientVersions.KnowDelete(draft.Request.ClientVersion)))
                continue;
            writer.WritePropertyName(key);
            if (value is null)
                writer.WriteNullValue();
            else
                value.WriteTo(writer);
        }

        bool IsWritten(string key) => result.Values.Any(v => v.Key.Field.Name == key)
            || (key == "ACL" && result.Acl is not null)
            || (draft.IsCreate && draft.Body.Fields.Exists(f => f is { IsOperation: true, Action: DraftAction.Set, Steps.Length: 0 } && f.Name == key));

        static bool Is(JsonNode? node, string text) => node is JsonValue json && json.TryGetValue(out string? given) && given == text;
    }
}
