using System.Text;
using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Following;
using Backend.MongoImport.Loading;
using Backend.MongoImport.Restoring;
using Backend.MongoImport.Rules;
using Npgsql;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Oplogs;

/// <summary>
/// Documents as they are before the next entry of the oplog: those whose changes are not committed yet are held here; all others are restored from their rows.
/// </summary>
internal sealed class CurrentDocuments(Follower follower)
{
    private const string Schema = "_SCHEMA";
    private const string Join = "_Join:";
    private const int Attempts = 5;

    private readonly Dictionary<string, Dictionary<byte[], (byte[]? Document, OplogTime Time)>> _held = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OplogTime> _dropped = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, byte[]>> _restored = new(StringComparer.Ordinal);
    private readonly ImportRules _reversed = follower.Rules.Reversed();
    private readonly Buffer _text = new(128);

    /// <summary>Lets go of what is in the rows by now, and reads what the updates of a batch start from.</summary>
    /// <param name="updated">Collections and ids, as documents with <c>_id</c> alone.</param>
    /// <param name="stop">Cancels.</param>
    public async Task PrepareAsync(IReadOnlyCollection<(string Collection, byte[] Id)> updated, CancellationToken stop)
    {
        if (await FollowState.ReadAsync(follower.Database, stop) is { } state && OplogPosition.TryRead(state.Position, out var position) && !position.Again)
        {
            Forget(position.Time);
        }
        _restored.Clear();
        foreach (var group in updated.Where(u => !_dropped.ContainsKey(u.Collection) && _held.GetValueOrDefault(u.Collection)?.ContainsKey(u.Id) != true).GroupBy(u => u.Collection))
        {
            if (follower.NameOf(group.Key) is { } name)
            {
                await RestoreAsync(group.Key, name, [.. group.Select(u => u.Id).Distinct(BytesComparer.Instance)], stop);
            }
        }
    }

    /// <summary>A document, or null when there is none.</summary>
    public byte[]? Find(string collection, byte[] id) => _held.GetValueOrDefault(collection)?.TryGetValue(id, out var held) == true ? held.Document
        : _dropped.ContainsKey(collection) ? null
        : _restored.GetValueOrDefault(collection)?.GetValueOrDefault(KeyOf(collection, id));

    /// <summary>Notes what a document has become; null: it is gone.</summary>
    public void Set(string collection, byte[] id, byte[]? document, OplogTime time)
    {
        if (!_held.TryGetValue(collection, out var held))
        {
            _held.Add(collection, held = new(BytesComparer.Instance));
        }
        held[id] = (document, time);
    }

    /// <summary>Notes that a collection is gone.</summary>
    public void Drop(string collection, OplogTime time)
    {
        _held.Remove(collection);
        _restored.Remove(collection);
        _dropped[collection] = time;
    }

    private void Forget(OplogTime committed)
    {
        foreach (var (collection, held) in _held)
        {
            foreach (var id in held.Where(h => h.Value.Time <= committed).Select(h => h.Key).ToList())
            {
                held.Remove(id);
            }
            if (held.Count == 0)
            {
                _held.Remove(collection);
            }
        }
        foreach (var collection in _dropped.Where(d => d.Value <= committed).Select(d => d.Key).ToList())
        {
            _dropped.Remove(collection);
        }
    }

    // The name under which a document is restored: that of its row, or of the pair that a join document holds.
    private string KeyOf(string collection, byte[] id)
    {
        if (follower.NameOf(collection)?.StartsWith(Join, StringComparison.Ordinal) == true)
        {
            return Convert.ToHexString(LinkFollower.IdOf(id));
        }
        var reader = new BsonReader(id);
        reader.Read();
        _text.Clear();
        RowIds.Write(reader.Value, _text);
        return Encoding.UTF8.GetString(_text.Written);
    }

    private async Task RestoreAsync(string collection, string name, byte[][] ids, CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            var restored = new Dictionary<string, byte[]>(StringComparer.Ordinal);
            try
            {
                var catalog = await follower.Catalog.GetAsync(stop);
                if (name == Schema)
                {
                    RestoreSchemas(catalog, collection, ids, restored);
                }
                else if (name.StartsWith(Join, StringComparison.Ordinal))
                {
                    await RestoreLinksAsync(catalog, name, ids, restored, stop);
                }
                else if (catalog.FindByOrigin(name) is { } table)
                {
                    await RestoreRowsAsync(table, collection, ids, restored, stop);
                }
                _restored[collection] = restored;
                return;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.UndefinedTable && attempt < Attempts)
            {
                // The batch that is applied meanwhile took a field or class away; the catalog knows it by now.
            }
        }
    }

    private async Task RestoreRowsAsync(Table table, string collection, byte[][] ids, Dictionary<string, byte[]> restored, CancellationToken stop)
    {
        var rewriter = RuledSource.RewriterOf(follower.State.Prefix + table.Origin, follower.State.Prefix, _reversed);
        await using var connection = await follower.Database.OpenConnectionAsync(stop);
        await new RowRestorer(table).ReadAsync(connection, [.. ids.Select(id => KeyOf(collection, id)).Distinct()],
            (id, document) => restored[id] = (rewriter is null ? document : rewriter.Rewrite(document)).ToArray(), stop);
    }

    private void RestoreSchemas(CatalogSnapshot catalog, string collection, byte[][] ids, Dictionary<string, byte[]> restored)
    {
        foreach (var className in ids.Select(id => KeyOf(collection, id)))
        {
            if (catalog.FindByOrigin(follower.Rules.NameOf(className)) is { } table)
            {
                var writer = new BsonWriter();
                SchemaRestorer.Restore(table, writer);
                restored[className] = new SchemaRewriter(_reversed).Rewrite(writer.Written).ToArray();
            }
        }
    }

    private async Task RestoreLinksAsync(CatalogSnapshot catalog, string name, byte[][] ids, Dictionary<string, byte[]> restored, CancellationToken stop)
    {
        if (name.Split(':', 3) is not [_, var fieldName, var className] || catalog.FindByOrigin(className)?.Find(fieldName) is not { Kind: FieldKind.Relation, Column: { } relation })
        {
            return;
        }
        var known = ids.ToDictionary(id => Convert.ToHexString(LinkFollower.IdOf(id)));
        await using var command = follower.Database.CreateCommand("select document, owning_id, related_id from catalog.follow_links where relation = $1 and document = any($2)");
        command.Parameters.Add(new NpgsqlParameter { Value = relation });
        command.Parameters.Add(new NpgsqlParameter { Value = ids.Select(id => LinkFollower.IdOf(id)).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            var key = Convert.ToHexString(reader.GetFieldValue<byte[]>(0));
            var writer = new BsonWriter();
            JoinRestorer.Restore(reader.GetString(1), reader.GetString(2), known[key], writer);
            restored[key] = writer.Written.ToArray();
        }
    }
}
