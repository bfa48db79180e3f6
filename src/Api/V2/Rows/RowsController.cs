using Backend.Api.V2.Callers;
using Backend.Api.V2.Problems;
using Backend.Api.V2.Rows.Planning;
using Backend.Api.V2.Rows.Requests;
using Backend.Data.Catalog;
using Microsoft.AspNetCore.Mvc;

namespace Backend.Api.V2.Rows;

/// <summary>
/// Rows of any table in the PostgREST dialect (<c>/rows/{resource}</c>), and single rows by their id. The OpenAPI document shows the paths of
/// the live tables instead of these.
/// </summary>
[ApiController]
[ApiExplorerSettings(IgnoreApi = true)]
[Route("api/v{version:apiVersion}/rows/{resource}")]
internal sealed class RowsController(LiveCatalog liveCatalog, RowReads reads, RowWrites writes) : ControllerBase
{
    /// <summary>Lists rows.</summary>
    [HttpGet]
    [HttpHead]
    public async Task List(string resource, CancellationToken cancellation)
    {
        var (table, plan) = await PlanAsync(resource, cancellation);
        await reads.ListAsync(HttpContext, table, plan, cancellation);
    }

    /// <summary>Reads one row.</summary>
    [HttpGet("{id}")]
    [HttpHead("{id}")]
    public async Task Get(string resource, string id, CancellationToken cancellation)
    {
        var (_, plan) = await PlanAsync(resource, cancellation);
        await reads.GetAsync(HttpContext, plan, id, cancellation);
    }

    /// <summary>Inserts a row, or all rows of an array or none.</summary>
    [HttpPost]
    public async Task Insert(string resource, CancellationToken cancellation)
    {
        var (table, plan) = await PlanAsync(resource, cancellation);
        await writes.InsertAsync(HttpContext, table, plan, cancellation);
    }

    /// <summary>Changes the rows that fulfil the conditions.</summary>
    [HttpPatch]
    public async Task Change(string resource, CancellationToken cancellation)
    {
        var (table, plan) = await PlanAsync(resource, cancellation);
        await writes.ChangeAsync(HttpContext, table, plan, cancellation);
    }

    /// <summary>Changes one row.</summary>
    [HttpPatch("{id}")]
    public async Task Change(string resource, string id, CancellationToken cancellation)
    {
        var (table, plan) = await PlanAsync(resource, cancellation);
        await writes.ChangeAsync(HttpContext, table, plan, id, cancellation);
    }

    /// <summary>Deletes the rows that fulfil the conditions.</summary>
    [HttpDelete]
    public async Task Delete(string resource, CancellationToken cancellation)
    {
        var (table, plan) = await PlanAsync(resource, cancellation);
        await writes.DeleteAsync(HttpContext, table, plan, cancellation);
    }

    /// <summary>Deletes one row.</summary>
    [HttpDelete("{id}")]
    public async Task Delete(string resource, string id, CancellationToken cancellation)
    {
        var (table, plan) = await PlanAsync(resource, cancellation);
        await writes.DeleteAsync(HttpContext, table, plan, id, cancellation);
    }

    private async Task<(Table Table, PlannedRequest Plan)> PlanAsync(string resource, CancellationToken cancellation)
    {
        var catalog = await liveCatalog.GetAsync(cancellation);
        var table = Columns.Resource(catalog, resource);
        var query = QueryReader.Read(Request.QueryString);
        if (query.OnConflict)
            throw new Problem(400, ProblemCodes.NotImplemented, "Feature not implemented", "on_conflict is not built.");
        var range = HttpMethods.IsGet(Request.Method) || HttpMethods.IsHead(Request.Method) ? RowRange.Read(Request) : default;
        query = query with { Limit = query.Limit ?? range.Limit, Offset = query.Offset ?? range.Offset };
        return (table, new PlannedRequest(query, new RowsPlanner(catalog).Plan(table, query), Preferences.Read(Request), Representation.Read(Request), HttpContext.Caller()));
    }
}
