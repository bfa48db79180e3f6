using System.Text.RegularExpressions;

namespace Backend.MongoImport.Live;

/// <summary>A connection string of MongoDB, and the database in it. What a person sees of it has no password.</summary>
internal sealed partial record LiveAddress
{
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
    public static bool Is(string source) =>
        source.StartsWith("mongodb://", StringComparison.Ordinal) || source.StartsWith("mongodb+srv://", StringComparison.Ordinal);

    /// <summary>Takes a connection string apart as far as needed; the rest is the driver's business.</summary>
    /// <param name="source">The connection string.</param>
    /// <param name="database">Which database, if not the one of the connection string.</param>
    public static LiveAddress Parse(string source, string? database)
    {
        var path = Path().Match(source).Groups["database"].Value;
        return new(source, database ?? (path.Length > 0 ? System.Uri.UnescapeDataString(path) : null));
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

    // An unescaped @ in a password belongs to it: the hosts begin after the last one before the path.
    [GeneratedRegex(@"^(?<scheme>mongodb(\+srv)?://)((?<user>[^/]*)@)?(?<hosts>[^/@?]*)")]
    private static partial Regex Parts();

    [GeneratedRegex(@"^mongodb(\+srv)?://([^/]*@)?[^/@?]*/(?<database>[^?]*)")]
    private static partial Regex Path();
}
