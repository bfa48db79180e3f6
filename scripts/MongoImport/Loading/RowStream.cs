using Backend.Data.Imports;
using Backend.MongoImport.Planning;
using Npgsql;

namespace Backend.MongoImport.Loading;

/// <summary>One way of documents into a table: an encoder and its COPY. A large collection has several beside each other; each is used by one thread.</summary>
internal abstract class RowStream : IAsyncDisposable
{
    /// <summary>Encodes a document and sends it when enough has gathered.</summary>
    /// <param name="document">BSON.</param>
    /// <param name="number">The document's number in its collection, from 1.</param>
    /// <exception cref="Bson.BsonFormatException">It cannot be decoded; nothing of it was sent.</exception>
    public abstract void Add(ReadOnlySpan<byte> document, long number);

    /// <summary>Sends the rest and commits.</summary>
    public abstract Task CompleteAsync();

    public abstract ValueTask DisposeAsync();
}

/// <summary>Documents of a class; of the users, their identities as well.</summary>
internal sealed class ClassStream : RowStream
{
    private readonly CopySink _rows;
    private readonly CopySink? _identities;
    private readonly IdentityEncoder? _identityEncoder;

    private ClassStream(RowEncoder encoder, CopySink rows, IdentityEncoder? identityEncoder, CopySink? identities)
    {
        Encoder = encoder;
        _rows = rows;
        _identityEncoder = identityEncoder;
        _identities = identities;
    }

    /// <summary>The encoder with its counts.</summary>
    public RowEncoder Encoder { get; }

    /// <summary>Identities written.</summary>
    public long Identities => _identityEncoder?.Count ?? 0;

    public static async Task<ClassStream> OpenAsync(NpgsqlDataSource database, ClassPlan plan, StagedTable table, IReadOnlyList<ColumnPlan> columns, bool withSequence, bool alone,
        CancellationToken stop)
    {
        var identityEncoder = plan.IsUsers ? new IdentityEncoder(withSequence) : null;
        var encoder = new RowEncoder(plan, plan.Scan?.Names.Copy() ?? new FieldNames(), columns, withSequence, identityEncoder);
        var rows = await CopySink.OpenAsync(database, table.Quoted, encoder.ColumnNames, alone, stop);
        try
        {
            var identities = identityEncoder is null ? null : await CopySink.OpenAsync(database, ImportRun.Quote("identities"), identityEncoder.ColumnNames, alone, stop);
            return new ClassStream(encoder, rows, identityEncoder, identities);
        }
        catch
        {
            await rows.DisposeAsync();
            throw;
        }
    }

    public override void Add(ReadOnlySpan<byte> document, long number)
    {
        if (_identities is not null)
        {
            _identityEncoder!.Rows = _identities.Current;
        }
        Encoder.Encode(document, number, _rows.Current);
        _rows.Flush();
        _identities?.Flush();
    }

    public override async Task CompleteAsync()
    {
        await _rows.CompleteAsync();
        if (_identities is not null)
        {
            await _identities.CompleteAsync();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _rows.DisposeAsync();
        if (_identities is not null)
        {
            await _identities.DisposeAsync();
        }
    }
}

/// <summary>Rows of a join collection; the document's number is the order of linking.</summary>
internal sealed class JoinStream : RowStream
{
    private readonly CopySink _rows;

    private JoinStream(CopySink rows) => _rows = rows;

    /// <summary>Documents without both ids, which link nothing.</summary>
    public long Incomplete { get; private set; }

    public static async Task<JoinStream> OpenAsync(NpgsqlDataSource database, string quoted, bool alone, CancellationToken stop) =>
        new(await CopySink.OpenAsync(database, quoted, ["owning_id", "related_id", "seq"], alone, stop));

    public override void Add(ReadOnlySpan<byte> document, long number)
    {
        if (!JoinEncoder.TryEncode(document, number, _rows.Current))
        {
            Incomplete++;
        }
        _rows.Flush();
    }

    public override Task CompleteAsync() => _rows.CompleteAsync();

    public override ValueTask DisposeAsync() => _rows.DisposeAsync();
}
