using System.Text.Json;

namespace Backend.MongoImport.Sources;

/// <summary>A folder of mongodump (4.1) or of exported JSON (4.4, 4.5), or one file of either.</summary>
internal sealed class FolderSource : DumpSource
{
    private const string MetadataEnding = ".metadata.json";
    private static readonly string[] ForeignDatabases = ["admin", "config", "local"];
    private readonly List<SourceCollection> _collections;
    private SourceCollection? _oplog;

    private static readonly string[] OplogFiles = ["oplog.bson", "oplog.bson.gz"];
    private static readonly string[] OplogDumps = ["oplog.rs.bson", "oplog.rs.bson.gz"];
    private FolderSource(string description, bool export, List<SourceCollection> collections)
    {
        Description = description;
        IsExport = export;
        _collections = collections;
    }

    public override string Description { get; }

    public override bool IsExport { get; }

    public override bool NeedsScan => false;

    public override long Size => _collections.Where(Wanted).Sum(c => c.Size);

    public override IReadOnlyList<SourceCollection> Collections => _collections;

    public override SourceCollection? Oplog => _oplog;

    /// <summary>A file with an oplog and nothing else, or a folder in which <c>local.oplog.rs</c> was dumped; null: the path is something else.</summary>
    public static SourceCollection? OplogAlone(string path)
    {
        if (File.Exists(path))
        {
            return OplogFiles.Concat(OplogDumps).Contains(Path.GetFileName(path)) ? OplogIn(path) : null;
        }
        return OplogFile([path], OplogFiles) is null && OplogFile([path, Path.Combine(path, "local")], OplogDumps) is { } found ? OplogIn(found) : null;
    }

    /// <summary>Opens a dump's folder, one of its databases, or a folder of exported JSON.</summary>
    public static FolderSource Open(string folder, string? database)
    {
        if (Dumped(folder).Any())
        {
            return OfDump(folder);
        }
        var databases = Directory.GetDirectories(folder).Where(d => Dumped(d).Any()).ToList();
        if (databases.Count > 0)
        {
            return OfDump(Choose(folder, databases, database));
        }
        var exported = Files(folder).Where(IsExported).Order(StringComparer.Ordinal).ToList();
        return exported.Count > 0
            ? new FolderSource($"exported JSON in {folder}", true, [.. exported.Select(Exported)])
            : throw new SourceException($"{folder}: holds neither .bson nor .json files, and none of its folders holds .bson files");
    }

    /// <summary>Opens one .bson or .json file; null when it is neither.</summary>
    public static FolderSource? OfFile(string path) =>
        IsDumped(path) ? new FolderSource($"BSON file {path}", false, [Dumped(path, "")])
        : IsExported(path) ? new FolderSource($"exported JSON file {path}", true, [Exported(path)])
        : null;

    public override void Scan(Action<SourceCollection, DocumentBlock> block, CancellationToken stop)
    {
        // The largest first: otherwise one core waits at the end.
        Parallel.ForEach(_collections.Where(Wanted).OrderByDescending(c => c.Size), new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = stop }, collection =>
        {
            try
            {
                using var reader = collection.Open();
                while (reader.Read() is { } read)
                {
                    stop.ThrowIfCancellationRequested();
                    block(collection, read);
                }
            }
            catch (SourceDamagedException e)
            {
                collection.Damage = e;
            }
        });
    }

    private static FolderSource OfDump(string folder)
    {
        var database = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        var collections = Dumped(folder).Order(StringComparer.Ordinal).Select(file => Dumped(file, database)).ToList();
        // mongodump puts it beside the folders of the databases.
        var oplog = OplogFile([folder, Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))) ?? folder], OplogFiles);
        return new FolderSource($"mongodump folder {folder}", false, collections) { _oplog = oplog is null ? null : OplogIn(oplog) };
    }

    private static string? OplogFile(IEnumerable<string> folders, IEnumerable<string> names) =>
        folders.SelectMany(folder => names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    private static SourceCollection OplogIn(string file) => new("", "oplog", file, () => new BsonBlockReader(new StreamInput(OpenFile(file), file))) { Size = new FileInfo(file).Length };

    private static string Choose(string folder, List<string> databases, string? wanted)
    {
        string Name(string path) => Path.GetFileName(path);
        if (wanted is not null)
        {
            return databases.Find(d => Name(d) == wanted)
                ?? throw new SourceException($"{folder}: there is no database {wanted}, but {string.Join(", ", databases.Select(Name))}");
        }
        var candidates = databases.Where(d => !ForeignDatabases.Contains(Name(d))).ToList();
        if (candidates.Count != 1 && candidates.Where(d => Dumped(d).Any(f => CollectionName(f) is "_SCHEMA")).ToList() is [var only])
        {
            return only;
        }
        return candidates is [var single]
            ? single
            : throw new SourceException($"{folder}: holds the databases {string.Join(", ", databases.Select(Name))}; name one with --database");
    }

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder);

    private static IEnumerable<string> Dumped(string folder) => Files(folder).Where(IsDumped);

    private static bool IsDumped(string path) =>
        Path.GetFileName(path) is var name && !name.StartsWith("oplog.bson", StringComparison.Ordinal)
        && (name.EndsWith(".bson", StringComparison.Ordinal) || name.EndsWith(".bson.gz", StringComparison.Ordinal));

    private static bool IsExported(string path) =>
        Path.GetFileName(path) is var name && !name.StartsWith("prelude.json", StringComparison.Ordinal)
        && !name.Contains(MetadataEnding, StringComparison.Ordinal)
        && (name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".json.gz", StringComparison.OrdinalIgnoreCase));

    private static string CollectionName(string dumped) => CollectionNames.FromDump(Stem(dumped, ".bson"));

    private static string Stem(string path, string ending)
    {
        var name = Path.GetFileName(path);
        name = name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? name[..^3] : name;
        return name[..^ending.Length];
    }

    private static SourceCollection Dumped(string path, string database)
    {
        var stem = path[..path.LastIndexOf(".bson", StringComparison.Ordinal)];
        var metadata = Metadata(stem + MetadataEnding) ?? Metadata(stem + MetadataEnding + ".gz") ?? CollectionMetadata.None;
        return new SourceCollection(database, metadata.CollectionName ?? CollectionName(path), path,
            () => new BsonBlockReader(new StreamInput(OpenFile(path), path)))
        {
            Metadata = metadata,
            Size = new FileInfo(path).Length,
        };
    }

    private static CollectionMetadata? Metadata(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        try
        {
            using var stream = OpenFile(path);
            using var text = new MemoryStream();
            stream.CopyTo(text);
            return CollectionMetadata.Parse(text.ToArray());
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            throw new SourceException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    private static SourceCollection Exported(string path) =>
        new("", CollectionNames.FromExport(Stem(path, ".json")), path, () => new JsonBlockReader(OpenFile(path), path))
        {
            Size = new FileInfo(path).Length,
        };
}
