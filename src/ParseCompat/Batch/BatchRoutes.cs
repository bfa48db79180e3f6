using System.Collections.Frozen;
using System.Text.Json;
using Backend.Data;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Backend.ParseCompat.Batch;

/// <summary>
/// <c>POST /batch</c> (contract section 24): the items run one after the other. When all of them write ordinary classes they share a connection
/// and a commit, with a savepoint each, so that a failing one does not poison the rest (design section 5); else each runs by itself, or, if it must be
/// all or nothing, as a <see cref="StagedWrite"/>.
/// </summary>
internal sealed class BatchRoutes(ClassServices services, IServiceProvider provider) : IRouteSource
{
    private const string Savepoint = "item";

    /// <summary>The first segments of the routes whose writes can be a part of a transaction.</summary>
    private static readonly FrozenSet<string> Staged = FrozenSet.Create(StringComparer.Ordinal, "classes", "users", "roles", "sessions", "installations", "push_audiences");

    private readonly ClassHandler _classes = new(services);
    private readonly string _publicPath = new Uri(services.Options.PublicServerUrl).AbsolutePath.TrimEnd('/');

    // The frame collects the routes, so it cannot be asked for while it is made.
    private ParseFrame? _frame;

    private ParseFrame Frame => _frame ??= provider.GetRequiredService<ParseFrame>();

    /// <inheritdoc/>
    public void AddRoutes(RouteList routes) => routes.Map("POST", "/batch", RunAsync);

    private async ValueTask<ParseResponse> RunAsync(ParseRequest request)
    {
        if (request.Body.Get("requests") is { ValueKind: JsonValueKind.Array } all)
            services.Complexity.CheckBatch(request, all.GetArrayLength());
        var items = BatchItem.Read(request.Body.Get("requests"), BelowMount);
        var routes = items.ConvertAll(item => item.Method != "HEAD" && Frame.Routes.Find(item.Method, item.Segments) is { } route && (route.Rules & (RouteRules.Open | RouteRules.Raw)) == 0
            ? route
            : throw new ParseError(ErrorCode.InvalidJson, $"cannot route {item.Method} {item.Path}"));
        if (Frame.HasGates)
        {
            foreach (var item in items)
                await Frame.AdmitAsync(request.MakeItem(item.Method, item.Segments, item.QueryString, RequestBody.Empty));
        }

        var isAtomic = request.Body.Get("transaction") is { ValueKind: JsonValueKind.True };
        var canShare = await CanShareAsync(request, items, routes);
        var results = (isAtomic, canShare) switch
        {
            (true, false) => await RunStagedAsync(request, items, routes),
            _ when canShare && (isAtomic || items.Count > 1) => await RunTogetherAsync(request, items, routes, isAtomic),
            _ => await RunOneByOneAsync(request, items),
        };
        return ParseResponse.Json(200, writer => Write(writer, results));
    }

    private async ValueTask<List<BatchResult>> RunOneByOneAsync(ParseRequest request, List<BatchItem> items)
    {
        var results = new List<BatchResult>(items.Count);
        foreach (var item in items)
            results.Add(await RunAsync(request, item, null));
        return results;
    }

