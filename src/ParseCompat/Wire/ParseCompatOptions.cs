namespace Backend.ParseCompat.Wire;

/// <summary>
/// Settings of the old dialect, section <c>ParseCompat</c> of the configuration. Copy the values that the old server ran with
/// (contract appendix B).
/// </summary>
internal sealed class ParseCompatOptions
{
    public const string Section = "ParseCompat";

    /// <summary>The application id that every request must show.</summary>
    public string ApplicationId { get; set; } = "app";

    /// <summary>The key that lifts every access rule; null: there is none.</summary>
    public string? MasterKey { get; set; }

    /// <summary>Addresses and CIDR ranges from which the master key counts; null: loopback alone.</summary>
    public string[]? MasterKeyIps { get; set; }

    /// <summary>A key with the master key's sight that may write nothing; null: there is none.</summary>
    public string? ReadOnlyMasterKey { get; set; }

    /// <summary>The key that also reads and writes internal fields; null: there is none.</summary>
    public string? MaintenanceKey { get; set; }

    /// <summary>Addresses and CIDR ranges from which the maintenance key counts; null: loopback alone.</summary>
    public string[]? MaintenanceKeyIps { get; set; }

    /// <summary>Key of the mobile SDKs; when any of the four client keys is set, a client must show one of them in its own slot.</summary>
    public string? ClientKey { get; set; }

    /// <summary>Key of the JavaScript SDK.</summary>
    public string? JavaScriptKey { get; set; }

    /// <summary>Key of REST users.</summary>
    public string? RestApiKey { get; set; }

    /// <summary>Key of the .NET SDK.</summary>
    public string? DotNetKey { get; set; }

    /// <summary>Path prefixes of the dialect; null: /parse and /1.</summary>
    public string[]? Mounts { get; set; }

    /// <summary>Absolute address of the dialect as clients see it, without a slash at its end; in Location headers and file addresses.</summary>
    public string PublicServerUrl { get; set; } = "http://localhost:8080/parse";

    /// <summary>Whether a client without the master key may make a class by writing or reading it.</summary>
    public bool AllowClientClassCreation { get; set; }

    /// <summary>So many fields (with names that only ever held null) a client without the master key may bring a class to by writing objects.</summary>
    public int MaxClientFields { get; set; } = 1_000;

    /// <summary>Whether the answer to a write shows computed values of fields that are hidden from the writer.</summary>
    public bool ProtectedFieldsSaveResponseExempt { get; set; } = true;

    /// <summary>A JSON file with what the old server's option <c>schema</c> held; null: none.</summary>
    public string? SchemaFile { get; set; }

    /// <summary>Whether a create may name its objectId.</summary>
    public bool AllowCustomObjectId { get; set; }

    /// <summary>Rows of a find that names no limit.</summary>
    public int DefaultLimit { get; set; } = 100;

    /// <summary>The most rows of a find; null: no bound.</summary>
    public int? MaxLimit { get; set; }

    /// <summary>Whether a user may sign up with the provider <c>anonymous</c>, without name and password.</summary>
    public bool EnableAnonymousUsers { get; set; } = true;

    /// <summary>
    /// Whether a log-in with what a sign-in provider gave is not checked with the provider as long as it is what is stored with the user: its token
    /// may have run out since (contract 14.7).
    /// </summary>
    public bool AllowExpiredAuthDataToken { get; set; }

    /// <summary>Further request headers that browsers may send.</summary>
    public string[] AllowHeaders { get; set; } = [];

    /// <summary>Origins that browsers may call from; empty: all.</summary>
    public string[] AllowOrigin { get; set; } = [];

    /// <summary>Largest body in bytes, also after inflation.</summary>
    public int MaxBodyBytes { get; set; } = 20 * 1024 * 1024;

    /// <summary>Deepest nesting of a body. MongoDB stores 100 levels.</summary>
    public int MaxJsonDepth { get; set; } = 128;

    /// <summary>Key of file addresses on the hosted service's hosts, for names that came from there; null: none.</summary>
    public string? FileKey { get; set; }

    /// <summary>Address before a file's name, for files in a bucket; null: the dialect's own file route.</summary>
    public string? FileBaseUrl { get; set; }

    /// <summary>Whether a file is stored under the very name that the client gave, replacing an older one, instead of behind a random prefix.</summary>
    public bool PreserveFileName { get; set; }

    /// <summary>Whether a client without the master key may ask how a find is executed (<c>explain</c>).</summary>
    public bool AllowPublicExplain { get; set; }

    /// <summary>Whether a sign-up by a user who must verify his address first is answered with an error, although the user is made.</summary>
    public bool PreventSignupWithUnverifiedEmail { get; set; }

    /// <summary>Whether a request for a verification mail is answered alike for unknown and for verified addresses, so that it tells nobody who has an account.</summary>
    public bool EmailVerifySuccessOnInvalidEmail { get; set; }

    /// <summary>Whether a password reset that is asked for an unknown address is answered as for a known one, so that it tells nobody who has an account.</summary>
    public bool ResetPasswordSuccessOnInvalidEmail { get; set; } = true;

    /// <summary>Whether any of the four client keys is set.</summary>
    internal bool AsksForClientKey => ClientKey is not null || JavaScriptKey is not null || RestApiKey is not null || DotNetKey is not null;

    /// <summary>What is wrong, as sentences that name the setting.</summary>
    internal IEnumerable<string> Problems()
    {
        if (string.IsNullOrEmpty(ApplicationId))
            yield return "ParseCompat:ApplicationId is empty: it is the application id of the old server.";
        if (MasterKey is "")
            yield return "ParseCompat:MasterKey is empty; leave it out for no master key.";
        if (MasterKey is not null && MasterKey == ReadOnlyMasterKey)
            yield return "ParseCompat:ReadOnlyMasterKey is the same as ParseCompat:MasterKey.";
        if (MasterKey is not null && MasterKey == MaintenanceKey)
            yield return "ParseCompat:MaintenanceKey is the same as ParseCompat:MasterKey.";
        if (!Uri.TryCreate(PublicServerUrl, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            yield return $"ParseCompat:PublicServerUrl is not an absolute http address: {PublicServerUrl}";
        if (MaxClientFields is < 1 or > 100_000)
            yield return "ParseCompat:MaxClientFields must be between 1 and 100,000.";
        if (DefaultLimit < 1)
            yield return "ParseCompat:DefaultLimit is less than 1.";
        if (MaxLimit is < 1)
            yield return "ParseCompat:MaxLimit is less than 1.";
        if (MaxBodyBytes < 1)
            yield return "ParseCompat:MaxBodyBytes is less than 1.";
        if (MaxJsonDepth is < 8 or > 1000)
            yield return "ParseCompat:MaxJsonDepth is not between 8 and 1000.";
        foreach (var mount in Mounts ?? [])
        {
            if (mount.Length < 2 || mount[0] != '/' || mount[^1] == '/')
                yield return $"ParseCompat:Mounts holds '{mount}', which is not of the form /name.";
        }

        if (AllowHeaders.Any(string.IsNullOrWhiteSpace))
            yield return "ParseCompat:AllowHeaders holds an empty name.";
        foreach (var range in (MasterKeyIps ?? []).Where(range => !AddressRanges.TryParse(range, out _)))
            yield return $"ParseCompat:MasterKeyIps holds '{range}', which is no address and no CIDR range.";
        foreach (var range in (MaintenanceKeyIps ?? []).Where(range => !AddressRanges.TryParse(range, out _)))
            yield return $"ParseCompat:MaintenanceKeyIps holds '{range}', which is no address and no CIDR range.";
    }
}
