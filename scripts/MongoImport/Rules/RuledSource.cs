using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Rules;

/// <summary>
/// A source as if it had been written by the rules: collections, fields and pointers have their new names, fields that are skipped are not there.
/// Whatever compares, loads or follows a source reads it through this, and need not know.
/// </summary>
internal sealed class RuledSource : DumpSource
{
    private const string Join = "_Join:";

    private readonly DumpSource _source;
    private readonly ImportRules _rules;
    private readonly ConcurrentDictionary<SourceCollection, Ruled> _ruled = new();
    private readonly Lazy<string> _prefix;

    private RuledSource(DumpSource source, ImportRules rules)
    {
        _source = source;
        _rules = rules;
        _prefix = new(() => CollectionNames.PrefixOf(_source.Collections.Select(c => c.Name)));
    }

    public override string Description => _source.Description;

    public override long Size => _source.Size;

    public override bool NeedsScan => _source.NeedsScan;

    public override bool IsExport => _source.IsExport;

    public override byte[]? Position => _source.Position;

    public override SourceCollection? Oplog => _source.Oplog;

    public override Action<string>? Say { get => _source.Say; set => _source.Say = value; }

    public override IReadOnlyList<SourceCollection> Collections => [.. _source.Collections.Select(c => Of(c).Collection)];

    /// <summary>The source by the rules; the source itself when they change no document and no name.</summary>
    public static DumpSource Over(DumpSource source, ImportRules rules) => rules.ChangesDocuments ? new RuledSource(source, rules) : source;

    /// <summary>Values that the scan has left out, by class and field as the source calls them.</summary>
    public static IReadOnlyList<(string ClassName, string Field, long Values)> SkippedBy(DumpSource source) => source is RuledSource ruled
        ? [.. ruled._ruled.Values.Where(r => r.Scan is not null).SelectMany(r => r.Scan!.Skipped.Select(s => (r.ClassName!, s.Key, s.Value)))]
        : [];

    /// <summary>A collection's name by the rules; for changes that come without a source around them.</summary>
    public static string NameOf(string collection, string prefix, ImportRules rules)
    {
        if (!collection.StartsWith(prefix, StringComparison.Ordinal))
        {
            return collection;
        }
        var name = collection[prefix.Length..];
        return prefix + (Relation(name) is var (field, className) ? $"{Join}{rules.Class(className).NameOf(field)}:{rules.NameOf(className)}" : rules.NameOf(name));
    }

    /// <summary>What rewrites the documents of a collection; null: they stay as they are.</summary>
    public static DocumentRewriter? RewriterOf(string collection, string prefix, ImportRules rules)
    {
        if (!collection.StartsWith(prefix, StringComparison.Ordinal) || collection[prefix.Length..] is var name && (Relation(name) is not null || rules.Class(name).Skip))
        {
            return null;
        }
        var changes = new NameChanges(rules, name);
        return changes.IsEmpty ? null : name == "_Hooks" ? new HookRewriter(changes) : new DocumentRewriter(changes);
    }

    public override void Scan(Action<SourceCollection, DocumentBlock> block, CancellationToken stop)
    {
        _source.Wanted = collection => Wanted(Of(collection).Collection);
        _source.Scan((collection, read) =>
        {
            var ruled = Of(collection);
            foreach (var rewritten in ruled.Rewrite(read, ruled.Scan))
            {
                block(ruled.Collection, rewritten);
            }
        }, stop);
        foreach (var (collection, ruled) in _ruled)
        {
            ruled.Collection.Damage = collection.Damage;
            ruled.Collection.Size = collection.Size;
            if (ruled.Scan?.Conflict is { } conflict)
            {
                throw new SourceException($"classes.{ruled.ClassName}.fields: documents have a key {conflict} already, so no field can be renamed to it");
            }
            if (ruled.Conflicts is [var first, ..])
            {
                throw new SourceException(first);
            }
        }
        var names = Collections.GroupBy(c => c.Name).FirstOrDefault(g => g.Count() > 1);
        if (names is not null)
        {
            throw new SourceException($"classes: by the rules the source has two collections {names.Key}");
        }
    }

    protected override void Dispose(bool disposing) => _source.Dispose();

    private static (string Field, string ClassName)? Relation(string name) =>
        name.StartsWith(Join, StringComparison.Ordinal) && name.Split(':', 3) is [_, var field, var className] ? (field, className) : null;

    private Ruled Of(SourceCollection collection) => _ruled.GetOrAdd(collection, Make);

    private Ruled Make(SourceCollection collection)
    {
        var prefix = _prefix.Value;
        var name = collection.Name.StartsWith(prefix, StringComparison.Ordinal) ? collection.Name[prefix.Length..] : null;
        var isSchema = name == "_SCHEMA";
        var rewriter = RewriterOf(collection.Name, prefix, _rules);
        var renamed = NameOf(collection.Name, prefix, _rules);
        if (!isSchema && rewriter is null && renamed == collection.Name)
        {
            return new Ruled(collection, null, null, null);
        }
        var className = Relation(name!)?.ClassName ?? name!;
        Func<Rewrite>? rewrite = isSchema ? () => new SchemaRewriter(_rules).Rewrite : rewriter is null ? null : () => RewriterOf(collection.Name, prefix, _rules)!.Rewrite;
        var own = new SourceCollection(collection.Database, renamed, collection.Path, () => rewrite is null ? collection.Open() : new RuledReader(collection.Open(), rewrite()))
        {
            Metadata = Renamed(collection.Metadata, new NameChanges(_rules, className)),
            Size = collection.Size,
            Damage = collection.Damage,
        };
        return new Ruled(own, className, rewriter, isSchema ? new SchemaRewriter(_rules) : null);
    }

