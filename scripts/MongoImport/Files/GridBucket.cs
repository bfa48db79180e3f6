using Backend.MongoImport.Bson;
using Backend.MongoImport.Checking;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Files;

/// <summary>
/// The files of one GridFS bucket: the entries are in memory (about 500 bytes each, 500 MB for a million files), the chunks are not.
/// </summary>
internal sealed class GridBucket
{
    /// <summary>What a bucket is called that nobody has named.</summary>
    public const string DefaultName = "fs";

    private const string Entry = ".files";
    private const string Chunk = ".chunks";

    private readonly Dictionary<(ulong, ulong), GridFile> _byId = [];
    private readonly Dictionary<string, GridFile> _byName = new(StringComparer.Ordinal);

    private GridBucket(SourceCollection files, SourceCollection? chunks)
    {
        Entries = files;
        Chunks = chunks;
    }

    public SourceCollection Entries { get; }

    /// <summary>Null: the source has no chunks, so no content.</summary>
    public SourceCollection? Chunks { get; }

    /// <summary>Entries read.</summary>
    public long Count { get; private set; }

    /// <summary>A bucket of entries and chunks from anywhere.</summary>
    /// <exception cref="SourceDamagedException">The entries are damaged.</exception>
    public static GridBucket Of(SourceCollection entries, SourceCollection? chunks)
    {
        var bucket = new GridBucket(entries, chunks);
        bucket.Read();
        return bucket;
    }

    /// <summary>The file of each name: the entry that was uploaded last.</summary>
    public IReadOnlyDictionary<string, GridFile> Files => _byName;

    /// <summary>Entries whose name a later upload has.</summary>
    public long Older => _byId.Count - _byName.Count;

    /// <summary>Entries that are none, and why: to be rejected.</summary>
    public List<Rejection> Broken { get; } = [];

    /// <summary>Whether a collection belongs to the bucket.</summary>
    public static bool Is(string collection, string bucket, string prefix) =>
        IsEntries(collection, bucket, prefix) || collection == bucket + Chunk || collection == prefix + bucket + Chunk;

    /// <summary>Whether a collection holds the entries of a bucket.</summary>
    public static bool IsEntries(string collection, string bucket, string prefix) => collection == bucket + Entry || collection == prefix + bucket + Entry;

    /// <summary>The collection of the chunks that belongs to one of entries.</summary>
    public static string ChunksOf(string entries) => entries[..^Entry.Length] + Chunk;

    /// <summary>Reads a bucket's entries; null: the source has no such bucket.</summary>
    /// <param name="source">The source, scanned.</param>
    /// <param name="bucket">The bucket's name, usually <c>fs</c>.</param>
    /// <exception cref="SourceDamagedException">The entries are damaged.</exception>
    public static GridBucket? Read(DumpSource source, string bucket)
    {
        var prefix = CollectionNames.PrefixOf(source.Collections.Select(c => c.Name));
        // The old server gave its bucket no prefix; other programs might.
        var entries = Find(bucket + Entry) ?? Find(prefix + bucket + Entry);
        if (entries is null)
        {
            return null;
        }
        if (entries.Damage is { } damage)
        {
            throw damage;
        }
        return Of(entries, Find(entries.Name[..^Entry.Length] + Chunk));

        SourceCollection? Find(string name) => source.Collections.FirstOrDefault(c => c.Name == name);
    }

    /// <summary>The entry that a chunk names; null: there is none. <paramref name="isNewest"/>: no later upload has its name.</summary>
    public GridFile? Find(Key id, out bool isNewest)
    {
        var file = _byId.GetValueOrDefault((id.High, id.Low));
        isNewest = file is not null && ReferenceEquals(_byName[file.Name], file);
        return file;
    }

    private void Read()
    {
        using var reader = Entries.Open();
        reader.Rejected = Broken.Add;
        while (reader.Read() is { } block)
        {
            using (block)
            {
                var at = 0;
                var number = block.FirstNumber;
                while (block.TryTake(ref at, out var document))
                {
                    Add(document, block, block.Offset + at - document.Length, number++);
                }
            }
        }
    }

    private void Add(ReadOnlySpan<byte> document, DocumentBlock block, long offset, long number)
    {
        Count++;
        string reason;
        try
        {
            if (GridFile.Read(document, number) is { } file)
            {
                _byId[(file.Id.High, file.Id.Low)] = file;
                if (!_byName.TryGetValue(file.Name, out var other) || file.Uploaded >= other.Uploaded)
                {
                    _byName[file.Name] = file;
                }
                return;
            }
            reason = "the entry of a file lacks its id, name or length";
        }
        catch (BsonFormatException e)
        {
            reason = $"{e.Message} (byte {e.Offset} of the document)";
        }
        Broken.Add(new Rejection(block.Path, offset, number, reason, document.ToArray()));
    }
}
