using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Npgsql;

namespace Backend.Data.Rows;

/// <summary>
/// Rows as they stream from the database: the cursor itself is the current row. Holds a connection until it is disposed.
/// </summary>
public sealed class RowCursor : Row, IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly bool _ownsConnection;
    private readonly NpgsqlBatch _batch;
    private readonly NpgsqlDataReader _reader;
    private readonly ReadShape? _shape;
    private readonly Caller _caller;
    private string? _id;
    private IReadOnlyList<KeyValuePair<string, Value>>? _rest;
    private FrozenSet<string>? _hidden;

    private RowCursor(NpgsqlConnection connection, bool ownsConnection, NpgsqlBatch batch, NpgsqlDataReader reader, ReadShape? shape, Table table, Caller caller)
    {
        _connection = connection;
        _ownsConnection = ownsConnection;
        _batch = batch;
        _reader = reader;
        _shape = shape;
        Table = table;
        _caller = caller;
    }

    /// <summary>How many rows there are without limit and offset, when the count was asked for.</summary>
    public long? Count { get; private set; }

    /// <inheritdoc/>
    public override Table Table { get; }

    /// <inheritdoc/>
    public override ImmutableArray<Field> Fields => _shape?.Fields ?? [];

    /// <inheritdoc/>
    public override string Id => _id ??= _reader.GetString(0);

    /// <inheritdoc/>
    public override DateTime CreatedAt => _reader.GetDateTime(1);

    /// <inheritdoc/>
    public override DateTime UpdatedAt => _reader.GetDateTime(2);

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

    /// <summary>Goes to the next row; false at the end.</summary>
    /// <exception cref="Refusal">The statement ran into its time limit.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellation = default)
    {
        _id = null;
        _rest = null;
        if (_shape is null)
            return false;
        try
        {
            if (!await _reader.ReadAsync(cancellation))
                return false;
        }
        catch (NpgsqlException e) when (DatabaseErrors.TryMap(e, Table, out var refusal))
        {
            throw refusal;
        }

        if (_shape.Hiding is { } hiding)
            _hidden = hiding.In(Relation(hiding));
        return true;
    }

    /// <summary>A copy of the current row that stays.</summary>
    public Row Keep() => new KeptRow(this);

    /// <inheritdoc/>
    public override bool IsNull(int field)
    {
        var ordinal = _shape!.Ordinals[field];
        return ordinal < 0 || _reader.IsDBNull(ordinal) || IsHidden(field);
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

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _reader.DisposeAsync();
        await _batch.DisposeAsync();
        if (_ownsConnection)
            await _connection.DisposeAsync();
    }

    /// <summary>Sends the statements and waits for the first answer.</summary>
    internal static async Task<RowCursor> OpenAsync(NpgsqlConnection connection, bool ownsConnection, NpgsqlTransaction? transaction, Statement? count, Statement? rows,
        ReadShape? shape, Table table, Caller caller, CancellationToken cancellation)
    {
        var batch = new NpgsqlBatch(connection, transaction);
        NpgsqlDataReader? reader = null;
        try
        {
            if (count is not null)
                batch.BatchCommands.Add(count.ToBatchCommand());
            if (rows is not null)
                batch.BatchCommands.Add(rows.ToBatchCommand());
            reader = await batch.ExecuteReaderAsync(cancellation);
            var cursor = new RowCursor(connection, ownsConnection, batch, reader, shape, table, caller);
            if (count is not null)
            {
                await reader.ReadAsync(cancellation);
                cursor.Count = reader.GetInt64(0);
                await reader.NextResultAsync(cancellation);
            }

            return cursor;
        }
        catch (Exception e)
        {
            if (reader is not null)
                await reader.DisposeAsync();
            await batch.DisposeAsync();
            if (ownsConnection)
                await connection.DisposeAsync();
            if (e is NpgsqlException error && DatabaseErrors.TryMap(error, table, out var refusal))
                throw refusal;
            throw;
        }
    }

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

        return false;
    }
}
