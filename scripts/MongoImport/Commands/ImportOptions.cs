using System.Globalization;
using Backend.MongoImport.Files;
using Backend.MongoImport.Rules;

namespace Backend.MongoImport.Commands;

/// <summary>What an import is told.</summary>
/// <param name="Source">What to import.</param>
/// <param name="Connection">The database to import into.</param>
internal sealed record ImportOptions(string Source, string Connection)
{
    private const int MostStreams = 8;

    /// <summary>Classes that are imported although something else has written to them.</summary>
    public HashSet<string> Replace { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Go on with the import that was broken off.</summary>
    public bool Resume { get; init; }

    /// <summary>The classes to import; empty: all.</summary>
    public HashSet<string> Only { get; init; } = new(StringComparer.Ordinal);

    /// <summary>COPY streams at most for one large collection.</summary>
    public int Streams { get; init; } = Math.Clamp(Environment.ProcessorCount / 2, 1, MostStreams);

    /// <summary>Bytes of a collection from which on further streams are worth their connections. Not for operators.</summary>
    public long LargeCollection { get; init; } = 64L * 1024 * 1024;

    /// <summary>Which database of the source.</summary>
    public string? Database { get; init; }

    /// <summary>Where the report goes as JSON.</summary>
    public string? Report { get; init; }

    /// <summary>Where documents go that cannot be decoded.</summary>
    public string Rejects { get; init; } = "import-rejects.jsonl";

    /// <summary>Where standard input and unpacked archives are put meanwhile.</summary>
    public string Temporary { get; init; } = Path.GetTempPath();

    /// <summary>What the operator settled.</summary>
    public ImportRules Rules { get; init; } = ImportRules.None;

    /// <summary>Where files go.</summary>
    public FileImportOptions Files { get; init; } = new();

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ArgumentException">They say nothing that can be done; the message is for the operator.</exception>
    public static ImportOptions Parse(IReadOnlyList<string> arguments)
    {
        var given = Arguments.Parse(arguments, ["--connection", "--replace", "--only", "--streams", "--database", "--report", "--rejects", "--temporary", "--rules", .. FileImportOptions.Names], ["--resume"]);
        var options = new ImportOptions(given.Only("source"), given.Connection());
        return options with
        {
            Replace = [.. given.Values("--replace")],
            Resume = given.Has("--resume"),
            Only = [.. given.Values("--only")],
            Streams = given.Value("--streams") is not { } streams ? options.Streams
                : int.TryParse(streams, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= MostStreams ? number
                : throw new ArgumentException($"--streams is a number from 1 to {MostStreams}."),
            Database = given.Value("--database"),
            Report = given.Value("--report"),
            Rejects = given.Value("--rejects") ?? options.Rejects,
            Rules = RulesReader.ReadFile(given.Value("--rules")),
            Files = FileImportOptions.Parse(given),
            Temporary = given.Value("--temporary") ?? options.Temporary,
        };
    }
}
