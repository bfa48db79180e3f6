using System.Text.RegularExpressions;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Live;

/// <summary>A connection string of MongoDB, and the database in it. What a person sees of it has no password.</summary>
internal sealed partial record LiveAddress
{
    private const char FileMark = '@';

    private LiveAddress(string uri, string? database)
    {
        Uri = uri;
        Database = database;
    }

    /// <summary>The connection string as the driver gets it.</summary>
    public string Uri { get; }

    /// <summary>The database; null when neither the connection string nor the operator names one.</summary>
    public string? Database { get; }

    /// <summary>Whether a source is a live one.</summary>
    public static bool Is(string source) => source.StartsWith(FileMark) || IsUri(source);

    /// <summary>Takes a connection string apart as far as needed; the rest is the driver's business.</summary>
    /// <param name="source">The connection string; or <c>@</c> and a file that holds it, so that no list of processes shows the password.</param>
    /// <param name="database">Which database, if not the one of the connection string.</param>
    /// <exception cref="SourceException">The file cannot be read, or holds something else.</exception>
    public static LiveAddress Parse(string source, string? database)
    {
        var uri = source.StartsWith(FileMark) ? Read(source[1..]) : source;
        var path = Path().Match(uri).Groups["database"].Value;
        return new(uri, database ?? (path.Length > 0 ? System.Uri.UnescapeDataString(path) : null));
    }

    /// <summary>The connection string without password and options.</summary>
    public override string ToString()
    {
        var parts = Parts().Match(Uri);
        if (!parts.Success)
        {
            return "mongodb://…";
        }
        var user = parts.Groups["user"].Value;
        return $"{parts.Groups["scheme"].Value}{(user.Length > 0 ? user.Split(':')[0] + "@" : "")}{parts.Groups["hosts"].Value}{(Database is null ? "" : "/" + Database)}";
    }

    private static bool IsUri(string text) =>
        text.StartsWith("mongodb://", StringComparison.Ordinal) || text.StartsWith("mongodb+srv://", StringComparison.Ordinal);

    private static string Read(string file)
    {
        try
        {
            var text = File.ReadAllText(file).Trim();
            return IsUri(text) ? text : throw new SourceException($"{file}: holds no connection string of MongoDB");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SourceException($"{file}: cannot be read: {e.Message}", e);
        }
    }

    // An unescaped @ in a password belongs to it: the hosts begin after the last one before the path.
    [GeneratedRegex(@"^(?<scheme>mongodb(\+srv)?://)((?<user>[^/]*)@)?(?<hosts>[^/@?]*)")]
    private static partial Regex Parts();

    [GeneratedRegex(@"^mongodb(\+srv)?://([^/]*@)?[^/@?]*/(?<database>[^?]*)")]
    private static partial Regex Path();
}
