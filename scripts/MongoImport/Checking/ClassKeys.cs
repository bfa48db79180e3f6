using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Checking;

/// <summary>The values of one class by which rows are found: ids, where pointers lead, and what only one row may have.</summary>
internal sealed class ClassKeys(ClassPlan plan, string folder) : IDisposable
{
    /// <summary>Pairs of place and class that pointers are told apart by; past it they are data.</summary>
    private const int MostReferences = 256;

    private readonly KeyFile _file = new(folder);
    private readonly Dictionary<(string Place, string Target), KeySet> _references = [];
    private readonly SortedDictionary<string, KeySet> _unique = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (KeySet Owning, KeySet Related, KeySet Pairs)> _joins = new(StringComparer.Ordinal);
    private KeySet? _ids;
    private KeySet? _files;

    public ClassPlan Plan => plan;

    public KeySet Ids => _ids ??= _file.NewSet();

    /// <summary>Names that File fields hold.</summary>
    public KeySet Files => _files ??= _file.NewSet();

    /// <summary>Where pointers lead, by the field they are in (<c>field (inside)</c> when they lie deeper) and the class they name.</summary>
    public IEnumerable<KeyValuePair<(string Place, string Target), KeySet>> References => _references.OrderBy(r => r.Key.Place, StringComparer.Ordinal).ThenBy(r => r.Key.Target, StringComparer.Ordinal);

    /// <summary>Values that only one row may have, by what they are.</summary>
    public IReadOnlyDictionary<string, KeySet> Unique => _unique;

    /// <summary>Ids of join rows, by relation.</summary>
    public IReadOnlyDictionary<string, (KeySet Owning, KeySet Related, KeySet Pairs)> Joins => _joins;

    public void AddReference(string place, ReadOnlySpan<byte> target, ReadOnlySpan<byte> id, long number)
    {
        var key = (place, Encoding.UTF8.GetString(target));
        if (!_references.TryGetValue(key, out var set))
        {
            if (_references.Count >= MostReferences)
            {
                return;
            }
            _references.Add(key, set = _file.NewSet());
        }
        set.Add(Key.Of(id, number));
    }

    public void AddUnique(string what, Key key)
    {
        if (!_unique.TryGetValue(what, out var set))
        {
            _unique.Add(what, set = _file.NewSet());
        }
        set.Add(key);
    }

    public (KeySet Owning, KeySet Related, KeySet Pairs) Join(string field)
    {
        if (!_joins.TryGetValue(field, out var sets))
        {
            _joins.Add(field, sets = (_file.NewSet(), _file.NewSet(), _file.NewSet()));
        }
        return sets;
    }

    /// <summary>Notes the pointers and files that lie inside of a value.</summary>
    public void AddNested(string place, BsonValue value, long number)
    {
        if (value.Type is not (BsonType.Document or BsonType.Array) || value.Raw.IndexOf("\u0002__type\0"u8) < 0)
        {
            return;
        }
        if (ParseForms.Is(value, ParseForms.Pointer))
        {
            if (ParseForms.TryText(value, "className"u8, out var target) && ParseForms.TryText(value, "objectId"u8, out var id) && !id.IsEmpty)
            {
                AddReference(place, target, id, number);
            }
            return;
        }
        if (ParseForms.Is(value, ParseForms.File))
        {
            if (ParseForms.TryText(value, "name"u8, out var name) && !name.IsEmpty)
            {
                Files.Add(Key.Of(name, number));
            }
            return;
        }
        var reader = new BsonReader(value.Raw);
        while (reader.Read())
        {
            AddNested(place, reader.Value, number);
        }
    }

    public void Complete() => _file.Complete();

    public void Dispose() => _file.Dispose();
}
