using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Values;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Loading;

/// <content>What every row has: id, times, rights.</content>
internal sealed partial class RowEncoder
{
    private readonly Buffer _id = new(64);
    private readonly Buffer _scratch = new(256);
    private readonly List<(int Start, int Length)> _principals = [];
    private int _mongoId = -1;
    private int _objectId = -1;
    private int _createdAt = -1;
    private int _updatedAt = -1;
    private int _literalCreatedAt = -1;
    private int _literalUpdatedAt = -1;
    private int _readers = -1;
    private int _writers = -1;
    private int _legacyAcl = -1;
    private int _acl = -1;

    private bool SystemNames(int index, string name)
    {
        switch (name)
        {
            case "_id":
                _mongoId = index;
                return true;
            case "objectId":
                _objectId = index;
                return true;
            case "_created_at":
                _createdAt = index;
                return true;
            case "_updated_at":
                _updatedAt = index;
                return true;
            case "createdAt":
                _literalCreatedAt = index;
                return true;
            case "updatedAt":
                _literalUpdatedAt = index;
                return true;
            case "_rperm":
                _readers = index;
                return true;
            case "_wperm":
                _writers = index;
                return true;
            case "_acl":
                _legacyAcl = index;
                return true;
            case "ACL":
                _acl = index;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Ids are texts; what is none is printed as parse-server prints it, and kept as it was.</summary>
    private Buffer WriteId(ReadOnlySpan<byte> document, long number, Buffer to)
    {
        _id.Clear();
        BsonValue value = default;
        // An exported object has objectId; what mongoexport wrote has _id, where _id may be a document's own id beside an exported one.
        var found = _plan.IsExport
            ? TryGet(document, _objectId, out value) || TryGet(document, _mongoId, out value)
            : TryGet(document, _mongoId, out value) || TryGet(document, _objectId, out value);
        if (!found)
        {
            RowIds.WriteMade(document, number, _id);
        }
        else if (!RowIds.Write(value, _id))
        {
            _rest.Add("_id", _mongoId, value, Reason.Id);
        }
        if (found && TryGet(document, _objectId, out var literal) && TryGet(document, _mongoId, out var own))
        {
            _rest.Add(_plan.IsExport ? "_id" : "_objectId", _plan.IsExport ? _mongoId : _objectId, _plan.IsExport ? own : literal, Reason.SecondName);
        }
        to.Int32(_id.Length);
        to.Bytes(_id.Written);
        return _id;
    }

    /// <summary>
    /// Missing times come from the other forms, from an ObjectId, from each other, and in the end are 1970, with a mark in <c>rest</c>: the
    /// time of the import would make two imports differ.
    /// </summary>
    private (long Created, long Updated) WriteTimes(ReadOnlySpan<byte> document, Buffer to)
    {
        var created = Time(document, _createdAt, _literalCreatedAt, "_created_at", "_createdAt");
        var updated = Time(document, _updatedAt, _literalUpdatedAt, "_updated_at", "_updatedAt");
        if (created is null || updated is null)
        {
            _rest.AddMissing(created is null, updated is null);
            if (created is null && TryGet(document, _mongoId, out var id) && id.Type == BsonType.ObjectId)
            {
                created = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(id.ObjectId) * 1000L;
            }
            if (created is null && updated is null)
            {
                WithoutTimes++;
            }
            created ??= updated ?? 0;
            updated ??= created;
        }
        to.Int32(8);
        to.Int64(Instants.ToPostgres(created.Value));
        to.Int32(8);
        to.Int64(Instants.ToPostgres(updated.Value));
        return (created.Value, updated.Value);
    }

    private long? Time(ReadOnlySpan<byte> document, int stored, int literal, string storedKey, string literalKey)
    {
        long? time = null;
        if (TryGet(document, stored, out var value))
        {
            time = ToTime(value);
            if (time is null)
            {
                _rest.Add(storedKey, stored, value, value.Type == BsonType.Date ? Reason.DateOutOfRange : Reason.OtherType);
            }
        }
        if (TryGet(document, literal, out value))
        {
            if (time is null && ToTime(value) is { } other)
            {
                return other;
            }
            _rest.Add(literalKey, literal, value, Reason.SecondName);
        }
        return time;
    }

    private static long? ToTime(BsonValue value) => RowTimes.TryRead(value, out var milliseconds) ? milliseconds : null;

    private void WriteRights(ReadOnlySpan<byte> document, Buffer to)
    {
        if (_plan.IsSessions)
        {
            // A session is its user's, whatever stands in it.
            WriteOwner(document, to);
            return;
        }
        var hasReaders = TryGet(document, _readers, out var readers) && readers.Type != BsonType.Null;
        var hasWriters = TryGet(document, _writers, out var writers) && writers.Type != BsonType.Null;
        if (!hasReaders && !hasWriters)
        {
            if (TryGet(document, _acl, out var acl) && acl.Type == BsonType.Document)
            {
                WriteAcl(acl, "read"u8, "write"u8, to);
                return;
            }
            if (acl.Type is not (BsonType.None or BsonType.Null))
            {
                _rest.Add("_ACL", _acl, acl, Reason.Rights);
            }
            if (TryGet(document, _legacyAcl, out var legacy) && legacy.Type == BsonType.Document)
            {
                LegacyRights++;
                WriteAcl(legacy, "r"u8, "w"u8, to);
                return;
            }
            if (legacy.Type is not (BsonType.None or BsonType.Null))
            {
                _rest.Add("_acl", _legacyAcl, legacy, Reason.Rights);
            }
        }
        WriteNames(hasReaders, _readers, readers, "_rperm", to);
        WriteNames(hasWriters, _writers, writers, "_wperm", to);
    }

    private void WriteOwner(ReadOnlySpan<byte> document, Buffer to)
    {
        var owner = default(ReadOnlySpan<byte>);
        foreach (var column in _columns)
        {
            if (column.Plan is { Kind: ColumnKind.Reference, Column: "user_id" })
            {
                foreach (var source in column.Sources)
                {
                    if (owner.IsEmpty && TryGet(document, source, out var value))
                    {
                        column.TryReference(value, out owner, out _);
                    }
                }
            }
        }
        for (var i = 0; i < 2; i++)
        {
            var start = to.BeginSized();
            BeginArray(owner.IsEmpty ? 0 : 1, to);
            if (!owner.IsEmpty)
            {
                to.Int32(owner.Length);
                to.Bytes(owner);
            }
            to.EndSized(start);
        }
    }

    private static void WriteAcl(BsonValue acl, ReadOnlySpan<byte> read, ReadOnlySpan<byte> write, Buffer to)
    {
        var rights = Acls.Of(acl, read, write);
        foreach (var names in new[] { rights.Read, rights.Write })
        {
            var start = to.BeginSized();
            BeginArray(names.Length, to);
            foreach (var name in names)
            {
                var item = to.BeginSized();
                to.Bytes(Encoding.UTF8.GetBytes(name));
                to.EndSized(item);
            }
            to.EndSized(start);
        }
    }

    // Duplicates go; what is no text (a null among the names) grants nothing, and the list as it was is kept.
    private void WriteNames(bool present, int name, BsonValue list, string key, Buffer to)
    {
        if (!present)
        {
            to.Int32(-1);
            if (list.Type == BsonType.Null)
            {
                _rest.Add(key, name, list, Reason.Null);
            }
            return;
        }
        _scratch.Clear();
        _principals.Clear();
        var odd = list.Type != BsonType.Array;
        if (!odd)
        {
            var reader = new BsonReader(list.Raw);
            while (reader.Read())
            {
                if (reader.Type != BsonType.Text || !BsonText.IsStorable(reader.Value.Text))
                {
                    odd = true;
                    continue;
                }
                var text = reader.Value.Text;
                if (!HasName(text))
                {
                    _principals.Add((_scratch.Length, text.Length));
                    _scratch.Bytes(text);
                }
            }
        }
        if (odd)
        {
            _rest.Add(key, name, list, Reason.Rights);
        }
        var start = to.BeginSized();
        BeginArray(_principals.Count, to);
        foreach (var (at, length) in _principals)
        {
            to.Int32(length);
            to.Bytes(_scratch.Written.Slice(at, length));
        }
        to.EndSized(start);
    }

    private bool HasName(ReadOnlySpan<byte> text)
    {
        foreach (var (at, length) in _principals)
        {
            if (_scratch.Written.Slice(at, length).SequenceEqual(text))
            {
                return true;
            }
        }
        return false;
    }

    private static void BeginArray(int count, Buffer to) => ColumnEncoder.BeginTextArray(count, to);
}
