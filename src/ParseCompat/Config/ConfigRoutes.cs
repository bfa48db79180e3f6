using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Hooks;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Config;

/// <summary>The app's settings, which every client may read but for those of the master key (contract section 22): one row of <c>_GlobalConfig</c>.</summary>
internal sealed class ConfigRoutes(ClassServices services) : IRouteSource
{
    private const string RowId = "1";
    private const string ParamsField = "params";
    private const string MasterOnlyField = "masterKeyOnly";
    private readonly ClassHandler _rows = new(services);

    /// <inheritdoc/>
    public void AddRoutes(RouteList routes)
    {
        routes.Map("GET", "/config", GetAsync);
        routes.Map("PUT", "/config", UpdateAsync, RouteRules.Master);
    }

    private async ValueTask<ParseResponse> GetAsync(ParseRequest request)
    {
        var table = await TableAsync(request.Aborted);
        // Who may see what is decided per key, below.
        var row = await services.Rows.GetAsync(table, RowId, Caller.Administrator, null, request.Aborted);
        var (parameters, masterOnly) = row is null ? (null, null) : (ObjectOf(row, ParamsField), ObjectOf(row, MasterOnlyField));
        var isHidden = request.IsMaster || masterOnly is null
            ? static (_) => false
            : (Func<string, bool>)(name => masterOnly.Value.TryGetProperty(name, out var flag) && flag.ValueKind == JsonValueKind.True);
        return ParseResponse.Json(200, writer =>
        {
            writer.WriteStartObject();
            WriteKeys(writer, ParamsField, parameters, isHidden);
            if (masterOnly is not null)
                WriteKeys(writer, MasterOnlyField, masterOnly, isHidden);
            writer.WriteEndObject();
        });
    }

    private async ValueTask<ParseResponse> UpdateAsync(ParseRequest request)
    {
        if (request.Caller.IsReadOnly)
            throw new ParseError(ErrorCode.OperationForbidden, "read-only masterKey isn't allowed to update the config.");
        if (request.Body.Get(ParamsField) is not { ValueKind: JsonValueKind.Object } parameters)
            throw new ParseError(ErrorCode.InvalidJson, "params must be an object.");
        var masterOnly = request.Body.Get(MasterOnlyField) is { ValueKind: JsonValueKind.Object } flags ? flags : default;
        var (heard, original) = await BeforeTriggerAsync(request, parameters);
        var item = request.MakeItem("PUT", request.Segments, "", Body(parameters, masterOnly, services.Options.MaxJsonDepth));
        try
        {
            await _rows.UpdateAsync(item, ClassName.GlobalConfig, RowId);
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.NotFound)
        {
            await MakeRowAsync(request.Aborted);
            await _rows.UpdateAsync(item, ClassName.GlobalConfig, RowId);
        }

        if (heard && await ReadParametersAsync(request.Aborted) is { } now)
            await services.Triggers.AfterConfigAsync(now, original, request);
        return ParseResponse.Json(200, static writer =>
        {
            writer.WriteStartObject();
            writer.WriteBoolean("result"u8, true);
            writer.WriteEndObject();
        });
    }

    /// <summary>The trigger before a change; whether anybody wants to hear of it, and what the settings were before.</summary>
    private async ValueTask<(bool IsHeard, JsonObject? Original)> BeforeTriggerAsync(ParseRequest request, JsonElement parameters)
    {
        await services.Catalog.GetAsync(request.Aborted); // for the triggers
        if (!services.Triggers.ConcernsConfig)
            return (false, null);
        var original = await ReadParametersAsync(request.Aborted);
        await services.Triggers.BeforeConfigAsync(HookJson.Object(parameters), original, request);
        return (true, original);
    }

    private async Task<JsonObject?> ReadParametersAsync(CancellationToken cancellation) =>
        await services.Rows.GetUninterceptedAsync(await TableAsync(cancellation), RowId, cancellation) is { } row && ObjectOf(row, ParamsField) is { } parameters
            ? HookJson.Object(parameters) : null;

    /// <summary>Key by key, so that two who change different keys do not undo each other's work, and operations on a key work.</summary>
    private static RequestBody Body(JsonElement parameters, JsonElement masterOnly, int maxDepth)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            foreach (var parameter in parameters.EnumerateObject())
            {
                writer.WritePropertyName($"{ParamsField}.{parameter.Name}");
                writer.WriteRawValue(parameter.Value.GetRawText(), skipInputValidation: true);
                var flag = masterOnly.ValueKind == JsonValueKind.Object && masterOnly.TryGetProperty(parameter.Name, out var given) ? given : default;
                writer.WritePropertyName($"{MasterOnlyField}.{parameter.Name}");
                // The dashboard takes a key's flag away together with the key.
                if (flag.ValueKind == JsonValueKind.Object && flag.TryGetProperty("__op", out var operation) && operation.ValueKind == JsonValueKind.String && operation.ValueEquals("Delete"u8))
                    writer.WriteRawValue(flag.GetRawText(), skipInputValidation: true);
                else
                    writer.WriteBooleanValue(flag.ValueKind == JsonValueKind.True);
            }

            writer.WriteEndObject();
        }

        return RequestBody.Read(stream.ToArray(), maxDepth);
    }

    private async Task MakeRowAsync(CancellationToken cancellation)
    {
        var table = await TableAsync(cancellation);
        var empty = new ChangeSet();
        empty.Add(new Change.Set(table.Find(ParamsField)!, Value.Object("{}"u8.ToArray())));
        empty.Add(new Change.Set(table.Find(MasterOnlyField)!, Value.Object("{}"u8.ToArray())));
        try
        {
            await services.Rows.InsertAsync(table, empty, Caller.Administrator, RowId, null, cancellation);
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.Duplicate)
        {
            // Somebody else made it at the same moment: it is there.
        }
    }

    private async ValueTask<Table> TableAsync(CancellationToken cancellation) =>
        (await services.Catalog.GetAsync(cancellation)).FindByOrigin(ClassName.GlobalConfig)!;

    private static JsonElement? ObjectOf(Row row, string field) =>
        row.Get(field) is { Kind: ValueKind.Object } value ? JsonElement.Parse(value.AsBytes, new JsonDocumentOptions { MaxDepth = NestedJson.MaxDepth + 20 }) : null;

    private static void WriteKeys(Utf8JsonWriter writer, string name, JsonElement? value, Func<string, bool> isHidden)
    {
        writer.WriteStartObject(name);
        if (value is { } keys)
        {
            foreach (var key in keys.EnumerateObject())
            {
                if (isHidden(key.Name))
                    continue;
                writer.WritePropertyName(key.Name);
                writer.WriteRawValue(key.Value.GetRawText(), skipInputValidation: true);
            }
        }

        writer.WriteEndObject();
    }
}
