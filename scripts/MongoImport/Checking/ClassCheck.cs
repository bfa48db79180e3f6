using Backend.Data.Imports;
using Backend.MongoImport.Planning;

namespace Backend.MongoImport.Checking;

/// <summary>What was found out about one class.</summary>
internal sealed class ClassCheck(ClassPlan plan, StagedTable table)
{
    public string Name => plan.Name;

    public ClassPlan Plan => plan;

    /// <summary>The table that an import would make; it is nowhere.</summary>
    public StagedTable Table => table;

    public long Documents { get; set; }

    /// <summary>Documents that cannot be decoded, told by file, byte and reason.</summary>
    public List<string> Undecodable { get; } = [];

    public long UndecodableCount { get; set; }

    /// <summary>Types by key of the first level, as the document has it.</summary>
    public SortedDictionary<string, TypesMet> Types { get; } = new(StringComparer.Ordinal);

    /// <summary>Values that would go to <c>rest</c>, by key there and reason.</summary>
    public Dictionary<(string Key, Reason Reason), Tally> InRest { get; } = [];

    public Tally LegacyRights { get; } = new();

    public Tally WithoutTimes { get; } = new();

    public Tally Expired { get; } = new();

    public Tally WithoutUser { get; } = new();

    public Tally WithoutToken { get; } = new();

    public Tally OddHashes { get; } = new();

    /// <summary>Keys that stood twice in one document.</summary>
    public long DuplicateKeys { get; set; }

    /// <summary>Rows and bytes of join tables, by relation.</summary>
    public SortedDictionary<string, JoinCheck> Joins { get; } = new(StringComparer.Ordinal);

    /// <summary>Bytes of the rows as COPY sends them.</summary>
    public long RowBytes { get; set; }

    /// <summary>Sentences about indexes.</summary>
    public List<string> IndexNotes { get; } = [];
}

/// <summary>What was found out about a relation's join rows.</summary>
internal sealed class JoinCheck
{
    public long Rows { get; set; }

    public long Incomplete { get; set; }

    public long Undecodable { get; set; }

    public long Bytes { get; set; }
}
