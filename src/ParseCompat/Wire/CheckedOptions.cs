using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Wire;

/// <summary>Options that are checked when the host starts: it stops with a sentence for each wrong setting.</summary>
internal static class CheckedOptions
{
    /// <summary>Binds a section to a class of options.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">The section.</param>
    /// <param name="problems">What is wrong with the options, as sentences that name the setting.</param>
    public static OptionsBuilder<T> AddChecked<T>(this IServiceCollection services, IConfigurationSection section, Func<T, IEnumerable<string>> problems)
        where T : class
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<T>>(new Check<T>(problems)));
        return services.AddOptions<T>().Bind(section).ValidateOnStart();
    }

    private sealed class Check<T>(Func<T, IEnumerable<string>> problems) : IValidateOptions<T>
        where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options)
        {
            var found = problems(options).ToList();
            return found.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(found);
        }
    }
}
