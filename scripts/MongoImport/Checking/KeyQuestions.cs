namespace Backend.MongoImport.Checking;

/// <summary>Keys that answered a question, and the first documents among them.</summary>
/// <param name="Count">How many.</param>
/// <param name="First">Numbers of documents, the earliest.</param>
internal readonly record struct Answer(long Count, IReadOnlyList<long> First);

/// <summary>What is asked about sorted keys: each question reads its sets once, from front to back.</summary>
internal static class KeyQuestions
{
    /// <summary>Documents that are named in an answer.</summary>
    public const int Examples = 5;

    /// <summary>Keys that are there already: of n equal ones n-1. The examples are all documents of the first such groups.</summary>
    public static Answer Repeated(KeySet keys)
    {
        var count = 0L;
        var first = new Earliest();
        Key? previous = null;
        var repeats = false;
        foreach (var key in keys.Sorted())
        {
            if (previous is { } before && before.IsSame(key))
            {
                count++;
                if (!repeats)
                {
                    first.Add(before.Number);
                }
                first.Add(key.Number);
                repeats = true;
            }
            else
            {
                repeats = false;
            }
            previous = key;
        }
        return new(count, first.Numbers);
    }

    /// <summary>Keys that none of the others has.</summary>
    public static Answer Missing(KeySet keys, IEnumerable<KeySet> others)
    {
        var count = 0L;
        var first = new Earliest();
        var targets = others.Select(o => o.Sorted().GetEnumerator()).Where(o => o.MoveNext()).ToList();
        foreach (var key in keys.Sorted())
        {
            var found = false;
            for (var i = targets.Count - 1; i >= 0; i--)
            {
                while (IsBefore(targets[i].Current, key))
                {
                    if (!targets[i].MoveNext())
                    {
                        targets.RemoveAt(i);
                        break;
                    }
                }
                if (i < targets.Count && targets[i].Current.IsSame(key))
                {
                    found = true;
                    break;
                }
            }
            if (!found)
            {
                count++;
                first.Add(key.Number);
            }
        }
        return new(count, first.Numbers);
    }

    private static bool IsBefore(Key a, Key b) => a.High < b.High || (a.High == b.High && a.Low < b.Low);

    private sealed class Earliest
    {
        private readonly SortedSet<long> _numbers = [];

        public IReadOnlyList<long> Numbers => [.. _numbers];

        public void Add(long number)
        {
            if (_numbers.Count < Examples || number < _numbers.Max)
            {
                _numbers.Add(number);
                if (_numbers.Count > Examples)
                {
                    _numbers.Remove(_numbers.Max);
                }
            }
        }
    }
}
