using System.Globalization;
using System.Text.Json;
using Backend.Api.V2.Problems;
using Backend.Api.V2.Rows.Planning;
using Backend.Api.V2.Rows.Writing;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Rows;

namespace Backend.Api.V2.Rows;

/// <summary>Answers reads of rows.</summary>
internal sealed class RowReads(RowStore store, IConfiguration configuration)
{
    /// <summary>How much JSON is collected before it goes to the body.</summary>
    private const int FlushAt = 16 * 1024;

    public async Task ListAsync(HttpContext context, Table table, PlannedRequest planned, CancellationToken cancellation)
    {
        var plan = planned.Plan;
        var query = plan.Query with { WithCount = planned.Preferences.Count };
        if (query.WithCount)
            AccessRules.Require(table, Operation.Count, planned.Caller);
        await using var cursor = await store.OpenAsync(query, planned.Caller, cancellation);

        // With embeddings the page is kept, so that one look-up per table serves all its rows; and where an interceptor wants to see it. Else it streams.
        IReadOnlyList<Row>? page = null;
        var embedded = EmbeddedRows.None;
        if (!plan.Embeddings.IsEmpty || store.IsIntercepted(table))
        {
            var kept = new List<Row>();
            while (await cursor.ReadAsync(cancellation))
                kept.Add(cursor.Keep());
            await cursor.DisposeAsync();
            page = await store.AfterFindAsync(query, kept, planned.Caller, cancellation);
            embedded = await EmbeddedRows.ReadAsync(store, plan, page, planned.Caller, cancellation);
        }

        var response = context.Response;
        var isHead = HttpMethods.IsHead(context.Request.Method);
        response.ContentType = planned.Representation.ContentType;
        response.Headers.Append("Range-Unit", "items");
        if (planned.Preferences.Applied.Length > 0)
            response.Headers.Append("Preference-Applied", planned.Preferences.Applied);

        using var body = new HeldBackBody(response);
        await using var json = new Utf8JsonWriter(body, RowWriter.Options);
        var writer = Writer(context, plan, planned.Representation.StripNulls);
        var singular = planned.Representation.Singular;
        var count = 0;
        if (!singular)
            json.WriteStartArray();
        while (page is null ? await cursor.ReadAsync(cancellation) : count < page.Count)
        {
            Row row = page is null ? cursor : page[count];
            count++;
            if (singular && count > 1)
                continue;
            writer.Write(json, row, embedded);
            if (json.BytesPending < FlushAt)
                continue;
            json.Flush();
            if (isHead || !await body.IsDueAsync())
                continue;
            if (!body.HasStarted)
                SetRange(response, cursor.Count, query.Offset, cursor.Count is { } total ? (int)Math.Min(query.Limit!.Value, Math.Max(0, total - query.Offset)) : null);
            await body.SendAsync(cancellation);
        }

        if (singular && count != 1)
            throw NotSingular(count);
        if (!singular)
            json.WriteEndArray();
        json.Flush();
        // All has been read: a client that takes its time holds no connection to the database.
        await cursor.DisposeAsync();
        if (!body.HasStarted)
            SetRange(response, cursor.Count, query.Offset, count);
        await body.FinishAsync(isHead, cancellation);
    }

    public async Task GetAsync(HttpContext context, PlannedRequest planned, string id, CancellationToken cancellation)
    {
        if (planned.Request.HasConditions)
            throw new Problem(400, ProblemCodes.Query, "A row that is addressed by its id takes no conditions.");
        var query = planned.Plan.Query;
        var row = await store.GetAsync(query.Table, id, planned.Caller, query with { WithVersion = true, Sort = [], Offset = 0 }, cancellation) ?? throw NotFound(query.Table, id);
        if (planned.Plan.Embeddings.IsEmpty)
        {
            // With embeddings the answer depends on other rows as well, which the tag does not know.
            context.Response.Headers.ETag = ETags.Of(row.Version);
            if (ETags.IsKnown(context.Request, row.Version))
            {
                context.Response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }
        }

        await WriteAsync(context, planned, [row], asObject: true, cancellation);
    }

    /// <summary>Writes kept rows as the whole answer.</summary>
    public async Task WriteAsync(HttpContext context, PlannedRequest planned, IReadOnlyList<Row> rows, bool asObject, CancellationToken cancellation)
    {
        var embedded = await EmbeddedRows.ReadAsync(store, planned.Plan, rows, planned.Caller, cancellation);
        context.Response.ContentType = asObject && !planned.Representation.Singular ? Requests.Representation.Json : planned.Representation.ContentType;
        using var body = new HeldBackBody(context.Response);
        await using var json = new Utf8JsonWriter(body, RowWriter.Options);
        var writer = Writer(context, planned.Plan, planned.Representation.StripNulls);
        if (!asObject)
            json.WriteStartArray();
        foreach (var row in rows)
            writer.Write(json, row, embedded);
        if (!asObject)
            json.WriteEndArray();
        json.Flush();
        await body.FinishAsync(HttpMethods.IsHead(context.Request.Method), cancellation);
    }

    public static Problem NotFound(Table table, string id) => new(404, ProblemCodes.RowNotFound, $"No row of '{table.Name}' has the id '{id}'", "Or none that you may see.");

    public static Problem NotSingular(int count) =>
        new(406, ProblemCodes.NotSingular, "Cannot coerce the result to a single JSON object", $"The result contains {count.ToString(CultureInfo.InvariantCulture)} rows");

    private RowWriter Writer(HttpContext context, RowsPlan plan, bool stripNulls) => new(plan.Outputs, stripNulls, new FileUrls(context.Request, configuration));

    /// <summary>Content-Range and the status that goes with it: 206 for a part of a known whole, 416 for a beginning behind the end.</summary>
    private static void SetRange(HttpResponse response, long? total, int offset, int? count)
    {
        if (total is { } whole && offset > whole)
        {
            throw new Problem(416, ProblemCodes.Range, "Requested range not satisfiable", $"An offset of {offset} was requested, but there are only {whole} rows.")
            {
                Headers = [new("Content-Range", $"*/{whole}")],
            };
        }

        if (count is not { } rows)
            return;
        var range = rows == 0 ? "*" : string.Create(CultureInfo.InvariantCulture, $"{offset}-{offset + (long)rows - 1}");
        response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"{range}/{(total is null ? "*" : total)}");
        if (total is not null && rows < total)
            response.StatusCode = StatusCodes.Status206PartialContent;
    }
}
