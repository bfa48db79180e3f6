using System.Buffers;

namespace Backend.MongoImport.Json;

/// <summary>
/// Finds where the documents of an export begin and end, in pieces as they come from the file: <c>{"results":[…]}</c>, a bare array, or
/// objects one after the other. It looks at braces, brackets and quotes only; whoever reads the document judges the rest.
/// </summary>
internal sealed class JsonDocumentSplitter
{
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]"u8);
    private static readonly SearchValues<byte> InText = SearchValues.Create("\"\\"u8);

    private Form _form = Form.Unknown;
    private int _depth;
    private bool _inText;
    private int _scanned;

    private enum Form
    {
        Unknown,
        Lines,
        List,
        Wrapped,
        AfterList,
    }

    /// <summary>Whether the end of the data may come now: not inside of a list or document.</summary>
    public bool MayEnd => _depth == 0 && _form is Form.Unknown or Form.Lines or Form.AfterList;

    /// <summary>
    /// Finds the next document in <paramref name="data"/>. False: more data are needed; the caller keeps what follows
    /// <paramref name="start"/> and calls again with more behind it.
    /// </summary>
    /// <param name="data">What is there, beginning where the last call said.</param>
    /// <param name="final">Nothing will follow.</param>
    /// <param name="start">Where the document begins; when there is none, what may be forgotten before it.</param>
    /// <param name="length">The document's length.</param>
    /// <exception cref="JsonSyntaxException">No document can stand where one should.</exception>
    public bool TryNext(ReadOnlySpan<byte> data, bool final, out int start, out int length)
    {
        start = 0;
        length = 0;
        if (_depth == 0 && !TryStart(data, final, out start))
        {
            return false;
        }
        while (true)
        {
            var rest = data[(start + _scanned)..];
            var stop = rest.IndexOfAny(_inText ? InText : Structure);
            if (stop < 0)
            {
                _scanned += rest.Length;
                return false;
            }
            switch (rest[stop])
            {
                case (byte)'\\':
                    if (stop + 1 >= rest.Length)
                    {
                        _scanned += stop;
                        return false;
                    }
                    stop++;
                    break;
                case (byte)'"':
                    _inText = !_inText;
                    break;
                case (byte)'{' or (byte)'[':
                    _depth++;
                    break;
                default:
                    _depth--;
                    break;
            }
            _scanned += stop + 1;
            if (_depth == 0 && !_inText)
            {
                length = _scanned;
                _scanned = 0;
                return true;
            }
        }
    }

    // Goes over blanks, commas and the frame to the document's first brace.
    private bool TryStart(ReadOnlySpan<byte> data, bool final, out int start)
    {
        start = 0;
        if (_form == Form.Unknown && !TryForm(data, final, ref start))
        {
            return false;
        }
        while (start < data.Length)
        {
            var c = data[start];
            if (c is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t' || (c == ',' && _form is Form.List or Form.Wrapped))
            {
                start++;
            }
            else if (_form == Form.AfterList)
            {
                start = data.Length;
            }
            else if (c == ']' && _form is Form.List or Form.Wrapped)
            {
                _form = Form.AfterList;
                start++;
            }
            else
            {
                return c == '{' ? true : throw new JsonSyntaxException($"a document should begin here, but '{(char)c}' does", start);
            }
        }
        return false;
    }

    private bool TryForm(ReadOnlySpan<byte> data, bool final, ref int start)
    {
        if (data.StartsWith("\uFEFF"u8))
        {
            start = 3;
        }
        var cursor = new JsonCursor(data, start);
        switch (cursor.Peek())
        {
            case 0 when cursor.AtEnd:
                return false;
            case (byte)'[':
                _form = Form.List;
                start = cursor.At + 1;
                return true;
            case (byte)'{' when !final && data.Length - cursor.At < 4096:
                // Too little to tell {"results":[ from a document.
                return false;
            case (byte)'{':
                start = cursor.At;
                _form = IsFrame(ref cursor) ? Form.Wrapped : Form.Lines;
                start = _form == Form.Wrapped ? cursor.At : start;
                return true;
            default:
                throw new JsonSyntaxException($"a JSON export begins with '{{' or '[', not with '{(char)cursor.Peek()}'", cursor.At);
        }
    }

    // {"results":[ and {"count":3,"results":[
    private static bool IsFrame(ref JsonCursor cursor)
    {
        try
        {
            var name = new ArrayBufferWriter<byte>(16);
            cursor.Take((byte)'{');
            if (cursor.Peek() != '"')
            {
                return false;
            }
            cursor.Text(name);
            cursor.Take((byte)':');
            if (name.WrittenSpan.SequenceEqual("count"u8))
            {
                cursor.Word();
                cursor.Take((byte)',');
                cursor.Peek();
                cursor.Text(name);
                cursor.Take((byte)':');
            }
            return name.WrittenSpan.SequenceEqual("results"u8) && cursor.TryTake((byte)'[');
        }
        catch (JsonSyntaxException)
        {
            return false;
        }
    }
}
