using System.Globalization;

namespace Backend.ParseCompat.Queries;

/// <content>What stands behind a backslash, outside of a character class.</content>
internal sealed partial class PatternTranslator
{
    /// <summary>PCRE's word boundary, of ASCII words whatever the collation.</summary>
    private const string WordEdge = $"(?:(?<=[{WordCharacters}])(?![{WordCharacters}])|(?<![{WordCharacters}])(?=[{WordCharacters}]))";

    private const string NoWordEdge = $"(?:(?<=[{WordCharacters}])(?=[{WordCharacters}])|(?<![{WordCharacters}])(?![{WordCharacters}]))";

    private void ReadEscape()
    {
        if (++_at >= _source.Length)
            throw Wrong("\\ at end of pattern");
        var c = _source[_at++];
        if (MembersOf(char.ToLowerInvariant(c)) is { } members)
        {
            Emit(char.IsAsciiLetterUpper(c) ? $"[^{members}]" : $"[{members}]", true);
            return;
        }

        switch (c)
        {
            case 'Q':
                ReadQuoted();
                return;
            case 'E':
                return; // an end without a beginning is ignored
            case 'N': Emit(@"[^\n]", true); return;
            case 'R': Emit($@"(?:\r\n|[{LineBreaks}])", true); return;
            case 'b': Emit(WordEdge, false); return;
            case 'B': Emit(NoWordEdge, false); return;
            case 'A':
                Anchor(@"\A");
                return;
            case 'z': Emit(@"\Z", false); return;
            case 'Z': Emit(End, false); return;
            case >= '1' and <= '9':
                if (_at < _source.Length && char.IsAsciiDigit(_source[_at]))
                    throw Unsupported($"\\{c}{_source[_at]} (back reference of two digits)");
                if (_looking > 0)
                    throw Unsupported($"\\{c} (back reference) inside a look-around");
                _refersBack = true;
                Emit($"(?:\\{c})", true); // kept apart from a digit that follows
                return;
        }

        _at--;
        Literal(ReadCharacterEscape());
    }

    /// <summary>The character that an escape stands for; <c>_at</c> is at the letter behind the backslash.</summary>
    private string ReadCharacterEscape()
    {
        var c = _source[_at++];
        switch (c)
        {
            case 't': return "\t";
            case 'n': return "\n";
            case 'r': return "\r";
            case 'f': return "\f";
            case 'a': return "\a";
            case 'e': return "\u001b";
            case '0': return char.ConvertFromUtf32(ReadDigits(8, 2));
            case 'x' when _at < _source.Length && _source[_at] == '{':
                var end = _source.IndexOf('}', _at);
                if (end < 0 || !int.TryParse(_source.AsSpan(_at + 1, end - _at - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var code)
                    || code is < 0 or > 0x10ffff or (>= 0xd800 and <= 0xdfff))
                {
                    throw Wrong("\\x{ without a character's number");
                }

                _at = end + 1;
                return char.ConvertFromUtf32(code);
            case 'x': return char.ConvertFromUtf32(ReadDigits(16, 2));
            case 'u': return ((char)ReadDigits(16, 4)).ToString();
            case 'c' when _at < _source.Length: return ((char)(char.ToUpperInvariant(_source[_at++]) ^ 64)).ToString();
        }

        if (char.IsAsciiLetterOrDigit(c))
            throw Unsupported($"\\{c}");
        return c.ToString();
    }

    private int ReadDigits(int numberBase, int most)
    {
        var value = 0;
        for (var n = 0; n < most && _at < _source.Length; n++, _at++)
        {
            var digit = char.IsAsciiHexDigit(_source[_at]) ? Convert.ToInt32(_source[_at].ToString(), 16) : numberBase;
            if (digit >= numberBase)
                break;
            value = (value * numberBase) + digit;
        }

        return value;
    }

    private void ReadQuoted()
    {
        var end = _source.IndexOf("\\E", _at, StringComparison.Ordinal);
        var quoted = _source.AsSpan(_at, (end < 0 ? _source.Length : end) - _at);
        for (var i = 0; i < quoted.Length; i++)
        {
            if (char.IsHighSurrogate(quoted[i]) && i + 1 < quoted.Length && char.IsLowSurrogate(quoted[i + 1]))
                Literal(quoted.Slice(i++, 2).ToString());
            else
                Literal(quoted[i].ToString());
        }

        _at = end < 0 ? _source.Length : end + 2;
    }
}
