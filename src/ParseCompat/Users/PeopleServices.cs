using Backend.ParseCompat.Schemas;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.ParseCompat.Users;

/// <summary>Registers users, sessions, roles, installations, schemas and the batch.</summary>
internal static class PeopleServices
{
    public static void AddPeopleAndSchemas(this IServiceCollection services)
    {
        services.AddSingleton<SchemaWriter>();
        services.AddSingleton<IRouteSource, SchemaRoutes>();
    }
}
