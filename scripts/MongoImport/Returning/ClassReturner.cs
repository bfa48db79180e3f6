using Backend.Data.Catalog;
using Backend.MongoImport.Live;
using Backend.MongoImport.Restoring;
using Npgsql;

namespace Backend.MongoImport.Returning;

/// <summary>Brings rows and pairs as they are now to the old database: a document for each that is there, none for each that is not.</summary>
internal sealed class ClassReturner(NpgsqlDataSource database, TargetWriter target, TargetReader reader, string prefix)
{
    private const int RowsAtOnce = 1000;

    /// <summary>Some rows.</summary>
    /// <param name="table">Their table.</param>
    /// <param name="touched">Their ids, each with the row before it was deleted, if it was and that is known.</param>
    /// <param name="stop">Cancels.</param>
    public async Task RowsAsync(Table table, IReadOnlyDictionary<string, string?> touched, CancellationToken stop)
    {
        var restorer = new RowRestorer(table);
        foreach (var part in touched.Chunk(RowsAtOnce))
        {
            var missing = part.ToDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal);
            var writes = new List<LiveWrite>();
            await using (var connection = await database.OpenConnectionAsync(stop))
            {
                await restorer.ReadAsync(connection, [.. missing.Keys], (id, document) =>
                {
                    missing.Remove(id);
                    writes.Add(new LiveWrite(BsonIds.Of(document), document.ToArray()));
                }, stop);
            }
            writes.AddRange(missing.Select(gone => new LiveWrite(BsonIds.OfDeleted(gone.Key, gone.Value), null)));
            await target.WriteAsync(prefix + table.Origin, writes, stop);
        }
    }

    /// <summary>Some pairs of a relation.</summary>
    public async Task PairsAsync(Table table, Field relation, IReadOnlyCollection<(string Owning, string Related)> touched, CancellationToken stop)
    {
        foreach (var part in touched.Chunk(RowsAtOnce))
        {
            var missing = part.ToHashSet();
            var writes = new List<LiveWrite>();
            await using (var command = database.CreateCommand($"""
                select owning_id, related_id from app.{relation.QuotedColumn} where (owning_id, related_id) in (select * from unnest($1::text[], $2::text[]))
                """))
            {
                command.Parameters.Add(new NpgsqlParameter { Value = part.Select(p => p.Owning).ToArray() });
                command.Parameters.Add(new NpgsqlParameter { Value = part.Select(p => p.Related).ToArray() });
                await using var rows = await command.ExecuteReaderAsync(stop);
                while (await rows.ReadAsync(stop))
                {
                    var pair = (rows.GetString(0), rows.GetString(1));
                    missing.Remove(pair);
                    writes.Add(Put(pair));
                }
            }
            writes.AddRange(missing.Select(Take));
            await target.WriteAsync(CollectionOf(table, relation), writes, stop);
        }
    }

    /// <summary>A whole class with its relations, whatever the old database holds of it.</summary>
    public async Task WholeAsync(Table table, CancellationToken stop)
    {
        var theirs = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        await reader.ReadAsync(prefix + table.Origin, document =>
        {
            var id = BsonIds.Of(document);
            theirs[Convert.ToBase64String(id)] = id;
        }, stop);
        var restorer = new RowRestorer(table);
        await foreach (var ids in IdsAsync(table, stop))
        {
            var writes = new List<LiveWrite>();
            await using (var connection = await database.OpenConnectionAsync(stop))
            {
                await restorer.ReadAsync(connection, ids, (_, document) => writes.Add(new LiveWrite(BsonIds.Of(document), document.ToArray())), stop);
            }
            foreach (var write in writes)
            {
                theirs.Remove(Convert.ToBase64String(write.Id));
            }
            await target.WriteAsync(prefix + table.Origin, writes, stop);
        }
        await target.WriteAsync(prefix + table.Origin, [.. theirs.Values.Select(id => new LiveWrite(id, null))], stop);
        foreach (var relation in table.Fields.Where(f => f is { Kind: FieldKind.Relation, Column: not null }))
        {
            await WholeAsync(table, relation, stop);
        }
    }

    /// <summary>All pairs of a relation.</summary>
    public async Task WholeAsync(Table table, Field relation, CancellationToken stop)
    {
        var theirs = await ReadPairsAsync(CollectionOf(table, relation), stop);
        var writes = new List<LiveWrite>();
        await using (var command = database.CreateCommand($"select owning_id, related_id from app.{relation.QuotedColumn} order by seq"))
        await using (var rows = await command.ExecuteReaderAsync(stop))
        {
            while (await rows.ReadAsync(stop))
            {
                var pair = (rows.GetString(0), rows.GetString(1));
                if (!theirs.Remove(pair))
                {
                    writes.Add(Put(pair));
                }
                if (writes.Count == RowsAtOnce)
                {
                    await target.WriteAsync(CollectionOf(table, relation), writes, stop);
                    writes = [];
                }
            }
        }
        writes.AddRange(theirs.Select(Take));
        await target.WriteAsync(CollectionOf(table, relation), writes, stop);
    }

    /// <summary>The pairs that a join collection of the old database holds.</summary>
    public async Task<HashSet<(string Owning, string Related)>> ReadPairsAsync(string collection, CancellationToken stop)
    {
        var pairs = new HashSet<(string, string)>();
        await reader.ReadAsync(collection, document =>
        {
            if (TargetReader.Text(document, "owningId"u8) is { } owning && TargetReader.Text(document, "relatedId"u8) is { } related)
            {
                pairs.Add((owning, related));
            }
        }, stop);
        return pairs;
    }

    /// <summary>A relation that is no more.</summary>
    public Task DropAsync(string origin, string relation, CancellationToken stop) => target.DropAsync(prefix + JoinRestorer.CollectionOf(relation, origin), stop);

    // The document is known by its pair, as parse-server knows it: one that is there keeps its _id, and all that say the same go together.
    private static LiveWrite Put((string Owning, string Related) pair) => new(Key(pair), Key(pair));

    private static LiveWrite Take((string Owning, string Related) pair) => new(Key(pair), null);

    private static byte[] Key((string Owning, string Related) pair) => BsonIds.Texts(("relatedId", pair.Related), ("owningId", pair.Owning));

    private string CollectionOf(Table table, Field relation) => prefix + JoinRestorer.CollectionOf(relation.Name, table.Origin);

    private async IAsyncEnumerable<string[]> IdsAsync(Table table, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var ids = new List<string>(RowsAtOnce);
        await using var command = database.CreateCommand($"select id from {table.Quoted} order by id");
        await using var rows = await command.ExecuteReaderAsync(stop);
        while (await rows.ReadAsync(stop))
        {
            ids.Add(rows.GetString(0));
            if (ids.Count == RowsAtOnce)
            {
                yield return [.. ids];
                ids.Clear();
            }
        }
        if (ids.Count > 0)
        {
            yield return [.. ids];
        }
    }
}
