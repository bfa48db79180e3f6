using System.Text;
using System.Text.Encodings.Web;
using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Limits;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Wire;

/// <summary>Takes a request below a mount from its bytes to its answer: CORS, body, override, keys, session, route, errors (contract 1.3).</summary>
internal sealed class ParseFrame
{
    private const string JsonType = "application/json; charset=utf-8";

    private readonly ParseCompatOptions _options;
    private readonly Authenticator _authenticator;
    private readonly ICallerSource _callers;
    private readonly LiveCatalog? _catalog;
    private readonly FailureBudget _failures;
    private readonly ILogger<ParseFrame> _logger;
    private readonly Cors _cors;
    private readonly string[] _mounts;
    private readonly IRequestGate[] _gates;
    private readonly Func<ParseRequest, RouteHandler, ValueTask<ParseResponse>> _run;

    public ParseFrame(IOptions<ParseCompatOptions> options, Authenticator authenticator, ICallerSource callers, IEnumerable<IRouteSource> sources,
        IEnumerable<IRequestGate> gates, ILogger<ParseFrame> logger, IRequestRunner? runner = null, LiveCatalog? catalog = null, FailureBudget? failures = null)
    {
        _failures = failures ?? new FailureBudget(TimeProvider.System);
        _catalog = catalog;
        _options = options.Value;
        _authenticator = authenticator;
        _callers = callers;
        _logger = logger;
        _gates = [.. gates.Where(g => g.IsOn)];
        _run = runner is { IsOn: true } ? runner.RunAsync : static (request, handler) => handler(request);
        _cors = new Cors(_options);
        _mounts = [.. (_options.Mounts ?? ["/parse", "/1"]).OrderByDescending(m => m.Length)];
        var routes = new RouteList();
        foreach (var source in sources)
            source.AddRoutes(routes);
        Routes = routes.Build();
    }

    /// <summary>Every route; a batch finds its items' handlers here.</summary>
    public RouteTable Routes { get; }

    /// <summary>The mount of a path and the path below it; null when the path is not the dialect's.</summary>
    public (string Mount, string Below)? FindMount(string path)
    {
        foreach (var mount in _mounts)
        {
            if (path.StartsWith(mount, StringComparison.OrdinalIgnoreCase) && (path.Length == mount.Length || path[mount.Length] == '/'))
                return (mount, path[mount.Length..]);
        }

        return null;
    }

