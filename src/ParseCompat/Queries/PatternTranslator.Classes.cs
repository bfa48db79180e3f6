using System.Text;

namespace Backend.ParseCompat.Queries;

/// <content>Character classes: <c>[...]</c>.</content>
internal sealed partial class PatternTranslator
{
    // Sets as they stand between brackets. Of ASCII, whatever the collation: PCRE knows no others unless it is told to.
    private const string Digits = "0-9";
    private const string WordCharacters = "A-Za-z0-9_";
    private const string Blanks = @" \t";
    private const string Whitespace = @" \t\n\v\f\r";
    private const string LineBreaks = @"\n\v\f\r";

    /// <summary>The set that the small letter stands for behind a backslash; null: none.</summary>
    private static string? MembersOf(char letter) => letter switch
    {
        'd' => Digits,
        'w' => WordCharacters,
        's' => Whitespace,
        'h' => Blanks,
        'v' => LineBreaks,
        _ => null,
    };

    private void ReadClass()
    {
        var text = new StringBuilder("[");
        _at++;
        if (_at < _source.Length && _source[_at] == '^')
        {
            text.Append('^');
            _at++;
        }

        for (var first = true; ; first = false)
        {
            if (_at >= _source.Length)
                throw Wrong("missing ]");
            if (_source[_at] == ']' && !first)
                break;
            if (_source.AsSpan(_at).StartsWith("[:"))
            {
                ReadPosixClass(text);
                continue;
            }

            if (ReadClassItem(text) is not { } low)
                continue;
            if (_at + 1 < _source.Length && _source[_at] == '-' && _source[_at + 1] != ']')
            {
                var before = _at++;
                var mark = text.Length;
                if (ReadClassItem(text) is { } high)
                {
                    if (char.ConvertToUtf32(low, 0) > char.ConvertToUtf32(high, 0))
                        throw Wrong($"range out of order in class: {low}-{high}");
                    AppendClassCharacter(text, low);
                    text.Append('-');
                    AppendClassCharacter(text, high);
                    continue;
                }

                // [a-\d]: the hyphen is a character
                text.Length = mark;
                _at = before;
            }

            AppendClassCharacter(text, low);
        }

        _at++;
        Emit(text.Append(']').ToString(), repeatable: true);
    }

    private void ReadPosixClass(StringBuilder text)
    {
        var end = _source.IndexOf(":]", _at, StringComparison.Ordinal);
        var name = end < 0 ? "" : _source[(_at + 2)..end];
        text.Append(name switch
        {
            "word" => WordCharacters,
            "alpha" => "A-Za-z",
            "digit" => Digits,
            "alnum" => "A-Za-z0-9",
            "upper" => "A-Z",
            "lower" => "a-z",
            "xdigit" => "0-9A-Fa-f",
            "space" => Whitespace,
            "blank" => Blanks,
            "punct" or "cntrl" or "graph" or "print" => $"[:{name}:]",
            _ => throw Unsupported($"[:{name}:]"),
        });
        _at = end + 2;
    }

    /// <summary>Reads one character of a class, or writes a whole set and returns null.</summary>
    private string? ReadClassItem(StringBuilder text)
    {
        var c = _source[_at++];
        if (char.IsHighSurrogate(c) && _at < _source.Length && char.IsLowSurrogate(_source[_at]))
            return string.Concat(c.ToString(), _source[_at++].ToString());
        if (c != '\\')
            return char.IsSurrogate(c) ? "\ufffd" : c.ToString();
        if (_at >= _source.Length)
            throw Wrong("\\ at end of pattern");
        var set = _source[_at] switch
        {
            'D' => @"\D",
            'W' => @"\W",
            'S' => @"\S",
            'E' => "",
            var letter => MembersOf(letter),
        };
        if (set is not null)
        {
            _at++;
            text.Append(set);
            return null;
        }

        switch (_source[_at])
        {
            case 'b':
                _at++;
                return "\b";
            case 'Q':
                var end = _source.IndexOf("\\E", _at, StringComparison.Ordinal);
                end = end < 0 ? _source.Length : end;
                foreach (var rune in _source[(_at + 1)..end].EnumerateRunes())
                    AppendClassCharacter(text, rune.ToString());
                _at = Math.Min(end + 2, _source.Length);
                return null;
            case >= '1' and <= '7':
                return char.ConvertFromUtf32(ReadDigits(8, 3));
            default:
                return ReadCharacterEscape();
        }
    }

    private static void AppendClassCharacter(StringBuilder text, string character)
    {
        if (character.Length == 1 && character[0] < 128 && !char.IsAsciiLetterOrDigit(character[0]))
            AppendEscaped(text, character[0]);
        else
            text.Append(character);
    }
}
