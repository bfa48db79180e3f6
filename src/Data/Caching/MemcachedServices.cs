using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.Data.Caching;

/// <summary>Registers the shared cache.</summary>
public static class MemcachedServices
{
    /// <summary>
    /// Adds <see cref="IDistributedCache"/> on memcached, as the same singleton as <see cref="MemcachedClient"/>; settings from section
    /// <c>Memcached</c>. Another implementation takes its place by one registration.
    /// </summary>
    public static IServiceCollection AddMemcached(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<MemcachedOptions>().Bind(configuration.GetSection(MemcachedOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<MemcachedClient>();
        services.AddSingleton<IDistributedCache>(s => s.GetRequiredService<MemcachedClient>());
        return services;
    }
}
