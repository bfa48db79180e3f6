namespace Backend.MongoImport.Commands;

/// <summary>What the way back is told.</summary>
/// <param name="Target">The old server's MongoDB; null where only this database is concerned.</param>
/// <param name="Connection">The database whose changes are brought there.</param>
internal sealed record ReturnOptions(string? Target, string Connection)
{
    /// <summary>Only begin to note changes.</summary>
    public bool Prepare { get; init; }

    /// <summary>Bring everything, not only what changed.</summary>
    public bool Full { get; init; }

    /// <summary>End when nothing is left to bring.</summary>
    public bool UntilCaughtUp { get; init; }

    /// <summary>Close this database to writes, bring the rest, compare.</summary>
    public bool Finish { get; init; }

    /// <summary>No longer note changes: the old server will not be needed any more.</summary>
    public bool End { get; init; }

    /// <summary>Documents may lose what the import left out of them.</summary>
    public bool LoseSkipped { get; init; }

    /// <summary>Which database of the target, if not the one of its connection string.</summary>
    public string? Database { get; init; }

    /// <summary>What the names of its collections begin with.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Where documents go that the target refuses.</summary>
    public string Rejects { get; init; } = "return-rejects.jsonl";

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ArgumentException">They say nothing that can be done; the message is for the operator.</exception>
    public static ReturnOptions Parse(IReadOnlyList<string> arguments)
    {
        var given = Arguments.Parse(arguments, ["--connection", "--database", "--collection-prefix", "--rejects"], ["--prepare", "--full", "--until-caught-up", "--finish", "--end", "--lose-skipped"]);
        var alone = given.Has("--prepare") || given.Has("--end");
        if (new[] { "--prepare", "--end", "--full", "--finish" }.Count(given.Has) > 1)
        {
            throw new ArgumentException("--prepare, --full, --finish and --end are different things: one at a time.");
        }
        var options = new ReturnOptions(alone ? null : given.Only("target"), given.Connection());
        return options with
        {
            Prepare = given.Has("--prepare"),
            Full = given.Has("--full"),
            UntilCaughtUp = given.Has("--until-caught-up"),
            Finish = given.Has("--finish"),
            End = given.Has("--end"),
            LoseSkipped = given.Has("--lose-skipped"),
            Database = given.Value("--database"),
            Prefix = given.Value("--collection-prefix") ?? "",
            Rejects = given.Value("--rejects") ?? options.Rejects,
        };
    }
}
