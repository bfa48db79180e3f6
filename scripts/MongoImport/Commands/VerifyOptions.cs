using System.Globalization;
using Backend.MongoImport.Files;
using Backend.MongoImport.Rules;

namespace Backend.MongoImport.Commands;

/// <summary>What a comparison is told.</summary>
/// <param name="Source">What to compare with.</param>
/// <param name="Connection">The database with the rows.</param>
internal sealed record VerifyOptions(string Source, string Connection)
{
    private const int MostStreams = 16;

    /// <summary>The classes to compare; empty: all.</summary>
    public HashSet<string> Only { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Which database of the source.</summary>
    public string? Database { get; init; }

    /// <summary>Where the report goes as JSON.</summary>
    public string? Report { get; init; }

    /// <summary>Where all differences go that nothing explains.</summary>
    public string? Differences { get; init; }

    /// <summary>Rows that something else than an import has written since are no unexplained differences.</summary>
    public bool AllowWrites { get; init; }

    /// <summary>Connections of a class, and classes at a time.</summary>
    public int Streams { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, MostStreams);

    /// <summary>How long changes of a followed source may be on their way. Not for operators.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Where standard input and unpacked archives are put meanwhile.</summary>
    public string Temporary { get; init; } = Path.GetTempPath();

    /// <summary>The file store; without a folder files are not compared.</summary>
    public FileImportOptions Files { get; init; } = new();

    /// <summary>What the operator settled; null: what the import was told counts.</summary>
    public ImportRules? Rules { get; init; }

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ArgumentException">They say nothing that can be done; the message is for the operator.</exception>
    public static VerifyOptions Parse(IReadOnlyList<string> arguments)
    {
        var given = Arguments.Parse(arguments, ["--connection", "--only", "--database", "--report", "--differences", "--streams", "--temporary", "--rules", .. FileImportOptions.Names], ["--allow-writes"]);
        var options = new VerifyOptions(given.Only("source"), given.Connection());
        return options with
        {
            Only = [.. given.Values("--only")],
            Database = given.Value("--database"),
            Report = given.Value("--report"),
            Differences = given.Value("--differences"),
            AllowWrites = given.Has("--allow-writes"),
            Streams = given.Value("--streams") is not { } streams ? options.Streams
                : int.TryParse(streams, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= MostStreams ? number
                : throw new ArgumentException($"--streams is a number from 1 to {MostStreams}."),
            Temporary = given.Value("--temporary") ?? options.Temporary,
            Files = FileImportOptions.Parse(given),
            Rules = given.Value("--rules") is { } rules ? RulesReader.ReadFile(rules) : null,
        };
    }
}
