namespace Backend.MongoImport.Verifying;

/// <summary>What was found about one class.</summary>
internal sealed class ClassVerification(string name)
{
    public string Name { get; } = name;

    /// <summary>Why the class could not be compared; null when it was.</summary>
    public string? Failure { get; set; }

    public ComparedRows Rows { get; } = new();

    /// <summary>Rows of the table.</summary>
    public long TableRows { get; set; }

    /// <summary>Rows that only the database has.</summary>
    public long NoDocument { get; set; }

    /// <summary>Whole documents of join collections, and rows of join tables.</summary>
    public long Pairs { get; set; }

    public long PairRows { get; set; }

    /// <summary>What rules explain, differences and forms alike.</summary>
    public RuleCounts Rules => Rows.Rules;

    public DifferenceList Differences { get; } = new();

    /// <summary>Of files: the names that only the store has; bounded.</summary>
    public List<string> Extra { get; } = [];

    /// <summary>Documents and rows that differ by a rule, or are left out by one.</summary>
    public long Explained => Rules[Rule.DuplicateId] + Rules[Rule.ExpiredSession] + Rules[Rule.WrittenAfterImport] + Rules[Rule.ChangedMeanwhile] + Rules[Rule.Rejected] + Rules[Rule.JoinIncomplete] + Rules[Rule.JoinDuplicate]
        + Rules[Rule.FileIncomplete] + Rules[Rule.FileReplaced] + Rules[Rule.FileExtra];

    /// <summary>Differences that nothing explains.</summary>
    public long Unexplained => Differences.Kept.Count + Differences.Dropped;
}
