using Backend.Data.Broadcast;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Backend.Data.Accounts;

/// <summary>Registers accounts. What they need of others: the pooled <see cref="NpgsqlDataSource"/> and the <see cref="Listener"/>.</summary>
internal static class AccountsServices
{
    public static void AddAccounts(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<PasswordOptions>().Bind(configuration.GetSection(PasswordOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PasswordOptions>, PasswordRulesCheck>());
        services.AddOptions<AccountsOptions>().Bind(configuration.GetSection(AccountsOptions.Section)).ValidateDataAnnotations()
            .Validate(o => !o.ReuseResetToken || o.ResetTokenLength > TimeSpan.Zero, "Accounts:ReuseResetToken needs Accounts:ResetTokenLength.").ValidateOnStart();
        services.AddOptions<LoginLimitsOptions>().Bind(configuration.GetSection(LoginLimitsOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<LoginLimits>();
        services.AddSingleton<PasswordHasher>();
        services.AddSingleton<AccountCaches>();
        services.AddSingleton(s => new Sessions(s.GetRequiredService<NpgsqlDataSource>(), s.GetRequiredService<LiveCatalog>(), s.GetRequiredService<AccountCaches>(),
            s.GetRequiredService<IOptions<AccountsOptions>>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new AccountService(s.GetRequiredService<NpgsqlDataSource>(), s.GetRequiredService<LiveCatalog>(), s.GetRequiredService<RowStore>(),
            s.GetRequiredService<PasswordHasher>(), s.GetRequiredService<Sessions>(), s.GetRequiredService<LoginLimits>(),
            s.GetRequiredService<IOptions<AccountsOptions>>(), s.GetRequiredService<IOptions<PasswordOptions>>(), s.GetServices<IAccountInterceptor>(),
            s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<SigningKeys>();
        services.AddSingleton(s => new Tokens(s.GetRequiredService<NpgsqlDataSource>(), s.GetRequiredService<SigningKeys>(), s.GetRequiredService<Sessions>(),
            s.GetRequiredService<AccountService>(), s.GetRequiredService<IOptions<AccountsOptions>>(), s.GetRequiredService<TimeProvider>()));
        services.AddHostedService<AccountsStart>();
    }

    /// <summary>Makes what must be there before the listener connects, and says at once when libxcrypt is missing.</summary>
    private sealed class AccountsStart(AccountCaches caches, PasswordHasher hasher) : Microsoft.Extensions.Hosting.IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            GC.KeepAlive(caches);
            GC.KeepAlive(hasher);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
