using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Installations;

/// <summary>What of a stored installation the algorithm looks at.</summary>
internal sealed record StoredInstallation(string Id, string? InstallationId, string? DeviceToken, string? DeviceType, string? AppIdentifier);

/// <summary>A save of an installation as it came.</summary>
internal sealed record InstallationSave
{
    /// <summary>The object that the path names; null for a create.</summary>
    public string? PathId { get; init; }

    /// <summary>The objectId in the body.</summary>
    public string? BodyId { get; init; }

    /// <summary>The body's installationId, lower case.</summary>
    public string? InstallationId { get; init; }

    /// <summary>The installation that sends the request, lower case; null for the master key.</summary>
    public string? SenderId { get; init; }

    /// <summary>The body's deviceToken, lower case when it has 64 characters.</summary>
    public string? DeviceToken { get; init; }

    /// <summary>The body's deviceType.</summary>
    public string? DeviceType { get; init; }

    /// <summary>The body's appIdentifier.</summary>
    public string? AppIdentifier { get; init; }

    /// <summary>The installation id that counts.</summary>
    public string? EffectiveId => InstallationId ?? SenderId;

    /// <summary>An update of nothing that identifies: no other row is looked at.</summary>
    public bool IsPlainUpdate => PathId is not null && DeviceToken is null && EffectiveId is null && DeviceType is null;

    /// <summary>A token as it is stored: one of 64 characters is an Apple one, whose letters have no case.</summary>
    public static string? NormalizeToken(string? token) => token is { Length: 64 } ? token.ToLowerInvariant() : NotEmpty(token);

    /// <summary>An installation id as it is stored.</summary>
    public static string? NormalizeId(string? id) => NotEmpty(id)?.ToLowerInvariant();

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}

/// <summary>Which row a save writes and which rows go (contract 17.3, exact).</summary>
/// <param name="Target">The row to update; null: insert a new one.</param>
/// <param name="Doomed">Rows to delete first.</param>
internal sealed record InstallationPlan(string? Target, IReadOnlyList<string> Doomed)
{
    /// <summary>Refuses a create that identifies nothing, before any row is read.</summary>
    /// <exception cref="ParseError">135.</exception>
    public static void Check(InstallationSave save, string? sender)
    {
        if (save is { PathId: null, DeviceToken: null, InstallationId: null } && string.IsNullOrEmpty(sender))
        {
            throw new ParseError(ErrorCode.MissingRequiredField,
                "at least one ID field (deviceToken, installationId) must be specified in this operation");
        }
    }

    /// <summary>Decides.</summary>
    /// <param name="save">What came.</param>
    /// <param name="rows">The rows with the path's id, the effective installation id or the device token.</param>
    /// <exception cref="ParseError">101, 132, 135, 136.</exception>
    public static InstallationPlan Make(InstallationSave save, IReadOnlyList<StoredInstallation> rows)
    {
        var byPath = save.PathId is null ? null : rows.FirstOrDefault(r => r.Id == save.PathId);
        var byInstallation = save.EffectiveId is null
            ? null
            : rows.LastOrDefault(r => string.Equals(r.InstallationId, save.EffectiveId, StringComparison.OrdinalIgnoreCase));
        var byToken = save.DeviceToken is null ? [] : rows.Where(r => r.DeviceToken == save.DeviceToken).ToList();
        if (save.PathId is not null)
            CheckUpdate(save, byPath);
        var match = byInstallation ?? byPath;
        // A row that the master key makes without any id stands for no device yet: the dashboard makes it first and fills it in then.
        var isIdentified = save is not { EffectiveId: null, DeviceToken: null };
        if (save is { PathId: null, DeviceType: null } && match is null && isIdentified)
            throw new ParseError(ErrorCode.MissingRequiredField, "deviceType must be specified in this operation");
        return match is null ? WithoutMatch(save, byToken) : WithMatch(save, match, byToken);
    }

    private static void CheckUpdate(InstallationSave save, StoredInstallation? stored)
    {
        if (stored is null)
            throw new ParseError(ErrorCode.ObjectNotFound, "Object not found for update.");
        if (save.InstallationId is not null && stored.InstallationId is not null
            && !string.Equals(save.InstallationId, stored.InstallationId, StringComparison.OrdinalIgnoreCase))
        {
            throw Immutable("installationId");
        }

        if (save.DeviceToken is not null && stored.DeviceToken is not null && save.DeviceToken != stored.DeviceToken
            && save.InstallationId is null && stored.InstallationId is null)
        {
            throw Immutable("deviceToken");
        }

        if (save.DeviceType is not null && save.DeviceType != stored.DeviceType)
            throw Immutable("deviceType");
    }

    private static InstallationPlan WithoutMatch(InstallationSave save, List<StoredInstallation> byToken)
    {
        if (byToken.Count == 0)
            return new(null, []);
        if (byToken.Count == 1 && (byToken[0].InstallationId is null || save.EffectiveId is null))
            return new(byToken[0].Id, []);
        if (save.InstallationId is null)
            throw new ParseError(ErrorCode.MissingInstallationId, "Must specify installationId when deviceToken matches multiple Installation objects");
        return new(null, Others(save, byToken, r => !IsInstallation(r, save.EffectiveId)));
    }

    private static InstallationPlan WithMatch(InstallationSave save, StoredInstallation match, List<StoredInstallation> byToken)
    {
        // The device was known by its token alone, the installation by its id alone: they are one, and the token's row stays.
        if (byToken.Count == 1 && byToken[0].InstallationId is null && byToken[0].Id != match.Id)
            return new(byToken[0].Id, [match.Id]);
        if (save.DeviceToken is null || match.DeviceToken == save.DeviceToken)
            return new(match.Id, []);
        if (save.InstallationId is not null)
            return new(match.Id, Others(save, byToken, r => !IsInstallation(r, save.InstallationId) && r.Id != match.Id));
        if (save.BodyId == match.Id)
            return new(match.Id, Others(save, byToken, r => r.Id != match.Id));
        return new(match.Id, []);
    }

    private static List<string> Others(InstallationSave save, List<StoredInstallation> byToken, Func<StoredInstallation, bool> isOther) =>
        [.. byToken.Where(r => isOther(r) && (save.AppIdentifier is null || r.AppIdentifier == save.AppIdentifier)).Select(r => r.Id)];

    private static bool IsInstallation(StoredInstallation row, string? id) => string.Equals(row.InstallationId, id, StringComparison.OrdinalIgnoreCase);

    private static ParseError Immutable(string field) => new(ErrorCode.ChangedImmutableField, $"{field} may not be changed in this operation");
}
