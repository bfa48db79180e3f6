using System.Buffers;
using System.Globalization;
using System.Text;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Json;

/// <summary>
/// Turns one JSON object into one BSON document: plain JSON, and Extended JSON of both versions (contract/mongo-storage 4.4). Parse's own
/// <c>__type</c> forms stay the documents they are. Nesting costs no stack.
/// </summary>
internal sealed class JsonToBson
{
    private readonly ArrayBufferWriter<byte> _text = new(256);
    private readonly ArrayBufferWriter<byte> _name = new(64);
    private readonly Stack<int> _open = new();
    private readonly byte[] _digits = new byte[11];

    /// <summary>Appends the document that <paramref name="json"/> holds to <paramref name="to"/>.</summary>
    /// <exception cref="JsonSyntaxException">The text is no JSON object; nothing was appended.</exception>
    public void Convert(ReadOnlySpan<byte> json, BsonWriter to)
    {
        var start = to.Length;
        try
        {
            Document(json, to);
        }
        catch (JsonSyntaxException)
        {
            to.CutBack(start, 0);
            throw;
        }
    }

    private void Document(ReadOnlySpan<byte> json, BsonWriter to)
    {
        // Of each open object or array: -1 for an object, else the next index of the array.
        _open.Clear();
        var cursor = new JsonCursor(json);
        cursor.Take((byte)'{');
        Begin(to, -1);
        while (_open.Count > 0)
        {
            var index = _open.Peek();
            var end = index < 0 ? (byte)'}' : (byte)']';
            if (cursor.TryTake(end))
            {
                to.End();
                _open.Pop();
                if (_open.Count > 0)
                {
                    AfterValue(ref cursor);
                }
                continue;
            }
            var name = Name(ref cursor, index);
            Value(ref cursor, json, name, to);
        }
        if (cursor.Peek() != 0 || !cursor.AtEnd)
        {
            throw cursor.Wrong("something follows the object");
        }
    }

    private ReadOnlySpan<byte> Name(ref JsonCursor cursor, int index)
    {
        if (index >= 0)
        {
            _open.Pop();
            _open.Push(index + 1);
            index.TryFormat(_digits, out var length, default, CultureInfo.InvariantCulture);
            return _digits.AsSpan(0, length);
        }
        cursor.Peek();
        cursor.Text(_name);
        cursor.Take((byte)':');
        return _name.WrittenSpan.Contains((byte)0) ? throw cursor.Wrong("a name holds U+0000, which MongoDB cannot store") : _name.WrittenSpan;
    }

    private void Value(ref JsonCursor cursor, ReadOnlySpan<byte> json, scoped ReadOnlySpan<byte> name, BsonWriter to)
    {
        switch (cursor.Peek())
        {
            case (byte)'{':
                var extended = new ExtendedJson(json, cursor.At);
                if (extended.TryRead(to, name, out var after))
                {
                    cursor = new JsonCursor(json, after);
                    break;
                }
                cursor.Take((byte)'{');
                to.Element(BsonType.Document, name);
                Begin(to, -1);
                return;
            case (byte)'[':
                cursor.Take((byte)'[');
                to.Element(BsonType.Array, name);
                Begin(to, 0);
                return;
            case (byte)'"':
                to.Element(BsonType.Text, name);
                cursor.Text(_text);
                to.Text(_text.WrittenSpan);
                break;
            default:
                Word(ref cursor, name, to);
                break;
        }
        AfterValue(ref cursor);
    }

    private void Begin(BsonWriter to, int index)
    {
        to.Begin();
        _open.Push(index);
    }

    private void AfterValue(ref JsonCursor cursor)
    {
        var end = _open.Peek() < 0 ? (byte)'}' : (byte)']';
        if (cursor.TryTake((byte)','))
        {
            if (cursor.Peek() == end)
            {
                throw cursor.Wrong("nothing follows the comma");
            }
        }
        else if (cursor.Peek() != end)
        {
            throw cursor.Wrong("a comma or the end should stand here");
        }
    }

    private static void Word(ref JsonCursor cursor, scoped ReadOnlySpan<byte> name, BsonWriter to)
    {
        var word = cursor.Word();
        if (word.SequenceEqual("true"u8) || word.SequenceEqual("false"u8))
        {
            to.Element(BsonType.Boolean, name);
            to.Byte(word[0] == 't' ? (byte)1 : (byte)0);
        }
        else if (word.SequenceEqual("null"u8))
        {
            to.Element(BsonType.Null, name);
        }
        else if (int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var small) && !(small == 0 && word[0] == '-'))
        {
            to.Element(BsonType.Int32, name);
            to.Int32(small);
        }
        else if (long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var large) && large != 0)
        {
            to.Element(BsonType.Int64, name);
            to.Int64(large);
        }
        else
        {
            to.Element(BsonType.Double, name);
            to.Double(Number(word, cursor));
        }
    }

    private static double Number(ReadOnlySpan<byte> word, in JsonCursor cursor)
    {
        if (word.SequenceEqual("NaN"u8))
        {
            return double.NaN;
        }
        if (word.EndsWith("Infinity"u8) && word.Length <= 9)
        {
            return word[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        }
        return (char.IsAsciiDigit((char)word[0]) || (word[0] == '-' && word.Length > 1 && char.IsAsciiDigit((char)word[1])))
            && double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw cursor.Wrong($"'{Encoding.UTF8.GetString(word)}' is no value");
    }
}
