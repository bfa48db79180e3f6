using Backend.MongoImport.Bson;
using Backend.MongoImport.Values;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Verifying;

/// <summary>
/// A document in its canonical form: what a client could tell apart, as a hash per field and one of all (<see cref="CanonicalValue"/>), whether it
/// came from a database, an export, or a row. First-level keys in any order; a field under the name that clients know; access lists as sets;
/// of an access list only the form that counts. Used by one thread, again and again.
/// </summary>
internal sealed class CanonicalDocument(CanonicalFields fields)
{
    private readonly List<Found> _found = [];
    private readonly List<(string Name, UInt128 Hash, CanonicalKey Key)> _values = [];
    private readonly Buffer _scratch = new(256);

    /// <summary>The fields, by the names that they are reported under.</summary>
    public IReadOnlyList<(string Name, UInt128 Hash, CanonicalKey Key)> Values => _values;

    /// <summary>The whole document's hash.</summary>
    public UInt128 Hash { get; private set; }

    /// <summary>Takes a document's canonical form.</summary>
    /// <param name="document">Its bytes.</param>
    /// <param name="number">Its number in the collection; for documents without an id.</param>
    /// <param name="rules">Gets what is kept in another form than it has here; null for a restored document.</param>
    /// <param name="id">Gets the id of its row.</param>
    /// <exception cref="BsonFormatException">The document cannot be decoded.</exception>
    public void Read(ReadOnlySpan<byte> document, long number, RuleCounts? rules, Buffer id)
    {
        Walk(document, rules);
        _values.Clear();
        id.Clear();
        Id(document, number, rules, id);
        Time(document, KeyRole.CreatedAt, KeyRole.LiteralCreatedAt, rules);
        Time(document, KeyRole.UpdatedAt, KeyRole.LiteralUpdatedAt, rules);
        if (fields.IsSessions)
        {
            rules?.Count(Rule.SessionRights, Has(KeyRole.Readers) || Has(KeyRole.Writers) || Has(KeyRole.Acl) || Has(KeyRole.LegacyAcl));
        }
        else
        {
            Rights(document, rules);
        }
        for (var i = 0; i < _found.Count; i++)
        {
            Field(document, i, rules);
        }
        UInt128 sum = 0;
        foreach (var (_, hash, key) in _values)
        {
            sum += Hash128.Of(key.Hash, hash);
        }
        Hash = sum;
    }

    /// <summary>The value of a key, for showing it.</summary>
    public BsonValue Find(ReadOnlySpan<byte> document, string name)
    {
        foreach (var found in _found)
        {
            if (found.Key.Name == name && found.Type != BsonType.Undefined)
            {
                return found.Value(document);
            }
        }
        return default;
    }

    private void Walk(ReadOnlySpan<byte> document, RuleCounts? rules)
    {
        _found.Clear();
        var reader = new BsonReader(document);
        while (reader.Read())
        {
            var key = fields.Find(reader.Name);
            var found = new Found(key, reader.Type, reader.ValueStart, reader.ValueLength);
            var at = IndexOf(key);
            if (at >= 0)
            {
                rules?.Count(Rule.DuplicateKey);
                _found[at] = found;
            }
            else
            {
                _found.Add(found);
            }
        }
    }

    // Documents have few keys: a search beats a table. Keys past the number that are remembered are told apart by their names.
    private int IndexOf(CanonicalKey key)
    {
        for (var i = 0; i < _found.Count; i++)
        {
            if (ReferenceEquals(_found[i].Key, key) || (key.Role == KeyRole.Other && _found[i].Key.RawName == key.RawName))
            {
                return i;
            }
        }
        return -1;
    }

    private bool TryGet(ReadOnlySpan<byte> document, KeyRole role, out BsonValue value)
    {
        foreach (var found in _found)
        {
            if (found.Key.Role == role && found.Type != BsonType.Undefined)
            {
                value = found.Value(document);
                return true;
            }
        }
        value = default;
        return false;
    }

    private bool Has(KeyRole role) => _found.Exists(f => f.Key.Role == role && f.Type != BsonType.Undefined);

    private void Add(KeyRole role, UInt128 hash)
    {
        var key = _found.Find(f => f.Key.Role == role).Key;
        _values.Add((key.Name, hash, key));
    }

