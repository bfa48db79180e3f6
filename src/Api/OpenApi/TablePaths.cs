using Backend.Api.V2.Callers;
using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Backend.Api.OpenApi;

/// <summary>Adds a schema and the paths of each table that the caller may find, as the catalog has them now.</summary>
internal sealed class TablePaths(LiveCatalog liveCatalog, IHttpContextAccessor http) : IDocumentAsyncFilter
{
    public async Task ApplyAsync(OpenApiDocument swaggerDoc, DocumentFilterContext context, CancellationToken cancellationToken)
    {
        var catalog = await liveCatalog.GetAsync(cancellationToken);
        var caller = http.HttpContext?.Caller() ?? Caller.Anonymous;
        var schemas = new TableSchemas(swaggerDoc, catalog, caller);
        schemas.AddShared();
        DescribeAccounts(swaggerDoc, schemas);
        FilePaths.Add(swaggerDoc, schemas);
        foreach (var table in catalog.Tables.Where(t => MayFind(t, caller)).OrderBy(t => t.System).ThenBy(t => t.Name, StringComparer.Ordinal))
        {
            var operations = new TableOperations(swaggerDoc, table, schemas);
            schemas.Add(table);
            var path = $"/api/v2/rows/{Uri.EscapeDataString(table.Name)}";
            swaggerDoc.Paths.Add(path, operations.Collection());
            swaggerDoc.Paths.Add(path + "/{id}", operations.Single());
        }
    }

    /// <summary>The bodies of the two actions that take fields of the users table, which the controllers read themselves.</summary>
    private static void DescribeAccounts(OpenApiDocument document, TableSchemas schemas)
    {
        foreach (var path in document.Paths.Where(p => p.Key.StartsWith("/api/v2/auth/", StringComparison.Ordinal)))
        {
            foreach (var (method, operation) in path.Value.Operations ?? [])
            {
                operation.Responses!["default"] = schemas.Refused();
                if (path.Key.EndsWith("/sign-up", StringComparison.Ordinal) || (path.Key.EndsWith("/user", StringComparison.Ordinal) && method == HttpMethod.Patch))
                    operation.RequestBody = new OpenApiRequestBody { Required = true, Content = TableSchemas.Json(schemas.AccountBody(isNew: method == HttpMethod.Post)) };
                if (path.Key.EndsWith("/user", StringComparison.Ordinal))
                    operation.Responses["200"] = new OpenApiResponse { Description = "The account.", Content = TableSchemas.Json(schemas.Account()) };
            }
        }
    }

    private static bool MayFind(Table table, Caller caller)
    {
        try
        {
            AccessRules.Require(table, Operation.Find, caller);
            return true;
        }
        catch (Refusal)
        {
            return false;
        }
    }
}
