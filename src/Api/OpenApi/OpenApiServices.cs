using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.OpenApi;

namespace Backend.Api.OpenApi;

/// <summary>
/// One OpenAPI document for each version, at <c>/swagger/v2/swagger.json</c>, and the page <c>/swagger</c> that shows them; the page's files come out
/// of the program, so it works without the internet. The documents are made at each request: the tables are those of now, and of the caller.
/// </summary>
internal static class OpenApiServices
{
    public const string Bearer = "bearer";

    public static IServiceCollection AddOpenApiDocuments(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.TryAddEnumerable(ServiceDescriptor.Transient<IApiDescriptionProvider, VersionedDescriptions>());
        return services.AddSwaggerGen(o =>
        {
            o.SwaggerDoc("v2", new OpenApiInfo
            {
                Title = "Backend",
                Version = "v2",
                Description = "Rows of the app's tables in the PostgREST dialect below /api/v2/rows, accounts below /api/v2/auth, files below /api/v2/files. Errors are RFC 9457 problem details.",
            });
            o.DocInclusionPredicate((document, api) => api.GroupName == document);
            o.IncludeXmlComments(Path.Combine(AppContext.BaseDirectory, "Backend.Api.xml"), includeControllerXmlComments: true);
            o.SupportNonNullableReferenceTypes();
            o.CustomOperationIds(api => $"{((ControllerActionDescriptor)api.ActionDescriptor).ControllerName}_{((ControllerActionDescriptor)api.ActionDescriptor).ActionName}");
            o.AddSecurityDefinition(Bearer, new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = Bearer,
                Description = "An access token of /api/v2/auth/token.",
            });
            o.AddSecurityRequirement(_ => []); // anonymous callers see what is public
            o.AddSecurityRequirement(document => new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, document)] = [] });
            o.DocumentAsyncFilter<TablePaths>();
        });
    }

    public static void UseOpenApiDocuments(this WebApplication app)
    {
        app.UseSwagger();
        app.UseSwaggerUI(o =>
        {
            o.SwaggerEndpoint("/swagger/v2/swagger.json", "v2");
            o.DocumentTitle = "API";
            o.DisplayRequestDuration();
        });
    }
}
