namespace Backend.Data.Accounts;

/// <summary>What a session to be made should hold.</summary>
public sealed record SessionRequest
{
    /// <summary>The installation it belongs to. Older sessions of the same user and installation end.</summary>
    public string? InstallationId { get; init; }

    /// <summary>How it came to be: the text of a JSON object, for example <c>{"action":"login","authProvider":"password"}</c>. Null: unknown.</summary>
    public string? CreatedWith { get; init; }

    /// <summary>Stored as it is.</summary>
    public bool? Restricted { get; init; }
}

/// <summary>A session that was made.</summary>
/// <param name="Id">Its row's id.</param>
/// <param name="Token">Its token, <c>r:</c> and 32 hex digits.</param>
/// <param name="UserId">Its user.</param>
/// <param name="CreatedAt">When, UTC.</param>
/// <param name="ExpiresAt">Its end, UTC; null: none.</param>
public sealed record NewSession(string Id, string Token, string UserId, DateTime CreatedAt, DateTime? ExpiresAt);
