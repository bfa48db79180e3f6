namespace Backend.Conformance;

/// <summary>parse-server's options as settings of ours.</summary>
internal static class Configuration
{
    /// <summary>The suite's default configuration (its README: lib/defaults.cjs).</summary>
    private static readonly Dictionary<string, string?> Defaults = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ParseCompat:ApplicationId"] = "test",
        ["ParseCompat:MasterKey"] = "test",
        ["ParseCompat:JavaScriptKey"] = "test",
        ["ParseCompat:RestApiKey"] = "rest",
        ["ParseCompat:ClientKey"] = "client",
        ["ParseCompat:DotNetKey"] = "windows",
        ["ParseCompat:MaintenanceKey"] = "testing",
        ["ParseCompat:ReadOnlyMasterKey"] = "read-only-test",
        ["ParseCompat:WebhookKey"] = "hook",
        ["ParseCompat:FileKey"] = "test",
        ["ParseCompat:PublicServerUrl"] = "http://localhost:8378/1",
        ["ParseCompat:Mounts:0"] = "/1",
        ["ParseCompat:Mounts:1"] = "/parse",
        ["ParseCompat:AllowClientClassCreation"] = "true",
        ["ParseCompat:FileUpload:EnableForPublic"] = "true",
        ["ParseCompat:FileUpload:EnableForAnonymousUser"] = "true",
        ["ParseCompat:FileUpload:EnableForAuthenticatedUser"] = "true",
        ["Accounts:ResetTokenLength"] = "00:00:00",
        ["Mail:Host"] = "conformance",
        ["Mail:From"] = "app@example.com",
        ["Files:Directory"] = Path.Combine(Path.GetTempPath(), $"conformance-files-{Environment.ProcessId}"),
        ["ParseCompat:Aggregate:CollectionPrefix"] = "test_",
        ["ParseCompat:AllowPublicExplain"] = "true",
    };

    /// <summary>The settings for what is asked; null with the reason when that cannot be.</summary>
    public static Dictionary<string, string?>? For(Options asked, string connectionString, out string? refusal)
    {
        var settings = new Dictionary<string, string?>(Defaults, StringComparer.OrdinalIgnoreCase) { ["ConnectionStrings:Database"] = connectionString };
        refusal = OptionMap.Apply(asked, settings);
        return refusal is null ? settings : null;
    }
}