    /// <summary>The middleware: answers what lies below a mount, leaves the rest to the next.</summary>
    public Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        var path = RawPath(http);
        return FindMount(path) is { } found ? AnswerAsync(http, path, found.Mount, found.Below) : next(http);
    }

    /// <summary>Runs an item of a batch: finds its route and its answer. The body is written by the caller.</summary>
    /// <returns>The answer, or null when there is no such route.</returns>
    public async ValueTask<ParseResponse?> RunAsync(ParseRequest item)
    {
        if (Routes.Find(item.Method, item.Segments) is not { } route)
            return null;
        item.Route = route;
        if (route.Rules.HasFlag(RouteRules.Master))
            item.RequireMaster();
        return await route.Handler(item);
    }

    /// <summary>Whether any gate can refuse something.</summary>
    public bool HasGates => _gates.Length > 0;

    /// <summary>Lets a request, or an item of a batch, through the gates.</summary>
    /// <exception cref="ParseError">It is refused.</exception>
    public async ValueTask AdmitAsync(ParseRequest request)
    {
        foreach (var gate in _gates)
            await gate.AdmitAsync(request);
    }

    /// <summary>The dialect's error for a failure; one that nobody expected is logged and becomes code 1.</summary>
    public ParseError Explain(Exception exception, HttpContext http, string method, string? route)
    {
        if (ErrorMapping.From(exception) is { } error)
            return error;
        if (_failures.TryTake(out var leftOut))
            Log.RequestFailed(_logger, exception, http.TraceIdentifier, method, route, leftOut);
        return new ParseError(ErrorCode.InternalServerError, "Internal server error.");
    }

    private async Task AnswerAsync(HttpContext http, string path, string mount, string rest)
    {
        var response = http.Response;
        _cors.Write(http);
        if (HttpMethods.IsOptions(http.Request.Method))
        {
            response.ContentType = "text/plain; charset=utf-8";
            await response.Body.WriteAsync("OK"u8.ToArray(), http.RequestAborted);
            return;
        }

        var output = JsonOutput.Rent(response);
        string? pattern = null;
        try
        {
            try
            {
                var (request, method) = await ReadAsync(http, mount, rest);
                if (request is null)
                {
                    await NotFoundAsync(http, method, path);
                    return;
                }

                pattern = request.Route.Pattern;
                ParseResponse answer;
                for (Overtaking? overtaking = null; ;)
                {
                    try
                    {
                        answer = await _run(request, request.Route.Handler);
                        break;
                    }
                    catch (Refusal refusal) when (_catalog is not null && refusal.Kind == RefusalKind.Conflict && request is { Method: "GET", IsTold: false })
                    {
                        // A class was changed or dropped between the plan and the statement of a read; or a connection had prepared the statement before.
                        overtaking ??= _catalog.Overtaken();
                        if (!await overtaking.TryAgainAsync(request.Aborted))
                            throw;
                    }
                }

                if (answer.Result is { } result)
                    await result.ExecuteAsync(http);
                else
                    await SendAsync(response, answer, output, request.Aborted);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException && http.RequestAborted.IsCancellationRequested)
            {
                http.Abort();
            }
            catch (Exception e) when (!output.HasStarted && !response.HasStarted)
            {
                output.Discard();
                await SendErrorAsync(response, Explain(e, http, http.Request.Method, pattern), output, http.RequestAborted);
            }
        }
        catch (Exception e) when (output.HasStarted || response.HasStarted)
        {
            // Half an answer must not look like a whole one. That the client went away is no failure of ours.
            if (!http.RequestAborted.IsCancellationRequested)
                Log.AnswerBroken(_logger, e, http.TraceIdentifier, http.Request.Method, pattern);
            http.Abort();
        }
        finally
        {
            output.Return();
        }
    }

    /// <summary>Reads and checks the request; null: no route for the method, which is given as well, and the path.</summary>
    private async ValueTask<(ParseRequest? Request, string Method)> ReadAsync(HttpContext http, string mount, string rest)
    {
        var segments = RouteTable.Split(rest);
        var method = http.Request.Method;
        var open = Routes.Find(method, segments);
        var isOpen = open is not null && open.Rules.HasFlag(RouteRules.Open);
        var isRaw = open is not null && open.Rules.HasFlag(RouteRules.Raw);
        var body = isRaw
            ? isOpen || _authenticator.IsNamed(http.Request) ? RequestBody.Empty : await ReadCredentialsAsync(http.Request)
            : await BodyReader.ReadAsync(http.Request, _options);
        if (!isOpen && !isRaw && method == "POST" && body.Keys.Method is { } instead)
            method = instead.ToUpperInvariant();

        var shown = isOpen ? new Credentials() : _authenticator.Read(http.Request, body.Keys);
        var (caller, isMaintenance) = isOpen ? (Caller.Anonymous, false) : _authenticator.Check(shown, http);
        var request = new ParseRequest
        {
            Http = http,
            Method = method,
            Mount = mount,
            Segments = segments,
            QueryString = http.Request.QueryString.Value ?? "",
            Body = body,
            Credentials = shown,
            IsMaintenance = isMaintenance,
        };
        if (caller is not null)
            request.Caller = caller;
        if (!isOpen)
            await AdmitAsync(request);
        if (Routes.Find(method, segments) is not { } route)
            return (null, method);
        request.Route = route;
        if (caller is null && shown.SessionToken is { } token && !route.Rules.HasFlag(RouteRules.IgnoreSession))
            request.Caller = await _callers.ResolveAsync(token, http.RequestAborted);
        if (route.Rules.HasFlag(RouteRules.Master))
            request.RequireMaster();
        return (request, method);
    }

    /// <summary>The body of an upload that shows who it is from in its JSON; anything else is from nobody.</summary>
    private async ValueTask<RequestBody> ReadCredentialsAsync(HttpRequest request)
    {
        try
        {
            return await BodyReader.ReadAsync(request, _options);
        }
        catch (ParseError e) when (e.Status == 400)
        {
            throw ParseError.Unauthorized();
        }
    }

    private static async ValueTask SendAsync(HttpResponse response, ParseResponse answer, JsonOutput output, CancellationToken cancellation)
    {
        if (answer.Content is null)
        {
            // A stream may still be refused while its first rows are written: status and headers go out with the first bytes.
            response.StatusCode = answer.Status;
            response.ContentType = JsonType;
            SetHeaders(response, answer);
            await answer.WriteAsync(output, cancellation);
            await output.FinishAsync(cancellation);
            return;
        }

        response.StatusCode = answer.Status;
        SetHeaders(response, answer);
        response.ContentType = answer.ContentType;
        response.ContentLength = answer.Content.Value.Length;
        await response.BodyWriter.WriteAsync(answer.Content.Value, cancellation);
    }

    private static void SetHeaders(HttpResponse response, ParseResponse answer)
    {
        if (answer.Location is not null)
            response.Headers.Location = answer.Location;
        foreach (var (name, value) in answer.Headers)
            response.Headers[name] = value;
    }

    private static async ValueTask SendErrorAsync(HttpResponse response, ParseError error, JsonOutput output, CancellationToken cancellation)
    {
        response.Headers.Remove("Location");
        response.StatusCode = error.Status;
        response.ContentType = JsonType;
        if (error.RetryAfter is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        ParseResponse.WriteError(output.Json, error);
        await output.FinishAsync(cancellation);
    }

    /// <summary>Express's own answer to an unknown route: PHP's SDK looks at its content type (contract 1.1).</summary>
    private static async ValueTask NotFoundAsync(HttpContext http, string method, string path)
    {
        var response = http.Response;
        response.StatusCode = 404;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.ContentSecurityPolicy = "default-src 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        var page = Encoding.UTF8.GetBytes($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <title>Error</title>
            </head>
            <body>
            <pre>Cannot {HtmlEncoder.Default.Encode(method)} {HtmlEncoder.Default.Encode(path)}</pre>
            </body>
            </html>

            """);
        response.ContentLength = page.Length;
        await response.Body.WriteAsync(page, http.RequestAborted);
    }

    /// <summary>The path as it came, percent escapes and all: the server's decoded one cannot tell <c>%2F</c> from a slash.</summary>
    private static string RawPath(HttpContext http)
    {
        var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (target.Length == 0 || target[0] != '/')
            return http.Request.Path.ToUriComponent();
        var question = target.IndexOf('?', StringComparison.Ordinal);
        return question < 0 ? target : target[..question];
    }
}
