using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Hooks;

/// <content>Triggers around finds.</content>
internal sealed partial class TriggerRunner
{
    /// <summary>The beforeFind trigger, if the class has one. Over the web it may refuse a find, not change it.</summary>
    public async ValueTask BeforeFindAsync(string className, HookedFind find, CancellationToken cancellation)
    {
        if (Find(className, Triggers.BeforeFind) is not { } hook)
            return;
        await client.CallAsync(
            hook,
            writer =>
            {
                writer.WriteString("triggerName"u8, hook.TriggerName);
                writer.WritePropertyName("query"u8);
                writer.WriteRawValue(find.Query, skipInputValidation: true);
                writer.WriteBoolean("count"u8, find.Count);
                writer.WriteBoolean("isGet"u8, find.IsGet);
                find.Facts.Write(writer);
            },
            cancellation);
    }

    /// <summary>What asks the beforeFind trigger of the class of a sub-query; null when no class has a trigger.</summary>
    public Func<string, JsonElement, ValueTask>? BeforeInner(ParseRequest request)
    {
        if (!Any)
            return null;
        return async (className, query) =>
        {
            if (Find(className, Triggers.BeforeFind) is null || request.Transaction is not null)
                return;
            var json = HookJson.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WritePropertyName("where"u8);
                writer.WriteRawValue(query.TryGetProperty("where", out var where) ? where.GetRawText() : "{}", skipInputValidation: true);
                writer.WriteEndObject();
            });
            await BeforeFindAsync(className, new HookedFind(json, false, false, await facts.OfAsync(request)), request.Aborted);
        };
    }

    /// <summary>The afterFind trigger of a class that has one; returns the objects to answer with.</summary>
    /// <param name="hook">The trigger.</param>
    /// <param name="found">The objects that were found, a JSON array.</param>
    /// <param name="find">The find.</param>
    /// <param name="cancellation">Gives the call up.</param>
    public async ValueTask<JsonArray> AfterFindAsync(Hook hook, JsonArray found, HookedFind find, CancellationToken cancellation)
    {
        var answer = await client.CallAsync(
            hook,
            writer =>
            {
                writer.WriteString("triggerName"u8, hook.TriggerName);
                writer.WritePropertyName("objects"u8);
                found.WriteTo(writer);
                writer.WritePropertyName("query"u8);
                writer.WriteRawValue(find.Query, skipInputValidation: true);
                find.Facts.Write(writer);
            },
            cancellation);
        if (answer.Success is not { ValueKind: JsonValueKind.Array } given)
            return found;
        var objects = new JsonArray();
        foreach (var element in given.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Object)
                continue;
            var shown = HookJson.Object(element);
            shown.Remove("className");
            shown.Remove("__type");
            objects.Add(shown);
        }

        return objects;
    }

    /// <summary>Lets the afterFind trigger of a class, if it has one, change a find's or get's answer.</summary>
    public async ValueTask<ParseResponse> AfterFindAsync(string className, ParseResponse answer, HookedFind? find, CancellationToken cancellation)
    {
        if (find is null || Find(className, Triggers.AfterFind) is not { } hook)
            return answer;
        var output = JsonOutput.Rent();
        JsonNode json;
        try
        {
            await answer.WriteAsync(output, cancellation);
            await output.Json.FlushAsync(cancellation);
            json = HookJson.Parse(output.Written.ToArray());
        }
        finally
        {
            output.Return();
        }

        if (find.IsGet)
        {
            var one = await AfterFindAsync(hook, [json], find, cancellation);
            return one.Count > 0 ? Json(one[0]!) : throw ParseError.ObjectNotFound();
        }

        if (json["results"] is not JsonArray results)
            return Json(json); // a plan
        var changed = await AfterFindAsync(hook, results, find, cancellation);
        if (!ReferenceEquals(changed, results))
            json["results"] = changed;
        return Json(json);
    }

    private static ParseResponse Json(JsonNode json) => ParseResponse.Json(200, writer => json.WriteTo(writer));
}
