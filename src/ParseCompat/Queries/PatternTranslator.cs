using System.Globalization;
using System.Text;
using Backend.Data.Query;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <summary>
/// Translates a regular expression of MongoDB's dialect (PCRE) into PostgreSQL's (ARE). The two differ in newlines, quoting, class escapes
/// and hexadecimal escapes; what has no counterpart is refused by name rather than matched wrongly.
/// </summary>
internal sealed class PatternTranslator
{
    /// <summary>A longer pattern is refused: it would cost more to compile than any old client needs.</summary>
    private const int MaxLength = 4096;

    /// <summary>PostgreSQL repeats at most so often.</summary>
    private const int MaxRepeat = 255;

    /// <summary>PCRE's end: the very end, or before a newline that ends the text.</summary>
    private const string End = @"(?=\n?\Z)";

    private const string LineStart = @"(?:\A|^(?!\Z))";

    /// <summary>PCRE's word boundary, of ASCII words whatever the collation.</summary>
    private const string WordEdge = "(?:(?<=[A-Za-z0-9_])(?![A-Za-z0-9_])|(?<![A-Za-z0-9_])(?=[A-Za-z0-9_]))";

    private const string NoWordEdge = "(?:(?<=[A-Za-z0-9_])(?=[A-Za-z0-9_])|(?<![A-Za-z0-9_])(?![A-Za-z0-9_]))";

    private readonly string _source;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _prefix = new();
    private readonly Stack<bool> _groups = new();
    private int _at;
    private bool _ignoreCase;
    private bool _lines;
    private bool _dotAll;
    private bool _extended;
    private bool _canRepeat;

    /// <summary>Literal text since an anchor at the beginning is collected as long as this holds.</summary>
    private bool _inPrefix;

    /// <summary>How many of the open groups are look-arounds.</summary>
    private int _looking;

    /// <summary>A capturing group inside a look-around was seen: PostgreSQL does not count it.</summary>
    private bool _capturesInLook;

    private bool _refersBack;
    private bool _isAnchored;
    private bool _hasAlternatives;

    private PatternTranslator(string source) => _source = source;

    /// <summary>Translates a pattern with its options (<c>i m x s u</c>).</summary>
    /// <exception cref="ParseError">102: bad options, or a pattern that is wrong or has no counterpart.</exception>
    public static TextPattern Translate(string pattern, string options)
    {
        var translator = new PatternTranslator(pattern);
        foreach (var option in options)
        {
            if (!translator.Switch(option))
                throw new ParseError(ErrorCode.InvalidQuery, $"Bad $options value for query: {options}");
        }

        if (pattern.Length > MaxLength)
            throw new ParseError(ErrorCode.InvalidQuery, $"Regular expression is longer than {MaxLength} characters.");
        return translator.Run();
    }

    private TextPattern Run()
    {
        ReadLeadingOptions();
        while (_at < _source.Length)
            ReadItem();
        if (_groups.Count > 0)
            throw Wrong("missing )");
        if (_refersBack && _capturesInLook)
            throw Unsupported("back reference beside a capturing group inside a look-around");
        var expression = _lines ? "(?w)" + _output : _output.ToString();
        var prefix = _isAnchored && !_hasAlternatives && !_ignoreCase && !_lines && _prefix.Length > 0 && JsonText.IsWellFormed(_prefix.ToString())
            ? _prefix.ToString()
            : null;
        return new TextPattern(expression, _ignoreCase, Prefix: prefix);
    }

    private bool Switch(char option)
    {
        switch (option)
        {
            case 'i': _ignoreCase = true; return true;
            case 'm': _lines = true; return true;
            case 's': _dotAll = true; return true;
            case 'x': _extended = true; return true;
            case 'u': return true; // text is Unicode here anyway
            default: return false;
        }
    }

    private void ReadLeadingOptions()
    {
        while (_at + 2 < _source.Length && _source[_at] == '(' && _source[_at + 1] == '?')
        {
            var end = _at + 2;
            while (end < _source.Length && _source[end] is 'i' or 'm' or 's' or 'x' or 'u')
                end++;
            if (end == _at + 2 || end >= _source.Length || _source[end] != ')')
                return;
            foreach (var option in _source.AsSpan(_at + 2, end - _at - 2))
                Switch(option);
            _at = end + 1;
        }
    }

