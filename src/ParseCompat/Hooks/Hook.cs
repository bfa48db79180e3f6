namespace Backend.ParseCompat.Hooks;

/// <summary>An address that is called in place of a function, or before or after something happens to the rows of a class (contract section 21).</summary>
/// <param name="FunctionName">The function; null for a trigger.</param>
/// <param name="ClassName">The trigger's class (or <c>@File</c>, <c>@Config</c>, <c>@Connect</c>); null for a function.</param>
/// <param name="TriggerName">The trigger's name, one of <see cref="Triggers"/>; null for a function.</param>
/// <param name="Url">The address.</param>
internal sealed record Hook(string? FunctionName, string? ClassName, string? TriggerName, string Url)
{
    /// <summary>The address as a URI; null when it is none that can be called. Read once.</summary>
    public Uri? Address { get; } = Uri.TryCreate(Url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : null;
}

/// <summary>The names of triggers.</summary>
internal static class Triggers
{
    public const string BeforeSave = "beforeSave";
    public const string AfterSave = "afterSave";
    public const string BeforeDelete = "beforeDelete";
    public const string AfterDelete = "afterDelete";
    public const string BeforeFind = "beforeFind";
    public const string AfterFind = "afterFind";
    public const string BeforeLogin = "beforeLogin";
    public const string AfterLogin = "afterLogin";
    public const string AfterLogout = "afterLogout";
    public const string BeforePasswordResetRequest = "beforePasswordResetRequest";

    private static readonly string[] All =
    [
        BeforeSave, AfterSave, BeforeDelete, AfterDelete, BeforeFind, AfterFind, BeforeLogin, AfterLogin, AfterLogout, BeforePasswordResetRequest,
        "beforeConnect", "beforeSubscribe", "afterEvent",
    ];

    /// <summary>Whether there is a trigger of this name.</summary>
    public static bool Exists(string name) => Array.IndexOf(All, name) >= 0;
}
