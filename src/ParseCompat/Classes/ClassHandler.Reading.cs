using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.ParseCompat.Hooks;
using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Classes;

/// <content>Finds: planning, streaming, includes.</content>
internal partial class ClassHandler
{
    private async ValueTask<RowQuery> PlanAsync(ParseRequest request, FindOptions options, Table table)
    {
        var filter = Filter.Always;
        var operation = Operation.Find;
        Filter.SearchText? search = null;
        Filter.Near? nearest = null;
        if (options.Where is { } where)
        {
            var snapshot = await Services.Catalog.GetAsync(request.Aborted);
            var context = new PlanContext(snapshot, request.Caller, request.IsMaster || Services.Options.AllowClientClassCreation, PlanSpecialAsync,
                Services.Time.GetUtcNow(), request.Aborted)
            { BeforeInner = Services.Triggers.BeforeInner(request) };
            var planner = new WherePlanner(context);
            filter = await planner.PlanAsync(table, where);
            search = planner.Search;
            if (planner.HasNear)
            {
                nearest = WherePlanner.Nearest(filter);
                if (options.Limit > 0)
                    WherePlanner.RequireOneOrder(filter);
            }

            // A find by nothing but the id is a get to the class's permissions (contract 13.2).
            if (filter is Filter.Equal { Path: var path, Value.Kind: ValueKind.Text } && path.Field == Field.Id)
            {
                operation = Operation.Get;
                if (request.Caller.UserId is null && AccessRules.IsByOwner(table, operation, request.Caller))
                    throw ParseError.ObjectNotFound();
            }
        }

        return new RowQuery
        {
            Table = table,
            Filter = filter,
            Sort = PlanOrder(options, table, nearest, search),
            Limit = options.Limit,
            Offset = options.Skip,
            WithCount = options.Count,
            MayLag = options.RowsMayLag,
            WithScore = options.Include.Keys?.Contains(ScoreKey) == true ? search : null,
            Operation = operation,
        };
    }

    /// <summary>The name of a text search's score in <c>order</c> and <c>keys</c>.</summary>
    private const string ScoreKey = "$score";

    private static ImmutableArray<Sort> PlanOrder(FindOptions options, Table table, Filter.Near? nearest, Filter.SearchText? search)
    {
        if (options.Order.Count == 0)
            return nearest is null ? [] : [Sort.ByDistance(nearest)];
        var sorts = ImmutableArray.CreateBuilder<Sort>();
        foreach (var (name, descending) in options.Order)
        {
            if (name == ScoreKey)
            {
                // In either direction the best match comes first, as with MongoDB.
                if (search is not null)
                    sorts.Add(Sort.ByScore(search));
                continue;
            }

            var root = name.Split('.')[0];
            if (root is not ("_created_at" or "_updated_at") && !Wire.ClassName.IsValidField(root, table.Origin))
                throw new ParseError(ErrorCode.InvalidKeyName, $"Invalid field name: {name}.");
            if (WherePlanner.Resolve(table, name) is { Field.Kind: not FieldKind.Relation } path)
                sorts.Add(new Sort(path, descending));
        }

        return sorts.ToImmutable();
    }

    private static void AddAllIncludes(FindOptions options, Table table)
    {
        if (!options.IncludeAll)
            return;
        foreach (var field in table.Fields)
        {
            if (field.Kind is not (FieldKind.Reference or FieldKind.Array))
                continue;
            options.Include.Add([field.Name]);
            options.Include.Keys?.Add(field.Name);
        }
    }

    private async ValueTask<IncludedRows?> IncludeAsync(IReadOnlyList<Row> rows, FindOptions options, ParseRequest request)
    {
        var include = options.Include;
        if (include.Children.Count == 0 || rows.Count == 0)
            return null;
        var snapshot = await Services.Catalog.GetAsync(request.Aborted);
        if (Services.Triggers.Any)
            HookScope.Enter(request);
        return await IncludedRows.FetchAsync(rows, include, Services.Rows, snapshot, request.Caller, request.Aborted, options.IncludesMayLag);
    }

    /// <summary>
    /// Reads what is included with the rows themselves, where one statement can. Whole: the query's rows are then all that the answer needs.
    /// </summary>
    private async ValueTask<(RowQuery Query, bool IsWhole)> PlanIncludesAsync(RowQuery query, IncludeNode include, ParseRequest request)
    {
        if (WantsExtras(request))
            return (query, false);
        if (include.Children.Count == 0)
            return (query, true);
        var joins = IncludedRows.PlanJoins(query, include, Services.Rows, await Services.Catalog.GetAsync(request.Aborted), request.Caller);
        return joins.IsDefault ? (query, false) : (query with { Joins = joins }, true);
    }

    /// <summary>The cursor's one row straight into the answer: nothing of it is copied.</summary>
    private async ValueTask WriteAndDisposeAsync(RowCursor cursor, IncludeNode wanted, JsonOutput output)
    {
        await using (cursor)
            WriteRow(output.Json, cursor, wanted, Included(cursor, wanted), null, null);
    }

    private static IncludedRows? Included(RowCursor cursor, IncludeNode wanted) => wanted.Children.Count == 0 ? null : new IncludedRows(cursor);

    /// <summary>Rows straight from the database into the answer.</summary>
    private async ValueTask StreamAsync(RowCursor cursor, IncludeNode wanted, string? redirected, JsonOutput output, CancellationToken cancellation)
    {
        await using (cursor)
        {
            var writer = output.Json;
            var included = Included(cursor, wanted);
            writer.WriteStartObject();
            writer.WriteStartArray("results"u8);
            while (await cursor.ReadAsync(cancellation))
            {
                WriteRow(writer, cursor, wanted, included, null, redirected);
                await output.BreatheAsync(cancellation);
            }

            writer.WriteEndArray();
            if (cursor.Count is { } count)
                writer.WriteNumber("count"u8, count);
            writer.WriteEndObject();
        }
    }

    /// <summary>Rows that are kept until what comes with them is there; the connection is given back before.</summary>
    private async ValueTask<ParseResponse> AnswerAsync(RowCursor cursor, ParseRequest request, FindOptions options, string? redirected)
    {
        var rows = new List<Row>();
        long? count;
        await using (cursor)
        {
            while (await cursor.ReadAsync(request.Aborted))
                rows.Add(cursor.Keep());
            count = cursor.Count;
        }

        var included = await IncludeAsync(rows, options, request);
        var extras = WantsExtras(request) ? await LoadExtrasAsync(rows, request, isGet: false) : null;
        return ParseResponse.Stream(async (output, cancellation) =>
        {
            var writer = output.Json;
            writer.WriteStartObject();
            writer.WriteStartArray("results"u8);
            foreach (var row in rows)
            {
                WriteRow(writer, row, options.Include, included, extras, redirected);
                await output.BreatheAsync(cancellation);
            }

            writer.WriteEndArray();
            if (count is { } number)
                writer.WriteNumber("count"u8, number);
            writer.WriteEndObject();
        });
    }

    private static void WriteNone(Utf8JsonWriter writer, bool count)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("results"u8);
        writer.WriteEndArray();
        if (count)
            writer.WriteNumber("count"u8, 0);
        writer.WriteEndObject();
    }
}
