using System.Text;

namespace Backend.MongoImport.Rules;

/// <summary>What the documents of one collection are to be called and to leave out.</summary>
internal sealed class NameChanges
{
    private const string PointerPrefix = "_p_";

    private readonly Dictionary<byte[], byte[]?> _keys = new(new Utf8Comparer());
    private readonly Dictionary<byte[], byte[]?>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

    /// <summary>Makes them.</summary>
    /// <param name="rules">All rules.</param>
    /// <param name="className">The class, as the source calls it.</param>
    public NameChanges(ImportRules rules, string className)
    {
        ClassName = className;
        Rule = rules.Class(className);
        foreach (var (field, rule) in Rule.Fields.Where(f => f.Value.ChangesDocuments))
        {
            foreach (var prefix in new[] { "", PointerPrefix })
            {
                _keys[Encoding.UTF8.GetBytes(prefix + field)] = rule.Skip ? null : Encoding.UTF8.GetBytes(prefix + rule.Rename);
            }
        }
        Classes = [.. rules.Classes.Where(c => c.Value.Rename is not null).Select(c => (Encoding.UTF8.GetBytes(c.Key), Encoding.UTF8.GetBytes(c.Value.Rename!)))];
        Taken = Rule.Fields.Values.Where(f => f.Rename is not null).SelectMany(f => new[] { f.Rename!, PointerPrefix + f.Rename }).Select(Encoding.UTF8.GetBytes).ToArray();
        _lookup = _keys.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public string ClassName { get; }

    public ClassRule Rule { get; }

    /// <summary>Old and new names of classes, which pointers hold.</summary>
    public (byte[] Old, byte[] New)[] Classes { get; }

    /// <summary>Keys that renamed fields will have: no document may have them already.</summary>
    public byte[][] Taken { get; }

    public bool HasFields => _keys.Count > 0;

    /// <summary>Whether there is anything to do in any document.</summary>
    public bool IsEmpty => !HasFields && Classes.Length == 0;

    /// <summary>The key that stands instead of this one; false: this one stays. An empty key: it goes, with its value.</summary>
    public bool TryKey(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> changed)
    {
        var found = _lookup.TryGetValue(key, out var instead);
        changed = instead;
        return found;
    }

    /// <summary>A key or path of an index: the first part changes. Null: the field is left out.</summary>
    public string? Path(string path)
    {
        var dot = path.IndexOf('.', StringComparison.Ordinal);
        var first = dot < 0 ? path : path[..dot];
        return !_lookup.TryGetValue(Encoding.UTF8.GetBytes(first), out var instead) ? path
            : instead is null ? null
            : Encoding.UTF8.GetString(instead) + (dot < 0 ? "" : path[dot..]);
    }

    /// <summary>The new name of a class, or none.</summary>
    public bool TryClass(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> changed)
    {
        foreach (var (old, renamed) in Classes)
        {
            if (name.SequenceEqual(old))
            {
                changed = renamed;
                return true;
            }
        }
        changed = default;
        return false;
    }

    /// <summary>Whether the bytes hold the old name of a class anywhere: nearly no document does.</summary>
    public bool MentionsClass(ReadOnlySpan<byte> bytes)
    {
        foreach (var (old, _) in Classes)
        {
            if (bytes.IndexOf(old) >= 0)
            {
                return true;
            }
        }
        return false;
    }

    private sealed class Utf8Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] bytes) => GetHashCode(bytes.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> bytes)
        {
            var hash = default(HashCode);
            hash.AddBytes(bytes);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
