using Backend.ParseCompat.Aggregates;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Files;
using Backend.ParseCompat.Hooks;
using Backend.ParseCompat.Limits;
using Backend.ParseCompat.Users;
using Backend.ParseCompat.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat;

/// <summary>Puts the old dialect into the host: two lines of Program.cs, and the whole of what the removal takes out of it.</summary>
public static class ParseCompatExtensions
{
    /// <summary>Registers the dialect with the settings of section <c>ParseCompat</c>, which are checked when the host starts.</summary>
    public static IServiceCollection AddParseCompat(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddParseCompatFrame(configuration);
        services.AddSingleton<ICallerSource, SessionCallers>();
        services.AddSingleton<FileUrls>();
        services.AddSingleton<ValueWriter>();
        services.AddSingleton<ClassServices>();
        services.AddSingleton<IRouteSource, ClassRoutes>();
        services.AddSingleton<IRouteSource, FileRoutes>();
        services.AddSingleton<IRouteSource, AggregateRoutes>();
        services.AddHooks();
        services.AddPeopleAndSchemas();
        services.AddLimits(configuration);
        return services;
    }

    /// <summary>The frame alone: options, keys, routing, and the routes that say what the server is.</summary>
    internal static IServiceCollection AddParseCompatFrame(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ParseCompatOptions>().Bind(configuration.GetSection(ParseCompatOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ParseCompatOptions>>(new OptionsProblems<ParseCompatOptions>(o => o.Problems())));
        services.AddSingleton<Authenticator>();
        services.AddSingleton<ParseFrame>();
        services.AddSingleton<IRouteSource, ServerRoutes>();
        return services;
    }

    /// <summary>Answers everything below the dialect's mounts; other paths go on to the next middleware.</summary>
    public static IApplicationBuilder MapParseCompat(this IApplicationBuilder app)
    {
        var frame = app.ApplicationServices.GetRequiredService<ParseFrame>();
        var hooks = app.ApplicationServices.GetService<HookRegistry>();
        return app.Use(next =>
        {
            // Triggers run for other dialects too, as long as there are any.
            RequestDelegate after = hooks is null ? next : http => hooks.Current.HasTriggers ? EnterAsync(http, next) : next(http);
            return http => frame.InvokeAsync(http, after);
        });

        static async Task EnterAsync(HttpContext http, RequestDelegate next)
        {
            HookScope.Enter(http);
            await next(http);
        }
    }
}
