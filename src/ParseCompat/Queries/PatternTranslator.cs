using System.Globalization;
using System.Text;
using Backend.Data.Query;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Queries;

/// <summary>
/// Translates a regular expression of MongoDB's dialect (PCRE) into PostgreSQL's (ARE), in one pass from left to right. The two differ in newlines,
/// quoting, class escapes and hexadecimal escapes; what has no counterpart is refused by name rather than matched wrongly.
/// </summary>
internal sealed partial class PatternTranslator
{
    /// <summary>The longest pattern that MongoDB takes. Clients have a lower limit, which is a setting (<see cref="Limits.ComplexityOptions.RegexLength"/>).</summary>
    private const int MaxLength = 32_764;

    /// <summary>PostgreSQL repeats at most so often.</summary>
    private const int MaxRepeat = 255;

    /// <summary>PCRE's end: the very end, or before a newline that ends the text.</summary>
    private const string End = @"(?=\n?\Z)";

    /// <summary>PCRE's beginning of a line: after the last newline of a text no line begins.</summary>
    private const string LineStart = @"(?:\A|^(?!\Z))";

    private readonly string _source;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _prefix = new();

    /// <summary>The open groups: whether each is a look-around.</summary>
    private readonly Stack<bool> _groups = new();

    /// <summary>Where in the source the next item begins.</summary>
    private int _at;

    private bool _ignoreCase;
    private bool _lines;
    private bool _dotAll;
    private bool _extended;

    /// <summary>Whether the item before may have a quantifier.</summary>
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
            case ')': CloseGroup(); return;
            case '|':
                _hasAlternatives |= _groups.Count == 0;
                Emit("|", repeatable: false);
                _at++;
                return;
            case '^':
                Anchor(_lines ? LineStart : "^");
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

    /// <summary>Writes the beginning of the text; as the first item it makes the literal text behind it a prefix.</summary>
    private void Anchor(string text)
    {
        var isFirst = _output.Length == 0;
        Emit(text, repeatable: false);
        _isAnchored |= isFirst;
        _inPrefix = isFirst;
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
