using System.Text;
using Backend.Data;
using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Loading;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;
using Npgsql;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Following;

/// <summary>
/// Brings the changed documents of one class into its table, by the encoder of the import: binary COPY into a temporary table, from there by id. It is
/// made anew when the table's entry in the catalog changes.
/// </summary>
internal sealed class ClassFollower
{
    private static readonly byte[] CopyHeader = [.. "PGCOPY\n"u8, 0xFF, .. "\r\n\0"u8, 0, 0, 0, 0, 0, 0, 0, 0];

    private readonly RowEncoder _encoder;
    private readonly IdentityEncoder? _identities;
    private readonly Buffer _rows = new(64 * 1024);
    private readonly Buffer _identityRows = new(1024);
    private readonly Buffer _id = new(128);
    private readonly HashSet<byte[]> _known = new(BytesComparer.Instance);
    private readonly HashSet<byte[]>.AlternateLookup<ReadOnlySpan<byte>> _knownLookup;
    private readonly string[] _columns;
    private readonly List<Rejection> _rejected = [];
    private long _number;

    /// <summary>Makes one.</summary>
    /// <param name="table">The class's table as it is now.</param>
    /// <param name="rule">What the operator settled about the class.</param>
    /// <param name="number">Distinguishes its temporary tables from others of the same session.</param>
    public ClassFollower(Table table, ClassRule rule, int number)
    {
        Table = table;
        Plan = new ClassPlan(table.Origin, null, null, isExport: false) { Rule = rule };
        Plan.Relations.UnionWith(table.Fields.Where(f => f.Kind == FieldKind.Relation).Select(f => f.Name));
        var columns = table.Fields
            .Where(f => f.Kind != FieldKind.Relation && !Plan.IsDerived(f.Name))
            .Select(f => new ColumnPlan(f.Column ?? "", ColumnPlan.KindOf(f.Kind), Plan.SourcesOf(f.Name, f.Kind), f.Name) { Target = f.Target, Indexed = f.Indexed })
            .Concat(Plan.InternalColumns)
            .ToList();
        _identities = Plan.IsUsers ? new IdentityEncoder(withSequence: false) { Rows = _identityRows } : null;
        _encoder = new RowEncoder(Plan, new FieldNames(), columns, withSequence: false, _identities);
        _columns = [.. _encoder.ColumnNames];
        _knownLookup = _known.GetAlternateLookup<ReadOnlySpan<byte>>();
        Staging = $"pg_temp.follow_{number}";
        IdentityStaging = $"pg_temp.follow_{number}_identities";
    }

    public Table Table { get; }

    public ClassPlan Plan { get; }

    /// <summary>The temporary table with the rows of the batch, for SQL.</summary>
    public string Staging { get; }

    /// <summary>Of users: the temporary table with their identities.</summary>
    public string IdentityStaging { get; }

    /// <summary>The columns that documents fill, for SQL.</summary>
    public IEnumerable<string> Columns => _columns.Select(Sql.Quote);

    /// <summary>Rows of the batch.</summary>
    public int Count { get; private set; }

    /// <summary>The batch's documents that cannot be decoded.</summary>
    public IReadOnlyList<Rejection> Rejected => _rejected;

    /// <summary>The ids of the rows that the batch takes away.</summary>
    public string[] Deleted { get; private set; } = [];

    /// <summary>Whether every row goes that the batch does not bring.</summary>
    public bool Emptied { get; private set; }

