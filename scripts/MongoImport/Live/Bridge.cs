using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Live;

/// <summary>
/// The child process that speaks to MongoDB (scripts/mongo-bridge): one request at a time, answers in frames. The child ends when its input does, so it
/// outlives nobody; a cancelled call ends it, and then the bridge is of no further use.
/// </summary>
internal sealed class Bridge : IAsyncDisposable
{
    /// <summary>The version of the protocol that both sides must speak.</summary>
    private const int ProtocolVersion = 1;

    private const int KeptOfErrors = 4096;
    private static readonly TimeSpan ToLeave = TimeSpan.FromSeconds(3);

    private readonly Process _process;
    private readonly Stream _input;
    private readonly Stream _output;
    private readonly Task _errors;
    private readonly StringBuilder _errorText = new();
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(1024 * 1024);

    private Bridge(Process process, LiveAddress address)
    {
        _process = process;
        Address = address;
        _input = process.StandardInput.BaseStream;
        _output = process.StandardOutput.BaseStream;
        _errors = CollectErrorsAsync(process.StandardError);
    }

    /// <summary>The server, and the database that was chosen.</summary>
    public LiveAddress Address { get; private set; }

    /// <summary>What the server said about itself.</summary>
    public BridgeHello Hello { get; private set; } = null!;

    /// <summary>The child's process id.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts the child and connects.</summary>
    /// <param name="address">The server.</param>
    /// <param name="position">Whether <see cref="BridgeHello.Position"/> is wanted.</param>
    /// <param name="stop">Ends the child.</param>
    /// <exception cref="SourceException">Node or its packages are missing.</exception>
    /// <exception cref="BridgeException">The server cannot be used.</exception>
    public static async Task<Bridge> OpenAsync(LiveAddress address, bool position, CancellationToken stop)
    {
        var bridge = new Bridge(Start(), address);
        try
        {
            var hello = new BsonWriter();
            hello.Begin();
            hello.Element(BsonType.Int32, "protocol"u8);
            hello.Int32(ProtocolVersion);
            hello.Element(BsonType.Text, "uri"u8);
            hello.Text(Encoding.UTF8.GetBytes(address.Uri));
            if (address.Database is { } database)
            {
                hello.Element(BsonType.Text, "database"u8);
                hello.Text(Encoding.UTF8.GetBytes(database));
            }
            hello.Element(BsonType.Boolean, "position"u8);
            hello.Byte(position ? (byte)1 : (byte)0);
            hello.End();
            await bridge.SendAsync('H', hello.Written.ToArray(), stop);
            bridge.Hello = BridgeHello.Read((await bridge.ReceiveAsync(stop, 'h')).Head().Span);
            if (bridge.Hello.Protocol != ProtocolVersion)
            {
                throw new BridgeException(BridgeException.Protocol, $"the bridge speaks version {bridge.Hello.Protocol} of the protocol, not {ProtocolVersion}");
            }
            bridge.Address = LiveAddress.Parse(address.Uri, bridge.Hello.Database);
            return bridge;
        }
        catch
        {
            await bridge.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends a request.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="payload">Its documents.</param>
    /// <param name="stop">Ends the child.</param>
    public async Task SendAsync(char kind, ReadOnlyMemory<byte> payload, CancellationToken stop)
    {
        using var killing = stop.Register(Kill);
        var header = new byte[BridgeFrame.HeaderSize];
        BinaryPrimitives.WriteInt32LittleEndian(header, payload.Length);
        header[4] = (byte)kind;
        try
        {
            await _input.WriteAsync(header, CancellationToken.None);
            await _input.WriteAsync(payload, CancellationToken.None);
            await _input.FlushAsync(CancellationToken.None);
        }
        catch (IOException e)
        {
            stop.ThrowIfCancellationRequested();
            throw await EndedAsync(e);
        }
    }

    /// <summary>Receives the next answer.</summary>
    /// <param name="stop">Ends the child.</param>
    /// <param name="expected">The kinds that may come.</param>
    /// <exception cref="BridgeException">The bridge reports an error, or has ended.</exception>
    public async ValueTask<BridgeFrame> ReceiveAsync(CancellationToken stop, params char[] expected)
    {
        // A read of a pipe cannot be cancelled; the end of the child ends it.
        using var killing = stop.Register(Kill);
        var header = new byte[BridgeFrame.HeaderSize];
        await FillAsync(header, stop);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header);
        if (length > BridgeFrame.LargestPayload)
        {
            throw new BridgeException(BridgeException.Protocol, $"a frame of {length} bytes is over the limit");
        }
        if (length > _buffer.Length)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = ArrayPool<byte>.Shared.Rent((int)length);
        }
        await FillAsync(_buffer.AsMemory(0, (int)length), stop);
        var frame = new BridgeFrame((char)header[4], _buffer.AsMemory(0, (int)length));
        if (frame.Kind == 'x')
        {
            var error = frame.Head().Span;
            throw new BridgeException(BridgeFrame.Text(error, "kind"u8) ?? BridgeException.Protocol, BridgeFrame.Text(error, "message"u8) ?? "", (int?)BridgeFrame.Number(error, "code"u8));
        }
        return expected.Contains(frame.Kind)
            ? frame
            : throw new BridgeException(BridgeException.Protocol, $"an answer of kind {frame.Kind} came where {string.Join(" or ", expected)} was due");
    }

    public async ValueTask DisposeAsync()
    {
        // The end of its input ends it.
        try
        {
            _input.Close();
        }
        catch (IOException)
        {
            // It has ended already, and what was still to be written does not matter.
        }
        using var patience = new CancellationTokenSource(ToLeave);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }
        await _errors;
        _process.Dispose();
        ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref _buffer, []));
    }

    private static Process Start()
    {
        var folder = BridgeFolder.Find();
        var start = new ProcessStartInfo("node", ["--no-warnings", Path.Combine(folder, "bridge.mjs")])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = Encoding.UTF8,
        };
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException("node did not start");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new SourceException("A live MongoDB is read with Node.js (18.20 or later), which is missing: apt-get install nodejs npm", e);
        }
    }

    private async ValueTask FillAsync(Memory<byte> to, CancellationToken stop)
    {
        var read = 0;
        try
        {
            read = await _output.ReadAtLeastAsync(to, to.Length, throwOnEndOfStream: false, CancellationToken.None);
        }
        catch (IOException e)
        {
            stop.ThrowIfCancellationRequested();
            throw await EndedAsync(e);
        }
        if (read < to.Length)
        {
            stop.ThrowIfCancellationRequested();
            throw await EndedAsync(null);
        }
    }

    private async Task<BridgeException> EndedAsync(Exception? e)
    {
        Kill();
        await _errors;
        string text;
        lock (_errorText)
        {
            text = _errorText.ToString().Trim();
        }
        var said = text.Length > 0 ? text : e?.Message ?? "no reason given";
        return new BridgeException(BridgeException.Protocol, $"the process ended: {said}");
    }

    private void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    private async Task CollectErrorsAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (_errorText)
            {
                _errorText.AppendLine(line);
                if (_errorText.Length > KeptOfErrors)
                {
                    _errorText.Remove(0, _errorText.Length - KeptOfErrors);
                }
            }
        }
    }
}
