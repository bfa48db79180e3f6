using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Oplogs;

/// <summary>Reads the entries of an oplog one by one.</summary>
internal sealed class OplogReader(SourceCollection oplog) : IDisposable
{
    private readonly DocumentReader _reader = oplog.Open();
    private DocumentBlock? _block;
    private int _at;

    /// <summary>The next entry; null at the end.</summary>
    /// <exception cref="SourceException">It is damaged.</exception>
    public OplogEntry? Next()
    {
        try
        {
            while (true)
            {
                if (_block is null)
                {
                    if (_reader.Read() is not { } next)
                    {
                        return null;
                    }
                    (_block, _at) = (next, 0);
                }
                if (_block.TryTake(ref _at, out var document))
                {
                    return OplogEntry.Read(document);
                }
                _block.Dispose();
                _block = null;
            }
        }
        catch (SourceDamagedException e)
        {
            throw new SourceException(e.Message, e);
        }
        catch (BsonFormatException e)
        {
            throw new SourceException($"{oplog.Path}: an entry cannot be decoded: {e.Message}", e);
        }
    }

    public void Dispose()
    {
        _block?.Dispose();
        _reader.Dispose();
    }
}
