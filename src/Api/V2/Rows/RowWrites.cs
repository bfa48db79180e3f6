using Backend.Api.V2.Problems;
using Backend.Api.V2.Rows.Planning;
using Backend.Api.V2.Rows.Requests;
using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;

namespace Backend.Api.V2.Rows;

/// <summary>
/// Writes rows and answers. Several rows are one statement; only where hooks watch a table are they written one by one, since a hook may
/// call out, and nothing calls out while a transaction is held.
/// </summary>
internal sealed class RowWrites(RowStore store, RowReads reads)
{
    /// <summary>How often a write by conditions starts again because PostgreSQL chose another one.</summary>
    private const int Attempts = 5;

    public async Task InsertAsync(HttpContext context, Table table, PlannedRequest planned, CancellationToken cancellation)
    {
        RequireWritable(table);
        var rows = await BodyReader.ReadAsync(context.Request, allowArray: true, cancellation);
        if (rows.Count > Limits.MaxInsertedRows)
            throw new Problem(400, ProblemCodes.Limit, $"One request may insert {Limits.MaxInsertedRows} rows.");
        if (planned.Representation.Singular && rows.Count != 1 && WantsRows(planned))
            throw RowReads.NotSingular(rows.Count);
        var planner = new ChangePlanner(table);
        planner.Check(planned.Request.Columns);
        List<ChangeSet> sets = [.. rows.Select(row => planner.Plan(row, planned.Request.Columns, isInsert: true))];
        RequireReadable(table, planned);

        var written = await InsertAsync(table, sets, planned.Caller, cancellation);

        var response = context.Response;
        response.StatusCode = StatusCodes.Status201Created;
        if (written is [var only])
        {
            response.Headers.Location = $"{context.Request.PathBase}{context.Request.Path}/{Uri.EscapeDataString(only.Id)}";
            response.Headers.ETag = ETags.Of(only.Version);
        }

        await AnswerAsync(context, planned, [.. written.Select(w => w.Id)], StatusCodes.Status201Created, single: false, cancellation);
    }

    public async Task ChangeAsync(HttpContext context, Table table, PlannedRequest planned, CancellationToken cancellation)
    {
        RequireWritable(table);
        RequireCondition(context, planned);
        AccessRules.Require(table, Operation.Update, planned.Caller); // said whether or not there are such rows
        var set = await ReadChangesAsync(context, table, planned, cancellation);
        if (set.Changes.Count == 0 && set.Acl is null)
        {
            await AnswerAsync(context, planned, [], StatusCodes.Status200OK, single: false, cancellation);
            return;
        }

        RequireReadable(table, planned);
        var query = Matching(planned, withRows: false);
        var ids = store.IsIntercepted(table)
            ? await WriteOneByOneAsync(query, Operation.Update, planned, row => store.ChangeAsync(table, row.Id, Copy(set), planned.Caller, null, cancellation, row.Version), cancellation)
            : (await WriteAtOnceAsync(planned, bounds => store.ChangeMatchingAsync(query, set, planned.Caller, bounds, cancellation))).Ids;
        await AnswerAsync(context, planned, ids, StatusCodes.Status200OK, single: false, cancellation);
    }

    public async Task ChangeAsync(HttpContext context, Table table, PlannedRequest planned, string id, CancellationToken cancellation)
    {
        RequireWritable(table);
        RequireNoCondition(planned);
        var set = await ReadChangesAsync(context, table, planned, cancellation);
        RequireReadable(table, planned);
        var result = await store.ChangeAsync(table, id, set, planned.Caller, null, cancellation, ETags.IfMatch(context.Request));
        context.Response.Headers.ETag = ETags.Of(result.Version);
        await AnswerAsync(context, planned, [id], StatusCodes.Status200OK, single: true, cancellation);
    }

    public async Task DeleteAsync(HttpContext context, Table table, PlannedRequest planned, CancellationToken cancellation)
    {
        RequireWritable(table);
        RequireCondition(context, planned);
        AccessRules.Require(table, Operation.Delete, planned.Caller);
        var withRows = WantsRows(planned);
        var query = Matching(planned, withRows);
        if (!store.IsIntercepted(table))
        {
            var written = await WriteAtOnceAsync(planned, bounds => store.DeleteMatchingAsync(query, withRows, planned.Caller, bounds, cancellation));
            await AnswerAsync(context, planned, written.Rows, StatusCodes.Status200OK, single: false, cancellation, written.Ids.Count);
            return;
        }

        var deleted = new List<Row>();
        await WriteOneByOneAsync(query, Operation.Delete, planned, async row =>
        {
            await store.DeleteAsync(table, row.Id, planned.Caller, null, cancellation, row.Version);
            deleted.Add(row);
        }, cancellation);
        await AnswerAsync(context, planned, deleted, StatusCodes.Status200OK, single: false, cancellation);
    }

