namespace Backend.ParseCompat.Queries;

/// <content>Groups: capturing, plain, look-arounds, comments.</content>
internal sealed partial class PatternTranslator
{
    private void ReadGroup()
    {
        if (_at + 1 < _source.Length && _source[_at + 1] == '*')
            throw Unsupported("(* (verb)");
        if (_at + 1 >= _source.Length || _source[_at + 1] != '?')
        {
            OpenCapture();
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
        OpenCapture();
        _at = _source.Length - name.Length + close + 1;
    }

    private void CloseGroup()
    {
        if (!_groups.TryPop(out var isLook))
            throw Wrong("unmatched )");
        if (isLook)
            _looking--;
        Emit(")", repeatable: !isLook);
        _at++;
    }

    private void OpenCapture()
    {
        _capturesInLook |= _looking > 0;
        Emit("(", repeatable: false);
        _groups.Push(false);
    }
}
