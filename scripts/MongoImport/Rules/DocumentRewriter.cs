using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Rules;

/// <summary>Gives the fields of a document, and the classes that its pointers lead to, the names that rules say; fields that are skipped go.</summary>
internal class DocumentRewriter(NameChanges changes)
{
    private readonly Dictionary<string, long> _skipped = new(StringComparer.Ordinal);

    protected NameChanges Changes => changes;

    protected BsonWriter Writer { get; } = new();

    /// <summary>Values that were left out, by field.</summary>
    public IReadOnlyDictionary<string, long> Skipped => _skipped;

    /// <summary>A key that a renamed field has in some document already; null: there is none.</summary>
    public string? Conflict { get; private set; }

    /// <summary>The document as the rules want it: the same bytes, if they ask for nothing.</summary>
    /// <exception cref="BsonFormatException">The document cannot be decoded.</exception>
    public virtual ReadOnlySpan<byte> Rewrite(ReadOnlySpan<byte> document)
    {
        if (!changes.HasFields && !changes.MentionsClass(document))
        {
            return document;
        }
        Writer.Clear();
        Writer.Begin();
        var reader = new BsonReader(document);
        while (reader.Read())
        {
            var key = reader.Name;
            if (changes.TryKey(key, out var changed))
            {
                if (changed.IsEmpty)
                {
                    CountSkipped(key);
                    continue;
                }
                key = changed;
            }
            else
            {
                LookForConflict(key);
            }
            Writer.Element(reader.Type, key);
            WriteValue(reader.Value, key);
        }
        Writer.End();
        return Writer.Written;
    }

    /// <summary>Writes a value of the first level.</summary>
    protected virtual void WriteValue(BsonValue value, ReadOnlySpan<byte> key)
    {
        if (value.Type == BsonType.Text && key.StartsWith("_p_"u8) && value.Text.IndexOf((byte)'$') is > 0 and var dollar && changes.TryClass(value.Text[..dollar], out var renamed))
        {
            WriteText(renamed, value.Text[dollar..]);
            return;
        }
        WriteNested(value);
    }

    /// <summary>Writes a value with the pointers that lie inside of it.</summary>
    protected void WriteNested(BsonValue value)
    {
        if (value.Type is not (BsonType.Document or BsonType.Array) || !changes.MentionsClass(value.Raw))
        {
            Writer.Bytes(value.Raw);
            return;
        }
        var isForm = value.Type == BsonType.Document
            && (ParseForms.Is(value, ParseForms.Pointer) || ParseForms.Is(value, ParseForms.Relation) || ParseForms.Is(value, "Object"));
        Writer.Begin();
        var reader = new BsonReader(value.Raw);
        while (reader.Read())
        {
            Writer.Element(reader.Type, reader.Name);
            if (isForm && reader.Type == BsonType.Text && reader.Name.SequenceEqual("className"u8) && changes.TryClass(reader.Value.Text, out var renamed))
            {
                Writer.Text(renamed);
                continue;
            }
            WriteNested(reader.Value);
        }
        Writer.End();
    }

    protected void WriteText(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        Writer.Int32(first.Length + second.Length + 1);
        Writer.Bytes(first);
        Writer.Bytes(second);
        Writer.Byte(0);
    }

    protected void LookForConflict(ReadOnlySpan<byte> key)
    {
        foreach (var taken in changes.Taken)
        {
            if (key.SequenceEqual(taken))
            {
                Conflict ??= Encoding.UTF8.GetString(key);
            }
        }
    }

    private void CountSkipped(ReadOnlySpan<byte> key)
    {
        var field = Encoding.UTF8.GetString(key.StartsWith("_p_"u8) ? key[3..] : key);
        _skipped[field] = _skipped.GetValueOrDefault(field) + 1;
    }
}

/// <summary>The same for hooks, which name the class that they belong to.</summary>
internal sealed class HookRewriter(NameChanges changes) : DocumentRewriter(changes)
{
    protected override void WriteValue(BsonValue value, ReadOnlySpan<byte> key)
    {
        if (key.SequenceEqual("className"u8) && value.Type == BsonType.Text && Changes.TryClass(value.Text, out var renamed))
        {
            Writer.Text(renamed);
            return;
        }
        base.WriteValue(value, key);
    }
}
