using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.ParseCompat.Users;
using Backend.ParseCompat.Wire;

namespace Backend.Conformance;

/// <summary>The suite's sign-in providers, which exist for its tests only (its README: <c>__mock</c>).</summary>
internal static class MockProviders
{
    private static readonly JsonObject Defaults = (JsonObject)JsonNode.Parse("""
        {
          "custom": {"__mock": "custom", "id": "fastrde", "password": "password"},
          "facebook": {"__mock": "facebook", "id": "8675309", "token": "jenny"},
          "myoauth": {"__mock": "exact", "id": "12345", "token": "12345"},
          "shortLivedAuth": {"__mock": "token"}
        }
        """)!;

    /// <summary>The providers for the option <c>auth</c>, or the default ones.</summary>
    public static IEnumerable<IAuthProvider> For(Options asked)
    {
        if (asked.Unset.Contains("auth"))
            yield break;
        foreach (var (name, value) in asked.Set["auth"] as JsonObject ?? Defaults)
        {
            if (value is JsonObject options && (string?)options["__mock"] is { } kind)
                yield return new Mock(name, kind, options);
        }
    }

    private sealed class Mock(string name, string kind, JsonObject options) : IAuthProvider
    {
        public string Name => name;

        public ValueTask CheckAsync(JsonElement data, CancellationToken cancellation)
        {
            var isGenuine = kind switch
            {
                "custom" => Text(data, "id") == Option("id") && Text(data, "password")?.StartsWith(Option("password")!, StringComparison.Ordinal) == true,
                "facebook" => Text(data, "id") == Option("id") && Text(data, "access_token")?.StartsWith(Option("token")!, StringComparison.Ordinal) == true,
                "exact" => Text(data, "id") == Option("id") && Text(data, "access_token") == Option("token"),
                "token" => Text(data, "access_token") == Option("token"),
                _ => true,
            };
            return isGenuine ? default : throw new ParseError(ErrorCode.ObjectNotFound, kind == "token" ? "Invalid access token" : "not validated");
        }

        private string? Option(string key) => (string?)options[key];

        private static string? Text(JsonElement data, string key) =>
            data.ValueKind == JsonValueKind.Object && data.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
