using Backend.MongoImport.Rules;

namespace Backend.MongoImport.Commands;

/// <summary>What an import is told.</summary>
/// <param name="Source">What to import.</param>
/// <param name="Connection">The database to import into.</param>
internal sealed record ImportOptions(string Source, string Connection)
{
    /// <summary>Classes that are imported although something else has written to them.</summary>
    public HashSet<string> Replace { get; init; } = new(StringComparer.Ordinal);

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

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ArgumentException">They say nothing that can be done; the message is for the operator.</exception>
    public static ImportOptions Parse(IReadOnlyList<string> arguments)
    {
        var given = Arguments.Parse(arguments, ["--connection", "--replace", "--database", "--report", "--rejects", "--temporary", "--rules"], []);
        var options = new ImportOptions(given.Only("source"), given.Connection());
        return options with
        {
            Replace = [.. given.Values("--replace")],
            Database = given.Value("--database"),
            Report = given.Value("--report"),
            Rejects = given.Value("--rejects") ?? options.Rejects,
            Rules = RulesReader.ReadFile(given.Value("--rules")),
            Temporary = given.Value("--temporary") ?? options.Temporary,
        };
    }
}
