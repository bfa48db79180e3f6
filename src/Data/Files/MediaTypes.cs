using System.Collections.Frozen;

namespace Backend.Data.Files;

/// <summary>Media types by extension and back, and which of them a browser runs scripts of.</summary>
public static class MediaTypes
{
    /// <summary>What a file is when nothing is known of it.</summary>
    public const string Unknown = "application/octet-stream";

    // The first extension is the one that a name without any gets.
    private static readonly (string Type, string[] Extensions)[] Known =
    [
        ("application/epub+zip", ["epub"]),
        ("application/gzip", ["gz"]),
        ("application/json", ["json", "map"]),
        ("application/msword", ["doc", "dot"]),
        ("application/octet-stream", ["bin", "dat", "dmg", "exe", "iso"]),
        ("application/ogg", ["ogx"]),
        ("application/pdf", ["pdf"]),
        ("application/postscript", ["ps", "eps", "ai"]),
        ("application/rtf", ["rtf"]),
        ("application/vnd.android.package-archive", ["apk"]),
        ("application/vnd.apple.mpegurl", ["m3u8"]),
        ("application/vnd.ms-excel", ["xls"]),
        ("application/vnd.ms-powerpoint", ["ppt"]),
        ("application/vnd.openxmlformats-officedocument.presentationml.presentation", ["pptx"]),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ["xlsx"]),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ["docx"]),
        ("application/vnd.sqlite3", ["sqlite", "sqlite3"]),
        ("application/wasm", ["wasm"]),
        ("application/x-7z-compressed", ["7z"]),
        ("application/x-tar", ["tar"]),
        ("application/xhtml+xml", ["xhtml", "xht"]),
        ("application/xml", ["xsl", "xsd", "rng"]),
        ("application/xslt+xml", ["xslt"]),
        ("application/zip", ["zip"]),
        ("audio/3gpp", ["3gpp"]),
        ("audio/aac", ["aac", "adts"]),
        ("audio/amr", ["amr"]),
        ("audio/flac", ["flac"]),
        ("audio/midi", ["mid", "midi"]),
        ("audio/mp4", ["m4a", "mp4a"]),
        ("audio/mpeg", ["mp3", "mpga", "mp2"]),
        ("audio/ogg", ["oga", "ogg", "opus"]),
        ("audio/wav", ["wav"]),
        ("audio/webm", ["weba"]),
        ("audio/x-aiff", ["aif", "aiff", "aifc"]),
        ("audio/x-caf", ["caf"]),
        ("font/otf", ["otf"]),
        ("font/ttf", ["ttf"]),
        ("font/woff", ["woff"]),
        ("font/woff2", ["woff2"]),
        ("image/apng", ["apng"]),
        ("image/avif", ["avif"]),
        ("image/bmp", ["bmp"]),
        ("image/gif", ["gif"]),
        ("image/heic", ["heic"]),
        ("image/heif", ["heif"]),
        ("image/jpeg", ["jpg", "jpeg", "jpe"]),
        ("image/png", ["png"]),
        ("image/svg+xml", ["svg", "svgz"]),
        ("image/tiff", ["tif", "tiff"]),
        ("image/vnd.adobe.photoshop", ["psd"]),
        ("image/webp", ["webp"]),
        ("image/x-icon", ["ico"]),
        ("text/calendar", ["ics"]),
        ("text/css", ["css"]),
        ("text/csv", ["csv"]),
        ("text/html", ["html", "htm", "shtml"]),
        ("text/javascript", ["js", "mjs"]),
        ("text/markdown", ["md", "markdown"]),
        ("text/plain", ["txt", "text", "log", "conf", "list", "ini"]),
        ("text/vcard", ["vcard", "vcf"]),
        ("text/vtt", ["vtt"]),
        ("text/xml", ["xml"]),
        ("text/yaml", ["yaml", "yml"]),
        ("video/3gpp", ["3gp"]),
        ("video/mp2t", ["ts", "m2ts"]),
        ("video/mp4", ["mp4", "mp4v", "mpg4"]),
        ("video/mpeg", ["mpeg", "mpg", "mpe"]),
        ("video/ogg", ["ogv"]),
        ("video/quicktime", ["mov", "qt"]),
        ("video/webm", ["webm"]),
        ("video/x-m4v", ["m4v"]),
        ("video/x-matroska", ["mkv"]),
        ("video/x-msvideo", ["avi"]),
    ];

    private static readonly FrozenDictionary<string, string> ByExtension =
        Known.SelectMany(k => k.Extensions.Select(e => KeyValuePair.Create(e, k.Type))).ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Extensions = Known.Select(k => KeyValuePair.Create(k.Type, k.Extensions[0]))
        .Concat([new("image/jpg", "jpg"), new("audio/x-m4a", "m4a"), new("audio/x-wav", "wav"), new("audio/mp3", "mp3"), new("application/javascript", "js")])
        .ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The type of a file by its name's extension; null: not known.</summary>
    public static string? Of(string name) => ByExtension.GetValueOrDefault(FileName.Extension(name));

    /// <summary>The extension, without a dot, that names of a media type get; null: not known.</summary>
    public static string? ExtensionOf(string? mediaType) => mediaType is null ? null : Extensions.GetValueOrDefault(Bare(mediaType));

    /// <summary>A media type without its parameters.</summary>
    public static string Bare(string mediaType)
    {
        var end = mediaType.IndexOf(';', StringComparison.Ordinal);
        return (end < 0 ? mediaType : mediaType[..end]).Trim();
    }

    /// <summary>
    /// The type to send a file with: by its name; else the one it was uploaded with, unless that could run in a browser, since who chose it may
    /// have been anybody.
    /// </summary>
    public static string ForSending(string name, FileDetails? details) =>
        Of(name) ?? (details?.ContentType is { Length: > 0 } given && IsHeaderText(given) && !IsActive(given) ? given : Unknown);

    /// <summary>A type with what clients have to be told to read it: texts, JSON and scripts are UTF-8 where nothing else is said.</summary>
    public static string WithCharset(string mediaType) =>
        !mediaType.Contains("charset", StringComparison.OrdinalIgnoreCase)
        && Bare(mediaType) is var bare && (bare.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || bare is "application/json" or "application/javascript")
            ? mediaType + "; charset=utf-8"
            : mediaType;

    /// <summary>Whether a browser that shows it may run scripts in it.</summary>
    public static bool IsActive(string mediaType)
    {
        var bare = Bare(mediaType);
        return bare.Contains("html", StringComparison.OrdinalIgnoreCase) || bare.Contains("xml", StringComparison.OrdinalIgnoreCase)
            || bare.Contains("script", StringComparison.OrdinalIgnoreCase) || bare.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase)
            || bare.StartsWith("message/", StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsHeaderText(string text) => text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 && text.Contains('/', StringComparison.Ordinal);
}
