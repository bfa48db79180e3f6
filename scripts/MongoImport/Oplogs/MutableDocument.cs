using System.Globalization;
using System.Text;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Oplogs;

/// <summary>A document or an array whose members can be changed; nested ones stay bytes until somebody changes them.</summary>
internal sealed class MutableDocument
{
    // MongoDB refuses to fill up an array by more.
    private const int MostItems = 1_500_000;

    private readonly List<Member> _members = [];
    private readonly bool _isArray;

    /// <summary>Takes the members of a document or array.</summary>
    /// <exception cref="BsonFormatException">It cannot be decoded.</exception>
    public MutableDocument(ReadOnlySpan<byte> document, bool isArray)
    {
        _isArray = isArray;
        var reader = new BsonReader(document);
        while (reader.Read())
        {
            Set(reader.Name.ToArray(), reader.Type, reader.Value.Raw.ToArray(), append: isArray);
        }
    }

    /// <summary>A member's value, or null when there is none.</summary>
    public (BsonType Type, byte[] Raw)? this[ReadOnlySpan<byte> name] => Find(name) is >= 0 and var at ? (_members[at].Type, _members[at].Raw) : null;

    /// <summary>Sets a member; an array is filled up with null before it. False: a name that is no index, of an array.</summary>
    public bool TrySet(ReadOnlySpan<byte> name, BsonType type, ReadOnlySpan<byte> raw)
    {
        if (!_isArray)
        {
            Set(name.ToArray(), type, raw.ToArray(), append: false);
            return true;
        }
        if (!TryIndex(name, out var index))
        {
            return false;
        }
        while (_members.Count <= index)
        {
            _members.Add(new Member([], BsonType.Null, []));
        }
        _members[index] = new Member([], type, raw.ToArray());
        return true;
    }

    /// <summary>Takes a member away; an array's becomes null, and keeps its place.</summary>
    public void Remove(ReadOnlySpan<byte> name)
    {
        if (Find(name) is not (>= 0 and var at))
        {
            return;
        }
        if (_isArray)
        {
            _members[at] = new Member([], BsonType.Null, []);
        }
        else
        {
            _members.RemoveAt(at);
        }
    }

    /// <summary>Makes an array shorter, or longer by null.</summary>
    public void Resize(int length)
    {
        if (length < _members.Count)
        {
            _members.RemoveRange(length, _members.Count - length);
        }
        while (_members.Count < Math.Min(length, MostItems))
        {
            _members.Add(new Member([], BsonType.Null, []));
        }
    }

    public byte[] ToBytes()
    {
        var writer = new BsonWriter();
        writer.Begin();
        for (var i = 0; i < _members.Count; i++)
        {
            writer.Element(_members[i].Type, _isArray ? Encoding.ASCII.GetBytes(i.ToString(CultureInfo.InvariantCulture)) : _members[i].Name);
            writer.Bytes(_members[i].Raw);
        }
        writer.End();
        return writer.Written.ToArray();
    }

    private static bool TryIndex(ReadOnlySpan<byte> name, out int index) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out index) && index < MostItems;

    private int Find(ReadOnlySpan<byte> name)
    {
        if (_isArray)
        {
            return TryIndex(name, out var index) && index < _members.Count ? index : -1;
        }
        for (var i = 0; i < _members.Count; i++)
        {
            if (name.SequenceEqual(_members[i].Name))
            {
                return i;
            }
        }
        return -1;
    }

    private void Set(byte[] name, BsonType type, byte[] raw, bool append)
    {
        if (!append && Find(name) is >= 0 and var at)
        {
            _members[at] = new Member(name, type, raw);
        }
        else
        {
            _members.Add(new Member(name, type, raw));
        }
    }

    private sealed record Member(byte[] Name, BsonType Type, byte[] Raw);
}
