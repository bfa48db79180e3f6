using Backend.Data.Accounts;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.ParseCompat.Hooks;

/// <summary>Registers web hooks: functions and triggers, and the routes that administer them.</summary>
internal static class HookServices
{
    public static void AddHooks(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddChecked<WebhookOptions>(configuration.GetSection(WebhookOptions.Section), o => o.Problems());
        services.AddHttpClient(HookClient.ClientName)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                ConnectTimeout = TimeSpan.FromSeconds(5),
                PooledConnectionLifetime = TimeSpan.FromMinutes(2),
                // Shorter than what servers keep a silent connection open for: a call must not meet one that is being closed, since it is not sent twice.
                PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2),
                MaxConnectionsPerServer = 256,
            })
            // The factory's own log lines name addresses, which may carry secrets.
            .RemoveAllLoggers();
        services.AddSingleton<HookRegistry>();
        services.AddSingleton<ICatalogFollower>(s => s.GetRequiredService<HookRegistry>());
        services.AddSingleton<HookStore>();
        services.AddSingleton<HookClient>();
        services.AddSingleton<HookObject>();
        services.AddSingleton<CallFactsReader>();
        services.AddSingleton<TriggerRunner>();
        services.AddSingleton<IRowInterceptor, HookInterceptor>();
        services.AddSingleton<IAccountInterceptor, AccountHooks>();
        services.AddSingleton<IRouteSource, HookRoutes>();
    }
}
