using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Rules;

/// <summary>
/// Gives the documents of <c>_SCHEMA</c> the names that rules say: the class, its fields and where they lead, and every place of <c>_metadata</c> that
/// names a field (contract/mongo-storage 1.4).
/// </summary>
internal sealed class SchemaRewriter(ImportRules rules)
{
    private const string OwnerPrefix = "userField:";

    private readonly BsonWriter _writer = new();
    private readonly NameChanges _any = new(rules, "");

    /// <summary>Entries of classes that would have a field twice after renaming.</summary>
    public List<string> Conflicts { get; } = [];

    /// <summary>The entry; empty: its class is skipped.</summary>
    /// <exception cref="BsonFormatException">It cannot be decoded.</exception>
    public ReadOnlySpan<byte> Rewrite(ReadOnlySpan<byte> document)
    {
        if (!ParseForms.TryText(new BsonValue(BsonType.Document, document), "_id"u8, out var id))
        {
            return document;
        }
        var className = Encoding.UTF8.GetString(id);
        if (rules.Class(className).Skip)
        {
            return [];
        }
        var changes = new NameChanges(rules, className);
        _writer.Clear();
        _writer.Begin();
        var reader = new BsonReader(document);
        while (reader.Read())
        {
            var key = reader.Name;
            if (key.SequenceEqual("_metadata"u8) && reader.Type == BsonType.Document)
            {
                _writer.Element(reader.Type, key);
                Metadata(reader.Value, changes);
                continue;
            }
            if (changes.TryKey(key, out var changed))
            {
                if (changed.IsEmpty)
                {
                    continue;
                }
                key = changed;
            }
            else if (changes.Taken.Any(Same(key)))
            {
                Conflicts.Add($"classes.{className}.fields: the schema has a field {Encoding.UTF8.GetString(key)} already");
            }
            _writer.Element(reader.Type, key);
            if (reader.Type == BsonType.Text)
            {
                Type(reader.Value.Text, key);
                continue;
            }
            _writer.Bytes(reader.Value.Raw);
        }
        _writer.End();
        return _writer.Written;
    }

    // A span cannot be captured.
    private static Func<byte[], bool> Same(ReadOnlySpan<byte> key)
    {
        var copy = key.ToArray();
        return taken => taken.AsSpan().SequenceEqual(copy);
    }

    private void Type(ReadOnlySpan<byte> type, ReadOnlySpan<byte> key)
    {
        if (key.SequenceEqual("_id"u8) && _any.TryClass(type, out var renamed))
        {
            _writer.Text(renamed);
        }
        else if (type is [(byte)'*', ..] && _any.TryClass(type[1..], out renamed))
        {
            _writer.Text([(byte)'*', .. renamed]);
        }
        else if (type.StartsWith("relation<"u8) && type[^1] == (byte)'>' && _any.TryClass(type[9..^1], out renamed))
        {
            _writer.Text([.. "relation<"u8, .. renamed, (byte)'>']);
        }
        else
        {
            _writer.Text(type);
        }
    }

    private void Metadata(BsonValue metadata, NameChanges changes) => Members(metadata, (key, value) =>
    {
        Member? inside = key switch
        {
            "fields_options" => (field, options) => Raw(changes.Path(field), options),
            "indexes" => (name, index) => Index(name, index, changes),
            "class_permissions" => (name, permission) => Permission(name, permission, changes),
            _ => null,
        };
        if (inside is null || value.Type != BsonType.Document)
        {
            Raw(key, value);
            return;
        }
        _writer.Element(BsonType.Document, Encoding.UTF8.GetBytes(key));
        Members(value, inside);
    });

    // An index on a field that is skipped goes with it.
    private void Index(string name, BsonValue index, NameChanges changes)
    {
        if (index.Type != BsonType.Document || Keys(index).Any(key => changes.Path(key) is null))
        {
            return;
        }
        _writer.Element(BsonType.Document, Encoding.UTF8.GetBytes(name));
        Members(index, (key, direction) => Raw(changes.Path(key), direction));
    }

    private void Permission(string name, BsonValue permission, NameChanges changes)
    {
        if (name is "readUserFields" or "writeUserFields")
        {
            Names(name, permission, changes);
        }
        else if (permission.Type != BsonType.Document)
        {
            Raw(name, permission);
        }
        else
        {
            _writer.Element(BsonType.Document, Encoding.UTF8.GetBytes(name));
            Members(permission, (key, value) =>
            {
                if (name == "protectedFields")
                {
                    var group = key.StartsWith(OwnerPrefix, StringComparison.Ordinal) ? changes.Path(key[OwnerPrefix.Length..]) is { } field ? OwnerPrefix + field : null : key;
                    Names(group, value, changes);
                }
                else if (key == "pointerFields")
                {
                    Names(key, value, changes);
                }
                else
                {
                    Raw(key, value);
                }
            });
        }
    }

    private void Names(string? key, BsonValue list, NameChanges changes)
    {
        if (key is null)
        {
            return;
        }
        if (list.Type != BsonType.Array)
        {
            Raw(key, list);
            return;
        }
        _writer.Element(BsonType.Array, Encoding.UTF8.GetBytes(key));
        _writer.Begin();
        var n = 0;
        var reader = new BsonReader(list.Raw);
        while (reader.Read())
        {
            var value = reader.Value;
            var text = value.Type == BsonType.Text ? changes.Path(Encoding.UTF8.GetString(value.Text)) : null;
            if (value.Type == BsonType.Text && text is null)
            {
                continue;
            }
            _writer.Element(value.Type, Encoding.ASCII.GetBytes(n++.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            if (text is null)
            {
                _writer.Bytes(value.Raw);
                continue;
            }
            _writer.Text(Encoding.UTF8.GetBytes(text));
        }
        _writer.End();
    }

    private void Raw(string? key, BsonValue value)
    {
        if (key is not null)
        {
            _writer.Element(value.Type, Encoding.UTF8.GetBytes(key));
            _writer.Bytes(value.Raw);
        }
    }

    private delegate void Member(string key, BsonValue value);

    private void Members(BsonValue document, Member member)
    {
        _writer.Begin();
        var reader = new BsonReader(document.Raw);
        while (reader.Read())
        {
            member(Encoding.UTF8.GetString(reader.Name), reader.Value);
        }
        _writer.End();
    }

    private static List<string> Keys(BsonValue document)
    {
        var keys = new List<string>();
        var reader = new BsonReader(document.Raw);
        while (reader.Read())
        {
            keys.Add(Encoding.UTF8.GetString(reader.Name));
        }
        return keys;
    }
}
