using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.Data;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.ParseCompat.Limits;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Logging;

namespace Backend.ParseCompat.Hooks;

/// <summary>
/// Calls the triggers of a class with what happens to its rows (contract 20.3, 21). A trigger before something may refuse it
/// (<see cref="RefusalKind.Rejected"/>); one after it can only be heard.
/// </summary>
internal sealed partial class TriggerRunner(HookRegistry registry, HookClient client, LiveCatalog catalog, RowStore rows, HookObject objects, CallFactsReader facts,
    KeywordDenylist denylist, ILogger<TriggerRunner> logger)
{
    /// <summary>Whether any class has a trigger. When none has, nothing of all this costs anything.</summary>
    public bool Any => registry.Current.HasTriggers;

    /// <summary>Collects the facts of calls.</summary>
    public CallFactsReader Facts => facts;

    /// <summary>A class's trigger, or null.</summary>
    public Hook? Find(string className, string trigger) => registry.Current.Trigger(className, trigger);

    /// <summary>Whether a class has triggers, so that its rows are written one by one.</summary>
    public bool Concerns(string className) => registry.Current.Concerns(className);

    /// <summary>Whether saves of a class meet a trigger.</summary>
    public bool ConcernsSaves(string className) => Concerns(className) && (Find(className, Triggers.BeforeSave) ?? Find(className, Triggers.AfterSave)) is not null;

    /// <summary>The beforeSave trigger, if the class has one.</summary>
    public async ValueTask BeforeSaveAsync(HookedSave save, CancellationToken cancellation)
    {
        if (Find(save.ClassName, Triggers.BeforeSave) is not { } hook)
            return;
        var shown = objects.Saved(save.Original, save.Body);
        if (save.Id is not null)
            shown["objectId"] = save.Id;
        var answer = await client.CallAsync(hook, writer => WriteSave(writer, hook, shown, save), cancellation);
        if (answer.Success is not { ValueKind: JsonValueKind.Object } given)
            return;
        denylist.Check(given);
        save.Take(HookJson.Object(given), shown);
    }

    /// <summary>The afterSave trigger, if the class has one; returns what the client shall get instead of the usual answer, or null.</summary>
    public async ValueTask<JsonElement?> AfterSaveAsync(HookedSave save, Table table, string id, string? sessionToken = null)
    {
        if (Find(save.ClassName, Triggers.AfterSave) is not { } hook)
            return null;

        // The one before may have added fields, which the save's own table does not know.
        table = (await catalog.GetAsync()).FindByOrigin(table.Origin) ?? table;
        if (await rows.GetUninterceptedAsync(table, id) is not { } row)
            return null; // deleted meanwhile
        var saved = objects.FromRow(row);
        if (sessionToken is not null)
            saved["sessionToken"] = sessionToken;
        var answer = await CallAfterAsync(hook, writer => WriteSave(writer, hook, saved, save));

        // An empty object would take the new row's id from the client, who would then save it again.
        return answer?.Success is { ValueKind: JsonValueKind.Object } instead && instead.EnumerateObject().Any() ? instead : null;
    }

    /// <summary>
    /// A trigger about one object: deletes, log-in and log-out. What it says no to after it has happened is the answer all the same, as it was; only
    /// after a save the write stands in the answer.
    /// </summary>
    public async ValueTask ObjectAsync(string className, string trigger, JsonObject about, CallFacts call, CancellationToken cancellation)
    {
        if (Find(className, trigger) is { } hook)
        {
            await client.CallAsync(
                hook,
                writer =>
                {
                    WriteNamed(writer, "object", about, hook.ClassName!);
                    writer.WriteString("triggerName"u8, hook.TriggerName);
                    call.Write(writer);
                },
                cancellation);
        }
    }

    /// <summary>A row as hooks see it.</summary>
    public JsonObject Show(Row row) => objects.FromRow(row);

    private static void WriteSave(Utf8JsonWriter writer, Hook hook, JsonObject saved, HookedSave save)
    {
        WriteNamed(writer, "object", saved, hook.ClassName!);
        if (save.Original is { } original)
            WriteNamed(writer, "original", original, hook.ClassName!);
        writer.WriteString("triggerName"u8, hook.TriggerName);
        save.Facts.Write(writer);
    }

    private static void WriteNamed(Utf8JsonWriter writer, string property, JsonObject json, string className)
    {
        writer.WriteStartObject(property);
        foreach (var (key, value) in json)
        {
            if (key == "className")
                continue;
            writer.WritePropertyName(key);
            if (value is null)
                writer.WriteNullValue();
            else
                value.WriteTo(writer);
        }

        writer.WriteString("className"u8, className);
        writer.WriteEndObject();
    }

    private async ValueTask<HookAnswer?> CallAfterAsync(Hook hook, Action<Utf8JsonWriter> body)
    {
        try
        {
            return await client.CallAsync(hook, body, CancellationToken.None);
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.Rejected)
        {
            Log.AfterHookRefused(logger, $"{hook.TriggerName} of {hook.ClassName}");
            return null;
        }
    }
}
