using System.Buffers;
using System.Collections.Immutable;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Backend.MongoImport.Bson;

namespace Backend.MongoImport.Sources;

/// <summary>
/// An archive of mongodump (4.2). The first pass notes where each collection's documents lie and checks framing and CRC; afterwards each
/// collection is read by itself, however its blocks interleave. What cannot be read twice (standard input, compressed) is put, unpacked, into
/// a temporary file on the way.
/// </summary>
internal sealed class ArchiveSource : DumpSource
{
    private readonly Stream _stream;
    private readonly string _path;
    private readonly string? _database;
    private readonly string? _copy;
    private readonly Dictionary<(string, string), Entry> _entries = [];
    private List<SourceCollection>? _collections;

    public ArchiveSource(Stream stream, string path, string? database, string temporary)
        : this(Unpacked(stream), path, database, CopyPath(temporary), 0)
    {
    }

    private ArchiveSource(Stream stream, string path, string? database, string? copy, long size)
    {
        _stream = stream;
        _path = path;
        _database = database;
        _copy = copy;
        Size = size;
    }

    public override string Description => $"mongodump archive {_path}";

    public override bool IsExport => false;

    public override long Size { get; }

    // The prelude names them, so that they are known as soon as the scan has come to documents.
    public override IReadOnlyList<SourceCollection> Collections => _collections ?? [.. Chosen().Select(entry => entry.Collection)];

    public override SourceCollection? Oplog => _entries.GetValueOrDefault(("", "oplog"))?.Collection;

    /// <summary>Opens an archive that lies in a file; it is copied only if it is compressed.</summary>
    public static ArchiveSource OfFile(string path, string? database, string temporary)
    {
        var stream = OpenFile(path);
        return new(stream, path, database, stream is FileStream ? null : CopyPath(temporary), new FileInfo(path).Length);
    }

    public override void Scan(Action<SourceCollection, DocumentBlock> block, CancellationToken stop)
    {
        using var copy = _copy is null ? null : PrivateFile.Create(_copy, FileMode.CreateNew);
        var archive = new ArchiveStream(_stream, _path, copy);
        try
        {
            if (!archive.Take(4).SequenceEqual(ArchiveFormat.Magic))
            {
                throw new SourceException($"{_path}: not a mongodump archive");
            }
            Prelude(archive);
            if (_entries.Count > 0)
            {
                // Whoever takes the blocks may want to know what else there is, a prefix of all names, say.
                _collections = [.. Chosen().Select(entry => entry.Collection)];
            }
            while (archive.PeekLength() is { } length)
            {
                stop.ThrowIfCancellationRequested();
                Block(archive, length, block);
            }
        }
        catch (SourceDamagedException e)
        {
            if (_entries.Count == 0)
            {
                throw new SourceException(e.Message, e);
            }
            // Behind the damage nothing can be found again: every collection that has not been seen to its end is in doubt.
            foreach (var entry in _entries.Values.Where(entry => !entry.Ended))
            {
                entry.Collection.Damage ??= new SourceDamagedException(e.Path, e.Offset, entry.Documents + 1, e.Reason, e);
            }
        }
        foreach (var entry in _entries.Values.Where(entry => !entry.Ended))
        {
            entry.Collection.Damage ??= archive.Damaged("the archive ends before this collection does", entry.Documents + 1);
        }
        _collections = [.. Chosen().Select(entry => entry.Collection)];
    }

    protected override void Dispose(bool disposing)
    {
        _stream.Dispose();
        if (_copy is not null)
        {
            File.Delete(_copy);
        }
    }

    private static Stream Unpacked(Stream stream)
    {
        var peeked = new PeekedStream(stream, 3);
        return peeked.Head.SequenceEqual(ArchiveFormat.GzipMagic) ? new GZipStream(peeked, CompressionMode.Decompress) : peeked;
    }

    private static string CopyPath(string temporary) => Path.Combine(temporary, $"import-mongo-{Guid.NewGuid():n}.archive");

    private void Prelude(ArchiveStream archive)
    {
        archive.TakeDocument(archive.PeekLength() ?? throw archive.Damaged("the prelude is missing"));
        while (archive.PeekLength() is { } length)
        {
            if (length == ArchiveFormat.Terminator)
            {
                archive.Take(4);
                return;
            }
            var header = Header.Read(archive, length);
            CollectionMetadata metadata;
            try
            {
                metadata = CollectionMetadata.Parse(Encoding.UTF8.GetBytes(header.Metadata));
            }
            catch (JsonException e)
            {
                throw archive.Damaged($"the metadata of {header.Collection} cannot be read: {e.Message}", inner: e);
            }
            Find(header, metadata);
        }
    }

    private void Block(ArchiveStream archive, uint length, Action<SourceCollection, DocumentBlock> block)
    {
        var header = Header.Read(archive, length);
        var entry = Find(header, CollectionMetadata.None);
        if (header.Eof)
        {
            entry.Ended = true;
            // Tools before CRC came write 0.
            if (header.Crc != 0 && (ulong)header.Crc != entry.Crc.Value)
            {
                entry.Collection.Damage ??= archive.Damaged("the check sum (CRC) of this collection's data is wrong", entry.Documents);
            }
        }
        var wanted = Wanted(entry.Collection);
        while (Documents(archive, entry, header.Eof, wanted, block))
        {
        }
    }

