namespace Backend.MongoImport.Verifying;

/// <summary>The differences of one class until it is known what explains them; bounded, the rest is counted. Several threads may add.</summary>
internal sealed class DifferenceList
{
    /// <summary>Past so many, more of them tell nothing new.</summary>
    public const int Most = 100_000;

    private readonly List<Difference> _differences = [];
    private readonly Lock _lock = new();
    private readonly HashSet<(DifferenceKind, string)> _rows = [];

    /// <summary>Those that are kept.</summary>
    public IReadOnlyList<Difference> Kept => _differences;

    /// <summary>How many were not kept.</summary>
    public long Dropped { get; private set; }

    public void Add(Difference difference)
    {
        lock (_lock)
        {
            if (_differences.Count < Most)
            {
                _differences.Add(difference);
            }
            else
            {
                Dropped++;
            }
        }
    }

    /// <summary>Takes out those that a rule explains, and counts the rows (pairs, documents) that they are about.</summary>
    public long Remove(Predicate<Difference> explained)
    {
        lock (_lock)
        {
            _rows.Clear();
            _differences.RemoveAll(d =>
            {
                var goes = explained(d);
                if (goes)
                {
                    _rows.Add((d.Kind, $"{d.Id}\0{d.Number}"));
                }
                return goes;
            });
            return _rows.Count;
        }
    }
}
