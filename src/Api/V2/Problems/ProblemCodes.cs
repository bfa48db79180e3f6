namespace Backend.Api.V2.Problems;

/// <summary>The codes of problem bodies. Stable: clients compare them.</summary>
internal static class ProblemCodes
{
    /// <summary>The query string cannot be read.</summary>
    public const string Query = "PGRST100";

    /// <summary>The body cannot be read.</summary>
    public const string Body = "PGRST102";

    /// <summary>The range begins after the last row, or is none.</summary>
    public const string Range = "PGRST103";

    /// <summary>The media type asked for is not served.</summary>
    public const string MediaType = "PGRST107";

    /// <summary>A condition on something that is not embedded.</summary>
    public const string NotEmbedded = "PGRST108";

    /// <summary>One row was asked for and there are none or several.</summary>
    public const string NotSingular = "PGRST116";

    /// <summary>The method is not served here.</summary>
    public const string Method = "PGRST117";

    /// <summary>A preference cannot be honoured and handling=strict was asked for.</summary>
    public const string Preference = "PGRST122";

    /// <summary>More rows than max-affected.</summary>
    public const string MaxAffected = "PGRST124";

    /// <summary>No such path.</summary>
    public const string Path = "PGRST125";

    /// <summary>Part of the dialect, not built.</summary>
    public const string NotImplemented = "PGRST127";

    /// <summary>No reference of that name to embed.</summary>
    public const string Relationship = "PGRST200";

    /// <summary>No such column in the body or in columns=.</summary>
    public const string PayloadColumn = "PGRST204";

    /// <summary>No such resource.</summary>
    public const string Resource = "PGRST205";

    /// <summary>The bearer token is not valid.</summary>
    public const string Token = "PGRST301";

    /// <summary>A bearer token is needed.</summary>
    public const string Anonymous = "PGRST302";

    /// <summary>The database cannot be reached.</summary>
    public const string Database = "PGRST000";

    /// <summary>No such column in the query string (SQLSTATE).</summary>
    public const string Column = "42703";

    /// <summary>An operator that the column's type does not have (SQLSTATE).</summary>
    public const string Operator = "42883";

    /// <summary>A text that is no value of the column's type (SQLSTATE).</summary>
    public const string Value = "22P02";

    /// <summary>A value of another type than the column's (SQLSTATE).</summary>
    public const string Type = "42804";

    /// <summary>A regular expression that PostgreSQL does not accept (SQLSTATE).</summary>
    public const string Pattern = "2201B";

    /// <summary>Not allowed (SQLSTATE).</summary>
    public const string Permission = "42501";

    /// <summary>A unique value is taken (SQLSTATE).</summary>
    public const string Unique = "23505";

    /// <summary>A required value is missing (SQLSTATE).</summary>
    public const string NotNull = "23502";

    /// <summary>A limit of the service was passed (SQLSTATE).</summary>
    public const string Limit = "54000";

    /// <summary>The statement took too long (SQLSTATE).</summary>
    public const string Timeout = "57014";

    /// <summary>Two writes met; try again (SQLSTATE).</summary>
    public const string Conflict = "40001";

    /// <summary>A write without a condition (SQLSTATE, as pg-safeupdate has it).</summary>
    public const string FilterRequired = "21000";

    /// <summary>No row with that id, or not one that the caller may see or change.</summary>
    public const string RowNotFound = "row_not_found";

    /// <summary>The row was changed since its ETag was read.</summary>
    public const string Precondition = "precondition_failed";

    /// <summary>No such account, or not its password.</summary>
    public const string Credentials = "invalid_credentials";

    /// <summary>Too many wrong passwords: the account is locked for a while.</summary>
    public const string Locked = "account_locked";

    /// <summary>Too many attempts; Retry-After says when to go on.</summary>
    public const string TooMany = "too_many_attempts";

    /// <summary>A token that is unknown, used or of an ended session.</summary>
    public const string BadToken = "invalid_token";

    /// <summary>A token whose time is over.</summary>
    public const string ExpiredToken = "expired_token";

    /// <summary>A setting of the service is missing for this.</summary>
    public const string NotConfigured = "not_configured";

    /// <summary>The bearer token's time is over.</summary>
    public const string TokenExpired = "PGRST303";

    /// <summary>The service is too busy; try again.</summary>
    public const string Busy = "busy";

    /// <summary>Nothing can be written for a while; reads go on.</summary>
    public const string WritesClosed = "writes_closed";

    /// <summary>The body is larger than the limit.</summary>
    public const string TooLarge = "too_large";

    /// <summary>No such API version.</summary>
    public const string Version = "unsupported_api_version";

    /// <summary>A failure of ours; the request id finds it in the log.</summary>
    public const string Internal = "internal_error";

    /// <summary>Anything else that HTTP itself names.</summary>
    public const string Http = "http_error";

    /// <summary>A business rule of the app said no.</summary>
    public const string Rejected = "rejected";
}
