using System.Collections.Immutable;
using Microsoft.Win32.SafeHandles;

namespace Backend.MongoImport.Sources;

/// <summary>A stretch of a file.</summary>
internal readonly record struct Segment(long Offset, long Length);

/// <summary>Bytes in stretches: a whole file is one stretch, a collection in an archive is many. No document reaches over a stretch's end.</summary>
internal abstract class ByteInput : IDisposable
{
    public abstract string Path { get; }

    /// <summary>Where the next byte lies in the file.</summary>
    public abstract long Position { get; }

    /// <summary>Reads up to the end of the stretch; 0 there.</summary>
    public abstract int Read(Span<byte> to);

    /// <summary>Goes to the next stretch; false when there is none.</summary>
    public abstract bool NextSegment();

    public abstract void Dispose();
}

/// <summary>One stretch: a file, or what a compressed file unpacks to.</summary>
internal sealed class StreamInput(Stream stream, string path) : ByteInput
{
    private long _position;

    public override string Path => path;

    public override long Position => _position;

    public override int Read(Span<byte> to)
    {
        try
        {
            var read = stream.Read(to);
            _position += read;
            return read;
        }
        catch (InvalidDataException e)
        {
            throw new SourceDamagedException(path, _position, 0, "the compressed data are broken: " + e.Message, e);
        }
    }

    public override bool NextSegment() => false;

    public override void Dispose() => stream.Dispose();
}

/// <summary>Many stretches of one file.</summary>
internal sealed class SegmentInput(string file, string path, ImmutableArray<Segment> segments) : ByteInput
{
    private readonly SafeFileHandle _handle = File.OpenHandle(file, options: FileOptions.SequentialScan);
    private int _segment;
    private long _done;

    public override string Path => path;

    public override long Position => _segment < segments.Length ? segments[_segment].Offset + _done : 0;

    public override int Read(Span<byte> to)
    {
        if (_segment >= segments.Length)
        {
            return 0;
        }
        var left = segments[_segment].Length - _done;
        var read = RandomAccess.Read(_handle, to.Length > left ? to[..(int)left] : to, Position);
        _done += read;
        return read;
    }

    public override bool NextSegment()
    {
        _done = 0;
        return ++_segment < segments.Length;
    }

    public override void Dispose() => _handle.Dispose();
}