    public async Task DeleteAsync(HttpContext context, Table table, PlannedRequest planned, string id, CancellationToken cancellation)
    {
        RequireWritable(table);
        RequireNoCondition(planned);
        var version = ETags.IfMatch(context.Request);
        Row? row = null;
        if (WantsRows(planned))
        {
            row = await store.GetAsync(table, id, planned.Caller, planned.Plan.Query with { WithVersion = true, Sort = [], Offset = 0, IsForWrite = true }, cancellation)
                ?? throw RowReads.NotFound(table, id);
            version ??= row.Version; // what is shown is what was deleted
        }

        await store.DeleteAsync(table, id, planned.Caller, null, cancellation, version);
        await AnswerAsync(context, planned, row is null ? [] : [row], StatusCodes.Status200OK, single: true, cancellation);
    }

    /// <summary>Accounts have rules of their own, and the other tables of the service are its own affair.</summary>
    private static void RequireWritable(Table table)
    {
        if (table.System)
        {
            throw new Problem(403, ProblemCodes.Permission, $"'{table.Name}' is read-only here", "It is one of the service's own tables.",
                table.Name is "users" or "sessions" ? "Accounts change through /api/v2/auth." : null);
        }
    }

    private static void RequireCondition(HttpContext context, PlannedRequest planned)
    {
        if (!planned.Request.HasConditions)
            throw new Problem(400, ProblemCodes.FilterRequired, "A write of several rows requires a condition", null, "Name the rows: ?id=eq.…, ?id=in.(…), or any other condition.");
        if (planned.Request is { Limit: not null } or { Offset: not null })
            throw new Problem(400, ProblemCodes.NotImplemented, "Feature not implemented", "A write takes neither limit nor offset.");
        if (context.Request.Headers.IfMatch.Count > 0)
            throw new Problem(400, ProblemCodes.Query, "If-Match is for one row", null, "Write to /rows/{resource}/{id}.");
    }

    private static void RequireNoCondition(PlannedRequest planned)
    {
        if (planned.Request.HasConditions)
            throw new Problem(400, ProblemCodes.Query, "A row that is addressed by its id takes no conditions.", null, "If-Match makes a write conditional.");
    }

    private static bool WantsRows(PlannedRequest planned) => planned.Preferences.Return == ReturnPreference.Representation;

    /// <summary>Who asks for the rows back must be allowed to read them: said before the write, not after it.</summary>
    private static void RequireReadable(Table table, PlannedRequest planned)
    {
        if (WantsRows(planned))
            AccessRules.Require(table, Operation.Get, planned.Caller);
    }

    private static async Task<ChangeSet> ReadChangesAsync(HttpContext context, Table table, PlannedRequest planned, CancellationToken cancellation)
    {
        var rows = await BodyReader.ReadAsync(context.Request, allowArray: false, cancellation);
        return new ChangePlanner(table).Plan(rows[0], planned.Request.Columns, isInsert: false);
    }

    /// <summary>Interceptors may change a set, so each row gets its own.</summary>
    private static ChangeSet Copy(ChangeSet set)
    {
        var copy = new ChangeSet { Acl = set.Acl };
        copy.Changes.AddRange(set.Changes);
        return copy;
    }

    /// <summary>Inserts all rows or none; one by one where hooks watch.</summary>
    private async Task<IReadOnlyList<WriteResult>> InsertAsync(Table table, List<ChangeSet> sets, Caller caller, CancellationToken cancellation)
    {
        if (sets.Count > 1 && !store.IsIntercepted(table))
            return await store.InsertManyAsync(table, [.. sets.Select(set => new NewRow(set))], caller, null, cancellation);
        var written = new List<WriteResult>(sets.Count);
        foreach (var set in sets)
            written.Add(await store.InsertAsync(table, set, caller, null, null, cancellation));
        return written;
    }

    /// <summary>The rows that a write by conditions concerns.</summary>
    private static RowQuery Matching(PlannedRequest planned, bool withRows)
    {
        var query = planned.Plan.Query with { Offset = 0, Sort = [], IsForWrite = true };
        return withRows ? query : query with { Fields = [], WithAcl = false };
    }

