using System.Buffers;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Json;

namespace Backend.MongoImport.Sources;

/// <summary>Reads a file of exported JSON as a stream and hands out BSON. Memory is bounded by the largest document, not by the file.</summary>
internal sealed class JsonBlockReader(Stream stream, string path) : DocumentReader
{
    private readonly JsonDocumentSplitter _splitter = new();
    private readonly JsonToBson _converter = new();
    private readonly BsonWriter _writer = new();
    private byte[] _buffer = new byte[BlockSize];
    private int _start;
    private int _filled;
    private long _position;
    private long _documents;
    private bool _final;

    public override DocumentBlock? Read()
    {
        _writer.Clear();
        var count = 0;
        var offset = _position;
        var first = _documents + 1;
        while (_writer.Length < BlockSize && TryNext(out var start, out var length))
        {
            if (count == 0)
            {
                offset = _position + start;
                first = _documents + 1;
            }
            _documents++;
            var text = _buffer.AsSpan(_start + start, length);
            try
            {
                _converter.Convert(text, _writer);
                count++;
            }
            catch (JsonSyntaxException e)
            {
                Rejected?.Invoke(new Rejection(path, _position + start, _documents, $"{e.Message} (byte {e.Offset} of the document)", text.ToArray()));
                Skip(start + length);
                if (count > 0)
                {
                    // Numbers in a block are consecutive.
                    break;
                }
                continue;
            }
            Skip(start + length);
        }
        if (count == 0)
        {
            return null;
        }
        var rented = ArrayPool<byte>.Shared.Rent(_writer.Length);
        _writer.Written.CopyTo(rented);
        return new DocumentBlock(rented, 0, _writer.Length, path, offset, first, count);
    }

    protected override void Dispose(bool disposing) => stream.Dispose();

    private bool TryNext(out int start, out int length)
    {
        while (true)
        {
            try
            {
                if (_splitter.TryNext(_buffer.AsSpan(_start, _filled - _start), _final, out start, out length))
                {
                    return true;
                }
            }
            catch (JsonSyntaxException e)
            {
                throw new SourceDamagedException(path, _position + e.Offset, _documents + 1, e.Message, e);
            }
            Skip(start);
            if (_final)
            {
                return _splitter.MayEnd
                    ? false
                    : throw new SourceDamagedException(path, _position + (_filled - _start), _documents + 1, "the data end inside of a document or list");
            }
            Fill();
        }
    }

    private void Skip(int bytes)
    {
        _start += bytes;
        _position += bytes;
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _filled - _start).CopyTo(_buffer);
            _filled -= _start;
            _start = 0;
        }
        if (_filled == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
        int read;
        try
        {
            read = stream.Read(_buffer.AsSpan(_filled));
        }
        catch (InvalidDataException e)
        {
            throw new SourceDamagedException(path, _position + _filled, _documents + 1, "the compressed data are broken: " + e.Message, e);
        }
        _filled += read;
        _final = read == 0;
    }
}
