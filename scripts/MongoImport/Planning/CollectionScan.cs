using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Planning;

/// <summary>What the first pass finds out about a collection. Used by one thread at a time.</summary>
internal sealed class CollectionScan
{
    private readonly List<FieldStatistics> _statistics = [];
    private readonly List<bool> _isPointer = [];
    private ContentHash _hash;

    public FieldNames Names { get; } = new();

    /// <summary>Documents, those that cannot be decoded included.</summary>
    public long Documents { get; private set; }

    /// <summary>A hash of all documents in their order.</summary>
    public string Hash => _hash.ToString();

    /// <summary>Documents with one of the keys that a Parse server writes into every document.</summary>
    public long LooksLikeParse { get; private set; }

    public FieldStatistics this[int name] => _statistics[name];

    public void Add(DocumentBlock block)
    {
        var at = 0;
        while (block.TryTake(ref at, out var document))
        {
            _hash.Add(document);
            TryAdd(document);
        }
    }

    /// <summary>Adds one document.</summary>
    public void TryAdd(ReadOnlySpan<byte> document)
    {
        Documents++;
        try
        {
            Add(document);
        }
        catch (BsonFormatException)
        {
            // The second pass rejects it and says so.
        }
    }

    private void Add(ReadOnlySpan<byte> document)
    {
        var reader = new BsonReader(document);
        var previous = -1;
        var parse = false;
        while (reader.Read())
        {
            previous = Names.Find(reader.Name, previous);
            if (previous < 0)
            {
                continue;
            }
            if (previous == _statistics.Count)
            {
                _statistics.Add(new FieldStatistics());
                _isPointer.Add(reader.Name.StartsWith("_p_"u8));
            }
            _statistics[previous].Add(reader.Value, _isPointer[previous]);
            parse |= reader.Type is BsonType.Date or BsonType.Text && reader.Name is var name
                && (name.SequenceEqual("_created_at"u8) || name.SequenceEqual("_updated_at"u8) || name.SequenceEqual("createdAt"u8));
        }
        LooksLikeParse += parse ? 1 : 0;
    }
}
