using Backend.Data.Catalog;
using Backend.ParseCompat.Hooks;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Functions;

/// <summary><c>/functions/:name</c> and <c>/jobs</c> (contract 20.1, 20.2): functions are web hooks; jobs have no web hook, so none is known by name.</summary>
internal sealed class FunctionRoutes(CallFactsReader facts, LiveCatalog catalog, HookRegistry hooks, HookClient client) : IRouteSource
{
    /// <inheritdoc/>
    public void AddRoutes(RouteList routes)
    {
        routes.Map("POST", "/functions/:functionName", CallAsync);
        routes.Map("POST", "/jobs/:jobName", StartJob, RouteRules.Master);
        routes.Map("POST", "/jobs", StartJob, RouteRules.Master);
    }

    private async ValueTask<ParseResponse> CallAsync(ParseRequest request)
    {
        // The hooks are as new as the catalog, which looks after itself.
        await catalog.GetAsync(request.Aborted);
        var name = request["functionName"];
        if (hooks.Current.Function(name) is not { } hook)
            throw new ParseError(ErrorCode.ScriptFailed, $"Invalid function: \"{name}\"");
        var call = await facts.OfAsync(request);
        var answer = await client.CallAsync(
            hook,
            writer =>
            {
                writer.WritePropertyName("params"u8);
                FunctionParameters.Write(writer, request);
                writer.WritePropertyName("functionName"u8);
                JsonText.Write(writer, name);
                call.Write(writer);
            },
            request.Aborted);
        return ParseResponse.Json(200, writer =>
        {
            writer.WriteStartObject();
            if (answer.Success is { } value)
            {
                writer.WritePropertyName("result"u8);
                writer.WriteRawValue(value.GetRawText(), skipInputValidation: true);
            }

            writer.WriteEndObject();
        });
    }

    private static ValueTask<ParseResponse> StartJob(ParseRequest request)
    {
        if (request.Caller.IsReadOnly)
            throw new ParseError(ErrorCode.OperationForbidden, "read-only masterKey isn't allowed to run a job.");
        throw new ParseError(ErrorCode.ScriptFailed, "Invalid job.");
    }
}
