using Backend.ParseCompat.Analytics;
using Backend.ParseCompat.Batch;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Config;
using Backend.ParseCompat.Installations;
using Backend.ParseCompat.Jobs;
using Backend.ParseCompat.Logs;
using Backend.ParseCompat.Products;
using Backend.ParseCompat.Push;
using Backend.ParseCompat.Roles;
using Backend.ParseCompat.Schemas;
using Backend.ParseCompat.Schemas.Definitions;
using Backend.ParseCompat.Sessions;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Backend.ParseCompat.Users;

/// <summary>Registers users, sessions, roles, installations, products, schemas, the batch and the small endpoints.</summary>
internal static class PeopleServices
{
    public static void AddPeopleAndSchemas(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<SchemaWriter>();
        services.AddSingleton<SchemaSetup>();
        services.AddHostedService(s => s.GetRequiredService<SchemaSetup>());
        services.AddSingleton<HiddenClasses>();
        services.AddSingleton<IRouteSource, SchemaRoutes>();
        services.AddSingleton<AuthProviders>();
        services.AddClass<UserHandler>();
        services.AddSingleton<IRouteSource, UserRoutes>();
        services.AddSingleton<IRouteSource, PasswordResetRoutes>();
        services.AddSingleton<VerificationMails>();
        services.AddSingleton<IRouteSource, VerificationRoutes>();
        services.AddSingleton<IRouteSource, BatchRoutes>();
        services.AddClass<SessionHandler>();
        services.AddSingleton<IRouteSource, SessionRoutes>();
        services.AddClass<RoleHandler>();
        services.AddSingleton<IRouteSource>(s => s.GetRequiredService<RoleHandler>());
        services.AddClass<ProductHandler>();
        services.AddSingleton<IRouteSource, PurchaseRoutes>();
        services.AddSingleton<IRouteSource, ConfigRoutes>();
        services.AddSingleton<IRouteSource, AnalyticsRoutes>();
        services.AddSingleton<IRouteSource, LogRoutes>();
        services.AddSingleton<IRouteSource, PushRoutes>();
        services.AddSingleton<IRouteSource, AudienceRoutes>();
        services.AddSingleton<IRouteSource, JobScheduleRoutes>();
        services.AddClass<InstallationHandler>();
        services.AddSingleton<IRouteSource>(s => s.GetRequiredService<InstallationHandler>());
    }

    /// <summary>A class with a handler of its own, for its own routes and for <c>/classes</c>.</summary>
    private static void AddClass<THandler>(this IServiceCollection services)
        where THandler : ClassHandler
    {
        services.AddSingleton<THandler>();
        services.AddSingleton<ClassHandler>(s => s.GetRequiredService<THandler>());
    }
}
