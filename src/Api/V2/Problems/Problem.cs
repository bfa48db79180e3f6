namespace Backend.Api.V2.Problems;

/// <summary>
/// A request that v2 refuses, with the status and the body's members. <see cref="Code"/> is PostgREST's where PostgREST knows the case
/// (its clients look at it), an SQLSTATE where PostgreSQL names it, and otherwise one of ours, listed in <see cref="ProblemCodes"/>.
/// </summary>
internal sealed class Problem(int status, string code, string message, string? details = null, string? hint = null) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    public string? Details { get; } = details;

    public string? Hint { get; } = hint;

    /// <summary>Extra headers of the answer, for example <c>WWW-Authenticate</c>.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>RFC 6749's error code, for answers of the token endpoint; null elsewhere.</summary>
    public string? OAuthError { get; init; }
}
