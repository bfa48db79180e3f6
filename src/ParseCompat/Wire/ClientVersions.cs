using System.Text.RegularExpressions;

namespace Backend.ParseCompat.Wire;

/// <summary>What clients of a version (<c>js5.3.0</c>) understand.</summary>
internal static partial class ClientVersions
{
    /// <summary>Whether a client understands <c>{"__op":"Delete"}</c> in an answer: JavaScript from 1.9 on, and who does not say what it is.</summary>
    public static bool KnowDelete(string? version)
    {
        if (version is null || Pattern().Match(version.ToLowerInvariant()) is not { Success: true } match)
            return true;
        return match.Groups[1].Value == "js" && Version.TryParse(match.Groups[2].Value.TrimEnd('.'), out var number) && number >= new Version(1, 9);
    }

    [GeneratedRegex("([-a-z]+)([0-9.]+)")]
    private static partial Regex Pattern();
}
