using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Checking;

/// <summary>The types that the values under one key of the first level have.</summary>
internal sealed class TypesMet
{
    /// <summary>Forms (<c>__type</c>) that are told apart; a key with more has data where types should be.</summary>
    private const int MostForms = 32;

    private readonly Tally?[] _plain = new Tally?[256];
    private readonly Dictionary<string, Tally> _forms = new(StringComparer.Ordinal);

    /// <summary>What was met, the most frequent first.</summary>
    public IEnumerable<(string Type, Tally Tally)> All => _plain
        .Select((tally, type) => (Type: Name((BsonType)type), Tally: tally!))
        .Where(t => t.Tally is not null)
        .Concat(_forms.Select(f => (Type: f.Key, Tally: f.Value)))
        .OrderByDescending(t => t.Tally.Count);

    public void Add(BsonValue value, bool isPointer, ReadOnlySpan<byte> id)
    {
        var form = value.Type == BsonType.Document ? ParseForms.TypeOf(value) : default;
        if (!form.IsEmpty && _forms.Count < MostForms)
        {
            Form(Encoding.UTF8.GetString(form)).Add(id);
        }
        else if (isPointer && value.Type == BsonType.Text)
        {
            Form(ParseForms.Pointer).Add(id);
        }
        else
        {
            (_plain[(byte)value.Type] ??= new Tally()).Add(id);
        }
    }

    private Tally Form(string name)
    {
        if (!_forms.TryGetValue(name, out var tally))
        {
            _forms.Add(name, tally = new Tally());
        }
        return tally;
    }

    // As MongoDB's own tools call them, where they differ.
    private static string Name(BsonType type) => type switch
    {
        BsonType.Text => "String",
        BsonType.Boolean => "Bool",
        BsonType.Document => "Object",
        _ => type.ToString(),
    };
}
