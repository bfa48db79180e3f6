namespace Backend.MongoImport.Sources;

/// <summary>A stream that can only be read once, and whose first bytes have been looked at.</summary>
internal sealed class PeekedStream : Stream
{
    private readonly Stream _stream;
    private readonly byte[] _head;
    private readonly int _headLength;
    private int _taken;

    public PeekedStream(Stream stream, int peek)
    {
        _stream = stream;
        _head = new byte[peek];
        _headLength = stream.ReadAtLeast(_head, peek, throwOnEndOfStream: false);
    }

    /// <summary>The first bytes; fewer than asked for when there are no more.</summary>
    public ReadOnlySpan<byte> Head => _head.AsSpan(0, _headLength);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        if (_taken == _headLength)
        {
            return _stream.Read(buffer);
        }
        var length = Math.Min(buffer.Length, _headLength - _taken);
        _head.AsSpan(_taken, length).CopyTo(buffer);
        _taken += length;
        return length;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stream.Dispose();
        }
        base.Dispose(disposing);
    }
}
