using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Values;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Loading;

/// <summary>
/// Turns a document into a row of binary COPY. The document is walked once, noting where each value lies; then the columns are written in
/// their order; what no column took goes to <c>rest</c>. Nothing is allocated for a document whose values fit.
/// </summary>
internal sealed partial class RowEncoder
{
    private readonly ClassPlan _plan;
    private readonly FieldNames _names;
    private readonly List<Slot> _slots = [];
    private readonly ColumnEncoder[] _columns;
    private readonly IReadOnlyList<ColumnPlan> _columnless;
    private readonly List<int> _present = [];
    private readonly RestBuilder _rest;
    private readonly IdentityEncoder? _identities;
    private int _stamp;

    /// <summary>Makes an encoder for one load.</summary>
    /// <param name="plan">The class.</param>
    /// <param name="names">The names that the scan found.</param>
    /// <param name="columns">The columns, and with an empty name the fields that have none.</param>
    /// <param name="withSequence">See <see cref="WithSequence"/>.</param>
    /// <param name="identities">Of accounts: makes the rows of their identities.</param>
    public RowEncoder(ClassPlan plan, FieldNames names, IReadOnlyList<ColumnPlan> columns, bool withSequence, IdentityEncoder? identities)
    {
        _plan = plan;
        _names = names;
        _identities = identities;
        _rest = new RestBuilder(names);
        WithSequence = withSequence;
        _columnless = [.. columns.Where(c => c.Column.Length == 0)];
        _columns = [.. columns.Where(c => c.Column.Length > 0).Select(c => new ColumnEncoder(c, Encoding.UTF8.GetBytes(c.Target ?? "")))];
        for (var i = 0; i < names.Count; i++)
        {
            _slots.Add(NewSlot(i));
        }
    }

    /// <summary>Whether each row ends with its document's number, by which the last of equal ids is found.</summary>
    public bool WithSequence { get; }

    /// <summary>Values in <c>rest</c>, by key and reason.</summary>
    public RestBuilder Rest => _rest;

    /// <summary>The id of the row that is being written, or was last.</summary>
    public ReadOnlySpan<byte> Id => _id.Written;

    /// <summary>Keys that a document has twice; the last value counts, as in every driver.</summary>
    public long DuplicateKeys { get; private set; }

    /// <summary>Documents whose rights stood in <c>_acl</c> alone.</summary>
    public long LegacyRights { get; private set; }

    /// <summary>Documents without creation time.</summary>
    public long WithoutTimes { get; private set; }

    /// <summary>The columns in COPY's order.</summary>
    public IEnumerable<string> ColumnNames =>
        [.. new[] { "id", "created_at", "updated_at", "acl_read", "acl_write" }, .. _columns.Select(c => c.Plan.Column), "rest", .. WithSequence ? ["import_seq"] : Array.Empty<string>()];

    /// <summary>Appends the document's row.</summary>
    /// <exception cref="BsonFormatException">The document cannot be decoded; nothing was appended.</exception>
    public void Encode(ReadOnlySpan<byte> document, long number, Buffer to)
    {
        var start = to.Length;
        var identities = _identities?.Rows.Length ?? 0;
        try
        {
            Walk(document);
            _rest.Begin();
            to.Int16((short)(6 + _columns.Length + (WithSequence ? 1 : 0)));
            var id = WriteId(document, number, to);
            var (created, updated) = WriteTimes(document, to);
            WriteRights(document, to);
            foreach (var column in _columns)
            {
                WriteColumn(column, document, to);
            }
            WriteOthers(document);
            _rest.WriteTo(to);
            if (WithSequence)
            {
                to.Int32(8);
                to.Int64(number);
            }
            _identities?.Encode(this, document, id, created, updated, number);
        }
        catch (BsonFormatException)
        {
            to.CutBack(start);
            _identities?.Rows.CutBack(identities);
            throw;
        }
    }

    /// <summary>Calls back for every key of the document that belongs to <c>_auth_data_…</c> or holds exported auth data.</summary>
    public void VisitAuthData(ReadOnlySpan<byte> document, IdentityEncoder identities, Buffer id, (long, long) times, long number)
    {
        foreach (var index in _present)
        {
            var slot = _slots[index];
            if (slot.Role is Role.AuthData or Role.AllAuthData)
            {
                identities.Add(slot.Role == Role.AllAuthData, _names[index], Value(document, slot), id, times, number);
            }
        }
    }

    private void Walk(ReadOnlySpan<byte> document)
    {
        _stamp++;
        _present.Clear();
        _rest.Forget();
        var reader = new BsonReader(document);
        var previous = -1;
        while (reader.Read())
        {
            previous = _names.Find(reader.Name, previous);
            if (previous < 0)
            {
                // More names than can be told apart: such keys are data.
                _rest.AddLate(reader.Name, reader.Value);
                continue;
            }
            while (previous >= _slots.Count)
            {
                _slots.Add(NewSlot(_slots.Count));
            }
            var slot = _slots[previous];
            if (slot.Stamp == _stamp)
            {
                DuplicateKeys++;
            }
            else
            {
                _present.Add(previous);
            }
            slot.Stamp = _stamp;
            slot.Type = reader.Type;
            slot.Start = reader.ValueStart;
            slot.Length = reader.ValueLength;
        }
    }

