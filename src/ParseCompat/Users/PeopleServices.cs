using Backend.ParseCompat.Batch;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Installations;
using Backend.ParseCompat.Roles;
using Backend.ParseCompat.Schemas;
using Backend.ParseCompat.Sessions;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Backend.ParseCompat.Users;

/// <summary>Registers users, sessions, roles, installations, schemas and the batch.</summary>
internal static class PeopleServices
{
    public static void AddPeopleAndSchemas(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<SchemaWriter>();
        services.AddSingleton<IRouteSource, SchemaRoutes>();
        services.AddSingleton<AuthProviders>();
        services.AddClass<UserHandler>();
        services.AddSingleton<IRouteSource, UserRoutes>();
        services.AddSingleton<IRouteSource, PasswordResetRoutes>();
        services.AddSingleton<IRouteSource, BatchRoutes>();
        services.AddClass<SessionHandler>();
        services.AddSingleton<IRouteSource, SessionRoutes>();
        services.AddClass<RoleHandler>();
        services.AddSingleton<IRouteSource>(s => s.GetRequiredService<RoleHandler>());
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
