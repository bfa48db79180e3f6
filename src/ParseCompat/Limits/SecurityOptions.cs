namespace Backend.ParseCompat.Limits;

/// <summary>The check of the deployment's own settings: section <c>ParseCompat:Security</c>.</summary>
internal sealed class SecurityOptions
{
    public const string Section = "ParseCompat:Security";

    /// <summary>Whether <c>GET /security</c> answers.</summary>
    public bool EnableCheck { get; set; }

    /// <summary>Whether the result also goes to the log, at start and with each check.</summary>
    public bool EnableCheckLog { get; set; }
}
