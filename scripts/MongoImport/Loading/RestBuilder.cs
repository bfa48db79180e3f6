using System.Buffers;
using System.Text;
using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Values;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Loading;

/// <summary>A value goes to <c>rest</c> under a key for a reason.</summary>
internal delegate void RestObserver(string key, BsonValue value, Reason reason);

/// <summary>Gathers what a row's columns could not hold, in the form of <see cref="RestJson"/>, and counts it.</summary>
internal sealed class RestBuilder(FieldNames names)
{
    private readonly ArrayBufferWriter<byte> _json = new(256);
    private readonly Dictionary<string, byte[]> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Key, Reason Reason), long> _counts = [];
    private readonly HashSet<string> _inRow = new(StringComparer.Ordinal);
    private readonly List<(string, BsonType, byte[])> _late = [];
    private bool _any;

    /// <summary>How many values stand there, by their key in <c>rest</c> and the reason.</summary>
    public IReadOnlyDictionary<(string Key, Reason Reason), long> Counts => _counts;

    /// <summary>Is told of every value that is added.</summary>
    public RestObserver? Observer { get; set; }

    /// <summary>A new document is being walked.</summary>
    public void Forget() => _late.Clear();

    public void Begin()
    {
        _json.ResetWrittenCount();
        _any = false;
        _inRow.Clear();
        foreach (var (key, type, raw) in _late)
        {
            Add(key, -1, new BsonValue(type, raw), Reason.NoColumn);
        }
    }

    /// <summary>Adds a value of a document that is still being walked.</summary>
    public void AddLate(ReadOnlySpan<byte> name, BsonValue value) => _late.Add((BsonText.Decode(name), value.Type, value.Raw.ToArray()));

    /// <summary>Adds a value.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="name">The number of the name it had in the document, for keys that two values want.</param>
    /// <param name="value">The value.</param>
    /// <param name="reason">Why it is here.</param>
    /// <param name="kind">The field's kind, if it is a field: a text may be a file's name.</param>
    public void Add(string key, int name, BsonValue value, Reason reason, ColumnKind? kind = null)
    {
        if (!_inRow.Add(key))
        {
            // A field under two keys, neither of which fits: the second keeps the name it had.
            key = "_" + (name >= 0 ? BsonText.Decode(names[name]) : key);
            if (!_inRow.Add(key))
            {
                return;
            }
        }
        Count(key, reason);
        Observer?.Invoke(key, value, reason);
        Key(key);
        if (value.Type == BsonType.Null)
        {
            _json.Write("null"u8);
            return;
        }
        if (reason == Reason.Rights)
        {
            // Whose rights these were is seen by the types of the items, which JSON would not tell apart.
            RestJson.Write(_json, Value.Foreign((byte)value.Type, value.Raw.ToArray()));
            return;
        }
        RestJson.Write(_json, reason is Reason.MalformedPointer or Reason.OtherType ? RestValues.Of(value) : RestValues.Of(value, kind));
    }

    /// <summary>Marks times that no document had.</summary>
    public void AddMissing(bool created, bool updated)
    {
        Key("_missing");
        _json.Write(created && updated ? "[\"_created_at\",\"_updated_at\"]"u8 : created ? "[\"_created_at\"]"u8 : "[\"_updated_at\"]"u8);
    }

    /// <summary>Writes the column.</summary>
    public void WriteTo(Buffer to)
    {
        if (!_any)
        {
            to.Int32(-1);
            return;
        }
        to.Int32(_json.WrittenCount + 2);
        to.Byte(1);
        to.Bytes(_json.WrittenSpan);
        to.Byte((byte)'}');
    }

    // Keys that are data must not fill the memory.
    private void Count(string key, Reason reason)
    {
        var counted = _counts.Count < FieldNames.Most || _counts.ContainsKey((key, reason)) ? key : "(other keys)";
        _counts[(counted, reason)] = _counts.GetValueOrDefault((counted, reason)) + 1;
    }

    private void Key(string key)
    {
        _json.Write(_any ? ","u8 : "{"u8);
        _any = true;
        if (!_keys.TryGetValue(key, out var json))
        {
            var writer = new ArrayBufferWriter<byte>(key.Length + 4);
            NestedJson.WriteString(writer, Clean(key));
            _keys[key] = json = [.. writer.WrittenSpan, (byte)':'];
            if (_keys.Count > FieldNames.Most)
            {
                _keys.Clear();
            }
        }
        _json.Write(json);
    }

    // A key that jsonb refuses: lone surrogates become U+FFFD, as everywhere where names are shown.
    private static string Clean(string key) => Storage.IsStorable(key, indexed: false) ? key : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(key)).Replace('\0', '\uFFFD');
}
