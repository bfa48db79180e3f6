using System.Text;
using System.Text.Json;
using Backend.Data.Accounts;
using Backend.Data.Values;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Users;

/// <summary>What a request says about sign-in providers (contract 14.7).</summary>
internal sealed class AuthData
{
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = NestedJson.MaxDepth };

    private AuthData(JsonElement json)
    {
        foreach (var property in json.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Null)
                Removed.Add(property.Name);
            else
                Given.Add(property);
        }
    }

    /// <summary>Providers with data.</summary>
    public List<JsonProperty> Given { get; } = [];

    /// <summary>Providers set to null: to be unlinked.</summary>
    public List<string> Removed { get; } = [];

    /// <summary>Neither.</summary>
    public bool IsEmpty => Given.Count + Removed.Count == 0;

    /// <summary>Whether no provider but the anonymous one is named: then nobody vouches for the user's address.</summary>
    public bool IsAnonymousOnly => !IsEmpty && Given.TrueForAll(p => p.Name == AnonymousProvider.ProviderName) && Removed.TrueForAll(p => p == AnonymousProvider.ProviderName);

    /// <summary>Whether it can stand for a log-in: one provider has an id, or is null.</summary>
    public bool Identifies => Removed.Count > 0 || Given.Exists(p => Subject(p.Value) is not null);

    /// <summary>The provider names, as a session's <c>createdWith</c> lists them.</summary>
    public string Names => string.Join(',', Given.Select(p => p.Name).Concat(Removed));

    /// <summary>The identities to store. Data that are no object are not.</summary>
    public IReadOnlyList<Identity> Identities =>
        [.. Given.Where(p => p.Value.ValueKind == JsonValueKind.Object).Select(p => new Identity(p.Name, Subject(p.Value), Normalize(p.Value)))];

    /// <summary>Reads the value of a body's key; null when the key is absent.</summary>
    /// <exception cref="ParseError">252: null or no object.</exception>
    public static AuthData? Read(JsonElement? value) => value switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } json => new AuthData(json),
        _ => throw Unsupported(),
    };

    /// <summary>A provider that is unknown or not configured, or data that stand for nothing.</summary>
    public static ParseError Unsupported() => new(ErrorCode.UnsupportedService, "This authentication method is unsupported.");

    /// <summary>Checks data with their providers, by name, so that the first fault is always the same.</summary>
    /// <param name="providers">The providers.</param>
    /// <param name="cancellation">Cancels the check.</param>
    /// <param name="only">The data to check; null: all that are given.</param>
    public async ValueTask CheckAsync(AuthProviders providers, CancellationToken cancellation, IEnumerable<JsonProperty>? only = null)
    {
        foreach (var property in (only ?? Given).OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            if (providers.Find(property.Name) is not { } provider)
                throw Unsupported();
            await provider.CheckAsync(property.Value, cancellation);
        }
    }

    /// <summary>The data that are not what is stored. Of the anonymous provider nothing but the id counts, by which the user was found.</summary>
    public List<JsonProperty> ChangedFrom(IReadOnlyList<Identity> stored) =>
        Given.FindAll(p => p.Name != AnonymousProvider.ProviderName && !stored.Any(s => s.Provider == p.Name && IsSame(p.Value, s.DataJson)));

    /// <summary>Whether a provider is to be unlinked, other than the anonymous one.</summary>
    public bool Unlinks => Removed.Exists(p => p != AnonymousProvider.ProviderName);

    private static bool IsSame(JsonElement given, string stored)
    {
        if (given.ValueKind != JsonValueKind.Object)
            return false;
        using var mine = JsonDocument.Parse(Normalize(given), Deep);
        using var theirs = JsonDocument.Parse(stored, Deep);
        return JsonElement.DeepEquals(mine.RootElement, theirs.RootElement);
    }

    /// <summary>The provider's id of the user as text: old rows hold numbers.</summary>
    private static string? Subject(JsonElement data)
    {
        if (data.ValueKind != JsonValueKind.Object || !data.TryGetProperty("id", out var id))
            return null;
        return id.ValueKind switch
        {
            JsonValueKind.String => JsonText.Read(id) is { Length: > 0 } text ? text : null,
            JsonValueKind.Number => id.GetRawText(),
            _ => null,
        };
    }

    private static string Normalize(JsonElement data)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(data.GetRawText()), new JsonReaderOptions { MaxDepth = NestedJson.MaxDepth });
        reader.Read();
        return Encoding.UTF8.GetString(ValueReader.ReadNested(ref reader));
    }
}
