using System.Buffers.Binary;

namespace Backend.MongoImport.Bson;

/// <summary>
/// Walks the elements of one document. Nothing is allocated and nothing is copied: name and value are spans into the document.
/// A nested document is a value whose bytes are given to a reader of its own, so a reader never recurses, whatever the depth.
/// </summary>
/// <remarks>Every length is checked before it is used: damaged bytes end in a <see cref="BsonFormatException"/>, never in a
/// read outside of the document.</remarks>
internal ref struct BsonReader
{
    /// <summary>A document of no elements: its length and the final zero.</summary>
    public const int SmallestDocument = 5;

    private readonly ReadOnlySpan<byte> _document;
    private int _next;
    private int _nameStart;
    private int _nameLength;

    /// <summary>Begins with the whole document, its four length bytes included.</summary>
    /// <exception cref="BsonFormatException">Length and bytes disagree, or the final zero is missing.</exception>
    public BsonReader(ReadOnlySpan<byte> document)
    {
        if (document.Length < SmallestDocument)
        {
            throw new BsonFormatException($"a document needs at least {SmallestDocument} bytes, there are {document.Length}", 0);
        }
        var length = BinaryPrimitives.ReadInt32LittleEndian(document);
        if (length != document.Length)
        {
            throw new BsonFormatException($"the document says it has {length} bytes, there are {document.Length}", 0);
        }
        if (document[^1] != 0)
        {
            throw new BsonFormatException("the document does not end with a zero byte", length - 1);
        }
        _document = document;
        _next = 4;
    }

    /// <summary>The type of the element that the last <see cref="Read"/> found.</summary>
    public BsonType Type { get; private set; }

    /// <summary>Where the value's bytes begin, counted from the document's first byte.</summary>
    public int ValueStart { get; private set; }

    /// <summary>How many bytes the value has.</summary>
    public int ValueLength { get; private set; }

    /// <summary>The element's name without its final zero. In an array: the index in digits, which nobody should trust.</summary>
    public readonly ReadOnlySpan<byte> Name => _document.Slice(_nameStart, _nameLength);

    /// <summary>The element's value.</summary>
    public readonly BsonValue Value => new(Type, _document.Slice(ValueStart, ValueLength));

    /// <summary>Goes to the next element; false at the end.</summary>
    /// <exception cref="BsonFormatException">The bytes are not BSON.</exception>
    public bool Read()
    {
        var document = _document;
        var at = _next;
        if (at >= document.Length - 1)
        {
            return at == document.Length - 1 ? false : throw Broken("an element runs over the document's end", at);
        }
        var type = (BsonType)document[at];
        if (type == BsonType.None)
        {
            throw Broken("the document ends before its length says so", at);
        }
        at++;
        var name = document[at..^1].IndexOf((byte)0);
        if (name < 0)
        {
            throw Broken("a name has no end", at);
        }
        _nameStart = at;
        _nameLength = name;
        at += name + 1;

        // The final zero of the document belongs to no value.
        var rest = document[at..^1];
        var length = LengthOf(type, rest, at);
        Type = type;
        ValueStart = at;
        ValueLength = length;
        _next = at + length;
        return true;
    }

    private static int LengthOf(BsonType type, ReadOnlySpan<byte> rest, int at)
    {
        switch (type)
        {
            case BsonType.Double or BsonType.Date or BsonType.Timestamp or BsonType.Int64:
                return Fixed(8, rest, at);
            case BsonType.Int32:
                return Fixed(4, rest, at);
            case BsonType.Boolean:
                return Fixed(1, rest, at) == 1 && rest[0] <= 1 ? 1 : throw Broken($"a boolean holds {rest[0]}", at);
            case BsonType.ObjectId:
                return Fixed(12, rest, at);
            case BsonType.Decimal128:
                return Fixed(16, rest, at);
            case BsonType.Null or BsonType.Undefined or BsonType.MinKey or BsonType.MaxKey:
                return 0;
            case BsonType.Text or BsonType.Code or BsonType.Symbol:
                return TextLength(rest, at);
            case BsonType.Document or BsonType.Array:
                return NestedLength(rest, at);
            case BsonType.Binary:
                return BinaryLength(rest, at);
            case BsonType.Regex:
                var pattern = CTextLength(rest, at);
                return pattern + CTextLength(rest[pattern..], at + pattern);
            case BsonType.DbPointer:
                var collection = TextLength(rest, at);
                return collection + Fixed(12, rest[collection..], at + collection);
            case BsonType.CodeWithScope:
                return CodeWithScopeLength(rest, at);
            default:
                throw Broken($"0x{(byte)type:x2} is no BSON type", at);
        }
    }

    private static int Fixed(int size, ReadOnlySpan<byte> rest, int at) =>
        size <= rest.Length ? size : throw Broken("a value runs over the document's end", at);

    private static int Length(ReadOnlySpan<byte> rest, int at) =>
        BinaryPrimitives.ReadInt32LittleEndian(rest[..Fixed(4, rest, at)]);

    private static int TextLength(ReadOnlySpan<byte> rest, int at)
    {
        var length = Length(rest, at);
        if (length < 1 || length > rest.Length - 4)
        {
            throw Broken($"a text says it has {length} bytes", at);
        }
        return rest[4 + length - 1] == 0 ? 4 + length : throw Broken("a text does not end with a zero byte", at + 4 + length - 1);
    }

    private static int CTextLength(ReadOnlySpan<byte> rest, int at)
    {
        var end = rest.IndexOf((byte)0);
        return end >= 0 ? end + 1 : throw Broken("a text has no end", at);
    }

    private static int NestedLength(ReadOnlySpan<byte> rest, int at)
    {
        var length = Length(rest, at);
        if (length < SmallestDocument || length > rest.Length)
        {
            throw Broken($"a nested document says it has {length} bytes", at);
        }
        return rest[length - 1] == 0 ? length : throw Broken("a nested document does not end with a zero byte", at + length - 1);
    }

    private static int BinaryLength(ReadOnlySpan<byte> rest, int at)
    {
        var length = Length(rest, at);
        if (length < 0 || length > rest.Length - 5)
        {
            throw Broken($"a binary value says it has {length} bytes", at);
        }
        // Subtype 2 repeats the length inside.
        if (rest[4] == BsonValue.OldBinarySubtype && (length < 4 || BinaryPrimitives.ReadInt32LittleEndian(rest[5..]) != length - 4))
        {
            throw Broken("an old binary value disagrees with itself about its length", at);
        }
        return 5 + length;
    }

    private static int CodeWithScopeLength(ReadOnlySpan<byte> rest, int at)
    {
        var length = Length(rest, at);
        if (length < 4 + 5 + SmallestDocument || length > rest.Length)
        {
            throw Broken($"code with scope says it has {length} bytes", at);
        }
        var code = TextLength(rest[4..length], at + 4);
        return NestedLength(rest[(4 + code)..length], at + 4 + code) == length - 4 - code
            ? length
            : throw Broken("code with scope disagrees with itself about its length", at);
    }

    private static BsonFormatException Broken(string what, int at) => new(what, at);
}
