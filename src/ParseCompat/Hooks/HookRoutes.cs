using System.Text.Json;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Hooks;

/// <summary><c>/hooks/functions</c> and <c>/hooks/triggers</c> (contract section 21), for the master key.</summary>
internal sealed class HookRoutes(HookStore store) : IRouteSource
{
    /// <summary>Longer names and addresses are refused.</summary>
    private const int MaxLength = 2_000;

    /// <inheritdoc/>
    public void AddRoutes(RouteList routes)
    {
        routes.Map("GET", "/hooks/functions", r => ListAsync(r, functions: true), RouteRules.Master);
        routes.Map("GET", "/hooks/triggers", r => ListAsync(r, functions: false), RouteRules.Master);
        routes.Map("POST", "/hooks/functions", CreateAsync, RouteRules.Master);
        routes.Map("POST", "/hooks/triggers", CreateAsync, RouteRules.Master);
        routes.Map("GET", "/hooks/functions/:functionName", GetAsync, RouteRules.Master);
        routes.Map("GET", "/hooks/triggers/:className/:triggerName", GetAsync, RouteRules.Master);
        routes.Map("PUT", "/hooks/functions/:functionName", ChangeAsync, RouteRules.Master);
        routes.Map("PUT", "/hooks/triggers/:className/:triggerName", ChangeAsync, RouteRules.Master);
        routes.Map("DELETE", "/hooks/functions/:functionName", DeleteAsync, RouteRules.Master);
        routes.Map("DELETE", "/hooks/triggers/:className/:triggerName", DeleteAsync, RouteRules.Master);
    }

    private async ValueTask<ParseResponse> ListAsync(ParseRequest request, bool functions)
    {
        var hooks = await store.ListAsync(functions, request.Aborted);
        return ParseResponse.Json(200, writer =>
        {
            writer.WriteStartArray();
            foreach (var hook in hooks)
                Write(writer, hook);
            writer.WriteEndArray();
        });
    }

    private async ValueTask<ParseResponse> GetAsync(ParseRequest request)
    {
        var named = Named(request, "");
        return Answer(await store.FindAsync(named, request.Aborted) ?? throw Missing(named));
    }

    /// <summary>Both paths take both kinds: what the body declares counts.</summary>
    private async ValueTask<ParseResponse> CreateAsync(ParseRequest request)
    {
        RequireWrite(request, "create");
        var body = request.Body;
        var url = Text(body, "url");
        Hook hook;
        if (Text(body, "functionName") is { } function)
            hook = new Hook(function, null, null, url ?? "");
        else if (Text(body, "className") is { } className && Text(body, "triggerName") is { } trigger)
            hook = new Hook(null, className, trigger, url ?? "");
        else
            throw Invalid();
        if (url is null || !IsDeclaration(hook))
            throw await store.FindAsync(hook, request.Aborted) is null ? Invalid() : Exists(hook);
        RequireAllowed(hook);
        return await store.AddAsync(hook, request.Aborted) ? Answer(hook) : throw Exists(hook);
    }

    private async ValueTask<ParseResponse> ChangeAsync(ParseRequest request)
    {
        RequireWrite(request, "update");
        if (request.Body.GetText("__op") == "Delete")
            return await DeleteAsync(request);
        var hook = Named(request, Text(request.Body, "url") ?? throw Invalid());
        if (!IsDeclaration(hook))
            throw await store.FindAsync(hook, request.Aborted) is null ? Missing(hook) : Invalid();
        RequireAllowed(hook);
        return await store.ReplaceAsync(hook, request.Aborted) ? Answer(hook) : throw Missing(hook);
    }

    private async ValueTask<ParseResponse> DeleteAsync(ParseRequest request)
    {
        RequireWrite(request, "delete");
        await store.RemoveAsync(Named(request, ""), request.Aborted);
        return ParseResponse.Empty;
    }

    private static Hook Named(ParseRequest request, string url) => request.Route.IndexOf("functionName") >= 0
        ? new Hook(Storable(request["functionName"]), null, null, url)
        : new Hook(null, Storable(request["className"]), Storable(request["triggerName"]), url);

    private static bool IsDeclaration(Hook hook) => hook.TriggerName is null || Triggers.Exists(hook.TriggerName);

    /// <summary>Combinations that make no sense; the old server failed at them with 500.</summary>
    private static void RequireAllowed(Hook hook)
    {
        var (className, trigger) = (hook.ClassName, hook.TriggerName);
        if (trigger == Triggers.BeforeSave && className == ClassName.PushStatus)
            throw new ParseError(ErrorCode.WebhookError, "Only afterSave is allowed on _PushStatus");
        if (trigger is Triggers.BeforeLogin or Triggers.AfterLogin && className != ClassName.User)
            throw new ParseError(ErrorCode.WebhookError, "Only the _User class is allowed for the beforeLogin and afterLogin triggers");
        if (trigger == Triggers.AfterLogout && className != ClassName.Session)
            throw new ParseError(ErrorCode.WebhookError, "Only the _Session class is allowed for the afterLogout trigger.");
        if (className == ClassName.Session && trigger != Triggers.AfterLogout)
            throw new ParseError(ErrorCode.WebhookError, "Only the afterLogout trigger is allowed for the _Session class.");
    }

    private static void RequireWrite(ParseRequest request, string operation)
    {
        if (request.Caller.IsReadOnly)
            throw new ParseError(ErrorCode.OperationForbidden, $"read-only masterKey isn't allowed to {operation} a hook.");
    }

    private static string? Text(RequestBody body, string name) => body.GetText(name) is { Length: > 0 } text ? Storable(text) : null;

    private static string Storable(string text) =>
        text.Length <= MaxLength && JsonText.IsWellFormed(text) && !text.Contains('\0', StringComparison.Ordinal) ? text : throw Invalid();

    private static ParseResponse Answer(Hook hook) => ParseResponse.Json(200, writer => Write(writer, hook));

    private static void Write(Utf8JsonWriter writer, Hook hook)
    {
        writer.WriteStartObject();
        if (hook.FunctionName is not null)
        {
            writer.WriteString("functionName"u8, hook.FunctionName);
        }
        else
        {
            writer.WriteString("className"u8, hook.ClassName);
            writer.WriteString("triggerName"u8, hook.TriggerName);
        }

        writer.WriteString("url"u8, hook.Url);
        writer.WriteEndObject();
    }

    private static ParseError Invalid() => new(ErrorCode.WebhookError, "invalid hook declaration");

    private static ParseError Exists(Hook hook) => new(ErrorCode.WebhookError, hook.FunctionName is not null
        ? $"function name: {hook.FunctionName} already exists"
        : $"class {hook.ClassName} already has trigger {hook.TriggerName}");

    private static ParseError Missing(Hook hook) => new(ErrorCode.WebhookError, hook.FunctionName is not null
        ? $"no function named: {hook.FunctionName} is defined"
        : $"class {hook.ClassName} does not exist");
}
