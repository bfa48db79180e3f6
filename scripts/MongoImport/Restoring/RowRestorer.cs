using System.Text;
using System.Text.Json;
using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Planning;
using Npgsql;

namespace Backend.MongoImport.Restoring;

/// <summary>
/// Turns rows of a table back into documents as parse-server stores them (contract/mongo-storage, Part 1): what an import brought is again what it was,
/// out of the columns and out of what <c>rest</c> kept; what was written since is as parse-server would have written it. Columns that a client has
/// written since win over what <c>rest</c> still keeps of the value before.
/// </summary>
/// <remarks>One for a table; several threads may use it, each with a reader and a writer of its own. Nothing is looked up by name per row.</remarks>
internal sealed partial class RowRestorer
{
    private const int Id = 0;
    private const int CreatedAt = 1;
    private const int UpdatedAt = 2;
    private const int Readers = 3;
    private const int Writers = 4;
    private const int Rest = 5;

    private readonly ClassPlan _class;
    private readonly List<RestoredColumn> _columns = [];
    private readonly Dictionary<string, RestoredColumn> _byRestKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (RestoredColumn Column, byte[] Name)> _seconds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RestoredColumn> _malformed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _relations;

    /// <summary>Makes a restorer.</summary>
    /// <param name="table">The table, as the catalog knows it now.</param>
    public RowRestorer(Table table)
    {
        Table = table;
        _class = new ClassPlan(table.Origin, null, null, isExport: false);
        _relations = [.. table.Fields.Where(f => f.Kind == FieldKind.Relation).Select(f => f.Name)];
        var select = new StringBuilder("t.id, t.created_at, t.updated_at, t.acl_read, t.acl_write, t.rest");
        var ordinal = Rest;
        foreach (var field in table.Fields.Where(f => f.Kind != FieldKind.Relation))
        {
            var column = new RestoredColumn(field, _class, field.Column is null ? -1 : ++ordinal);
            if (field.Column is not null)
            {
                select.Append(", t.").Append(field.QuotedColumn).Append(field.Kind is FieldKind.Point or FieldKind.Polygon ? "::bytea" : "");
            }
            Add(column);
        }
        foreach (var plan in _class.InternalColumns)
        {
            select.Append(", t.").Append(Data.Sql.Quote(plan.Column));
            Add(new RestoredColumn(plan, ++ordinal));
        }
        Columns = select.ToString();
        ColumnCount = ordinal + 1;
    }

    /// <summary>Whose rows these are.</summary>
    public Table Table { get; }

    /// <summary>What to select, of the table under the alias <c>t</c>, for <see cref="Restore"/>.</summary>
    public string Columns { get; }

    /// <summary>How many columns these are; whatever else is selected comes behind them.</summary>
    public int ColumnCount { get; }

    /// <summary>The statement that reads rows by their ids: its only parameter is a text array.</summary>
    public string SelectByIds => $"select {Columns} from {Table.Quoted} t where t.id = any($1)";

