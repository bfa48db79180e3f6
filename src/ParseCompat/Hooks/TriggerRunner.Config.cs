using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Hooks;

/// <content>Triggers of the app's settings: the one before may refuse a change, the one after hears of it.</content>
internal sealed partial class TriggerRunner
{
    private const string ConfigClass = "@Config";

    /// <summary>Whether somebody wants to hear of changes of the settings.</summary>
    public bool ConcernsConfig => Any && (Find(ConfigClass, Triggers.BeforeSave) ?? Find(ConfigClass, Triggers.AfterSave)) is not null;

    /// <summary>Calls the trigger before a change with the parameters that are sent, if there is one.</summary>
    public async ValueTask BeforeConfigAsync(JsonObject sent, JsonObject? original, ParseRequest request)
    {
        if (Find(ConfigClass, Triggers.BeforeSave) is not { } hook)
            return;
        var call = await facts.OfAsync(request);
        await client.CallAsync(hook, writer => Write(writer, hook, sent, original, call), request.Aborted);
    }

    /// <summary>Calls the trigger after a change with all parameters, if there is one.</summary>
    public async ValueTask AfterConfigAsync(JsonObject parameters, JsonObject? original, ParseRequest request)
    {
        if (Find(ConfigClass, Triggers.AfterSave) is not { } hook)
            return;
        var call = await facts.OfAsync(request);
        await CallAfterAsync(hook, writer => Write(writer, hook, parameters, original, call));
    }

    private static void Write(Utf8JsonWriter writer, Hook hook, JsonObject parameters, JsonObject? original, CallFacts call)
    {
        WriteNamed(writer, "object", parameters, hook.ClassName!);
        if (original is not null)
            WriteNamed(writer, "original", original, hook.ClassName!);
        writer.WriteString("triggerName"u8, hook.TriggerName);
        call.Write(writer);
    }
}
