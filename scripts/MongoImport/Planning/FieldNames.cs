using System.Diagnostics.CodeAnalysis;

namespace Backend.MongoImport.Planning;

/// <summary>
/// Numbers the first-level names of a collection. Documents of a collection have their keys in the same order nearly always: the name that
/// followed the last one before is tried first, so that finding a name costs one comparison.
/// </summary>
internal sealed class FieldNames
{
    /// <summary>Past this many names a collection uses its keys as data.</summary>
    public const int Most = 4096;

    private readonly List<byte[]> _names = [];
    private readonly List<int> _followers = [-1];
    private readonly Dictionary<byte[], int> _numbers = new(BytesComparer.Instance);
    private readonly Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

    public FieldNames() => _lookup = _numbers.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>The same names and numbers, for another thread.</summary>
    public FieldNames Copy()
    {
        var copy = new FieldNames();
        copy._names.AddRange(_names);
        copy._followers.Clear();
        copy._followers.AddRange(_followers);
        foreach (var (name, number) in _numbers)
        {
            copy._numbers.Add(name, number);
        }
        return copy;
    }

    public int Count => _names.Count;

    public byte[] this[int number] => _names[number];

    /// <summary>The number of a name; -1 when there are too many names already.</summary>
    /// <param name="name">The name.</param>
    /// <param name="previous">The number of the name before it in the document, -1 at the beginning.</param>
    public int Find(ReadOnlySpan<byte> name, int previous)
    {
        var guess = _followers[previous + 1];
        if (guess >= 0 && name.SequenceEqual(_names[guess]))
        {
            return guess;
        }
        if (!_lookup.TryGetValue(name, out var number))
        {
            if (_names.Count == Most)
            {
                return -1;
            }
            number = _names.Count;
            var copy = name.ToArray();
            _names.Add(copy);
            _followers.Add(-1);
            _numbers.Add(copy, number);
        }
        _followers[previous + 1] = number;
        return number;
    }

    private sealed class BytesComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static BytesComparer Instance { get; } = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode([DisallowNull] byte[] bytes) => GetHashCode(bytes.AsSpan());

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
