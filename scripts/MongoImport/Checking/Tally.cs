using Backend.MongoImport.Values;

namespace Backend.MongoImport.Checking;

/// <summary>How many documents something was met in, and the ids of the first of them.</summary>
internal sealed class Tally
{
    private const int LongestId = 100;
    private readonly List<string> _examples = [];

    public long Count { get; private set; }

    public IReadOnlyList<string> Examples => _examples;

    public void Add(ReadOnlySpan<byte> id)
    {
        Count++;
        if (_examples.Count < KeyQuestions.Examples)
        {
            var text = BsonText.Decode(id);
            text = text.Length > LongestId ? text[..LongestId] + "…" : text;
            if (!_examples.Contains(text))
            {
                _examples.Add(text);
            }
        }
    }

    public void Add(long count) => Count += count;

}