    private void WriteColumn(ColumnEncoder column, ReadOnlySpan<byte> document, Buffer to)
    {
        var written = false;
        var sources = column.Sources;
        for (var i = 0; i < sources.Count; i++)
        {
            var slot = _slots[sources[i]];
            if (slot.Stamp != _stamp || slot.Type == BsonType.Undefined)
            {
                continue;
            }
            var value = Value(document, slot);
            if (written)
            {
                _rest.Add("_" + Encoding.UTF8.GetString(_names[sources[i]]), sources[i], value, Reason.SecondName);
            }
            else if (column.TryWrite(value, to, out var reason))
            {
                written = true;
                if (column.IsNearly)
                {
                    _rest.Add("_" + column.Plan.RestKey, sources[i], value, Reason.NoJsonForm);
                }
            }
            else
            {
                _rest.Add(reason is Reason.MalformedPointer or Reason.Null && column.HiddenKey is { } hidden && _names[sources[i]].AsSpan().StartsWith("_p_"u8) ? hidden : column.Plan.RestKey,
                    sources[i], value, reason, column.Plan.Kind);
            }
        }
        if (!written)
        {
            column.WriteMissing(to);
        }
    }

    private void WriteOthers(ReadOnlySpan<byte> document)
    {
        foreach (var index in _present)
        {
            var slot = _slots[index];
            if (slot.Type == BsonType.Undefined)
            {
                continue;
            }
            switch (slot.Role)
            {
                case Role.Rest:
                    _rest.Add(slot.RestKey, index, Value(document, slot), slot.Reason, slot.Kind);
                    break;
                case Role.Relation when !ParseForms.Is(Value(document, slot), ParseForms.Relation):
                    _rest.Add(slot.RestKey, index, Value(document, slot), Reason.RelationData);
                    break;
                default:
                    break;
            }
        }
    }

    private BsonValue Value(ReadOnlySpan<byte> document, Slot slot) => new(slot.Type, document.Slice(slot.Start, slot.Length));

    private bool TryGet(ReadOnlySpan<byte> document, int name, out BsonValue value)
    {
        // What is undefined is missing, as the drivers have it.
        if (name >= 0 && name < _slots.Count && _slots[name].Stamp == _stamp && _slots[name].Type != BsonType.Undefined)
        {
            value = Value(document, _slots[name]);
            return true;
        }
        value = default;
        return false;
    }

    private Slot NewSlot(int index)
    {
        var name = Encoding.UTF8.GetString(_names[index]);
        var slot = new Slot { Role = Role.Rest, RestKey = BsonText.Decode(_names[index]), Reason = Reason.NoColumn };
        if (SystemNames(index, name))
        {
            slot.Role = Role.System;
            return slot;
        }
        foreach (var column in _columns)
        {
            if (column.Plan.Sources.Contains(name))
            {
                column.Sources.Add(index);
                column.Sources.Sort((a, b) => Order(column, a).CompareTo(Order(column, b)));
                slot.Role = Role.Column;
            }
        }
        if (slot.Role == Role.Column)
        {
            return slot;
        }
        if (_columnless.FirstOrDefault(c => c.Sources.Contains(name)) is { } columnless)
        {
            slot.RestKey = columnless.RestKey;
            slot.Kind = columnless.Kind;
        }
        else if (_plan.IsUsers && name.StartsWith("_auth_data_", StringComparison.Ordinal))
        {
            slot.Role = Role.AuthData;
        }
        else if (_plan.IsUsers && name == "authData" && _plan.IsExport)
        {
            slot.Role = Role.AllAuthData;
        }
        else if (_plan.Relations.Contains(name))
        {
            slot.Role = Role.Relation;
            slot.RestKey = "_" + name;
        }
        else if (name.StartsWith('_') || _plan.IsReserved(name))
        {
            slot.RestKey = name.StartsWith('_') ? slot.RestKey : "_" + slot.RestKey;
            slot.Reason = Reason.SystemKey;
        }
        else if (!_plan.IsFieldName(name))
        {
            slot.Reason = Reason.NoFieldName;
        }
        return slot;
    }

    private int Order(ColumnEncoder column, int name) => column.Plan.Sources.IndexOf(Encoding.UTF8.GetString(_names[name]));

    private enum Role
    {
        Rest,
        System,
        Column,
        AuthData,
        AllAuthData,
        Relation,
    }

    private sealed class Slot
    {
        public Role Role;
        public string RestKey = "";
        public Reason Reason;
        public ColumnKind? Kind;
        public int Stamp;
        public BsonType Type;
        public int Start;
        public int Length;
    }
}

file static class Lists
{
    public static int IndexOf(this IReadOnlyList<string> list, string wanted)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] == wanted)
            {
                return i;
            }
        }
        return -1;
    }
}
