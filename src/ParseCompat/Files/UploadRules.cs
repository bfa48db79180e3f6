using System.Text.RegularExpressions;
using Backend.Data.Accounts;
using Backend.Data.Files;
using Backend.ParseCompat.Users;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Files;

/// <summary>Who may upload, under which names, and which kinds of files (contract 19.1).</summary>
internal sealed partial class UploadRules(FileUploadOptions options, AccountService accounts)
{
    /// <summary>HTML, SVG, XML and their relatives, and what stands for them in a media type (<c>svg+xml</c>).</summary>
    private const string Harmless = "^(?!([hH][tT][mM][lL]?|[xsXS][hH][tT][mM][lL]?|[xX][hH][tT]|[sS][vV][gG][zZ]?|[xX][mM][lL]|[xX][sS][lLdD]|[xX][sS][lL][tT]|[rR][nN][gG]|.*\\+[xX][mM][lL]|[mM][hH][tT](?:[mM][lL])?)$)";
    private static readonly TimeSpan LongestMatch = TimeSpan.FromMilliseconds(100);

    private readonly Regex[] _extensions =
        [.. (options.FileExtensions ?? [Harmless]).Select(p => new Regex(p == "*" ? "" : p, RegexOptions.CultureInvariant, LongestMatch))];

    /// <summary>Refuses a caller who may not upload.</summary>
    /// <exception cref="ParseError">130, or 119 for the read-only master key.</exception>
    public async ValueTask RequireUploaderAsync(ParseRequest request)
    {
        if (request.Caller.IsReadOnly)
            throw ReadOnly("create");
        if (request.IsMaster)
            return;
        if (request.Caller.UserId is not { } user)
        {
            if (!options.EnableForPublic)
                throw Refused("File upload by public is disabled.");
            return;
        }

        if (options.EnableForAnonymousUser && options.EnableForAuthenticatedUser)
            return;
        var isAnonymous = await accounts.HasIdentityAsync(user, AnonymousProvider.ProviderName, request.Aborted);
        if (isAnonymous && !options.EnableForAnonymousUser)
            throw Refused("File upload by anonymous user is disabled.");
        if (!isAnonymous && !options.EnableForAuthenticatedUser)
            throw Refused("File upload by authenticated user is disabled.");
    }

    /// <summary>Refuses a name that files cannot have.</summary>
    public static void CheckName(string name)
    {
        if (name.Length > 128)
            throw new ParseError(ErrorCode.InvalidFileName, "Filename too long.");
        if (!Name().IsMatch(name))
            throw new ParseError(ErrorCode.InvalidFileName, "Filename contains invalid characters.");
    }

    /// <summary>Refuses kinds of files that are not let in: by the name's extension or, when it has none, by the media type.</summary>
    public void CheckExtension(string name, string? contentType)
    {
        var dot = name.LastIndexOf('.');
        var type = contentType is null ? null : MediaTypes.Bare(contentType);
        var extension = dot >= 0 ? name[(dot + 1)..] : type is null ? "" : type[(type.IndexOf('/', StringComparison.Ordinal) + 1)..];
        extension = extension.Replace(" ", "", StringComparison.Ordinal);
        if (extension.Length > 0 && !IsLetIn(extension))
            throw Refused($"File upload of extension {extension} is disabled.");
    }

    /// <summary>The read-only master key writes no files.</summary>
    public static ParseError ReadOnly(string operation) =>
        new(ErrorCode.OperationForbidden, $"read-only masterKey isn't allowed to {operation} a file.", 403);

    private bool IsLetIn(string extension)
    {
        foreach (var pattern in _extensions)
        {
            try
            {
                if (pattern.IsMatch(extension))
                    return true;
            }
            catch (RegexMatchTimeoutException)
            {
                return false;
            }
        }

        return false;
    }

    private static ParseError Refused(string message) => new(ErrorCode.FileSaveError, message);

    [GeneratedRegex(@"^[_a-zA-Z0-9][a-zA-Z0-9@. ~_-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
