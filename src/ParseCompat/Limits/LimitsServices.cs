using Backend.Data.Limits;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Limits;

/// <summary>Registers what keeps requests within bounds.</summary>
internal static class LimitsServices
{
    public static void AddLimits(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<LimitsOptions>().Bind(configuration.GetSection(LimitsOptions.Section))
            .Configure(o => o.KeywordDenylist = KeywordOptions.Read(configuration.GetSection(LimitsOptions.Section).GetSection(nameof(LimitsOptions.KeywordDenylist))))
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<LimitsOptions>>(new LimitsOptionsValidator(configuration)));
        var idempotency = configuration.GetSection(IdempotencyOptions.Section);
        services.AddChecked<IdempotencyOptions>(idempotency, o => o.Problems(idempotency));
        services.AddChecked<ComplexityOptions>(configuration.GetSection(ComplexityOptions.Section), o => o.Problems());
        services.AddSingleton<Complexity>();
        services.AddOptions<SecurityOptions>().Bind(configuration.GetSection(SecurityOptions.Section)).ValidateOnStart();
        services.TryAddSingleton<RateCounter>();
        services.AddSingleton<IRequestGate, WriteGate>();
        services.AddSingleton<IRequestGate, RouteAllowList>();
        services.AddSingleton<IRequestGate, RateLimits>();
        services.AddSingleton(s => new KeywordDenylist(s.GetRequiredService<IOptions<LimitsOptions>>().Value.Keywords));
        services.AddSingleton<IRequestRunner, RequestIds>();
        services.AddSingleton<SecurityReport>();
        services.AddSingleton<IRouteSource, SecurityRoutes>();
        services.AddHostedService<SecurityCheckAtStart>();
        services.AddHostedService<RequestIdTurns>();
    }
}