    /// <summary>Writes the rows that fulfil the conditions, all or none, in one statement. Rows that may be read but not written are passed over.</summary>
    private async Task<MatchingWrite> WriteAtOnceAsync(PlannedRequest planned, Func<RowBounds, Task<MatchingWrite>> write)
    {
        var most = planned.Preferences.MaxAffected ?? int.MaxValue;
        var bounds = planned.Representation.Singular && WantsRows(planned) ? new RowBounds(1, Math.Min(1, most)) : new RowBounds(0, most);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var written = await write(bounds);
                RequireBounds(planned, written.Found, store.MaxChanged);
                return written;
            }
            catch (Refusal refusal) when (refusal.Kind == RefusalKind.Conflict)
            {
                // A deadlock with a transaction of another kind: nothing was written.
                if (attempt == Attempts)
                    throw new Problem(409, ProblemCodes.Conflict, "Other writes came between. Try again.");
            }
        }
    }

    /// <summary>
    /// The same for a table that interceptors watch, row by row, since one may call out. Each is written only in the version that was read; what interceptors
    /// have heard of is written and stays.
    /// </summary>
    private async Task<IReadOnlyList<string>> WriteOneByOneAsync(RowQuery query, Operation operation, PlannedRequest planned, Func<Row, Task> write, CancellationToken cancellation)
    {
        var limit = Math.Min(Limits.MaxHookedRows, store.MaxChanged);
        var rows = await store.ReadMatchingAsync(query, operation, planned.Caller, limit + 1, cancellation);
        RequireBounds(planned, rows.Count, limit);
        var ids = new List<string>(rows.Count);
        foreach (var row in rows)
        {
            try
            {
                await write(row);
                ids.Add(row.Id);
            }
            catch (Refusal refusal) when (refusal.Kind == RefusalKind.NotFound)
            {
                // Gone meanwhile, or not the caller's any more: passed over.
            }
            catch (Refusal refusal) when (refusal.Kind is RefusalKind.PreconditionFailed or RefusalKind.Conflict)
            {
                throw new Problem(409, ProblemCodes.Conflict, "Other writes came between. Try again.");
            }
        }

        return ids;
    }

    private static void RequireBounds(PlannedRequest planned, int rows, int limit)
    {
        if (rows > limit)
            throw new Problem(400, ProblemCodes.Limit, $"One request may write {limit} rows.", null, "Narrow the conditions.");
        if (planned.Preferences.MaxAffected < rows)
            throw new Problem(400, ProblemCodes.MaxAffected, "Query result exceeds max-affected preference constraint", $"The query affects {rows} rows");
        if (planned.Representation.Singular && WantsRows(planned) && rows != 1)
            throw RowReads.NotSingular(rows);
    }

    private async Task AnswerAsync(HttpContext context, PlannedRequest planned, IReadOnlyList<string> ids, int status, bool single, CancellationToken cancellation)
    {
        if (!WantsRows(planned))
        {
            Empty(context, planned, ids.Count, status);
            return;
        }

        var plan = planned.Plan;
        var byId = await store.LookUpAsync(plan.Query.Table, ids, planned.Caller, plan.Query.Fields, cancellation, plan.Query.WithAcl, isForWrite: true);
        await AnswerAsync(context, planned, [.. ids.Select(id => byId.GetValueOrDefault(id)).OfType<Row>()], status, single, cancellation, ids.Count);
    }

    private async Task AnswerAsync(
        HttpContext context, PlannedRequest planned, IReadOnlyList<Row> rows, int status, bool single, CancellationToken cancellation, int? affected = null)
    {
        if (!WantsRows(planned))
        {
            Empty(context, planned, affected ?? rows.Count, status);
            return;
        }

        context.Response.StatusCode = status;
        Describe(context, planned, affected ?? rows.Count);
        var asObject = single || planned.Representation.Singular;
        if (asObject && rows.Count == 0)
        {
            // Written, but not the writer's to read: an object with nothing in it.
            context.Response.ContentType = Requests.Representation.Json;
            await context.Response.WriteAsync("{}", cancellation);
            return;
        }

        await reads.WriteAsync(context, planned, rows, asObject, cancellation);
    }

    private static void Empty(HttpContext context, PlannedRequest planned, int affected, int status)
    {
        context.Response.StatusCode = status == StatusCodes.Status200OK ? StatusCodes.Status204NoContent : status;
        Describe(context, planned, affected);
        if (context.Response.StatusCode != StatusCodes.Status204NoContent)
            context.Response.ContentLength = 0;
    }

    private static void Describe(HttpContext context, PlannedRequest planned, int affected)
    {
        var headers = context.Response.Headers;
        headers.ContentRange = planned.Preferences.Count ? $"*/{affected}" : "*/*";
        if (planned.Preferences.Applied.Length > 0)
            headers.Append("Preference-Applied", planned.Preferences.Applied);
    }
}
