using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Backend.Data.Caching;

/// <summary>
/// One connection to one server. Commands are written as they come, without waiting for the answers before them (pipelining); answers come in the
/// same order. After the first fault it is broken for good, and everything that waits is told that the server is down.
/// </summary>
internal sealed class MemcachedLink
{
    private const int MaxWaiting = 16_384;

    private readonly Socket _socket;
    private readonly int _maxValueBytes;
    private readonly Channel<Command> _outgoing = Channel.CreateBounded<Command>(MaxWaiting);
    private readonly ConcurrentQueue<Command> _sent = new();
    private int _broken;

    private MemcachedLink(Socket socket, int maxValueBytes)
    {
        _socket = socket;
        _maxValueBytes = maxValueBytes;
        var stream = new NetworkStream(socket, ownsSocket: true);
        _ = WriteAsync(PipeWriter.Create(stream));
        _ = ReadAsync(PipeReader.Create(stream));
    }

    public bool IsBroken => Volatile.Read(ref _broken) != 0;

    public static async Task<MemcachedLink> ConnectAsync(string host, int port, int maxValueBytes, TimeSpan timeout)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using var late = new CancellationTokenSource(timeout);
            await socket.ConnectAsync(host, port, late.Token);
            return new MemcachedLink(socket, maxValueBytes);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a command and waits for its answer at most this long: a server that is slower is given up.</summary>
    public async Task<MemcachedReply> SendAsync(byte[] request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var command = new Command(request);
        if (!_outgoing.Writer.TryWrite(command))
            return default;
        // Broken between the two: nobody else would answer it.
        if (IsBroken)
            command.Reply.TrySetResult(default);
        try
        {
            return await command.Reply.Task.WaitAsync(timeout, cancellationToken);
        }
        catch (TimeoutException)
        {
            Break();
            return default;
        }
    }

    /// <summary>Closes the connection and answers everything that waits.</summary>
    public void Break()
    {
        if (Interlocked.Exchange(ref _broken, 1) != 0)
            return;
        _outgoing.Writer.TryComplete();
        _socket.Dispose();
        while (_outgoing.Reader.TryRead(out var command))
            command.Reply.TrySetResult(default);
        while (_sent.TryDequeue(out var command))
            command.Reply.TrySetResult(default);
    }

    private async Task WriteAsync(PipeWriter writer)
    {
        try
        {
            while (await _outgoing.Reader.WaitToReadAsync())
            {
                while (_outgoing.Reader.TryRead(out var command))
                {
                    // First among those that wait, then on the wire: its answer cannot come before.
                    _sent.Enqueue(command);
                    writer.Write(command.Request);
                }

                await writer.FlushAsync();
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            Break();
        }

        while (IsBroken && _sent.TryDequeue(out var command))
            command.Reply.TrySetResult(default);
    }

    private async Task ReadAsync(PipeReader reader)
    {
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync();
                var buffer = read.Buffer;
                while (!buffer.IsEmpty && MemcachedReply.TryRead(ref buffer, _maxValueBytes, out var reply))
                {
                    if (!_sent.TryDequeue(out var command))
                        throw new InvalidDataException("An answer without a question.");
                    command.Reply.TrySetResult(reply);
                }

                reader.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                    break;
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidDataException or InvalidOperationException)
        {
            // Told apart by nobody: a server that cannot be used is down.
        }

        Break();
    }

    private sealed class Command(byte[] request)
    {
        public byte[] Request { get; } = request;

        public TaskCompletionSource<MemcachedReply> Reply { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
