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

    /// <summary>The keys.</summary>
    public IReadOnlyList<string> Keys => _keys;

    /// <summary>The values, each at its key's position.</summary>
    public IReadOnlyList<T> Values => _values;

    /// <summary>Sets the value of a key.</summary>
    public void Put(string key, T value)
    {
        var position = _positions is null ? _keys.IndexOf(key) : _positions.GetValueOrDefault(key, -1);
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
}
