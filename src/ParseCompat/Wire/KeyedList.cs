namespace Backend.ParseCompat.Wire;

/// <summary>
/// Values by key, in the order in which the keys first came; of a repeated key the last value counts, as in a JavaScript object. A few keys are
/// looked through, many are found by their hash, so that a request with very many keys costs no more than its length.
/// </summary>
internal sealed class KeyedList<T>
{
    private const int Few = 16;
    private readonly List<string> _keys = [];
    private readonly List<T> _values = [];
    private Dictionary<string, int>? _positions;

    /// <summary>The keys, to be read only.</summary>
    public List<string> Keys => _keys;

    /// <summary>The values, each at its key's position, to be read only.</summary>
    public List<T> Values => _values;

    /// <summary>The value of a key; default when it is not there.</summary>
    public T? Find(string key) => PositionOf(key) is >= 0 and var position ? _values[position] : default;

    /// <summary>Sets the value of a key.</summary>
    public void Put(string key, T value)
    {
        var position = PositionOf(key);
        if (position >= 0)
        {
            _values[position] = value;
            return;
        }

        _positions?.Add(key, _keys.Count);
        _keys.Add(key);
        _values.Add(value);
        if (_positions is null && _keys.Count > Few)
            _positions = _keys.Select((k, i) => KeyValuePair.Create(k, i)).ToDictionary(StringComparer.Ordinal);
    }

    private int PositionOf(string key) => _positions is null ? _keys.IndexOf(key) : _positions.GetValueOrDefault(key, -1);
}
