using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Oplogs;

/// <summary>
/// Applies the updates of an oplog to documents (contract/mongo-storage, Part 5). Entries may come that the document contains already, and later ones, too: a path that
/// leads through something else than a document or array changes nothing, since the entry that made it so comes again.
/// </summary>
internal static class DocumentUpdate
{
    private static readonly byte[] Empty = [5, 0, 0, 0, 0];

    /// <summary>Whether the update says the whole new document.</summary>
    public static bool IsReplacement(byte[] update)
    {
        var reader = new BsonReader(update);
        while (reader.Read())
        {
            if (reader.Name.StartsWith("$"u8))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The document after an update that is no replacement.</summary>
    /// <param name="document">The document as it is.</param>
    /// <param name="update">The entry's <c>o</c>.</param>
    /// <exception cref="SourceException">An update of a form that is not known.</exception>
    public static byte[] Apply(byte[] document, byte[] update)
    {
        var target = new MutableDocument(document, isArray: false);
        var reader = new BsonReader(update);
        while (reader.Read())
        {
            switch (Encoding.UTF8.GetString(reader.Name), reader.Type)
            {
                case ("$v", _):
                    break;
                case ("diff", BsonType.Document):
                    ApplyDiff(target, reader.Value.Raw);
                    break;
                case ("$set", BsonType.Document):
                    var set = new BsonReader(reader.Value.Raw);
                    while (set.Read())
                    {
                        SetPath(target, set.Name, set.Value);
                    }
                    break;
                case ("$unset", BsonType.Document):
                    var unset = new BsonReader(reader.Value.Raw);
                    while (unset.Read())
                    {
                        SetPath(target, unset.Name, default);
                    }
                    break;
                default:
                    throw new SourceException($"The oplog holds an update of a form that is not known ({Encoding.UTF8.GetString(reader.Name)}).");
            }
        }
        return target.ToBytes();
    }

    // A value without a type takes the member away. Digits are an index of an array, and the name of a document's member.
    private static void SetPath(MutableDocument target, ReadOnlySpan<byte> path, BsonValue value)
    {
        var dot = path.IndexOf((byte)'.');
        if (dot < 0)
        {
            if (value.Type == BsonType.None)
            {
                target.Remove(path);
            }
            else
            {
                target.TrySet(path, value.Type, value.Raw);
            }
            return;
        }
        var name = path[..dot];
        var found = target[name];
        if (found is null ? value.Type == BsonType.None : found.Value.Type is not (BsonType.Document or BsonType.Array))
        {
            return;
        }
        var type = found?.Type ?? BsonType.Document;
        var nested = new MutableDocument(found?.Raw ?? Empty, type == BsonType.Array);
        SetPath(nested, path[(dot + 1)..], value);
        target.TrySet(name, type, nested.ToBytes());
    }

    private static void ApplyDiff(MutableDocument target, ReadOnlySpan<byte> diff)
    {
        Members("d"u8, diff, target, static (target, name, _) => target.Remove(name));
        Members("u"u8, diff, target, static (target, name, value) => target.TrySet(name, value.Type, value.Raw));
        Members("i"u8, diff, target, static (target, name, value) => target.TrySet(name, value.Type, value.Raw));
        var reader = new BsonReader(diff);
        while (reader.Read())
        {
            if (reader.Name is [(byte)'s', ..] && reader.Type == BsonType.Document)
            {
                ApplyNested(target, reader.Name[1..], reader.Value);
            }
            else if (reader.Name is not ([(byte)'d'] or [(byte)'u'] or [(byte)'i']))
            {
                throw new SourceException($"The oplog holds an update of a form that is not known (diff, {Encoding.UTF8.GetString(reader.Name)}).");
            }
        }
    }

    private static void ApplyArrayDiff(MutableDocument target, BsonValue diff)
    {
        if (diff.TryFind("l"u8, out var length))
        {
            target.Resize((int)(length.Type == BsonType.Int64 ? length.Int64 : length.Int32));
        }
        var reader = new BsonReader(diff.Raw);
        while (reader.Read())
        {
            if (reader.Name is [(byte)'u', .. var index] && index.Length > 0)
            {
                target.TrySet(index, reader.Type, reader.Value.Raw);
            }
            else if (reader.Name is [(byte)'s', .. var nested] && nested.Length > 0 && reader.Type == BsonType.Document)
            {
                ApplyNested(target, nested, reader.Value);
            }
            else if (reader.Name is not ([(byte)'a'] or [(byte)'l']))
            {
                throw new SourceException($"The oplog holds an update of a form that is not known (diff of an array, {Encoding.UTF8.GetString(reader.Name)}).");
            }
        }
    }

    private static void ApplyNested(MutableDocument target, ReadOnlySpan<byte> name, BsonValue diff)
    {
        var ofArray = diff.TryFind("a"u8, out var flag) && flag.Type == BsonType.Boolean && flag.Boolean;
        var type = ofArray ? BsonType.Array : BsonType.Document;
        if (target[name] is not { } found || found.Type != type)
        {
            return;
        }
        var nested = new MutableDocument(found.Raw, ofArray);
        if (ofArray)
        {
            ApplyArrayDiff(nested, diff);
        }
        else
        {
            ApplyDiff(nested, diff.Raw);
        }
        target.TrySet(name, type, nested.ToBytes());
    }

    private delegate void Change(MutableDocument target, ReadOnlySpan<byte> name, BsonValue value);

    private static void Members(ReadOnlySpan<byte> of, ReadOnlySpan<byte> diff, MutableDocument target, Change change)
    {
        if (!new BsonValue(BsonType.Document, diff).TryFind(of, out var members) || members.Type != BsonType.Document)
        {
            return;
        }
        var reader = new BsonReader(members.Raw);
        while (reader.Read())
        {
            change(target, reader.Name, reader.Value);
        }
    }
}
