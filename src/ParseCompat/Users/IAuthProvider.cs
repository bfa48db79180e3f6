using System.Text.Json;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Users;

/// <summary>Checks what a sign-in provider gave a client (contract 14.7). Called without a connection held, so it may call out.</summary>
internal interface IAuthProvider
{
    /// <summary>The key below <c>authData</c>.</summary>
    string Name { get; }

    /// <summary>Checks the data.</summary>
    /// <exception cref="ParseError">They are not genuine.</exception>
    ValueTask CheckAsync(JsonElement data, CancellationToken cancellation);
}

/// <summary>Users without name and password: their id is the secret that the device keeps.</summary>
internal sealed class AnonymousProvider : IAuthProvider
{
    public const string ProviderName = "anonymous";

    public string Name => ProviderName;

    public ValueTask CheckAsync(JsonElement data, CancellationToken cancellation) => default;
}