    /// <summary>Makes the temporary tables, which are empty after each commit.</summary>
    public async Task OpenAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await ExecuteAsync(connection, $"create temp table {Staging[8..]} on commit delete rows as select {string.Join(", ", Columns)} from {Table.Quoted} with no data", stop);
        if (_identities is not null)
        {
            await ExecuteAsync(connection, $"create temp table {IdentityStaging[8..]} on commit delete rows as select {string.Join(", ", _identities.ColumnNames)} from app.identities with no data", stop);
        }
    }

    /// <summary>Drops them.</summary>
    public Task CloseAsync(NpgsqlConnection connection, CancellationToken stop) =>
        ExecuteAsync(connection, $"drop table {Staging}" + (_identities is null ? "" : $"; drop table {IdentityStaging}"), stop);

    /// <summary>Whether a document has a value under a name that could be a field, and none is.</summary>
    public bool HasNews(ReadOnlySpan<byte> document)
    {
        var reader = new BsonReader(document);
        try
        {
            while (reader.Read())
            {
                if (!_knownLookup.Contains(reader.Name) && reader.Type is not (BsonType.Null or BsonType.Undefined) && !Know(reader.Name))
                {
                    return true;
                }
            }
        }
        catch (BsonFormatException)
        {
            // The encoder rejects it and says so.
        }
        return false;
    }

    /// <summary>Encodes a batch.</summary>
    /// <returns>Names under which values stand in <c>rest</c> of which the catalog does not say so.</returns>
    public IReadOnlyCollection<string> Encode(CollectionChanges changes)
    {
        _rows.Clear();
        _rows.Bytes(CopyHeader);
        _identityRows.Clear();
        _identityRows.Bytes(CopyHeader);
        Count = 0;
        _rejected.Clear();
        foreach (var document in changes.Upserts)
        {
            try
            {
                _encoder.Encode(document, ++_number, _rows);
                Count++;
            }
            catch (BsonFormatException e)
            {
                _rejected.Add(new Rejection("(changes)", 0, _number, $"{e.Message} (byte {e.Offset} of the document)", document));
            }
        }
        _rows.Int16(-1);
        _identityRows.Int16(-1);
        Deleted = [.. changes.Deletes.Select(TextOf)];
        Emptied = changes.Emptied;
        var unmarked = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (key, _) in _encoder.Rest.Counts.Keys)
        {
            var marked = Table.Find(key) is { } field ? field.HasRest : Table.Untyped.Contains(key) || !Plan.IsFieldName(key) || Plan.IsReserved(key);
            if (!marked)
            {
                unmarked.Add(key);
            }
        }
        return unmarked;
    }

    /// <summary>Sends the rows into the temporary tables.</summary>
    public async Task StageAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        if (Count == 0)
        {
            return;
        }
        await CopyAsync(connection, Staging, _columns, _rows, stop);
        if (_identities is not null)
        {
            await CopyAsync(connection, IdentityStaging, _identities.ColumnNames, _identityRows, stop);
        }
    }

    /// <summary>Takes away what the batch takes away.</summary>
    public async Task DeleteAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        if (Emptied)
        {
            await NoteAsync(connection, $"select id from {Table.Quoted}", stop);
            await ExecuteAsync(connection, $"delete from {Table.Quoted}", stop);
        }
        else if (Deleted.Length > 0)
        {
            await NoteAsync(connection, "select unnest($2::text[])", stop, (object)Deleted);
            await ExecuteAsync(connection, $"delete from {Table.Quoted} where id = any($1)", stop, (object)Deleted);
        }
    }

    /// <summary>Puts the rows of the temporary table into their places.</summary>
    /// <param name="connection">In the batch's transaction.</param>
    /// <param name="further">Columns that do not come from documents, with their expressions over the temporary table.</param>
    /// <param name="stop">Cancels.</param>
    public async Task UpsertAsync(NpgsqlConnection connection, IReadOnlyList<(string Column, string Expression, object Value)> further, CancellationToken stop)
    {
        if (Count == 0)
        {
            return;
        }
        await NoteAsync(connection, $"select id from {Staging}", stop);
        var columns = Columns.Concat(further.Select(f => f.Column)).ToList();
        await ExecuteAsync(connection, $"""
            insert into {Table.Quoted} ({string.Join(", ", columns)})
            select distinct on (id) {string.Join(", ", Columns.Concat(further.Select(f => f.Expression)))} from {Staging} order by id
            on conflict (id) do update set {string.Join(", ", columns.Where(c => c != "\"id\"").Select(c => $"{c} = excluded.{c}"))}
            """, stop, [.. further.Select(f => f.Value)]);
    }

    /// <summary>The id of a row, of a document that holds <c>_id</c> alone.</summary>
    public string TextOf(byte[] only)
    {
        var reader = new BsonReader(only);
        reader.Read();
        _id.Clear();
        RowIds.Write(reader.Value, _id);
        return Encoding.UTF8.GetString(_id.Written);
    }

    private bool Know(ReadOnlySpan<byte> key)
    {
        var text = Encoding.UTF8.GetString(key);
        var name = text.StartsWith("_p_", StringComparison.Ordinal) ? text[3..] : text;
        var known = !Plan.IsFieldName(name) || Plan.IsReserved(name) || Table.Find(name) is not null
            || Table.Fields.Any(f => Plan.SourcesOf(f.Name, f.Kind).Contains(text)) || Plan.InternalColumns.Any(c => c.Sources.Contains(text));
        if (known && _known.Count < FieldNames.Most)
        {
            _known.Add(key.ToArray());
        }
        return known;
    }

    // What is compared once more before the cut-over.
    private Task NoteAsync(NpgsqlConnection connection, string ids, CancellationToken stop, params object[] values) => ExecuteAsync(connection, $"""
        insert into catalog.follow_changes (origin, id) select distinct $1, i.id from ({ids}) i (id)
        on conflict (origin, id) do update set changed_at = excluded.changed_at
        """, stop, [Table.Origin, .. values]);

    private static Task CopyAsync(NpgsqlConnection connection, string table, IEnumerable<string> columns, Buffer rows, CancellationToken stop) => BinaryCopy.RunAsync(
        connection, $"copy {table} ({string.Join(", ", columns.Select(Sql.Quote))}) from stdin (format binary)", stream => stream.WriteAsync(rows.Memory, stop).AsTask(), stop);

    internal static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken stop, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        return await command.ExecuteNonQueryAsync(stop);
    }
}
