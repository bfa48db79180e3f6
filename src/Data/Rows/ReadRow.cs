using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Values;
using Npgsql;

namespace Backend.Data.Rows;

/// <summary>A row at the place where a reader stands.</summary>
public abstract class ReadRow : Row
{
    private readonly NpgsqlDataReader _reader;
    private readonly ReadShape? _shape;
    private readonly Caller _caller;
    private string? _id;
    private IReadOnlyList<KeyValuePair<string, Value>>? _rest;
    private FrozenSet<string>? _hidden;

    private protected ReadRow(NpgsqlDataReader reader, ReadShape? shape, Table table, Caller caller)
    {
        _reader = reader;
        _shape = shape;
        Table = table;
        _caller = caller;
    }

    /// <inheritdoc/>
    public override Table Table { get; }

    /// <inheritdoc/>
    public override ImmutableArray<Field> Fields => _shape?.Fields ?? [];

    /// <inheritdoc/>
    public override string Id => _id ??= _reader.GetString(_shape!.First);

    /// <inheritdoc/>
    public override DateTime CreatedAt => _reader.GetDateTime(_shape!.First + 1);

    /// <inheritdoc/>
    public override DateTime UpdatedAt => _reader.GetDateTime(_shape!.First + 2);

    /// <inheritdoc/>
    public override RowAcl? Acl
    {
        get
        {
            var ordinal = _shape!.Acl;
            if (ordinal < 0)
                return null;
            var noRead = _reader.IsDBNull(ordinal);
            var noWrite = _reader.IsDBNull(ordinal + 1);
            return noRead && noWrite ? null : new RowAcl(noRead ? default : [.. _reader.GetFieldValue<string[]>(ordinal)], noWrite ? default : [.. _reader.GetFieldValue<string[]>(ordinal + 1)]);
        }
    }

    /// <inheritdoc/>
    public override uint Version => _shape!.Version < 0 ? 0 : _reader.GetFieldValue<uint>(_shape.Version);

    /// <inheritdoc/>
    public override float? Score => _shape!.Score < 0 ? null : _reader.GetFloat(_shape.Score);

    /// <inheritdoc/>
    public override IReadOnlyList<KeyValuePair<string, Value>> Rest => _rest ??= ReadRest();

    /// <summary>A copy of the current row that stays.</summary>
    public Row Keep() => new KeptRow(this);

    /// <summary>Forgets the row before; the reader stands on the next one.</summary>
    private protected void Arrive()
    {
        _id = null;
        _rest = null;
        if (_shape!.Hiding is { } hiding)
            _hidden = hiding.In(Relation(hiding));
    }

    /// <inheritdoc/>
    public override bool IsNull(int field)
    {
        var ordinal = _shape!.Ordinals[field];
        return ordinal < 0 || _reader.IsDBNull(ordinal) || IsHidden(field) || IsOvertaken(_shape.Fields[field]);
    }

    /// <summary>
    /// A field on its way to a column has its value in one place. Only a writer that knew nothing of the column, minutes after everybody else, can
    /// have left another one in <c>rest</c>: the newer one.
    /// </summary>
    private bool IsOvertaken(Field field)
    {
        if (field.Promotion == FieldPromotion.None)
            return false;
        foreach (var (name, _) in Rest)
        {
            if (name == field.Name)
                return true;
        }

        return false;
    }

    /// <inheritdoc/>
    public override bool IsHidden(int field) => _hidden is not null && _hidden.Contains(_shape!.Fields[field].Name);

    /// <inheritdoc/>
    public override bool GetBoolean(int field) => _reader.GetBoolean(_shape!.Ordinals[field]);

    /// <inheritdoc/>
    public override double GetNumber(int field) => _reader.GetDouble(_shape!.Ordinals[field]);

    /// <inheritdoc/>
    public override DateTime GetTimestamp(int field) => _reader.GetDateTime(_shape!.Ordinals[field]);

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> GetUtf8(int field) => _reader.GetFieldValue<ReadOnlyMemory<byte>>(_shape!.Ordinals[field]).Span;

    /// <inheritdoc/>
    public override byte[] GetBytes(int field) => _reader.GetFieldValue<byte[]>(_shape!.Ordinals[field]);

    /// <inheritdoc/>
    public override GeoPoint GetPoint(int field) => Ewkb.ReadPoint(GetBytes(field));

    /// <inheritdoc/>
    public override GeoPoint[] GetRing(int field) => Ewkb.ReadRing(GetBytes(field));

    /// <summary>What the current row is to the caller, as <see cref="FieldHiding.In"/> takes it.</summary>
    private ulong Relation(FieldHiding hiding)
    {
        ulong row = hiding.HasOwnRow && Id == _caller.UserId ? 1UL : 0;
        for (var i = 0; i < hiding.Owners.Length; i++)
        {
            if (_reader.GetBoolean(_shape!.Owners + i))
                row |= 2UL << i;
        }

        return row;
    }

    private IReadOnlyList<KeyValuePair<string, Value>> ReadRest()
    {
        var ordinal = _shape!.Rest;
        if (ordinal < 0 || _reader.IsDBNull(ordinal))
            return [];
        using var document = JsonDocument.Parse(_reader.GetFieldValue<ReadOnlyMemory<byte>>(ordinal), new JsonDocumentOptions { MaxDepth = NestedJson.MaxDepth + 10 });
        var rest = new List<KeyValuePair<string, Value>>();
        foreach (var property in document.RootElement.EnumerateObject())
        {
            if (IsWanted(property.Name))
                rest.Add(new(property.Name, RestJson.Read(property.Value)));
        }

        return rest;
    }

    private bool IsWanted(string name)
    {
        if (_hidden is not null && _hidden.Contains(name))
            return false;
        foreach (var field in _shape!.Fields)
        {
            if (field.Name == name)
                return true;
        }

        return _shape.Untyped.Contains(name);
    }
}
