using System.Text;
using Backend.Data.Catalog;
using Backend.Jobs.Overview;
using Microsoft.Extensions.Options;

namespace Backend.Api.Admin;

/// <summary>The administrator's pages.</summary>
internal static class AdminPages
{
    public static IServiceCollection AddAdministration(this IServiceCollection services)
    {
        services.AddOptions<AdminOptions>().BindConfiguration(AdminOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<AdminOptions>, AdminOptionsCheck>();
        services.AddSingleton<AdminAccess>();
        return services;
    }

    public static void MapAdministration(this WebApplication app)
    {
        var pages = app.MapGroup("/jobs").AddEndpointFilter<AdminPageFilter>().ExcludeFromDescription();

        pages.MapGet("", async (JobsOverview jobs, CatalogWork tables, long? requeued, long? refused, CancellationToken cancellation) =>
        {
            var message = requeued is { } done ? JobsPage.Message(done, true) : refused is { } not ? JobsPage.Message(not, false) : Html.Nothing;
            return Results.Text(JobsPage.Render(await jobs.ReadAsync(cancellation), await tables.ReadAsync(cancellation), message).ToString(), "text/html", Encoding.UTF8);
        });

        // See other: the page that follows can be looked at again without sending the form again.
        pages.MapPost("{id:long}/requeue", async (long id, JobsOverview jobs, HttpResponse response, CancellationToken cancellation) =>
        {
            var done = await jobs.RequeueAsync(id, cancellation);
            response.StatusCode = StatusCodes.Status303SeeOther;
            response.Headers.Location = $"/jobs?{(done ? "requeued" : "refused")}={id}";
        });
    }

    private sealed class AdminOptionsCheck : IValidateOptions<AdminOptions>
    {
        public ValidateOptionsResult Validate(string? name, AdminOptions options) =>
            options.Mistake() is { } mistake ? ValidateOptionsResult.Fail(mistake) : ValidateOptionsResult.Success;
    }
}
