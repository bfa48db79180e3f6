using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Wire;

/// <summary>The address of a file by its name, computed on every read (contract 19.5).</summary>
internal sealed class FileUrls(IOptions<ParseCompatOptions> options)
{
    private const int UuidLength = 36;
    private readonly string? _fileKey = options.Value.FileKey;
    private readonly string _base = options.Value.FileBaseUrl?.TrimEnd('/') ?? $"{options.Value.PublicServerUrl.TrimEnd('/')}/files/{options.Value.ApplicationId}";

    /// <summary>The address.</summary>
    public string For(string name)
    {
        if (_fileKey is not null && name.StartsWith("tfss-", StringComparison.Ordinal))
            return $"http://files.parsetfss.com/{_fileKey}/{Encode(name)}";
        if (_fileKey is not null && name.Length > UuidLength && name[UuidLength] == '-' && Guid.TryParseExact(name.AsSpan(0, UuidLength), "D", out _))
            return $"http://files.parse.com/{_fileKey}/{Encode(name)}";
        return $"{_base}/{Encode(name)}";
    }

    private static string Encode(string name) => string.Join('/', name.Split('/').Select(EncodePart));

    /// <summary>As JavaScript's <c>encodeURIComponent</c>, which leaves a few characters more alone: SDKs keep addresses as keys.</summary>
    private static string EncodePart(string part)
    {
        var text = Uri.EscapeDataString(part);
        return text.Contains('%', StringComparison.Ordinal)
            ? text.Replace("%21", "!", StringComparison.Ordinal).Replace("%27", "'", StringComparison.Ordinal).Replace("%28", "(", StringComparison.Ordinal)
                .Replace("%29", ")", StringComparison.Ordinal).Replace("%2A", "*", StringComparison.Ordinal)
            : text;
    }
}
