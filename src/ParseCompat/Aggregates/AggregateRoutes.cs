using Backend.Data.Aggregation;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Hooks;
using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Aggregates;

/// <summary>The route <c>GET /aggregate/:className</c> (contract section 10), for the master key.</summary>
internal sealed class AggregateRoutes(ClassServices services, AggregationStore store, IOptions<AggregateOptions> options) : IRouteSource
{
    /// <inheritdoc/>
    public void AddRoutes(RouteList routes) => routes.Map("GET", "/aggregate/:className", AggregateAsync, RouteRules.Master);

    private async ValueTask<ParseResponse> AggregateAsync(ParseRequest request)
    {
        var asked = AggregateRequest.Read(request, services.Options, options.Value);
        var catalog = await services.Catalog.GetAsync(request.Aborted);
        var table = catalog.FindByOrigin(request["className"]);
        if (services.Triggers.Find(request["className"], Triggers.BeforeFind) is not null)
        {
            var find = HookedFind.Of(request, null, await services.Triggers.Facts.OfAsync(request));
            await services.Triggers.BeforeFindAsync(request["className"], find, request.Aborted);
        }

        if (asked.Distinct is { } path)
            return await DistinctAsync(request, asked, path, catalog, table);
        var reader = new PipelineReader(catalog, new PipelineLimits(options.Value), options.Value.CollectionPrefix);
        var stages = reader.Read(asked.Stages, table);
        if (table is null)
            return None();
        var aggregation = new Aggregation { Source = DocumentNames.Source(table), Stages = stages, MayLag = asked.MayLag };
        if (asked.Explain is { } explain)
            return Explained(explain, await store.ExplainAsync(aggregation, request.Caller, explain.Runs, request.Aborted), table);
        var cursor = await store.OpenAsync(aggregation, request.Caller, request.Aborted);
        var writer = new DocumentWriter(services.Values, table, reader.HasPointerKey, asked.RawFieldNames, asked.RawValues);
        return Answer(cursor, (output, json) => writer.Write(output, json));
    }

    private async ValueTask<ParseResponse> DistinctAsync(ParseRequest request, AggregateRequest asked, string dotted, CatalogSnapshot catalog, Table? table)
    {
        var rows = Filter.Always;
        if (asked.Where is { } where)
        {
            var context = new PlanContext(catalog, request.Caller, true, static (_, _, _) => default, services.Time.GetUtcNow(), request.Aborted)
            {
                BeforeInner = services.Triggers.BeforeInner(request),
            };
            rows = await new WherePlanner(context).PlanAsync(table ?? new Table(0, request["className"], request["className"], "none", false, []), where);
        }

        if (table is null)
            return None();
        var names = DocumentNames.Of(table);
        var path = names.Path(dotted);
        var aggregation = new Aggregation { Source = DocumentNames.Source(table), Rows = rows, Distinct = path, MayLag = asked.MayLag };
        if (asked.Explain is { } explain)
            return Explained(explain, await store.ExplainAsync(aggregation, request.Caller, explain.Runs, request.Aborted), table);
        var cursor = await store.OpenAsync(aggregation, request.Caller, request.Aborted);
        var writer = new DocumentWriter(services.Values, table, false, asked.RawFieldNames, asked.RawValues);
        var reference = !asked.RawValues && path.Length == 1 && names.FieldOf(path[0]) is { Kind: FieldKind.Reference } field ? field : null;
        return Answer(cursor, (output, json) => writer.WriteDistinct(output, json, reference));
    }

    private static ParseResponse Answer(DocumentCursor cursor, Action<System.Text.Json.Utf8JsonWriter, ReadOnlyMemory<byte>> write) => ParseResponse.Stream(async (output, cancellation) =>
    {
        await using (cursor)
        {
            output.Json.WriteStartObject();
            output.Json.WriteStartArray("results"u8);
            while (await cursor.ReadAsync(cancellation))
            {
                write(output.Json, cursor.Utf8);
                await output.BreatheAsync(cancellation);
            }

            output.Json.WriteEndArray();
            output.Json.WriteEndObject();
        }
    });

    private static ParseResponse Explained(ExplainMode mode, byte[] plan, Table table) => ParseResponse.Json(200, writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("results"u8);
        mode.Write(writer, plan, table.Origin);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private static ParseResponse None() => ParseResponse.Json(200, writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("results"u8);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });
}
