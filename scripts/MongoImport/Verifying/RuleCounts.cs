using Backend.MongoImport.Bson;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Verifying;

/// <summary>How often each rule applied. Used by one thread.</summary>
internal sealed class RuleCounts
{
    private static readonly int Rules = Enum.GetValues<Rule>().Length;
    private readonly long[] _counts = new long[Rules];

    public long this[Rule rule] => _counts[(int)rule];

    /// <summary>The rules that applied.</summary>
    public IEnumerable<(Rule Rule, long Count)> Applied => Enum.GetValues<Rule>().Select(r => (r, this[r])).Where(r => r.Item2 > 0);

    public void Count(Rule rule, bool applies = true) => _counts[(int)rule] += applies ? 1 : 0;

    public void Add(Rule rule, long times) => _counts[(int)rule] += times;

    public void Add(RuleCounts others)
    {
        for (var i = 0; i < Rules; i++)
        {
            _counts[i] += others._counts[i];
        }
    }

    /// <summary>Counts a number that no double holds.</summary>
    public void CountInexact(BsonValue number) => Count(Rule.InexactNumber, !Numbers.TryExact(number, out _));
}