    /// <summary>A collection's indexes by the rules; without those of fields that are skipped.</summary>
    public static CollectionMetadata Renamed(CollectionMetadata metadata, NameChanges changes) => !changes.HasFields ? metadata : metadata with
    {
        Indexes =
        [
            .. metadata.Indexes.Where(i => i.Key.All(k => changes.Path(k.Key) is not null)).Select(i => i with
            {
                Key = [.. i.Key.Select(k => KeyValuePair.Create(changes.Path(k.Key)!, k.Value))],
                Options = i.Options.TryGetValue("weights", out var weights) && weights.ValueKind == JsonValueKind.Object
                    ? i.Options.SetItem("weights", Weights(weights, changes)) : i.Options,
            }),
        ],
    };

    private static JsonElement Weights(JsonElement weights, NameChanges changes)
    {
        var renamed = new JsonObject();
        foreach (var weight in weights.EnumerateObject())
        {
            if (changes.Path(weight.Name) is { } path)
            {
                renamed[path] = JsonNode.Parse(weight.Value.GetRawText());
            }
        }
        return JsonSerializer.SerializeToElement(renamed);
    }

    private delegate ReadOnlySpan<byte> Rewrite(ReadOnlySpan<byte> document);

    /// <summary>A collection by the rules.</summary>
    private sealed class Ruled(SourceCollection collection, string? className, DocumentRewriter? scan, SchemaRewriter? schema)
    {
        public SourceCollection Collection => collection;

        public string? ClassName => className;

        /// <summary>What the scan uses, and counts with: blocks of a collection come one after the other.</summary>
        public DocumentRewriter? Scan => scan;

        public List<string> Conflicts => schema?.Conflicts ?? [];

        public IEnumerable<DocumentBlock> Rewrite(DocumentBlock block, DocumentRewriter? rewriter) =>
            schema is not null ? Blocks(block, schema.Rewrite) : rewriter is not null ? Blocks(block, rewriter.Rewrite) : [block];
    }

    // A document that cannot be decoded stays as it is, in a block of its own: so its place in the file is told rightly.
    private static List<DocumentBlock> Blocks(DocumentBlock block, Rewrite rewrite)
    {
        var blocks = new List<DocumentBlock>();
        using (block)
        {
            var gathered = ArrayPool<byte>.Shared.Rent(block.Length + block.Length / 8);
            var (filled, count, firstOffset, firstNumber) = (0, 0, block.Offset, block.FirstNumber);
            var number = block.FirstNumber;
            void Close()
            {
                if (count > 0)
                {
                    blocks.Add(new DocumentBlock(gathered, 0, filled, block.Path, firstOffset, firstNumber, count));
                    gathered = ArrayPool<byte>.Shared.Rent(block.Length + block.Length / 8);
                }
                (filled, count) = (0, 0);
            }
            void Take(ReadOnlySpan<byte> document, long offset)
            {
                if (gathered.Length - filled < document.Length)
                {
                    Close();
                    if (gathered.Length < document.Length)
                    {
                        ArrayPool<byte>.Shared.Return(gathered);
                        gathered = ArrayPool<byte>.Shared.Rent(document.Length);
                    }
                }
                if (count == 0)
                {
                    (firstOffset, firstNumber) = (offset, number);
                }
                document.CopyTo(gathered.AsSpan(filled));
                filled += document.Length;
                count++;
            }
            var at = 0;
            while (block.TryTake(ref at, out var document))
            {
                var offset = block.Offset + at - document.Length;
                try
                {
                    var rewritten = rewrite(document);
                    if (rewritten.IsEmpty)
                    {
                        Close();
                    }
                    else
                    {
                        Take(rewritten, offset);
                    }
                }
                catch (BsonFormatException)
                {
                    Close();
                    Take(document, offset);
                    Close();
                }
                number++;
            }
            Close();
            ArrayPool<byte>.Shared.Return(gathered);
        }
        return blocks;
    }

    private sealed class RuledReader : DocumentReader
    {
        private readonly DocumentReader _reader;
        private readonly Rewrite _rewrite;
        private readonly Queue<DocumentBlock> _blocks = new();

        public RuledReader(DocumentReader reader, Rewrite rewrite)
        {
            _reader = reader;
            _rewrite = rewrite;
            reader.Rejected = rejection => Rejected?.Invoke(rejection);
        }

        public override DocumentBlock? Read()
        {
            while (_blocks.Count == 0)
            {
                if (_reader.Read() is not { } block)
                {
                    return null;
                }
                Blocks(block, _rewrite).ForEach(_blocks.Enqueue);
            }
            return _blocks.Dequeue();
        }

        protected override void Dispose(bool disposing)
        {
            while (_blocks.TryDequeue(out var block))
            {
                block.Dispose();
            }
            _reader.Dispose();
        }
    }
}
