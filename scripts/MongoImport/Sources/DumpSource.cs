using System.IO.Compression;
using Backend.MongoImport.Live;
using Backend.MongoImport.Oplogs;

namespace Backend.MongoImport.Sources;

/// <summary>The source cannot be used as it was named: a sentence for the operator.</summary>
internal sealed class SourceException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What an operator names: a folder, an archive, one file, or standard input.</summary>
internal abstract class DumpSource : IDisposable
{
    // Without it GZipStream takes a file that was cut off for a whole one.
    static DumpSource() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    /// <summary>For the report: what it is and where.</summary>
    public abstract string Description { get; }

    /// <summary>Bytes to go through once, as far as known; 0 when not.</summary>
    public abstract long Size { get; }

    /// <summary>
    /// Whether the documents are in the form of the REST API (an export) and not in that of the database: <c>objectId</c>, <c>ACL</c>,
    /// <c>__type</c>.
    /// </summary>
    public abstract bool IsExport { get; }

    /// <summary>Collections whose documents <see cref="Scan"/> hands out; what is not wanted is not even read, where that can be helped.</summary>
    public Func<SourceCollection, bool> Wanted { get; set; } = _ => true;

    /// <summary>
    /// Where the changes begin that are not in the documents (<see cref="LiveChangeSource"/>, <see cref="OplogPosition"/>); null for a source that does not change, or tells of no
    /// changes. Known after <see cref="Scan"/>.
    /// </summary>
    public virtual byte[]? Position => Oplog is { } oplog && Collections.Count > 0 ? OplogPosition.Before(oplog, Collections[0].Database)?.ToBytes() : null;

    /// <summary>The oplog that the dump brought along (<c>mongodump --oplog</c>); null when there is none. Known after <see cref="Scan"/>.</summary>
    public virtual SourceCollection? Oplog => null;

    /// <summary>Told a sentence for the operator when something happens on the way.</summary>
    public virtual Action<string>? Say { get; set; }

    /// <summary>Whether <see cref="Collections"/> can be read only after <see cref="Scan"/>.</summary>
    public virtual bool NeedsScan => true;

    /// <summary>
    /// Goes through everything once. Afterwards <see cref="Collections"/> is complete and damage is marked where it is. Blocks come from
    /// one thread for each collection, and the callee disposes of them.
    /// </summary>
    public abstract void Scan(Action<SourceCollection, DocumentBlock> block, CancellationToken stop);

    /// <summary>The collections; complete after <see cref="Scan"/>.</summary>
    public abstract IReadOnlyList<SourceCollection> Collections { get; }

    /// <summary>Finds out what <paramref name="path"/> is.</summary>
    /// <param name="path">A folder, a file, <c>-</c> for standard input, or the connection string of a live MongoDB.</param>
    /// <param name="database">Which database, when the source holds several.</param>
    /// <param name="temporary">Where standard input, unpacked archives and what a live MongoDB holds are put for the time of the import.</param>
    /// <exception cref="SourceException">There is nothing that can be imported.</exception>
    public static DumpSource Open(string path, string? database, string temporary)
    {
        if (path == "-")
        {
            return new ArchiveSource(Console.OpenStandardInput(), "standard input", database, temporary);
        }
        if (LiveAddress.Is(path))
        {
            return new LiveSource(LiveAddress.Parse(path, database), temporary);
        }
        if (Directory.Exists(path))
        {
            return FolderSource.Open(path, database);
        }
        if (!File.Exists(path))
        {
            throw new SourceException($"{path}: there is no such file or folder");
        }
        if (StartsAsArchive(path))
        {
            return ArchiveSource.OfFile(path, database, temporary);
        }
        return FolderSource.OfFile(path) ?? throw new SourceException(
            $"{path}: neither a mongodump archive nor a .bson or .json file{(path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) ? "; CSV loses types and is not read" : "")}");
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Opens a file for reading from front to back, unpacked when it is compressed.</summary>
    protected static Stream OpenFile(string path)
    {
        var file = new FileStream(path, new FileStreamOptions { BufferSize = 0, Options = FileOptions.SequentialScan });
        Span<byte> magic = stackalloc byte[3];
        var packed = file.ReadAtLeast(magic, 3, throwOnEndOfStream: false) == 3 && magic.SequenceEqual(ArchiveFormat.GzipMagic);
        file.Position = 0;
        return packed ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    private static bool StartsAsArchive(string path)
    {
        using var stream = OpenFile(path);
        Span<byte> magic = stackalloc byte[4];
        try
        {
            return stream.ReadAtLeast(magic, 4, throwOnEndOfStream: false) == 4 && magic.SequenceEqual(ArchiveFormat.Magic);
        }
        catch (InvalidDataException e)
        {
            throw new SourceException($"{path}: the compressed data are broken: {e.Message}", e);
        }
    }
}
