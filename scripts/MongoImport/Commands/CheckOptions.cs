using Backend.MongoImport.Files;
using Backend.MongoImport.Rules;

namespace Backend.MongoImport.Commands;

/// <summary>What a check is told.</summary>
/// <param name="Source">What to read.</param>
internal sealed record CheckOptions(string Source)
{
    /// <summary>A database to look into, without writing; null: none.</summary>
    public string? Connection { get; init; }

    /// <summary>Which database of the source.</summary>
    public string? Database { get; init; }

    /// <summary>Where the report goes as JSON.</summary>
    public string? Report { get; init; }

    /// <summary>Where standard input, unpacked archives and sorted keys are put meanwhile.</summary>
    public string Temporary { get; init; } = Path.GetTempPath();

    /// <summary>What the operator settled.</summary>
    public ImportRules Rules { get; init; } = ImportRules.None;

    /// <summary>The bucket of GridFS.</summary>
    public string Bucket { get; init; } = GridBucket.DefaultName;

    /// <summary>The file store's folder, whose files count as held; null: only those in GridFS do.</summary>
    public string? Files { get; init; }

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ArgumentException">They say nothing that can be done; the message is for the operator.</exception>
    public static CheckOptions Parse(IReadOnlyList<string> arguments)
    {
        var given = Arguments.Parse(arguments, ["--connection", "--database", "--report", "--temporary", "--rules", "--bucket", "--files"], []);
        var options = new CheckOptions(given.Only("source"));
        return options with
        {
            Connection = given.Value("--connection"),
            Database = given.Value("--database"),
            Report = given.Value("--report"),
            Temporary = given.Value("--temporary") ?? options.Temporary,
            Rules = RulesReader.ReadFile(given.Value("--rules")),
            Bucket = given.Value("--bucket") ?? options.Bucket,
            Files = given.Value("--files"),
        };
    }
}
