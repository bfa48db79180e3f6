using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Limits;

/// <summary>Looks for words that no written data may hold (contract appendix B, requestKeywordDenylist).</summary>
internal sealed class KeywordDenylist
{
    private readonly Keyword[] _keywords;

    public KeywordDenylist(IEnumerable<KeywordOptions> keywords) => _keywords = [.. keywords.Select(k => new Keyword(k))];

    /// <summary>Looks through a body.</summary>
    /// <exception cref="ParseError">105.</exception>
    public void Check(RequestBody body)
    {
        // Nearly no body holds one: a look at its bytes finds that out. An escaped letter could hide it from that look.
        var json = body.Json;
        var escaped = json.IndexOf("\\u"u8) >= 0;
        foreach (var keyword in _keywords)
        {
            if ((escaped || keyword.MayBeIn(json)) && keyword.IsIn(body.Root))
                throw Prohibited(keyword);
        }
    }

    /// <summary>Looks through a value.</summary>
    /// <exception cref="ParseError">105.</exception>
    public void Check(JsonElement value)
    {
        foreach (var keyword in _keywords)
        {
            if (keyword.IsIn(value))
                throw Prohibited(keyword);
        }
    }

    private static ParseError Prohibited(Keyword keyword) => new(ErrorCode.InvalidKeyName, $"Prohibited keyword in request data: {keyword.Text}.");

    private sealed class Keyword
    {
        private readonly Regex? _key;
        private readonly Regex? _value;
        private readonly byte[]? _sign;

        public Keyword(KeywordOptions options)
        {
            Text = options.ToString();
            _key = options.Key is null ? null : Patterns.Compile(options.Key);
            _value = options.Value is null ? null : Patterns.Compile(options.Value);
            var either = options.Key ?? options.Value;
            if (either is not null && Regex.Escape(either) == either && Ascii.IsValid(either) && !either.Contains('"', StringComparison.Ordinal) && !either.Contains('/', StringComparison.Ordinal))
                _sign = Encoding.ASCII.GetBytes(either);
        }

        public string Text { get; }

        public bool MayBeIn(ReadOnlySpan<byte> json) => _sign is null || json.IndexOf(_sign) >= 0;

        public bool IsIn(JsonElement value)
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.Object:
                    foreach (var property in value.EnumerateObject())
                    {
                        if (Matches(property.Name, property.Value) || IsIn(property.Value))
                            return true;
                    }

                    return false;
                case JsonValueKind.Array:
                    foreach (var element in value.EnumerateArray())
                    {
                        if ((_key is null && Matches("", element)) || IsIn(element))
                            return true;
                    }

                    return false;
                default:
                    return false;
            }
        }

        private bool Matches(string key, JsonElement value)
        {
            if (_key is null && _value is null)
                return false;
            if (_key is not null && !Patterns.Matches(_key, key))
                return false;
            return _value is null || (value.ValueKind == JsonValueKind.String && Patterns.Matches(_value, JsonText.Read(value)));
        }
    }
}
