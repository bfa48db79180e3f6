using Microsoft.AspNetCore.Mvc;

namespace Backend.Api.V2.Auth;

/// <summary>A request to the token endpoint, as a form.</summary>
public sealed record TokenRequest
{
    /// <summary><c>password</c>, <c>refresh_token</c> or <c>urn:ietf:params:oauth:grant-type:token-exchange</c>.</summary>
    [FromForm(Name = "grant_type")]
    public string? GrantType { get; init; }

    /// <summary>For <c>password</c>: the username or e-mail address.</summary>
    [FromForm(Name = "username")]
    public string? Username { get; init; }

    /// <summary>For <c>password</c>.</summary>
    [FromForm(Name = "password")]
    public string? Password { get; init; }

    /// <summary>For <c>password</c>: the installation that logs in; its older session ends.</summary>
    [FromForm(Name = "installation_id")]
    public string? InstallationId { get; init; }

    /// <summary>For <c>refresh_token</c>.</summary>
    [FromForm(Name = "refresh_token")]
    public string? RefreshToken { get; init; }

    /// <summary>For the exchange: the session token of the old dialect.</summary>
    [FromForm(Name = "subject_token")]
    public string? SubjectToken { get; init; }

    /// <summary>For the exchange: <c>urn:ietf:params:oauth:token-type:access_token</c>.</summary>
    [FromForm(Name = "subject_token_type")]
    public string? SubjectTokenType { get; init; }
}
