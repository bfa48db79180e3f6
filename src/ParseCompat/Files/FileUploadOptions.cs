using System.Text.RegularExpressions;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Files;

/// <summary>Who may upload what (contract 19.1): section <c>ParseCompat:FileUpload</c>. Keep what the old server had.</summary>
internal sealed class FileUploadOptions
{
    public const string Section = ParseCompatOptions.Section + ":FileUpload";

    /// <summary>Requests without a user.</summary>
    public bool EnableForPublic { get; set; }

    /// <summary>Users of the provider <c>anonymous</c>.</summary>
    public bool EnableForAnonymousUser { get; set; }

    /// <summary>All other users.</summary>
    public bool EnableForAuthenticatedUser { get; set; } = true;

    /// <summary>
    /// Regular expressions, one of which must match an upload's extension, or <c>*</c> for all. Null: everything but what browsers may run scripts of. The master
    /// key may upload anything.
    /// </summary>
    public string[]? FileExtensions { get; set; }

    /// <summary>Whether a file without a byte is stored rather than refused.</summary>
    public bool AllowEmpty { get; set; }

    /// <summary>What is wrong, as sentences that name the setting.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var pattern in FileExtensions ?? [])
        {
            if (pattern != "*" && !IsRegex(pattern))
                yield return $"ParseCompat:FileUpload:FileExtensions holds '{pattern}', which is no regular expression.";
        }
    }

    private static bool IsRegex(string pattern)
    {
        try
        {
            _ = new Regex(pattern);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