    private void Id(ReadOnlySpan<byte> document, long number, RuleCounts? rules, Buffer id)
    {
        // Which of two ids is the row's: Loading.RowEncoder.
        var (first, second) = fields.IsExport && rules is not null ? (KeyRole.ObjectId, KeyRole.Id) : (KeyRole.Id, KeyRole.ObjectId);
        var role = first;
        if (!TryGet(document, first, out var value) && !TryGet(document, role = second, out value))
        {
            rules?.Count(Rule.MadeId);
            Loading.RowIds.WriteMade(document, number, id);
            _values.Add(("_id", CanonicalValue.OfText(id.Written), IdKey));
            return;
        }
        var isText = Loading.RowIds.Write(value, id);
        // Which type an id has matters: an ObjectId is not found by its digits.
        _values.Add(("_id", isText || fields.IsConfig ? CanonicalValue.OfText(id.Written) : Hash128.Of(CanonicalValue.Of(value), (UInt128)(value.Type == BsonType.ObjectId ? 1UL : 0)), IdKey));
        if (role == first && TryGet(document, second, out var other))
        {
            if (second == KeyRole.ObjectId)
            {
                Add(KeyRole.ObjectId, CanonicalValue.Of(other, rules));
            }
            else
            {
                rules?.Count(Rule.SecondId);
            }
        }
    }

    private static CanonicalKey IdKey { get; } = new("_id", KeyRole.Id);

    private static CanonicalKey CreatedKey { get; } = new("_created_at", KeyRole.CreatedAt);

    private static CanonicalKey UpdatedKey { get; } = new("_updated_at", KeyRole.UpdatedAt);

    private static CanonicalKey ReadersKey { get; } = new("_rperm", KeyRole.Readers);

    private static CanonicalKey WritersKey { get; } = new("_wperm", KeyRole.Writers);

    private void Time(ReadOnlySpan<byte> document, KeyRole stored, KeyRole literal, RuleCounts? rules)
    {
        var key = stored == KeyRole.CreatedAt ? CreatedKey : UpdatedKey;
        var known = false;
        if (TryGet(document, stored, out var value))
        {
            known = Loading.RowTimes.TryRead(value, out var milliseconds);
            rules?.Count(Rule.TimeForm, known && value.Type != BsonType.Date);
            _values.Add((key.Name, known ? CanonicalValue.OfDate(milliseconds) : CanonicalValue.Of(value, rules), key));
        }
        if (!TryGet(document, literal, out value))
        {
            return;
        }
        if (!known && Loading.RowTimes.TryRead(value, out var instead))
        {
            rules?.Count(Rule.TimeForm, value.Type != BsonType.Date);
            _values.RemoveAll(v => v.Key == key);
            _values.Add((key.Name, CanonicalValue.OfDate(instead), key));
            return;
        }
        Add(literal, CanonicalValue.Of(value, rules));
    }

    private void Rights(ReadOnlySpan<byte> document, RuleCounts? rules)
    {
        var hasReaders = TryGet(document, KeyRole.Readers, out var readers);
        var hasWriters = TryGet(document, KeyRole.Writers, out var writers);
        var hasAcl = TryGet(document, KeyRole.Acl, out var acl) && acl.Type != BsonType.Null;
        var hasLegacy = TryGet(document, KeyRole.LegacyAcl, out var legacy) && legacy.Type != BsonType.Null;
        if ((!hasReaders || readers.Type == BsonType.Null) && (!hasWriters || writers.Type == BsonType.Null))
        {
            if (hasAcl && acl.Type == BsonType.Document)
            {
                AddRights(acl, "read"u8, "write"u8);
                return;
            }
            if (hasLegacy && legacy.Type == BsonType.Document)
            {
                rules?.Count(Rule.LegacyAcl);
                AddRights(legacy, "r"u8, "w"u8);
                return;
            }
            if (hasAcl)
            {
                Add(KeyRole.Acl, CanonicalValue.Of(acl, rules));
            }
            if (hasLegacy)
            {
                Add(KeyRole.LegacyAcl, CanonicalValue.Of(legacy, rules));
            }
        }
        else if (rules is not null)
        {
            var none = Hash128.Of(0, 1);
            var lists = (hasReaders ? OfSet(readers, null) : none, hasWriters ? OfSet(writers, null) : none);
            rules.Count(Rule.RightsRepeated, (hasAcl && OfFlags(acl, "read"u8, "write"u8) != lists) || (hasLegacy && OfFlags(legacy, "r"u8, "w"u8) != lists));
        }
        if (hasReaders)
        {
            _values.Add((ReadersKey.Name, OfSet(readers, rules), ReadersKey));
        }
        if (hasWriters)
        {
            _values.Add((WritersKey.Name, OfSet(writers, rules), WritersKey));
        }
    }

