using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Live;
using Backend.MongoImport.Loading;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Reporting;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;
using Npgsql;

namespace Backend.MongoImport.Following;

/// <summary>
/// Brings batches of changes into the tables: first what they need of the catalog, then all rows and the position they lead to in one transaction. Of a document's changes
/// in a batch only the last counts.
/// </summary>
internal sealed partial class BatchApplier(NpgsqlDataSource database, LiveCatalog catalog, FollowedSource source, FileFollower files, string prefix, ImportRules rules, RejectFile rejects, Action<string> say)
    : IAsyncDisposable
{
    private const string Schema = "_SCHEMA";
    private const string Join = "_Join:";
    private const int ReloadPortion = 2_000;

    private readonly ImportRules _renamed = rules.Renamed();
    private readonly SchemaFollower _schemas = new(catalog, database, rules.Renamed(), say);
    private readonly Dictionary<string, Func<byte[], byte[]?>?> _rewriters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ClassFollower> _classes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LinkFollower> _links = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _ignored = new(StringComparer.Ordinal);
    private readonly HashSet<string> _indexed = new(StringComparer.Ordinal);
    private readonly List<ChangeEvent> _entries = [];
    private readonly List<ChangeEvent> _chunks = [];
    private readonly List<ClassFollower> _closing = [];
    private readonly HashSet<ClassFollower> _open = [];
    private NpgsqlConnection? _connection;
    private int _made;

    /// <summary>Changes that belong to no class, by collection.</summary>
    public IReadOnlyDictionary<string, long> Ignored => _ignored;

    /// <summary>Applies changes, and notes the position after them.</summary>
    /// <param name="events">The changes in their order.</param>
    /// <param name="position">The position after the last.</param>
    /// <param name="stop">Cancels; what was begun is applied or not at all.</param>
    public async Task ApplyAsync(IReadOnlyList<ChangeEvent> events, byte[] position, CancellationToken stop)
    {
        var changes = Gather(events);
        foreach (var one in changes.Values.Where(c => c.Replaced).ToList())
        {
            await ReloadAsync(one, stop);
            changes.Remove(one.Name);
        }
        await ApplyAsync(changes, (position, events), stop);
    }

    /// <summary>The collections of whose indexes changes have told, also that of the schema; from now on forgotten.</summary>
    public IReadOnlyCollection<string> TakeIndexed()
    {
        string[] taken = [.. _indexed];
        _indexed.Clear();
        return taken;
    }

    /// <summary>Reads the ids of all join documents, before the first change is applied.</summary>
    public async Task LinkAsync(IEnumerable<string> collections, CancellationToken stop)
    {
        _connection ??= await database.OpenConnectionAsync(stop);
        foreach (var collection in collections.Where(c => NameOf(c)?.StartsWith(Join, StringComparison.Ordinal) == true))
        {
            // Of a relation that came after the import every document comes with the changes.
            if (await LinkAsync(NameOf(collection)!, mayMake: false, stop) is { } links)
            {
                await links.FillAsync(_connection, source.ReadAsync(collection, null, stop), stop);
            }
        }
        await ClassFollower.ExecuteAsync(_connection, "update catalog.follow set linked = true", stop);
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
    }

    private string? NameOf(string collection) =>
        collection.StartsWith(prefix, StringComparison.Ordinal) ? RuledSource.NameOf(collection, prefix, rules)[prefix.Length..] : null;

    private Dictionary<string, CollectionChanges> Gather(IReadOnlyList<ChangeEvent> events)
    {
        var changes = new Dictionary<string, CollectionChanges>(StringComparer.Ordinal);
        _entries.Clear();
        _chunks.Clear();
        foreach (var change in events)
        {
            if (change.Kind == ChangeKind.Indexes)
            {
                _indexed.Add(change.Collection);
                continue;
            }
            if (change.Collection == prefix + Schema)
            {
                // Servers before 6.0 tell of no indexes; those that an app declares stand in the schema, too.
                _indexed.Add(change.Collection);
            }
            if (files.IsEntries(change.Collection))
            {
                _entries.Add(change);
                continue;
            }
            if (files.IsChunks(change.Collection))
            {
                if (!source.TellsWhatItHolds)
                {
                    _chunks.Add(change);
                }
                continue;
            }
            if (Of(change.Collection) is { } changed)
            {
                changed.Add(change, RewriterOf(change.Collection));
            }
            if (change is { Kind: ChangeKind.Rename, NewName: { } target })
            {
                Of(target)?.Replace();
            }
        }
        return changes;

        CollectionChanges? Of(string collection)
        {
            if (NameOf(collection) is not { } name || !IsFollowed(name))
            {
                _ignored[collection] = _ignored.GetValueOrDefault(collection) + 1;
                return null;
            }
            if (!changes.TryGetValue(name, out var changed))
            {
                changes.Add(name, changed = new CollectionChanges(name, collection));
            }
            return changed;
        }
    }

    private bool IsFollowed(string name) => name == Schema
        || (name.StartsWith(Join, StringComparison.Ordinal) ? name.Split(':', 3) is [_, { Length: > 0 } field, { Length: > 0 } owner] && !_renamed.Class(owner).Skip && !_renamed.Class(owner).Field(field).Skip
            : !_renamed.Class(name).Skip && !Planner.IsNeverImported(name)
                && (Planner.IsSystemClass(name) || catalog.Current.FindByOrigin(name) is not null || ClassPlan.IsName(name)));

    private Func<byte[], byte[]?>? RewriterOf(string collection)
    {
        if (!_rewriters.TryGetValue(collection, out var rewrite))
        {
            if (NameOf(collection) == Schema)
            {
                rewrite = document => new SchemaRewriter(rules).Rewrite(document) is { IsEmpty: false } rewritten ? rewritten.ToArray() : null;
            }
            else if (RuledSource.RewriterOf(collection, prefix, rules) is { } rewriter)
            {
                rewrite = document => Rewritten(rewriter, document);
            }
            _rewriters.Add(collection, rewrite);
        }
        return rewrite;
    }

    // What cannot be decoded stays as it is, and is rejected when it is encoded.
    private static byte[] Rewritten(DocumentRewriter rewriter, byte[] document)
    {
        try
        {
            return rewriter.Rewrite(document).ToArray();
        }
        catch (BsonFormatException)
        {
            return document;
        }
    }

    private async Task ApplyAsync(Dictionary<string, CollectionChanges> changes, (byte[] Position, IReadOnlyList<ChangeEvent> Events)? advance, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                await ApplyOnceAsync(changes, advance, stop);
                return;
            }
            catch (MarkNeededException needed)
            {
                await catalog.MarkRestAsync(needed.Origin, [needed.Field], stop);
            }
        }
    }

    private async Task ApplyOnceAsync(Dictionary<string, CollectionChanges> changes, (byte[] Position, IReadOnlyList<ChangeEvent> Events)? advance, CancellationToken stop)
    {
        await PrepareAsync(changes, stop);
        var classes = new List<ClassFollower>();
        var links = new List<LinkFollower>();
        _connection ??= await database.OpenConnectionAsync(stop);
        foreach (var changed in changes.Values.Where(c => c.Name != Schema))
        {
            if (changed.Name.StartsWith(Join, StringComparison.Ordinal))
            {
                if (await LinkAsync(changed.Name, mayMake: true, stop) is { } link)
                {
                    link.Encode(changed);
                    links.Add(link);
                }
            }
            else if (await EncodeAsync(changed, stop) is { } one)
            {
                classes.Add(one);
            }
        }
        await using var transaction = await _connection.BeginTransactionAsync(stop);
        foreach (var one in classes)
        {
            await one.StageAsync(_connection, stop);
        }
        var users = classes.Find(c => c.Plan.Name == "_User");
        var roles = classes.Find(c => c.Plan.Name == "_Role");
        var sessions = classes.Find(c => c.Plan.Name == "_Session");
        if (users is not null || roles is not null || sessions is not null)
        {
            await new AccountFollower(users, roles, sessions, _renamed.Class("_User"), catalog.Current).ApplyAsync(_connection, stop);
        }
        foreach (var one in classes.Where(c => !c.Plan.IsAccounts))
        {
            await one.DeleteAsync(_connection, stop);
            await one.UpsertAsync(_connection, [], stop);
        }
        foreach (var link in links)
        {
            await link.ApplyAsync(_connection, stop);
        }
        if (advance is { } to)
        {
            foreach (var broken in await FollowedFiles.NoteAsync(_connection, _entries, _chunks, stop))
            {
                rejects.Add(broken.Collection, new Rejection("(changes)", 0, 0, "the entry of a file lacks its id, name or length", broken.Document!));
            }
            var last = to.Events.Count > 0 ? to.Events[^1].At : null;
            await FollowState.AdvanceAsync(_connection, to.Position, to.Events.Count, last, last is { } at ? DateTimeOffset.UtcNow - at : null, stop);
        }
        // Not as they are encoded: what is begun again would tell of a document again.
        foreach (var one in classes)
        {
            foreach (var rejection in one.Rejected)
            {
                rejects.Add(one.Plan.Name, rejection);
            }
        }
        await transaction.CommitAsync(CancellationToken.None);
        if (advance is not null && _entries.Count > 0)
        {
            files.Wake();
        }
        if (classes.Exists(c => c.Plan.Name == ImportedHooks.ClassName))
        {
            await ImportedHooks.SyncAsync(catalog, stop);
        }
    }

    private ClassFollower Current(Table table)
    {
        if (!_classes.TryGetValue(table.Origin, out var one) || one.Table != table)
        {
            one = new ClassFollower(table, _renamed.Class(table.Origin), ++_made);
            if (_classes.Remove(table.Origin, out var before))
            {
                _closing.Add(before);
            }
            _classes.Add(table.Origin, one);
        }
        return one;
    }

    private async Task<ClassFollower?> EncodeAsync(CollectionChanges changed, CancellationToken stop)
    {
        for (var marked = false; catalog.Current.FindByOrigin(changed.Name) is { } table; marked = true)
        {
            var one = Current(table);
            var unmarked = one.Encode(changed);
            if (unmarked.Count > 0 && !marked)
            {
                await catalog.MarkRestAsync(changed.Name, unmarked, stop);
                continue;
            }
            foreach (var before in _closing.Where(_open.Remove))
            {
                await before.CloseAsync(_connection!, stop);
            }
            _closing.Clear();
            if (_open.Add(one))
            {
                await one.OpenAsync(_connection!, stop);
            }
            return one;
        }
        _ignored[changed.Name] = _ignored.GetValueOrDefault(changed.Name) + changed.Count;
        return null;
    }

    private async Task<LinkFollower?> LinkAsync(string name, bool mayMake, CancellationToken stop)
    {
        var (fieldName, className) = name.Split(':', 3) is [_, var f, var c] ? (f, c) : throw new InvalidOperationException(name);
        var field = (await catalog.GetAsync(stop)).FindByOrigin(className)?.Find(fieldName);
        if (field is null && mayMake)
        {
            await ApplySchemasAsync([className], stop);
            field = catalog.Current.FindByOrigin(className)?.Find(fieldName)
                // As an import takes it that finds no schema for it.
                ?? (await catalog.EnsureAsync(className, [new FieldSpec(fieldName, FieldKind.Relation, className)], stop)).FindByOrigin(className)!.Find(fieldName)!;
        }
        if (field is not { Kind: FieldKind.Relation, Column: { } relation })
        {
            _ignored[name] = _ignored.GetValueOrDefault(name) + 1;
            return null;
        }
        if (!_links.TryGetValue(relation, out var link))
        {
            _links.Add(relation, link = new LinkFollower(name, relation));
        }
        return link;
    }

    // In portions that are each committed by themselves: cut off, the batch comes again and it begins anew.
    private async Task ReloadAsync(CollectionChanges replaced, CancellationToken stop)
    {
        say($"{replaced.Collection} took another collection's place: it is read anew.");
        var rewrite = RewriterOf(replaced.Collection);
        var portion = new CollectionChanges(replaced.Name, replaced.Collection);
        portion.Add(new ChangeEvent(ChangeKind.Drop, replaced.Collection, null, null), null);
        await foreach (var document in source.ReadRenamedAsync(replaced.Collection, stop))
        {
            var bytes = document.ToArray();
            portion.Add(new ChangeEvent(ChangeKind.Upsert, replaced.Collection, OnlyId(bytes), bytes), rewrite);
            if (portion.Count == ReloadPortion)
            {
                await FlushAsync();
            }
        }
        await FlushAsync();

        async Task FlushAsync()
        {
            await ApplyAsync(new Dictionary<string, CollectionChanges> { [portion.Name] = portion }, null, stop);
            portion = new CollectionChanges(replaced.Name, replaced.Collection);
        }
    }

    private static byte[] OnlyId(byte[] document)
    {
        var only = new BsonWriter();
        only.Begin();
        if (new BsonValue(BsonType.Document, document).TryFind("_id"u8, out var id))
        {
            only.Element(id.Type, "_id"u8);
            only.Bytes(id.Raw);
        }
        only.End();
        return only.Written.ToArray();
    }
}
