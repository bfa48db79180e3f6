using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Backend.MongoImport.Json;

/// <summary>
/// Reads tokens from a JSON text that lies in memory. Our own because exports hold what System.Text.Json refuses: lone surrogates, NaN as
/// a bare word, any depth; and because texts must arrive as bytes.
/// </summary>
internal ref struct JsonCursor(ReadOnlySpan<byte> text, int at = 0)
{
    private static readonly SearchValues<byte> TextStops = SearchValues.Create(MakeTextStops());
    private readonly ReadOnlySpan<byte> _text = text;

    public int At { get; private set; } = at;

    public readonly bool AtEnd => At >= _text.Length;

    /// <summary>The next byte that is no blank, without taking it; 0 at the end.</summary>
    public byte Peek()
    {
        while (At < _text.Length && _text[At] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            At++;
        }
        return At < _text.Length ? _text[At] : (byte)0;
    }

    public bool TryTake(byte wanted)
    {
        if (Peek() != wanted)
        {
            return false;
        }
        At++;
        return true;
    }

    public void Take(byte wanted)
    {
        if (!TryTake(wanted))
        {
            throw Wrong(AtEnd ? $"the text ends where '{(char)wanted}' should stand" : $"'{(char)wanted}' should stand here");
        }
    }

    /// <summary>
    /// Reads a text, escapes resolved, into <paramref name="to"/>. A lone surrogate becomes the three bytes that UTF-8 would have for
    /// it: not valid UTF-8, so that it is noticed and kept as what it is.
    /// </summary>
    public void Text(ArrayBufferWriter<byte> to)
    {
        Take((byte)'"');
        to.ResetWrittenCount();
        while (true)
        {
            var rest = _text[At..];
            var stop = rest.IndexOfAny(TextStops);
            if (stop < 0)
            {
                throw Wrong("a text has no end");
            }
            to.Write(rest[..stop]);
            At += stop + 1;
            switch (rest[stop])
            {
                case (byte)'"':
                    return;
                case (byte)'\\':
                    Escape(to);
                    break;
                default:
                    // Control characters are not allowed unescaped, but some exporters write them; nothing else they could mean.
                    to.Write(rest.Slice(stop, 1));
                    break;
            }
        }
    }

    /// <summary>The characters of a number, true, false, null, NaN or Infinity.</summary>
    public ReadOnlySpan<byte> Word()
    {
        Peek();
        var rest = _text[At..];
        var length = 0;
        while (length < rest.Length && (rest[length] is (byte)'-' or (byte)'+' or (byte)'.' || char.IsAsciiLetterOrDigit((char)rest[length])))
        {
            length++;
        }
        if (length == 0)
        {
            throw Wrong(rest.IsEmpty ? "the text ends where a value should stand" : "no value can begin here");
        }
        At += length;
        return rest[..length];
    }

    public readonly JsonSyntaxException Wrong(string message) => new(message, At);

    private void Escape(ArrayBufferWriter<byte> to)
    {
        if (AtEnd)
        {
            throw Wrong("a text has no end");
        }
        var escape = _text[At++];
        byte plain = escape switch
        {
            (byte)'n' => (byte)'\n',
            (byte)'t' => (byte)'\t',
            (byte)'r' => (byte)'\r',
            (byte)'b' => (byte)'\b',
            (byte)'f' => (byte)'\f',
            (byte)'"' or (byte)'\\' or (byte)'/' => escape,
            (byte)'u' => 0,
            _ => throw Wrong("an escape that JSON does not know"),
        };
        if (escape != 'u')
        {
            to.GetSpan(1)[0] = plain;
            to.Advance(1);
            return;
        }
        int unit = Unit();
        if (char.IsHighSurrogate((char)unit) && _text[At..].StartsWith("\\u"u8))
        {
            var before = At;
            At += 2;
            var low = Unit();
            if (char.IsLowSurrogate(low))
            {
                unit = char.ConvertToUtf32((char)unit, low);
            }
            else
            {
                At = before;
            }
        }
        to.Advance(EncodeUnit(unit, to.GetSpan(4)));
    }

    private char Unit()
    {
        var digits = _text[At..];
        if (digits.Length < 4 || !Utf8Parser.TryParse(digits[..4], out ushort unit, out var used, 'x') || used != 4)
        {
            throw Wrong("\\u needs four hexadecimal digits");
        }
        At += 4;
        return (char)unit;
    }

    private static int EncodeUnit(int unit, Span<byte> to)
    {
        if (Rune.TryCreate(unit, out var rune))
        {
            return rune.EncodeToUtf8(to);
        }
        to[0] = (byte)(0xE0 | unit >> 12);
        to[1] = (byte)(0x80 | unit >> 6 & 0x3F);
        to[2] = (byte)(0x80 | unit & 0x3F);
        return 3;
    }

    private static byte[] MakeTextStops() => [(byte)'"', (byte)'\\', .. Enumerable.Range(0, 32).Select(b => (byte)b)];
}
