using System.Text.Json;
using Backend.Data.Rows;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.ParseCompat.Batch;

/// <summary>
/// <c>POST /batch</c> (contract section 24): the items run one after the other. When all of them write ordinary classes they share a connection
/// and a commit, with a savepoint each, so that a failing one does not poison the rest (design section 5); else each runs by itself.
/// </summary>
internal sealed class BatchRoutes(ClassServices services, IServiceProvider provider) : IRouteSource
{
    private const string Savepoint = "item";

    private readonly ClassHandler _classes = new(services);
    private readonly string _publicPath = new Uri(services.Options.PublicServerUrl).AbsolutePath.TrimEnd('/');

    // The frame collects the routes, so it cannot be asked for while it is made.
    private ParseFrame? _frame;

    private ParseFrame Frame => _frame ??= provider.GetRequiredService<ParseFrame>();

    /// <inheritdoc/>
    public void AddRoutes(RouteList routes) => routes.Map("POST", "/batch", RunAsync);

    private async ValueTask<ParseResponse> RunAsync(ParseRequest request)
    {
        var items = BatchItem.Read(request.Body.Get("requests"), BelowMount);
        var routes = items.ConvertAll(item => Frame.Routes.Find(item.Method, RouteTable.Split(item.Path)) is { } route && !route.Rules.HasFlag(RouteRules.Open)
            ? route
            : throw new ParseError(ErrorCode.InvalidJson, $"cannot route {item.Method} {item.Path}"));
        var isAtomic = request.Body.Get("transaction") is { ValueKind: JsonValueKind.True };
        var canShare = await CanShareAsync(request, items, routes);
        if (isAtomic && !canShare)
            throw new ParseError(ErrorCode.CommandUnavailable, "A transaction can only write objects of ordinary classes.");
        var results = isAtomic || (canShare && items.Count > 1)
            ? await RunTogetherAsync(request, items, routes, isAtomic)
            : await RunOneByOneAsync(request, items);
        return ParseResponse.Json(200, writer => Write(writer, results));
    }

    private async ValueTask<List<BatchResult>> RunOneByOneAsync(ParseRequest request, List<BatchItem> items)
    {
        var results = new List<BatchResult>(items.Count);
        foreach (var item in items)
            results.Add(await RunAsync(request, item, null));
        return results;
    }

    private async ValueTask<List<BatchResult>> RunTogetherAsync(ParseRequest request, List<BatchItem> items, List<Route> routes, bool isAtomic)
    {
        // What an item needs of the catalog is made before the transaction opens: a connection that waits for a lock of its own request waits for ever.
        var refused = new ParseError?[items.Count];
        for (var i = 0; i < items.Count; i++)
        {
            refused[i] = await PrepareAsync(request, items[i], routes[i]);
            if (isAtomic && refused[i] is { } error)
                throw error;
        }

        // Nearly every batch succeeds: savepoints are paid for only after a first attempt that was rolled back.
        return await AttemptAsync(request, items, refused, isAtomic, withSavepoints: false)
            ?? (await AttemptAsync(request, items, refused, isAtomic, withSavepoints: true))!;
    }

    /// <summary>Runs the items in one transaction. Null: one failed and there are no savepoints; nothing was written.</summary>
    private async ValueTask<List<BatchResult>?> AttemptAsync(ParseRequest request, List<BatchItem> items, ParseError?[] refused, bool isAtomic, bool withSavepoints)
    {
        await using var transaction = await services.Rows.BeginAsync(request.Aborted);
        var results = new List<BatchResult>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            if (refused[i] is { } before)
            {
                results.Add(new BatchResult(null, before));
                continue;
            }

            if (withSavepoints)
                await transaction.SaveAsync(Savepoint);
            var result = await RunAsync(request, items[i], transaction);
            if (result.Error is { } error)
            {
                if (isAtomic)
                    throw error.Status < 500 ? error : new ParseError(error.Code, error.Message, 400);
                if (!withSavepoints)
                    return null;
                await transaction.RollbackToAsync(Savepoint);
            }

            if (withSavepoints)
                await transaction.Transaction.ReleaseAsync(Savepoint);
            results.Add(result);
        }

        await transaction.CommitAsync();
        return results;
    }

    private async ValueTask<ParseError?> PrepareAsync(ParseRequest request, BatchItem item, Route route)
    {
        if (item.Method == "DELETE")
            return null;
        try
        {
            var prepared = request.MakeItem(item.Method, item.Path, item.QueryString, item.ReadBody(services.Options.MaxJsonDepth));
            prepared.Route = route;
            await _classes.PrepareAsync(prepared, prepared["className"], item.Method == "PUT" ? prepared["objectId"] : null);
            return null;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return Frame.Explain(e, request.Http, item.Method, route.Pattern);
        }
    }

    private async ValueTask<BatchResult> RunAsync(ParseRequest request, BatchItem item, RowTransaction? transaction)
    {
        var output = JsonOutput.Rent();
        try
        {
            var inner = request.MakeItem(item.Method, item.Path, item.QueryString, item.ReadBody(services.Options.MaxJsonDepth), transaction);
            var answer = await Frame.RunAsync(inner) ?? throw new ParseError(ErrorCode.InvalidJson, $"cannot route {item.Method} {item.Path}");
            await answer.WriteAsync(output, request.Aborted);
            await output.Json.FlushAsync(request.Aborted);
            return new BatchResult(output.Written.ToArray(), null);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new BatchResult(null, Frame.Explain(e, request.Http, item.Method, null));
        }
        finally
        {
            output.Return();
        }
    }

    /// <summary>Whether all items write rows of ordinary classes in which nobody interferes.</summary>
    private async ValueTask<bool> CanShareAsync(ParseRequest request, List<BatchItem> items, List<Route> routes)
    {
        var snapshot = await services.Catalog.GetAsync(request.Aborted);
        for (var i = 0; i < items.Count; i++)
        {
            if (routes[i].Pattern is not ("/classes/:className" or "/classes/:className/:objectId") || items[i].Method is not ("POST" or "PUT" or "DELETE"))
                return false;
            var className = RouteTable.Split(items[i].Path)[1];
            if (className.StartsWith('_') || (snapshot.FindByOrigin(className) is { } table && services.Rows.IsIntercepted(table)))
                return false;
        }

        return true;
    }

    /// <summary>Paths carry a mount's prefix, or the path of the public address where that is another.</summary>
    private string? BelowMount(string path)
    {
        if (Frame.FindMount(path) is { } found)
            return found.Below;
        return _publicPath.Length > 0 && path.StartsWith(_publicPath + "/", StringComparison.OrdinalIgnoreCase) ? path[_publicPath.Length..] : null;
    }

    private static void Write(Utf8JsonWriter writer, List<BatchResult> results)
    {
        writer.WriteStartArray();
        foreach (var (success, error) in results)
        {
            writer.WriteStartObject();
            if (error is not null)
            {
                writer.WritePropertyName("error"u8);
                ParseResponse.WriteError(writer, error);
            }
            else
            {
                writer.WritePropertyName("success"u8);
                writer.WriteRawValue(success!, skipInputValidation: true);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private sealed record BatchResult(byte[]? Success, ParseError? Error);
}
