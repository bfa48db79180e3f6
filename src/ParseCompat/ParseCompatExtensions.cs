using Backend.ParseCompat.Aggregates;
using Backend.ParseCompat.Analytics;
using Backend.ParseCompat.Batch;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Config;
using Backend.ParseCompat.Files;
using Backend.ParseCompat.Functions;
using Backend.ParseCompat.Hooks;
using Backend.ParseCompat.Installations;
using Backend.ParseCompat.Jobs;
using Backend.ParseCompat.Limits;
using Backend.ParseCompat.Logs;
using Backend.ParseCompat.Products;
using Backend.ParseCompat.Push;
using Backend.ParseCompat.Roles;
using Backend.ParseCompat.Schemas;
using Backend.ParseCompat.Schemas.Definitions;
using Backend.ParseCompat.Sessions;
using Backend.ParseCompat.Users;
using Backend.ParseCompat.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Backend.ParseCompat;

/// <summary>Puts the old dialect into the host: two lines of Program.cs, and the whole of what the removal takes out of it.</summary>
public static class ParseCompatExtensions
{
    /// <summary>Registers the dialect with the settings of section <c>ParseCompat</c>, which are checked when the host starts.</summary>
    public static IServiceCollection AddParseCompat(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddParseCompatFrame(configuration);
        services.AddLimits(configuration);
        services.AddClasses(configuration);
        services.AddSchemas();
        services.AddPeople();
        services.AddHooks(configuration);
        services.AddSmallEndpoints(configuration);
        return services;
    }

    /// <summary>The frame alone: options, keys, routing, and the routes that say what the server is.</summary>
    internal static IServiceCollection AddParseCompatFrame(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddChecked<ParseCompatOptions>(configuration.GetSection(ParseCompatOptions.Section), o => o.Problems());
        services.AddSingleton<Authenticator>();
        services.AddSingleton<ParseFrame>();
        services.AddRoutes<ServerRoutes>();
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

    /// <summary>Rows of any class and what leads to them: finds, aggregates, batches, files.</summary>
    private static void AddClasses(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddChecked<AggregateOptions>(configuration.GetSection(AggregateOptions.Section), o => o.Problems());
        services.AddChecked<FileUploadOptions>(configuration.GetSection(FileUploadOptions.Section), o => o.Problems());
        services.AddSingleton<FileUrls>();
        services.AddSingleton<ValueWriter>();
        services.AddSingleton<ClassServices>();
        services.AddRoutes<ClassRoutes>();
        services.AddRoutes<AggregateRoutes>();
        services.AddRoutes<BatchRoutes>();
        services.AddRoutes<FileRoutes>();
    }

    /// <summary>Classes and their fields, over the routes and from a file.</summary>
    private static void AddSchemas(this IServiceCollection services)
    {
        services.AddSingleton<SchemaWriter>();
        services.AddSingleton<ClassMarks>();
        services.AddRoutes<SchemaRoutes>();
        services.AddSingleton<SchemaSetup>();
        services.AddHostedService(s => s.GetRequiredService<SchemaSetup>());
    }

    /// <summary>Users and how they come in, their sessions, roles and installations.</summary>
    private static void AddPeople(this IServiceCollection services)
    {
        services.AddSingleton<ICallerSource, SessionCallers>();
        services.AddSingleton<AuthProviders>();
        services.AddSingleton<VerificationMails>();
        services.AddClass<UserHandler>();
        services.AddRoutes<UserRoutes>();
        services.AddRoutes<PasswordResetRoutes>();
        services.AddRoutes<VerificationRoutes>();
        services.AddClass<SessionHandler>();
        services.AddRoutes<SessionRoutes>();
        services.AddClassWithRoutes<RoleHandler>();
        services.AddClassWithRoutes<InstallationHandler>();
    }

    /// <summary>Functions, and what is a route or two.</summary>
    private static void AddSmallEndpoints(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddChecked<PurchaseOptions>(configuration.GetSection(PurchaseOptions.Section), o => o.Problems());
        services.AddRoutes<FunctionRoutes>();
        services.AddClass<ProductHandler>();
        services.AddRoutes<PurchaseRoutes>();
        services.AddRoutes<ConfigRoutes>();
        services.AddRoutes<AnalyticsRoutes>();
        services.AddRoutes<LogRoutes>();
        services.AddRoutes<PushRoutes>();
        services.AddRoutes<AudienceRoutes>();
        services.AddRoutes<JobScheduleRoutes>();
    }

    private static void AddRoutes<TRoutes>(this IServiceCollection services)
        where TRoutes : class, IRouteSource => services.AddSingleton<IRouteSource, TRoutes>();

    /// <summary>A class with a handler of its own, which <c>/classes</c> finds as well.</summary>
    private static void AddClass<THandler>(this IServiceCollection services)
        where THandler : ClassHandler
    {
        services.AddSingleton<THandler>();
        services.AddSingleton<ClassHandler>(s => s.GetRequiredService<THandler>());
    }

    /// <summary>A class whose handler has routes of its own.</summary>
    private static void AddClassWithRoutes<THandler>(this IServiceCollection services)
        where THandler : ClassHandler, IRouteSource
    {
        services.AddClass<THandler>();
        services.AddSingleton<IRouteSource>(s => s.GetRequiredService<THandler>());
    }
}
