using System.Collections.Concurrent;
using System.Threading.Channels;
using Backend.Data;
using Npgsql;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Loading;

/// <summary>
/// One binary COPY: rows come from one thread, another sends them. A COPY that is alone empties its table in the same transaction, so that
/// PostgreSQL may write the rows as frozen, and VACUUM has nothing left to do. Beside others it cannot (docs/decisions/022-parallel-copy.md).
/// </summary>
internal sealed class CopySink : IAsyncDisposable
{
    private const int BuffersAtMost = 4;
    private const int SendAt = 256 * 1024;

    /// <summary>What binary COPY begins with.</summary>
    public static readonly byte[] Header = [.. "PGCOPY\n"u8, 0xFF, .. "\r\n\0"u8, 0, 0, 0, 0, 0, 0, 0, 0];

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;
    private readonly NpgsqlRawCopyStream _stream;
    private readonly Channel<Buffer> _full = Channel.CreateBounded<Buffer>(BuffersAtMost);
    private readonly ConcurrentBag<Buffer> _empty = [];
    private readonly Task _sending;
    private bool _complete;

    private readonly CancellationToken _stop;

    private CopySink(NpgsqlConnection connection, NpgsqlTransaction transaction, NpgsqlRawCopyStream stream, CancellationToken stop)
    {
        _stop = stop;
        _connection = connection;
        _transaction = transaction;
        _stream = stream;
        Current.Bytes(Header);
        _sending = Task.Run(SendAsync, CancellationToken.None);
    }

    /// <summary>Where rows are written. After each, <see cref="Flush"/>.</summary>
    public Buffer Current { get; private set; } = new(SendAt + 64 * 1024);

    /// <summary>Begins.</summary>
    /// <param name="database">Connections.</param>
    /// <param name="quoted">The table for SQL.</param>
    /// <param name="columns">The columns in the order of the rows, not quoted.</param>
    /// <param name="alone">Nothing else fills the table meanwhile: it is emptied first, and its rows are written as frozen.</param>
    /// <param name="stop">Cancels.</param>
    public static async Task<CopySink> OpenAsync(NpgsqlDataSource database, string quoted, IEnumerable<string> columns, bool alone, CancellationToken stop)
    {
        var connection = await database.OpenConnectionAsync(stop);
        try
        {
            var transaction = await connection.BeginTransactionAsync(stop);
            if (alone)
            {
                await using var truncate = new NpgsqlCommand($"truncate {quoted}", connection);
                await truncate.ExecuteNonQueryAsync(stop);
            }
            var list = string.Join(", ", columns.Select(Sql.Quote));
            var stream = await connection.BeginRawBinaryCopyAsync($"copy {quoted} ({list}) from stdin (format binary{(alone ? ", freeze" : "")})", stop);
            return new CopySink(connection, transaction, stream, stop);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Hands over what was written, when it is enough.</summary>
    public void Flush()
    {
        if (Current.Length >= SendAt)
        {
            Send();
        }
    }

    /// <summary>Sends the rest and commits.</summary>
    public async Task CompleteAsync()
    {
        Current.Int16(-1);
        Send();
        _full.Writer.Complete();
        await _sending;
        await _stream.DisposeAsync();
        await _transaction.CommitAsync(_stop);
        _complete = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_complete)
        {
            _full.Writer.TryComplete();
            await _sending.ContinueWith(_ => { }, TaskScheduler.Default);
            try
            {
                await _stream.CancelAsync();
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException or OperationCanceledException)
            {
                // COPY ends with the error that brought us here, or with the cancellation that was asked for.
            }
        }
        await _connection.DisposeAsync();
    }

    private void Send()
    {
        if (!_full.Writer.TryWrite(Current) && !WaitAndWrite(Current))
        {
            // The sender has failed: its exception says why.
            _sending.GetAwaiter().GetResult();
        }
        Current = _empty.TryTake(out var reused) ? reused : new Buffer(SendAt + 64 * 1024);
        Current.Clear();
    }

    private bool WaitAndWrite(Buffer buffer)
    {
        while (_full.Writer.WaitToWriteAsync().AsTask().GetAwaiter().GetResult())
        {
            if (_full.Writer.TryWrite(buffer))
            {
                return true;
            }
        }
        return false;
    }

    private async Task SendAsync()
    {
        try
        {
            await foreach (var buffer in _full.Reader.ReadAllAsync(_stop))
            {
                await _stream.WriteAsync(buffer.Memory, _stop);
                _empty.Add(buffer);
            }
        }
        catch
        {
            _full.Writer.TryComplete();
            throw;
        }
    }
}