    // Takes as many whole documents as are at hand; false after the block's terminator.
    private static bool Documents(ArchiveStream archive, Entry entry, bool eof, bool wanted, Action<SourceCollection, DocumentBlock> block)
    {
        var length = archive.PeekLength() ?? throw archive.Damaged("the data end inside of a block", entry.Documents + 1);
        if (length == ArchiveFormat.Terminator)
        {
            archive.Take(4);
            return false;
        }
        if (eof)
        {
            throw archive.Damaged("documents follow a collection's end", entry.Documents + 1);
        }
        var offset = archive.Position;
        var first = entry.Documents + 1;
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(DocumentReader.BlockSize, length <= DocumentReader.LargestDocument ? (int)length : 0));
        var filled = 0;
        var count = 0;
        try
        {
            do
            {
                var document = archive.TakeDocument(length);
                document.CopyTo(buffer.AsSpan(filled));
                filled += document.Length;
                count++;
            }
            while (archive.PeekLength() is { } next && (length = next) != ArchiveFormat.Terminator && length <= buffer.Length - filled);
        }
        catch (SourceDamagedException e)
        {
            throw new SourceDamagedException(e.Path, e.Offset, entry.Documents + count + 1, e.Reason, e.InnerException);
        }
        entry.Crc.Add(buffer.AsSpan(0, filled));
        entry.Add(new Segment(offset, filled), count);
        var taken = new DocumentBlock(buffer, 0, filled, archive.Path, offset, first, count);
        if (wanted)
        {
            block(entry.Collection, taken);
        }
        else
        {
            taken.Dispose();
        }
        return true;
    }

    private Entry Find(Header header, CollectionMetadata metadata)
    {
        if (!_entries.TryGetValue((header.Database, header.Collection), out var entry))
        {
            entry = new Entry();
            var shown = $"{_path} ({header.Database}.{header.Collection})";
            entry.Collection = new SourceCollection(header.Database, metadata.CollectionName ?? header.Collection, shown, () =>
                new BsonBlockReader(new SegmentInput(_copy ?? _path, shown, entry.Segments)))
            {
                Metadata = metadata,
            };
            _entries.Add((header.Database, header.Collection), entry);
        }
        return entry;
    }

    private IEnumerable<Entry> Chosen()
    {
        // The oplog of --oplog has no database.
        var databases = _entries.Keys.Select(k => k.Item1).Where(d => d.Length > 0 && d is not ("admin" or "config" or "local")).Distinct().ToList();
        var database = _database ?? databases switch
        {
            [] => throw new SourceException($"{_path}: the archive holds no database"),
            [var only] => only,
            _ => databases.Where(d => _entries.ContainsKey((d, "_SCHEMA"))).ToList() is [var parse]
                ? parse
                : throw new SourceException($"{_path}: holds the databases {string.Join(", ", databases)}; name one with --database"),
        };
        return databases.Contains(database)
            ? _entries.Where(e => e.Key.Item1 == database).Select(e => e.Value)
            : throw new SourceException($"{_path}: there is no database {database}, but {string.Join(", ", databases)}");
    }

    private sealed class Entry
    {
        private readonly List<Segment> _segments = [];

        public SourceCollection Collection { get; set; } = null!;

        public Crc64 Crc;

        public long Documents { get; private set; }

        public bool Ended { get; set; }

        public ImmutableArray<Segment> Segments => [.. _segments];

        public void Add(Segment segment, int documents)
        {
            Documents += documents;
            Collection.Size += segment.Length;
            if (_segments is [.., var last] && last.Offset + last.Length == segment.Offset)
            {
                _segments[^1] = last with { Length = last.Length + segment.Length };
                return;
            }
            _segments.Add(segment);
        }
    }

    /// <summary>A document of the prelude, or the header of a block.</summary>
    private sealed record Header(string Database, string Collection, string Metadata, bool Eof, long Crc)
    {
        public static Header Read(ArchiveStream archive, uint length)
        {
            var start = archive.Position;
            try
            {
                string database = "", collection = "", metadata = "";
                var eof = false;
                var crc = 0L;
                var reader = new BsonReader(archive.TakeDocument(length));
                while (reader.Read())
                {
                    var value = reader.Value;
                    switch (Encoding.UTF8.GetString(reader.Name), value.Type)
                    {
                        case ("db", BsonType.Text):
                            database = Encoding.UTF8.GetString(value.Text);
                            break;
                        case ("collection", BsonType.Text):
                            collection = Encoding.UTF8.GetString(value.Text);
                            break;
                        case ("metadata", BsonType.Text):
                            metadata = Encoding.UTF8.GetString(value.Text);
                            break;
                        case ("EOF", BsonType.Boolean):
                            eof = value.Boolean;
                            break;
                        case ("CRC", BsonType.Int64):
                            crc = value.Int64;
                            break;
                        default:
                            break;
                    }
                }
                return collection.Length > 0 || database.Length > 0
                    ? new(database, collection, metadata, eof, crc)
                    : throw new BsonFormatException("a header names no collection", 0);
            }
            catch (BsonFormatException e)
            {
                throw new SourceDamagedException(archive.Path, start + e.Offset, 0, "a header of the archive is broken: " + e.Message, e);
            }
        }
    }
}