    private void ReadItem()
    {
        var c = _source[_at];
        if (_extended && (char.IsWhiteSpace(c) || c == '#'))
        {
            _at = c == '#' ? LineEnd() : _at + 1;
            return;
        }

        switch (c)
        {
            case '\\': ReadEscape(); return;
            case '[': ReadClass(); return;
            case '(': ReadGroup(); return;
            case ')':
                if (!_groups.TryPop(out var isLook))
                    throw Wrong("unmatched )");
                if (isLook)
                    _looking--;
                Emit(")", repeatable: !isLook);
                _at++;
                return;
            case '|':
                _hasAlternatives |= _groups.Count == 0;
                Emit("|", repeatable: false);
                _at++;
                return;
            case '^':
                if (_output.Length == 0)
                    _isAnchored = _inPrefix = true;
                else
                    _inPrefix = false;
                // After the last newline of a text no line begins.
                _output.Append(_lines ? LineStart : "^");
                _canRepeat = false;
                _at++;
                return;
            case '$':
                Emit(_lines ? "$" : End, repeatable: false);
                _at++;
                return;
            case '.':
                Emit(_dotAll ? "." : @"[^\n]", repeatable: true);
                _at++;
                return;
            case '*' or '+' or '?':
                _at++;
                Repeat(c.ToString(), mayBeNone: c != '+');
                return;
            case '{' when ReadBounds() is { } bounds:
                Repeat(bounds.Text, bounds.Least == 0);
                return;
        }

        if (char.IsHighSurrogate(c) && _at + 1 < _source.Length && char.IsLowSurrogate(_source[_at + 1]))
            Literal(_source.Substring(_at++, 2));
        else
            Literal(c.ToString());
        _at++;
    }

    private int LineEnd()
    {
        var end = _source.IndexOf('\n', _at);
        return end < 0 ? _source.Length : end + 1;
    }

    private void Repeat(string quantifier, bool mayBeNone)
    {
        if (!_canRepeat)
            throw Wrong($"nothing to repeat before {quantifier}");
        if (_at < _source.Length && _source[_at] == '+')
            throw Unsupported($"{quantifier}+ (possessive quantifier)");
        if (_at < _source.Length && _source[_at] == '?')
        {
            quantifier += "?";
            _at++;
        }

        if (_inPrefix && mayBeNone && _prefix.Length > 0)
            _prefix.Length -= char.IsLowSurrogate(_prefix[^1]) && _prefix.Length > 1 ? 2 : 1;
        _inPrefix = false;
        _output.Append(quantifier);
        _canRepeat = false;
    }

    /// <summary>Reads <c>{2}</c>, <c>{2,}</c>, <c>{2,5}</c>; anything else is a literal brace, as in PCRE.</summary>
    private (string Text, int Least)? ReadBounds()
    {
        var end = _source.IndexOf('}', _at);
        if (end < 0)
            return null;
        var inner = _source.AsSpan(_at + 1, end - _at - 1);
        var comma = inner.IndexOf(',');
        var least = comma < 0 ? inner : inner[..comma];
        var most = comma < 0 ? default : inner[(comma + 1)..];
        if (least.Length is 0 or > 5 || most.Length > 5 || least.IndexOfAnyExceptInRange('0', '9') >= 0 || most.IndexOfAnyExceptInRange('0', '9') >= 0)
            return null;
        var from = int.Parse(least, CultureInfo.InvariantCulture);
        if (from > MaxRepeat || (most.Length > 0 && int.Parse(most, CultureInfo.InvariantCulture) > MaxRepeat))
            throw Unsupported($"{{{inner}}} (more than {MaxRepeat} repetitions)");
        _at = end + 1;
        return ($"{{{inner}}}", from);
    }

