using Backend.MongoImport.Loading;
using Npgsql;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Verifying;

/// <summary>Rows of binary COPY on their way into a temporary table; one thread makes and sends them.</summary>
internal sealed class CopyRows
{
    private readonly NpgsqlRawCopyStream _stream;

    public CopyRows(NpgsqlRawCopyStream stream)
    {
        _stream = stream;
        Buffer.Bytes(CopySink.Header);
    }

    /// <summary>Where rows are written.</summary>
    public Buffer Buffer { get; } = new(64 * 1024);

    /// <summary>Sends what is written.</summary>
    public async Task FlushAsync(CancellationToken stop)
    {
        await _stream.WriteAsync(Buffer.Memory, stop);
        Buffer.Clear();
    }

    /// <summary>Sends the last rows and the end. The stream must be disposed of then.</summary>
    public async Task EndAsync(CancellationToken stop)
    {
        Buffer.Int16(-1);
        await FlushAsync(stop);
    }
}
