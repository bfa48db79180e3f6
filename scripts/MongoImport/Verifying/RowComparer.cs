using System.Text;
using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Restoring;
using Backend.MongoImport.Sources;
using Npgsql;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Verifying;

/// <summary>
/// Compares documents of a class with their rows: reads the rows of a block of documents by one statement, makes documents of them again, and compares
/// the canonical forms' hashes; only where these differ, field by field. Used by one thread; a class may have several.
/// </summary>
internal sealed class RowComparer
{
    private readonly Table _table;
    private readonly CanonicalDocument _source;
    private readonly CanonicalDocument _row;
    private readonly RowRestorer _restorer;
    private readonly BsonWriter _writer = new();
    private readonly Buffer _id = new(64);
    private readonly string? _expiry;

    /// <summary>Makes a comparer.</summary>
    /// <param name="table">The class's table.</param>
    /// <param name="fields">What the keys of its documents stand for; shared by all comparers of a class.</param>
    /// <param name="restorer">Makes documents of its rows; shared likewise.</param>
    public RowComparer(Table table, CanonicalFields fields, RowRestorer restorer)
    {
        _table = table;
        _source = new CanonicalDocument(fields);
        _row = new CanonicalDocument(fields);
        _restorer = restorer;
        _expiry = fields.IsSessions ? "expiresAt" : null;
    }

    /// <summary>What was found so far.</summary>
    public ComparedRows Found { get; } = new();

    /// <summary>Compares a block.</summary>
    /// <param name="connection">An open connection that nothing else uses meanwhile.</param>
    /// <param name="block">Documents; the caller disposes of it.</param>
    /// <param name="differ">Called for each difference.</param>
    /// <param name="stop">Cancels.</param>
    public async Task CompareAsync(NpgsqlConnection connection, DocumentBlock block, Action<Difference> differ, CancellationToken stop)
    {
        var documents = Read(block);
        var byId = new Dictionary<string, int>(documents.Count, StringComparer.Ordinal);
        for (var i = 0; i < documents.Count; i++)
        {
            documents[i].Earlier = byId.TryGetValue(documents[i].Id, out var earlier) ? earlier : -1;
            byId[documents[i].Id] = i;
        }
        await using (var command = new NpgsqlCommand(_restorer.SelectByIds, connection) { Parameters = { new() { Value = byId.Keys.ToArray() } } })
        await using (var reader = await command.ExecuteReaderAsync(stop))
        {
            while (await reader.ReadAsync(stop))
            {
                Compare(reader, block, documents, byId, differ);
            }
        }
        foreach (var document in documents.Where(d => !d.HasRow))
        {
            Found.NoRow++;
            differ(new Difference(DifferenceKind.NoRow, _table.Origin, document.Id, null, null, null) { Number = document.Number, ExpiresAt = ExpiryOf(block, document) });
        }
    }

    private List<Document> Read(DocumentBlock block)
    {
        var documents = new List<Document>(block.Count);
        var at = 0;
        var number = block.FirstNumber;
        while (block.TryTake(ref at, out var bytes))
        {
            Found.Documents++;
            try
            {
                _source.Read(bytes, number, Found.Rules, _id);
                documents.Add(new Document(Encoding.UTF8.GetString(_id.Written), number, at - bytes.Length, bytes.Length, _source.Hash));
                Found.AddSource(_id.Written, _source.Hash);
            }
            catch (BsonFormatException)
            {
                Found.Rules.Count(Rule.Rejected);
            }
            number++;
        }
        return documents;
    }

    private void Compare(NpgsqlDataReader reader, DocumentBlock block, List<Document> documents, Dictionary<string, int> byId, Action<Difference> differ)
    {
        _writer.Clear();
        _restorer.Restore(reader, _writer);
        _row.Read(_writer.Written, 0, null, _id);
        Found.RowHash += _row.Hash;
        var id = reader.GetString(0);
        for (var i = byId[id]; i >= 0; i = documents[i].Earlier)
        {
            var document = documents[i];
            document.HasRow = true;
            if (document.Hash == _row.Hash)
            {
                Found.Equal++;
                continue;
            }
            Found.Different++;
            var bytes = block.Bytes.Slice(document.Start, document.Length);
            _source.Read(bytes, document.Number, null, _id);
            Explain(document, bytes, id, differ);
        }
    }

    private void Explain(Document document, ReadOnlySpan<byte> bytes, string id, Action<Difference> differ)
    {
        foreach (var (name, hash, _) in _source.Values)
        {
            if (!_row.Values.Any(v => v.Name == name && v.Hash == hash))
            {
                differ(Value(name, bytes));
            }
        }
        foreach (var (name, _, _) in _row.Values)
        {
            if (!_source.Values.Any(v => v.Name == name))
            {
                differ(Value(name, bytes));
            }
        }

        Difference Value(string name, ReadOnlySpan<byte> source) =>
            new(DifferenceKind.Value, _table.Origin, id, name, ShownValue.Of(name, _source.Find(source, name)), ShownValue.Of(name, _row.Find(_writer.Written, name))) { Number = document.Number };
    }

    private long? ExpiryOf(DocumentBlock block, Document document)
    {
        if (_expiry is null)
        {
            return null;
        }
        var bytes = block.Bytes.Slice(document.Start, document.Length);
        _source.Read(bytes, document.Number, null, _id);
        return _source.Find(bytes, _expiry) is { Type: BsonType.Date } date ? date.Milliseconds : null;
    }

    private sealed class Document(string id, long number, int start, int length, UInt128 hash)
    {
        public string Id => id;

        public long Number => number;

        public int Start => start;

        public int Length => length;

        public UInt128 Hash => hash;

        public int Earlier { get; set; }

        public bool HasRow { get; set; }
    }
}

/// <summary>Counts and sums of compared documents.</summary>
internal sealed class ComparedRows
{
    public long Documents { get; set; }

    public long Equal { get; set; }

    public long Different { get; set; }

    public long NoRow { get; set; }

    /// <summary>Documents that could be read.</summary>
    public long Ids { get; private set; }

    /// <summary>The sum of the hashes of all ids, an id that comes twice counting twice.</summary>
    public UInt128 IdSum { get; private set; }

    public UInt128 SourceHash { get; private set; }

    public UInt128 RowHash { get; set; }

    public RuleCounts Rules { get; } = new();

    public void AddSource(ReadOnlySpan<byte> id, UInt128 hash)
    {
        Ids++;
        IdSum += Hash128.Of(id, 0);
        SourceHash += hash;
    }

    public void Add(ComparedRows other)
    {
        Documents += other.Documents;
        Equal += other.Equal;
        Different += other.Different;
        NoRow += other.NoRow;
        Ids += other.Ids;
        IdSum += other.IdSum;
        SourceHash += other.SourceHash;
        RowHash += other.RowHash;
        Rules.Add(other.Rules);
    }
}