    private void AddRights(BsonValue acl, ReadOnlySpan<byte> read, ReadOnlySpan<byte> write)
    {
        var (readers, writers) = OfFlags(acl, read, write);
        _values.Add((ReadersKey.Name, readers, ReadersKey));
        _values.Add((WritersKey.Name, writers, WritersKey));
    }

    // {"*": {read: true}} as two sets of names.
    private static (UInt128 Readers, UInt128 Writers) OfFlags(BsonValue acl, ReadOnlySpan<byte> read, ReadOnlySpan<byte> write)
    {
        UInt128 readers = 0, writers = 0;
        if (acl.Type == BsonType.Document)
        {
            var reader = new BsonReader(acl.Raw);
            while (reader.Read())
            {
                if (reader.Type == BsonType.Document && BsonText.IsStorable(reader.Name))
                {
                    var name = CanonicalValue.OfText(reader.Name);
                    readers += IsTrue(reader.Value, read) ? name : 0;
                    writers += IsTrue(reader.Value, write) ? name : 0;
                }
            }
        }
        return (Hash128.Of(readers, 1), Hash128.Of(writers, 1));
    }

    private static bool IsTrue(BsonValue flags, ReadOnlySpan<byte> name) => flags.TryFind(name, out var flag) && flag.Type == BsonType.Boolean && flag.Boolean;

    private static UInt128 OfSet(BsonValue list, RuleCounts? rules)
    {
        if (list.Type != BsonType.Array)
        {
            return CanonicalValue.Of(list, rules);
        }
        var names = new HashSet<UInt128>();
        var reader = new BsonReader(list.Raw);
        UInt128 sum = 0;
        while (reader.Read())
        {
            var name = CanonicalValue.Of(reader.Value, rules);
            sum += names.Add(name) ? name : 0;
        }
        return Hash128.Of(sum, 1);
    }

    private void Field(ReadOnlySpan<byte> document, int at, RuleCounts? rules)
    {
        var found = _found[at];
        if (found.Type == BsonType.Undefined)
        {
            return;
        }
        var value = found.Value(document);
        switch (found.Key.Role)
        {
            case KeyRole.Other:
                Add(found.Key, found.Key.Name, CanonicalValue.Of(value, rules));
                break;
            case KeyRole.Column when IsSecond(found):
                Add(found.Key, found.Key.RawName, CanonicalValue.Of(value, rules));
                break;
            case KeyRole.Column:
                if (!CanonicalColumn.IsDefault(found.Key.Kind, value))
                {
                    Add(found.Key, found.Key.Name, CanonicalColumn.Of(found.Key.Kind, value, rules, _scratch));
                }
                break;
            case KeyRole.AuthData when value.Type == BsonType.Null:
                rules?.Count(Rule.UnlinkedProvider);
                break;
            case KeyRole.AuthData:
                Add(found.Key, found.Key.Name, CanonicalValue.Of(value, rules));
                break;
            case KeyRole.AllAuthData:
                AllAuthData(value, rules);
                break;
            case KeyRole.Relation when ParseForms.Is(value, ParseForms.Relation):
                rules?.Count(Rule.RelationMarker);
                break;
            case KeyRole.Relation:
                Add(found.Key, found.Key.Name, CanonicalValue.Of(value, rules));
                break;
            default:
                break;
        }
    }

    private void Add(CanonicalKey key, string name, UInt128 hash) => _values.Add((name, hash, key.Name == name ? key : new CanonicalKey(name, KeyRole.Other)));

    // Another key says the same field, and counts.
    private bool IsSecond(in Found found)
    {
        foreach (var other in _found)
        {
            if (other.Key.Role == KeyRole.Column && other.Key.Name == found.Key.Name && other.Key != found.Key && other.Type != BsonType.Undefined
                && (other.Key.Priority < found.Key.Priority) == (other.Type != BsonType.Null || found.Type == BsonType.Null))
            {
                return true;
            }
        }
        return false;
    }

    private void AllAuthData(BsonValue value, RuleCounts? rules)
    {
        if (value.Type != BsonType.Document)
        {
            return;
        }
        var reader = new BsonReader(value.Raw);
        while (reader.Read())
        {
            if (reader.Type == BsonType.Null)
            {
                rules?.Count(Rule.UnlinkedProvider);
                continue;
            }
            var key = fields.Find([.. "_auth_data_"u8, .. reader.Name]);
            Add(key, key.Name, CanonicalValue.Of(reader.Value, rules));
        }
    }

    private readonly record struct Found(CanonicalKey Key, BsonType Type, int Start, int Length)
    {
        public BsonValue Value(ReadOnlySpan<byte> document) => new(Type, document.Slice(Start, Length));
    }
}
