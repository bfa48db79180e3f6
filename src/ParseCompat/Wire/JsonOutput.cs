using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Backend.Data.Limits;
using Backend.Data.Values;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.ObjectPool;

namespace Backend.ParseCompat.Wire;

/// <summary>
/// Where an answer is written: a buffer that a JSON writer fills. Bound to an HTTP response, it starts sending when 64 KB are full, so that
/// an error before that still gets its own status (design section 4); unbound (a batch's sub-request), it keeps everything. For a client that takes what is
/// sent more slowly than it is written the rest waits here, so that rows are read to their end and their connection is free (<see cref="WaitingBytes"/>).
/// </summary>
internal sealed class JsonOutput : IBufferWriter<byte>
{
    /// <summary>So much is held back before the status is sent.</summary>
    public const int HeldBack = 64 * 1024;

    /// <summary>Escapes what Node's JSON.stringify escapes, not more.</summary>
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = 10_000 };

    private static readonly ObjectPool<JsonOutput> Pool = new DefaultObjectPool<JsonOutput>(new Policy(), Environment.ProcessorCount * 8);

    private byte[] _buffer = new byte[4096];
    private int _written;
    private HttpResponse? _response;
    private Task? _sending;
    private int _waiting;
    private bool _isSlow;

    private JsonOutput() => Json = new Utf8JsonWriter(this, Options);

    /// <summary>The writer.</summary>
    public Utf8JsonWriter Json { get; }

    /// <summary>What was written and not yet sent; flush <see cref="Json"/> first.</summary>
    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, _written);

    /// <summary>Whether the status has been sent, so that an error can no longer change it.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>Takes an output from the pool.</summary>
    public static JsonOutput Rent(HttpResponse? response = null)
    {
        var output = Pool.Get();
        output._response = response;
        return output;
    }

    /// <summary>An answer's JSON, for the few that are made of another one. Copy of it what is wanted as raw JSON: half a character has no text.</summary>
    public static async ValueTask<JsonElement> ReadAsync(ParseResponse response, CancellationToken cancellation)
    {
        var output = Rent();
        try
        {
            await response.WriteAsync(output, cancellation);
            await output.Json.FlushAsync(cancellation);
            var reader = new Utf8JsonReader(output.Written.Span, new JsonReaderOptions { MaxDepth = NestedJson.MaxDepth + 20 });
            return JsonElement.ParseValue(ref reader);
        }
        finally
        {
            output.Return();
        }
    }

    /// <summary>Gives it back; nothing of it may be used afterwards.</summary>
    public void Return() => Pool.Return(this);

    /// <summary>To be called between rows: sends what is there once it is more than what is held back.</summary>
    public ValueTask BreatheAsync(CancellationToken cancellation)
    {
        if (Json.BytesPending + _written < HeldBack)
            return ValueTask.CompletedTask;
        Json.Flush();
        if (_response is null)
            return ValueTask.CompletedTask;
        return _sending is { IsCompleted: false } before ? SendOrWaitAsync(before, cancellation) : SendAsync(cancellation);
    }

    /// <summary>Sends all that is there; the first call sends the status.</summary>
    public async ValueTask FinishAsync(CancellationToken cancellation)
    {
        await Json.FlushAsync(cancellation);
        if (!HasStarted)
            _response!.ContentLength = _written;
        await SendAsync(cancellation);
        if (_sending is { } last)
            await last;
    }

    /// <summary>Drops what was written and not sent.</summary>
    public void Discard()
    {
        Json.Reset(this);
        _written = 0;
    }

    /// <inheritdoc/>
    public void Advance(int count) => _written += count;

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsMemory(_written);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsSpan(_written);
    }

    // Hands over what was written once all before it is on its way, and does not wait for it to be taken.
    private async ValueTask SendAsync(CancellationToken cancellation)
    {
        HasStarted = true;
        if (_sending is { } before)
        {
            _sending = null;
            await before;
        }

        _response!.BodyWriter.Write(Written.Span);
        _written = 0;
        StopWaiting();
        var sending = _response.BodyWriter.FlushAsync(cancellation);
        if (!sending.IsCompletedSuccessfully)
            _sending = sending.AsTask();
    }

    private async ValueTask SendOrWaitAsync(Task before, CancellationToken cancellation)
    {
        _isSlow = _isSlow || !await WaitingBytes.IsTakenSoonAsync(before);
        if (before.IsCompleted || !MayWait())
            await SendAsync(cancellation);
    }

    private bool MayWait()
    {
        var more = _written - _waiting;
        if (_written > WaitingBytes.MostOfOne || !WaitingBytes.TryTake(more))
            return false;
        _waiting += more;
        return true;
    }

    private void StopWaiting()
    {
        if (_waiting > 0)
            WaitingBytes.Give(_waiting);
        _waiting = 0;
    }

    private void Reserve(int sizeHint)
    {
        var wanted = _written + Math.Max(sizeHint, 256);
        if (wanted > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(wanted, _buffer.Length * 2));
    }

    private sealed class Policy : PooledObjectPolicy<JsonOutput>
    {
        public override JsonOutput Create() => new();

        public override bool Return(JsonOutput output)
        {
            output.StopWaiting();
            output._sending = null;
            output._isSlow = false;
            if (output._buffer.Length > 4 * HeldBack)
                return false;
            output.Discard();
            output._response = null;
            output.HasStarted = false;
            return true;
        }
    }
}
