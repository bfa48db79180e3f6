using System.Text;
using Backend.Api.V2.Problems;

namespace Backend.Api.V2.Rows.Requests;

/// <summary>Walks over one parameter of the query string. Errors name the parameter and the column.</summary>
/// <param name="text">The text.</param>
/// <param name="subject">What it is, for errors: <c>filter</c>, <c>select parameter</c> …</param>
internal sealed class Scanner(string text, string subject)
{
    /// <summary>The characters that end a name or value unless it is quoted.</summary>
    private const string Reserved = ",.:()\"";

    private int _at;

    public bool AtEnd => _at >= text.Length;

    public char Current => AtEnd ? '\0' : text[_at];

    public int Position
    {
        get => _at;
        set => _at = value;
    }

    /// <summary>Takes the given text if it comes next.</summary>
    public bool Take(string expected)
    {
        if (string.CompareOrdinal(text, _at, expected, 0, expected.Length) != 0)
            return false;
        _at += expected.Length;
        return true;
    }

    public bool Take(char expected)
    {
        if (AtEnd || text[_at] != expected)
            return false;
        _at++;
        return true;
    }

    public void Need(char expected)
    {
        if (!Take(expected))
            throw Fail($"\"{expected}\"");
    }

    public void NeedEnd()
    {
        if (!AtEnd)
            throw Fail("end of input");
    }

    public void SkipBlanks()
    {
        while (!AtEnd && text[_at] is ' ' or '\t')
            _at++;
    }

    /// <summary>Everything that is left.</summary>
    public string Rest()
    {
        var rest = text[_at..];
        _at = text.Length;
        return rest;
    }

    /// <summary>Everything up to one of the given characters or the end; may be empty.</summary>
    public string Until(ReadOnlySpan<char> stops)
    {
        var length = text.AsSpan(_at).IndexOfAny(stops);
        var taken = length < 0 ? text[_at..] : text.Substring(_at, length);
        _at += taken.Length;
        return taken;
    }

    /// <summary>A name: quoted, or up to a reserved character, an arrow or a <c>!</c>.</summary>
    public string Name()
    {
        SkipBlanks();
        if (Current == '"')
            return Quoted();
        var start = _at;
        while (!AtEnd && !Reserved.Contains(text[_at]) && text[_at] != '!' && !(text[_at] == '-' && _at + 1 < text.Length && text[_at + 1] == '>'))
            _at++;
        var name = text.AsSpan(start, _at - start).TrimEnd(" \t").ToString();
        return name.Length > 0 ? name : throw Fail("field name");
    }

    /// <summary>A text in double quotes, in which a backslash takes the next character as it is.</summary>
    public string Quoted()
    {
        var start = _at;
        _at++;
        var content = new StringBuilder();
        while (!AtEnd)
        {
            var c = text[_at++];
            if (c == '"')
                return content.ToString();
            if (c == '\\' && !AtEnd)
                c = text[_at++];
            content.Append(c);
        }

        _at = start;
        throw Fail("a closing \"");
    }

    /// <summary>The column with the JSON path behind it.</summary>
    public ColumnName Column()
    {
        var name = Name();
        if (!(Current == '-'))
            return new ColumnName(name, [], false);

        var steps = new List<string>();
        var asText = false;
        while (!asText && Take("->"))
        {
            asText = Take('>');
            steps.Add(Step());
        }

        return new ColumnName(name, [.. steps], asText);
    }

    /// <summary>The error of finding something else than was expected here.</summary>
    public Problem Fail(string expected)
    {
        var found = AtEnd ? "end of input" : $"\"{text[_at]}\"";
        return new Problem(400, ProblemCodes.Query, $"\"failed to parse {subject} ({text})\" (line 1, column {_at + 1})", $"unexpected {found} expecting {expected}");
    }

    private string Step()
    {
        if (Current == '"')
            return Quoted();
        var start = _at;
        while (!AtEnd && !",.:()".Contains(text[_at]) && !(text[_at] == '-' && _at + 1 < text.Length && text[_at + 1] == '>'))
            _at++;
        return _at > start ? text[start.._at] : throw Fail("a key or position");
    }
}
