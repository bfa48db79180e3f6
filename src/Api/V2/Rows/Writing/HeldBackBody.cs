using System.Buffers;
using Backend.Data.Limits;

namespace Backend.Api.V2.Rows.Writing;

/// <summary>
/// The answer's body, held back until it is whole or longer than <see cref="Limit"/>: until then an error still has its status, and headers can
/// say what only the last row tells (docs/decisions/007). Beyond the limit it streams; for a client that takes what is sent more slowly than rows are read the rest waits
/// here (<see cref="WaitingBytes"/>).
/// </summary>
internal sealed class HeldBackBody(HttpResponse response) : IBufferWriter<byte>, IDisposable
{
    /// <summary>How many bytes are held back.</summary>
    public const int Limit = 1024 * 1024;

    private const int BlockSize = 16 * 1024;

    private readonly List<(byte[] Block, int Length)> _full = [];
    private byte[] _block = ArrayPool<byte>.Shared.Rent(BlockSize);
    private int _used;
    private int _heldBack;
    private Task? _sending;
    private int _waiting;
    private bool _isSlow;

    /// <summary>Whether part of the body is on its way.</summary>
    public bool HasStarted { get; private set; }

    public bool IsOverLimit => _heldBack + _used > Limit;

    public void Advance(int count) => _used += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _block.AsMemory(_used);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _block.AsSpan(_used);
    }

    /// <summary>Whether what is over the limit is to be sent now: not while a slow client still takes what was sent before and there is room for more.</summary>
    public async ValueTask<bool> IsDueAsync()
    {
        if (!IsOverLimit || _sending is not { IsCompleted: false } before)
            return IsOverLimit;
        _isSlow = _isSlow || !await WaitingBytes.IsTakenSoonAsync(before);
        return before.IsCompleted || !MayWait();
    }

    /// <summary>Sends what is held back, after what is on its way, and does not wait for it to be taken; the headers must be set.</summary>
    public async ValueTask SendAsync(CancellationToken cancellation)
    {
        HasStarted = true;
        if (_sending is { } before)
        {
            _sending = null;
            await before;
        }

        foreach (var (block, length) in _full)
            response.BodyWriter.Write(block.AsSpan(0, length));
        response.BodyWriter.Write(_block.AsSpan(0, _used));
        Forget();
        var sending = response.BodyWriter.FlushAsync(cancellation);
        if (!sending.IsCompletedSuccessfully)
            _sending = sending.AsTask();
    }

    /// <summary>Sends the whole body with its length, unless the request was a HEAD.</summary>
    public async ValueTask FinishAsync(bool isHead, CancellationToken cancellation)
    {
        if (!HasStarted)
            response.ContentLength = _heldBack + _used;
        if (isHead)
            return;
        await SendAsync(cancellation);
        if (_sending is { } last)
            await last;
    }

    public void Dispose()
    {
        Forget();
        ArrayPool<byte>.Shared.Return(_block);
    }

    private void Forget()
    {
        foreach (var (block, _) in _full)
            ArrayPool<byte>.Shared.Return(block);
        _full.Clear();
        _heldBack = _used = 0;
        WaitingBytes.Give(_waiting);
        _waiting = 0;
    }

    private bool MayWait()
    {
        var more = _heldBack + _used - _waiting;
        if (_waiting + more > WaitingBytes.MostOfOne || !WaitingBytes.TryTake(more))
            return false;
        _waiting += more;
        return true;
    }

    private void MakeRoom(int sizeHint)
    {
        if (_block.Length - _used >= Math.Max(sizeHint, 1))
            return;
        _full.Add((_block, _used));
        _heldBack += _used;
        _block = ArrayPool<byte>.Shared.Rent(Math.Max(BlockSize, sizeHint));
        _used = 0;
    }
}
