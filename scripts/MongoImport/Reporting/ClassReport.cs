using Backend.MongoImport.Loading;
using Backend.MongoImport.Planning;

namespace Backend.MongoImport.Reporting;

/// <summary>Documents read, and those that could not be decoded.</summary>
internal abstract class ReadCounts
{
    public long Read { get; set; }

    public long Rejected { get; set; }

    /// <summary>Rows that gave way to a later document of the same id; of joins, pairs that were there already.</summary>
    public long Duplicates { get; set; }
}

/// <summary>What became of a relation's join rows.</summary>
internal sealed class JoinReport : ReadCounts
{
    public long Incomplete { get; set; }

    public long Dangling { get; set; }

    public long Imported => Read - Rejected - Incomplete - Duplicates;

    public void Begin() => Read = Rejected = Duplicates = Incomplete = 0;
}

/// <summary>What became of a class.</summary>
internal sealed class ClassReport(ClassPlan plan) : ReadCounts
{
    public string Name => plan.Name;

    public ClassPlan Plan => plan;

    public ClassState State { get; set; } = ClassState.Imported;

    /// <summary>Why the class is not as the source has it; null when it is.</summary>
    public string? Message { get; set; }

    public string? Table { get; set; }

    public long Identities { get; set; }

    public long LegacyRights { get; private set; }

    public long WithoutTimes { get; private set; }

    public long DuplicateKeys { get; private set; }

    public long Imported => State == ClassState.Imported ? Read - Rejected - Duplicates : 0;

    /// <summary>Values in <c>rest</c>, by key and reason.</summary>
    public IReadOnlyDictionary<(string Key, Reason Reason), long> InRest { get; private set; } = new Dictionary<(string, Reason), long>();

    /// <summary>Values that are marked because another row has them: username, email, name, token, identity.</summary>
    public SortedDictionary<string, long> Marked { get; } = new(StringComparer.Ordinal);

    /// <summary>References to rows that are not there, by field.</summary>
    public SortedDictionary<string, long> Dangling { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, JoinReport> Joins { get; } = new(StringComparer.Ordinal);

    /// <summary>Sentences about indexes and whatever else an operator should know.</summary>
    public List<string> Notes { get; } = [];

    public JoinReport Join(string field)
    {
        lock (Joins)
        {
            if (!Joins.TryGetValue(field, out var join))
            {
                Joins.Add(field, join = new JoinReport());
            }
            return join;
        }
    }

    /// <summary>Tells that something else has written to the class.</summary>
    public void LeaveAlone(string why, Progress progress)
    {
        State = ClassState.LeftAlone;
        Message = $"{why}; --replace {Name} imports it all the same";
        progress.Say($"{Name} is left alone: {Message}.");
    }

    /// <summary>The counts for the database.</summary>
    public ReportState Save() => new(Read, Rejected, Duplicates, Identities, LegacyRights, WithoutTimes, DuplicateKeys, [.. InRest.Select(r => new RestCount(r.Key.Key, r.Key.Reason, r.Value))],
        Marked, Dangling, Joins.ToDictionary(j => j.Key, j => new JoinState(j.Value.Read, j.Value.Rejected, j.Value.Duplicates, j.Value.Incomplete, j.Value.Dangling)), Notes);

    /// <summary>Takes over the counts of a run that was broken off.</summary>
    public void Restore(ReportState saved)
    {
        (Read, Rejected, Duplicates, Identities) = (saved.Read, saved.Rejected, saved.Duplicates, saved.Identities);
        (LegacyRights, WithoutTimes, DuplicateKeys) = (saved.LegacyRights, saved.WithoutTimes, saved.DuplicateKeys);
        InRest = saved.InRest.ToDictionary(r => (r.Key, r.Reason), r => r.Count);
        foreach (var (what, count) in saved.Marked)
        {
            Marked[what] = count;
        }
        foreach (var (field, count) in saved.Dangling)
        {
            Dangling[field] = count;
        }
        foreach (var (field, join) in saved.Joins)
        {
            var to = Join(field);
            (to.Read, to.Rejected, to.Duplicates, to.Incomplete, to.Dangling) = (join.Read, join.Rejected, join.Duplicates, join.Incomplete, join.Dangling);
        }
        Notes.Clear();
        Notes.AddRange(saved.Notes);
    }

    public void BeginLoad() => Read = Rejected = Duplicates = 0;

    public void EndLoad(IReadOnlyList<RowEncoder> encoders)
    {
        InRest = encoders.SelectMany(e => e.Rest.Counts).GroupBy(c => c.Key).ToDictionary(c => c.Key, c => c.Sum(v => v.Value));
        LegacyRights = encoders.Sum(e => e.LegacyRights);
        WithoutTimes = encoders.Sum(e => e.WithoutTimes);
        DuplicateKeys = encoders.Sum(e => e.DuplicateKeys);
    }
}

/// <summary>How an import of a class ended.</summary>
internal enum ClassState
{
    Imported,

    /// <summary>Something other than an import has written to it.</summary>
    LeftAlone,

    /// <summary>The source is damaged.</summary>
    Damaged,

    /// <summary>It could not be loaded.</summary>
    Failed,
}