    private void ReadGroup()
    {
        if (_at + 1 < _source.Length && _source[_at + 1] == '*')
            throw Unsupported("(* (verb)");
        if (_at + 1 >= _source.Length || _source[_at + 1] != '?')
        {
            Open();
            _at++;
            return;
        }

        var rest = _source.AsSpan(_at + 2);
        foreach (var opening in (ReadOnlySpan<string>)[":", "=", "!", "<=", "<!"])
        {
            if (!rest.StartsWith(opening))
                continue;
            Emit("(?" + opening, repeatable: false);
            var isLook = opening != ":";
            _groups.Push(isLook);
            _looking += isLook ? 1 : 0;
            _at += 2 + opening.Length;
            return;
        }

        if (rest.StartsWith("#"))
        {
            var end = _source.IndexOf(')', _at);
            if (end < 0)
                throw Wrong("missing ) after comment");
            _at = end + 1;
            return;
        }

        // A named group is a group: nothing that refers to it by name is let through.
        var name = rest.StartsWith("P<") ? rest[2..] : rest.StartsWith("<") || rest.StartsWith("'") ? rest[1..] : default;
        var close = name.IndexOfAny('>', '\'');
        if (close <= 0)
            throw Unsupported("(?" + (rest.Length > 0 ? rest[..1].ToString() : ""));
        Open();
        _at = _source.Length - name.Length + close + 1;
    }

    private void Open()
    {
        _capturesInLook |= _looking > 0;
        Emit("(", repeatable: false);
        _groups.Push(false);
    }

    private void ReadEscape()
    {
        if (++_at >= _source.Length)
            throw Wrong("\\ at end of pattern");
        var c = _source[_at++];
        switch (c)
        {
            case 'Q':
                ReadQuoted();
                return;
            case 'E':
                return; // an end without a beginning is ignored
            case 'd': Emit("[0-9]", true); return;
            case 'D': Emit("[^0-9]", true); return;
            case 'w': Emit("[A-Za-z0-9_]", true); return;
            case 'W': Emit("[^A-Za-z0-9_]", true); return;
            case 's': Emit(@"[ \t\n\v\f\r]", true); return;
            case 'S': Emit(@"[^ \t\n\v\f\r]", true); return;
            case 'h': Emit(@"[ \t]", true); return;
            case 'H': Emit(@"[^ \t]", true); return;
            case 'v': Emit(@"[\n\v\f\r]", true); return;
            case 'V': Emit(@"[^\n\v\f\r]", true); return;
            case 'N': Emit(@"[^\n]", true); return;
            case 'R': Emit(@"(?:\r\n|[\n\v\f\r])", true); return;
            case 'b': Emit(WordEdge, false); return;
            case 'B': Emit(NoWordEdge, false); return;
            case 'A':
                if (_output.Length == 0)
                    _isAnchored = _inPrefix = true;
                else
                    _inPrefix = false;
                _output.Append(@"\A");
                _canRepeat = false;
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
            "word" => "A-Za-z0-9_",
            "alpha" => "A-Za-z",
            "digit" => "0-9",
            "alnum" => "A-Za-z0-9",
            "upper" => "A-Z",
            "lower" => "a-z",
            "xdigit" => "0-9A-Fa-f",
            "space" => @" \t\n\v\f\r",
            "blank" => @" \t",
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
            'd' => "0-9",
            'w' => "A-Za-z0-9_",
            's' => @" \t\n\v\f\r",
            'h' => @" \t",
            'v' => @"\n\v\f\r",
            'D' => @"\D",
            'W' => @"\W",
            'S' => @"\S",
            'E' => "",
            _ => null,
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

    private void Literal(string character)
    {
        if (_inPrefix && _groups.Count == 0)
            _prefix.Append(character);
        else
            _inPrefix = false;
        if (character.Length == 1 && character[0] < 128 && !char.IsAsciiLetterOrDigit(character[0]) && character[0] is not (' ' or '_'))
            AppendEscaped(_output, character[0]);
        else
            _output.Append(character);
        _canRepeat = true;
    }

    /// <summary>A control character by its number, a sign behind a backslash: never special in PostgreSQL.</summary>
    private static void AppendEscaped(StringBuilder text, char c)
    {
        if (c < ' ' || c == '\x7f')
            text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        else
            text.Append('\\').Append(c);
    }

    private void Emit(string text, bool repeatable)
    {
        _output.Append(text);
        _inPrefix = false;
        _canRepeat = repeatable;
    }

    private static ParseError Wrong(string why) => new(ErrorCode.InvalidQuery, $"Regular expression is invalid: {why}");

    private static ParseError Unsupported(string what) => new(ErrorCode.InvalidQuery, $"Regular expression is not supported: {what}");
}
