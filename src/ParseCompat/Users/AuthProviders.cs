using System.Collections.Frozen;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Users;

/// <summary>The sign-in providers that the server knows.</summary>
internal sealed class AuthProviders
{
    private readonly FrozenDictionary<string, IAuthProvider> _byName;

    public AuthProviders(IEnumerable<IAuthProvider> providers, IOptions<ParseCompatOptions> options)
    {
        var all = providers.ToDictionary(p => p.Name, StringComparer.Ordinal);
        if (options.Value.EnableAnonymousUsers)
            all.TryAdd(AnonymousProvider.ProviderName, new AnonymousProvider());
        _byName = all.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The provider of a name, or null.</summary>
    public IAuthProvider? Find(string name) => _byName.GetValueOrDefault(name);
}