    /// <summary>All or nothing, for classes with triggers or ways of their own: every write prepares itself, then all are written, then each is finished.</summary>
    private async ValueTask<List<BatchResult>> RunStagedAsync(ParseRequest request, List<BatchItem> items, List<Route> routes)
    {
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].Method is not ("POST" or "PUT" or "DELETE") || !Staged.Contains(routes[i].First))
                throw new ParseError(ErrorCode.CommandUnavailable, $"A transaction writes objects; it cannot hold {items[i].Method} {items[i].Path}.");
        }

        var writes = new List<StagedWrite>(items.Count);
        try
        {
            foreach (var item in items)
            {
                var write = new StagedWrite();
                writes.Add(write);
                await write.PrepareAsync(shared => AnswerAsync(request.MakeItem(item.Method, item.Segments, item.QueryString, item.ReadBody(services.Options.MaxJsonDepth), shared: shared)));
            }

            await using var transaction = await services.Rows.BeginAsync(request.Aborted);
            foreach (var write in writes)
                await write.WriteAsync(transaction);
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            await AbandonAsync(writes);
            var error = Frame.Explain(e, request.Http, "POST", null);
            throw error.Status < 500 || error.RetryAfter is not null ? error : new ParseError(error.Code, error.Message, 400);
        }
        catch
        {
            await AbandonAsync(writes);
            throw;
        }

        // What a trigger says no to now is that item's answer: its write stands, as it does outside of a batch.
        var results = new List<BatchResult>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            var write = writes[i];
            results.Add(await RenderAsync(request, items[i], async () => await write.FinishAsync()));
        }

        return results;
    }

    private static async Task AbandonAsync(List<StagedWrite> writes)
    {
        foreach (var write in writes)
            await write.AbandonAsync();
    }

    private async ValueTask<List<BatchResult>> RunTogetherAsync(ParseRequest request, List<BatchItem> items, List<Route> routes, bool isAtomic)
    {
        Overtaking? overtaking = null;
        for (var mayRepeat = true; ;)
        {
            // What an item needs of the catalog is made before the transaction opens: a connection that waits for a lock of its own request waits for ever.
            var refused = new ParseError?[items.Count];
            var drafts = new WriteDraft?[items.Count];
            for (var i = 0; i < items.Count; i++)
            {
                (drafts[i], refused[i]) = await PrepareAsync(request, items[i], routes[i]);
                if (isAtomic && refused[i] is { } error)
                    throw error;
            }

            try
            {
                // Nearly every batch succeeds: savepoints are paid for only after a first attempt that was rolled back.
                return await TryAsync(request, items, drafts, refused, isAtomic, mayRepeat)
                    ?? await RunWithSavepointsAsync(request, items, refused);
            }
            catch (Refusal refusal) when (refusal.Kind == RefusalKind.Conflict && mayRepeat)
            {
                // A class was changed or dropped since the items were planned, and nothing was written: as a write by itself, they are planned anew.
                overtaking ??= services.Catalog.Overtaken();
                mayRepeat = await overtaking.TryAgainAsync(request.Aborted);
            }
        }
    }

    /// <summary>
    /// Runs the items in one transaction, neighbouring creates of one class as one insert. Null: one failed, and nothing was written.
    /// </summary>
    /// <exception cref="Refusal">A class was changed meanwhile, and nothing was written: only when it <paramref name="mayRepeat"/>.</exception>
    private async ValueTask<List<BatchResult>?> TryAsync(ParseRequest request, List<BatchItem> items, WriteDraft?[] drafts, ParseError?[] refused, bool isAtomic, bool mayRepeat)
    {
        var results = new BatchResult[items.Count];
        try
        {
            var next = 0;
            var first = TakeCreates(drafts, refused, results, ref next);
            if (next == items.Count)
            {
                // Creates of one class and nothing else: they need no transaction around them.
                await InsertAsync(request, first, results, null);
                return [.. results];
            }

            await using var transaction = await services.Rows.BeginAsync(request.Aborted);
            await InsertAsync(request, first, results, transaction);
            while (next < items.Count)
            {
                if (drafts[next] is { IsCreate: true } || refused[next] is not null)
                {
                    await InsertAsync(request, TakeCreates(drafts, refused, results, ref next), results, transaction);
                    continue;
                }

                var result = await RunAsync(request, items[next], transaction, mayRepeat);
                if (result.Error is { } error)
                {
                    if (isAtomic)
                        throw error;
                    return null;
                }

                results[next++] = result;
            }

            await transaction.CommitAsync();
            return [.. results];
        }
        catch (Exception e) when (e is ParseError or Refusal or PostgresException && !(mayRepeat && e is Refusal { Kind: RefusalKind.Conflict }))
        {
            // A class was changed or dropped since the items were planned: what comes next is planned against the new one.
            if (e is Refusal { Kind: RefusalKind.Conflict })
                await services.Catalog.CheckAsync(request.Aborted);
            var error = Frame.Explain(e, request.Http, "POST", null);
            // Closed while the batch was under way: nothing was written, and all of it may be sent again.
            if (error.RetryAfter is not null)
                throw error;
            if (isAtomic)
                throw error.Status < 500 ? error : new ParseError(error.Code, error.Message, 400);

            // Whether a statement that was cut off is done is not known: it is not sent again.
            return e is Refusal { Kind: RefusalKind.Timeout } ? [.. refused.Select(r => new BatchResult(null, null, r ?? error))] : null;
        }
    }

    /// <summary>The creates of one class from <paramref name="next"/> on; items that were refused before stand between them without harm.</summary>
    private static List<(int Index, WriteDraft Draft)> TakeCreates(WriteDraft?[] drafts, ParseError?[] refused, BatchResult[] results, ref int next)
    {
        var creates = new List<(int, WriteDraft)>();
        string? className = null;
        for (; next < drafts.Length; next++)
        {
            if (refused[next] is { } error)
            {
                results[next] = new BatchResult(null, null, error);
                continue;
            }

            if (drafts[next] is not { IsCreate: true } draft || (className ?? draft.ClassName) != draft.ClassName)
                break;
            className = draft.ClassName;
            creates.Add((next, draft));
        }

        return creates;
    }

    private async ValueTask InsertAsync(ParseRequest request, List<(int Index, WriteDraft Draft)> creates, BatchResult[] results, RowTransaction? transaction)
    {
        if (creates.Count == 0)
            return;

        // The last draft was planned against the newest catalog: it has the fields that the ones before it asked for.
        var table = creates[^1].Draft.Table;
        var written = await services.Rows.InsertManyAsync(table, [.. creates.Select(c => new NewRow(c.Draft.Changes, c.Draft.Id))], request.Caller, transaction, request.Aborted);
        for (var i = 0; i < creates.Count; i++)
            results[creates[i].Index] = new BatchResult(_classes.Created(creates[i].Draft, written[i]), null, null);
    }

    /// <summary>Runs the items in one transaction with a savepoint each, so that a failing one does not poison the rest.</summary>
    private async ValueTask<List<BatchResult>> RunWithSavepointsAsync(ParseRequest request, List<BatchItem> items, ParseError?[] refused)
    {
        await using var transaction = await services.Rows.BeginAsync(request.Aborted);
        var results = new List<BatchResult>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            if (refused[i] is { } before)
            {
                results.Add(new BatchResult(null, null, before));
                continue;
            }

            await transaction.SaveAsync(Savepoint);
            var result = await RunAsync(request, items[i], transaction);
            if (result.Error is not null)
                await transaction.RollbackToAsync(Savepoint);
            await transaction.Transaction.ReleaseAsync(Savepoint);
            results.Add(result);
        }

        await transaction.CommitAsync();
        return results;
    }

    private async ValueTask<(WriteDraft? Draft, ParseError? Refused)> PrepareAsync(ParseRequest request, BatchItem item, Route route)
    {
        if (item.Method == "DELETE")
            return (null, null);
        try
        {
            var prepared = request.MakeItem(item.Method, item.Segments, item.QueryString, item.ReadBody(services.Options.MaxJsonDepth));
            prepared.Route = route;
            var draft = await _classes.PrepareAsync(prepared, item.Segments[1], item.Method == "PUT" ? prepared["objectId"] : null);
            item.AddsFields = prepared.AddsFields;
            return (draft, null);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return (null, Frame.Explain(e, request.Http, item.Method, route.Pattern));
        }
    }

    private ValueTask<BatchResult> RunAsync(ParseRequest request, BatchItem item, RowTransaction? transaction, bool mayRepeat = false) => RenderAsync(request, item, () =>
    {
        var inner = request.MakeItem(item.Method, item.Segments, item.QueryString, item.ReadBody(services.Options.MaxJsonDepth), transaction);
        inner.AddsFields = item.AddsFields;
        return AnswerAsync(inner);
    }, mayRepeat);

    private async ValueTask<ParseResponse> AnswerAsync(ParseRequest item) =>
        await Frame.RunAsync(item) ?? throw new ParseError(ErrorCode.InvalidJson, $"cannot route {item.Method} /{string.Join('/', item.Segments)}");

    private async ValueTask<BatchResult> RenderAsync(ParseRequest request, BatchItem item, Func<ValueTask<ParseResponse>> run, bool mayRepeat = false)
    {
        var output = JsonOutput.Rent();
        try
        {
            var answer = await run();
            await answer.WriteAsync(output, request.Aborted);
            await output.Json.FlushAsync(request.Aborted);
            return new BatchResult(null, output.Written.ToArray(), null);
        }
        catch (Exception e) when (e is not OperationCanceledException && !(mayRepeat && e is Refusal { Kind: RefusalKind.Conflict }))
        {
            return new BatchResult(null, null, Frame.Explain(e, request.Http, item.Method, null));
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
            if (routes[i].First != "classes" || items[i].Method is not ("POST" or "PUT" or "DELETE"))
                return false;
            var className = items[i].Segments[1];
            if (className.StartsWith('_') || services.Triggers.Concerns(className) || (snapshot.FindByOrigin(className) is { } table && services.Rows.IsIntercepted(table)))
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
        foreach (var (answer, success, error) in results)
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
                if (answer is not null)
                    answer.Write(writer);
                else
                    writer.WriteRawValue(success!, skipInputValidation: true);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>What came of an item: an answer still to be written, one that has been written, or an error.</summary>
    private sealed record BatchResult(ParseResponse? Answer, byte[]? Success, ParseError? Error);
}
