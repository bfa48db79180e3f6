using System.Reflection;
using Backend.Api.V2.Auth;
using Backend.Api.V2.Callers;
using Backend.Api.V2.Problems;
using Backend.Api.V2.RateLimits;
using Backend.Api.V2.Rows;
using Backend.Data.Limits;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Controllers;
using Microsoft.AspNetCore.Mvc.Versioning.Conventions;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Backend.Api.V2;

/// <summary>The v2 dialect: controllers below <c>/api/v{version}</c>, whose version is the namespace they stand in.</summary>
internal static class VersionTwo
{
    private static readonly PathString Base = "/api";

    // The documents show each caller the tables that are his to find.
    private static readonly PathString Documents = "/swagger";

    public static void AddVersionTwo(this IServiceCollection services)
    {
        services.AddControllers().ConfigureApplicationPartManager(parts =>
        {
            parts.FeatureProviders.Clear();
            parts.FeatureProviders.Add(new InternalControllers());
        });
        services.AddOptions<AuthOptions>().BindConfiguration(AuthOptions.Section)
            .Validate(o => o.Mistake() is null, "Auth:PublicUrl and Auth:ResetUrl must be absolute http or https addresses.").ValidateOnStart();
        services.AddSingleton<VerificationMails>();
        services.AddOptions<RateLimitList>().Configure<IConfiguration>((o, c) => c.GetSection(RateLimitOptions.Section).Bind(o.Limits)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RateLimitList>, RateLimitList.Check>();
        services.TryAddSingleton<RateCounter>();
        services.AddSingleton<RowReads>();
        services.AddSingleton<RowWrites>();
        services.Configure<ApiBehaviorOptions>(o =>
        {
            o.SuppressMapClientErrors = true; // ProblemMiddleware writes the body of a bare status
            o.InvalidModelStateResponseFactory = context => throw ModelProblem.Of(context.ModelState);
        });
        services.AddApiVersioning(o =>
        {
            o.ReportApiVersions = true;
            o.Conventions.Add(new VersionByNamespaceConvention());
            o.ErrorResponses = new VersionProblems();
        });
        services.AddCors(o => o.AddDefaultPolicy(policy => policy
            .AllowAnyOrigin().AllowAnyHeader().WithMethods("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
            .WithExposedHeaders("Content-Range", "Range-Unit", "ETag", "Link", "Location", "Preference-Applied", "X-Request-Id", "WWW-Authenticate", "Retry-After",
                "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
            .SetPreflightMaxAge(TimeSpan.FromDays(1))));
    }

    public static void UseVersionTwo(this WebApplication app)
    {
        app.UseMiddleware<ProblemMiddleware>();
        var limits = app.Services.GetRequiredService<IOptions<RateLimitList>>().Value.Limits;
        app.UseWhen(context => context.Request.Path.StartsWithSegments(Base) || context.Request.Path.StartsWithSegments(Documents), api =>
        {
            api.UseCors();
            api.UseMiddleware<WriteGateMiddleware>();
            api.UseMiddleware<BearerMiddleware>();
            if (limits.Count > 0)
                api.UseMiddleware<RateLimitMiddleware>(limits);
        });
    }

    /// <summary>Nobody outside needs the controllers, so they are internal; the framework looks for public ones only.</summary>
    private sealed class InternalControllers : ControllerFeatureProvider
    {
        protected override bool IsController(TypeInfo type) => !type.IsAbstract && type.IsSubclassOf(typeof(ControllerBase)) && type.Assembly == typeof(VersionTwo).Assembly;
    }
}