    /// <summary>Appends the document of the reader's current row.</summary>
    /// <param name="reader">Stands on a row of <see cref="Columns"/>.</param>
    /// <param name="to">Gets one whole document more.</param>
    public void Restore(NpgsqlDataReader reader, BsonWriter to)
    {
        if (reader.IsDBNull(Rest))
        {
            Write(reader, [], to);
            return;
        }
        using var rest = JsonDocument.Parse(reader.GetFieldValue<ReadOnlyMemory<byte>>(Rest), RestToBson.Options);
        var values = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in rest.RootElement.EnumerateObject())
        {
            values[property.Name] = property.Value;
        }
        Write(reader, values, to);
    }

    /// <summary>Reads rows by their ids.</summary>
    /// <param name="connection">An open connection that nothing else uses meanwhile.</param>
    /// <param name="ids">Ids; those that have no row are left out.</param>
    /// <param name="document">Called for each row with its id and its document, which are good until it returns.</param>
    /// <param name="stop">Cancels.</param>
    public async Task ReadAsync(NpgsqlConnection connection, string[] ids, RestoredDocument document, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(SelectByIds, connection) { Parameters = { new() { Value = ids } } };
        await using var reader = await command.ExecuteReaderAsync(stop);
        var writer = new BsonWriter();
        while (await reader.ReadAsync(stop))
        {
            writer.Clear();
            Restore(reader, writer);
            document(reader.GetString(Id), writer.Written);
        }
    }

    private void Add(RestoredColumn column)
    {
        _columns.Add(column);
        _byRestKey.Add(column.RestKey, column);
        foreach (var second in column.Sources.Skip(1))
        {
            _seconds["_" + second] = (column, Encoding.UTF8.GetBytes(second));
        }
        if (column.Kind == ColumnKind.Reference)
        {
            _malformed[column.Sources[0]] = column;
        }
    }

    private void Write(NpgsqlDataReader reader, Dictionary<string, JsonElement> rest, BsonWriter to)
    {
        to.Begin();
        WriteId(reader, rest, to);
        foreach (var column in _columns)
        {
            WriteColumn(reader, column, rest, to);
        }
        WriteOthers(reader, rest, to);
        WriteRights(reader, rest, to);
        WriteTimes(reader, rest, to);
        to.End();
    }

    private void WriteColumn(NpgsqlDataReader reader, RestoredColumn column, Dictionary<string, JsonElement> rest, BsonWriter to)
    {
        if (column.IsAuthData)
        {
            WriteAuthData(reader, column, to);
            return;
        }
        var isSet = column.IsSet(reader);
        if (rest.Count > 0)
        {
            // What is in rest under the field's own name is the field's value: a typed write would have removed it.
            if (rest.TryGetValue(column.RestKey, out var kept) && !(column.IsInternal && isSet))
            {
                var name = column.Kind == ColumnKind.Reference && !RestToBson.IsReference(kept) ? column.PlainName : column.Name;
                RestToBson.Write(name, kept, to);
                return;
            }
            if (isSet && column.Kind is ColumnKind.Object or ColumnKind.Array && rest.TryGetValue(column.HiddenKey, out var original)
                && RestToBson.TryForeign(original, out var type, out var raw) && column.Shows(reader, type, raw))
            {
                to.Element(type, column.Name);
                to.Bytes(raw);
                return;
            }
        }
        if (isSet)
        {
            column.Write(reader, to);
        }
    }

    // Keys of rest that are no fields: system keys of the source, data where a relation stands, second names.
    private void WriteOthers(NpgsqlDataReader reader, Dictionary<string, JsonElement> rest, BsonWriter to)
    {
        foreach (var (key, value) in rest)
        {
            if (_byRestKey.ContainsKey(key) || key is "_id" or "_missing" or "_rperm" or "_wperm" or "_created_at" or "_updated_at")
            {
                continue;
            }
            if (key == "_acl")
            {
                if (reader.IsDBNull(Readers) && reader.IsDBNull(Writers))
                {
                    RestToBson.Write("_acl"u8, value, to);
                }
                continue;
            }
            if (_malformed.TryGetValue(key, out var reference))
            {
                if (!reference.IsSet(reader))
                {
                    RestToBson.Write(reference.Name, value, to);
                }
                continue;
            }
            if (_seconds.TryGetValue(key, out var second))
            {
                if (second.Column.IsSet(reader))
                {
                    RestToBson.Write(second.Name, value, to);
                }
                continue;
            }
            if (key.StartsWith('_') && key[1..] is var plain && (_relations.Contains(plain) || _class.IsReserved(plain)))
            {
                RestToBson.Write(Encoding.UTF8.GetBytes(plain), value, to);
                continue;
            }
            if (key.StartsWith('_') && _byRestKey.TryGetValue(key[1..], out var column) && column.Kind is ColumnKind.Object or ColumnKind.Array
                && RestToBson.TryForeign(value, out _, out _))
            {
                // Said already, or of a value that is no more.
                continue;
            }
            RestToBson.Write(Encoding.UTF8.GetBytes(key), value, to);
        }
    }
}

/// <summary>Takes a restored document; both are good until it returns.</summary>
internal delegate void RestoredDocument(string id, ReadOnlySpan<byte> document);
