using System.Text.Json.Serialization;
using Backend.Data.Accounts;

namespace Backend.Api.V2.Auth;

/// <summary>The token endpoint's answer (RFC 6749 section 5.1, RFC 8693 section 2.2.1).</summary>
public sealed record TokenAnswer
{
    /// <summary>For <c>Authorization: Bearer</c>; opaque to clients.</summary>
    [JsonPropertyName("access_token")]
    public required string AccessToken { get; init; }

    /// <summary>Always <c>Bearer</c>.</summary>
    [JsonPropertyName("token_type")]
    public string TokenType { get; init; } = "Bearer";

    /// <summary>Seconds until the access token ends.</summary>
    [JsonPropertyName("expires_in")]
    public required int ExpiresIn { get; init; }

    /// <summary>Gets the next pair, once.</summary>
    [JsonPropertyName("refresh_token")]
    public required string RefreshToken { get; init; }

    /// <summary>Seconds until the refresh token ends.</summary>
    [JsonPropertyName("refresh_token_expires_in")]
    public required int RefreshTokenExpiresIn { get; init; }

    /// <summary>For a token exchange: what kind of token was issued.</summary>
    [JsonPropertyName("issued_token_type")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IssuedTokenType { get; init; }

    /// <summary>The user's id.</summary>
    [JsonPropertyName("user_id")]
    public required string UserId { get; init; }

    internal static TokenAnswer Of(TokenPair pair, TimeProvider time, string? issuedTokenType = null)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return new TokenAnswer
        {
            AccessToken = pair.AccessToken,
            ExpiresIn = Seconds(pair.AccessExpiresAt - now),
            RefreshToken = pair.RefreshToken,
            RefreshTokenExpiresIn = Seconds(pair.RefreshExpiresAt - now),
            IssuedTokenType = issuedTokenType,
            UserId = pair.UserId,
        };
    }

    private static int Seconds(TimeSpan length) => (int)Math.Clamp(length.TotalSeconds, 0, int.MaxValue);
}
