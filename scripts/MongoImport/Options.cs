namespace Backend.MongoImport;

/// <summary>The command line.</summary>
internal sealed record Options(string Source)
{
    public const string Usage = """
        usage: import-mongo SOURCE [options]

        SOURCE  a mongodump folder (also with .bson.gz), a mongodump --archive file (also gzipped), a folder of exported JSON
                (Parse, Back4App, mongoexport), one .bson or .json file, or - for an archive on standard input

        --connection STRING   the database; default: the setting ConnectionStrings__Database of the API
        --replace CLASS       import the class although something other than an import has written to it; may be repeated
        --database NAME       which database of the source, when it holds several
        --report FILE         write the report as JSON
        --rejects FILE        where documents go that cannot be decoded; default: import-rejects.jsonl
        --temporary FOLDER    where standard input and compressed archives are put meanwhile

        exit code: 0 everything imported, 2 some documents rejected, 1 failed, also for one class (damaged, or left alone)
        """;

    /// <summary>Whether the arguments ask for help alone.</summary>
    public static bool AsksForHelp(string[] arguments) => arguments is [] or ["--help" or "-h" or "help"];

    public string? Connection { get; init; }

    public HashSet<string> Replace { get; } = new(StringComparer.Ordinal);

    public string? Database { get; init; }

    public string? Report { get; init; }

    public string Rejects { get; init; } = "import-rejects.jsonl";

    public string Temporary { get; init; } = Path.GetTempPath();

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ArgumentException">They say nothing that can be done; the message is for the operator.</exception>
    public static Options Parse(string[] arguments)
    {
        Options? options = null;
        string? connection = null, database = null, report = null, rejects = null, temporary = null;
        var replace = new List<string>();
        for (var i = 0; i < arguments.Length; i++)
        {
            string Value() => ++i < arguments.Length ? arguments[i] : throw new ArgumentException($"{arguments[i - 1]} needs a value.");
            switch (arguments[i])
            {
                case "--connection":
                    connection = Value();
                    break;
                case "--replace":
                    replace.Add(Value());
                    break;
                case "--database":
                    database = Value();
                    break;
                case "--report":
                    report = Value();
                    break;
                case "--rejects":
                    rejects = Value();
                    break;
                case "--temporary":
                    temporary = Value();
                    break;
                case ['-', _, ..] unknown:
                    throw new ArgumentException($"{unknown} is no option.");
                case var source when options is null:
                    options = new Options(source);
                    break;
                default:
                    throw new ArgumentException($"One source at a time: {arguments[i]} is a second.");
            }
        }
        if (options is null)
        {
            throw new ArgumentException("A source is missing.");
        }
        options.Replace.UnionWith(replace);
        return options with
        {
            Connection = connection ?? Environment.GetEnvironmentVariable("ConnectionStrings__Database"),
            Database = database,
            Report = report,
            Rejects = rejects ?? options.Rejects,
            Temporary = temporary ?? options.Temporary,
        };
    }
}
