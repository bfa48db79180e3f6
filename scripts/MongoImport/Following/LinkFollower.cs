using System.Text;
using Backend.Data;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Loading;
using Npgsql;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Following;

/// <summary>
/// Brings changed join documents into a join table. Their ids are kept with their pair (<c>catalog.follow_links</c>): a delete tells the id alone, and
/// a pair goes with the last document that holds it.
/// </summary>
/// <param name="name">The join collection without the prefix, by the rules.</param>
/// <param name="relation">The join table.</param>
internal sealed class LinkFollower(string name, string relation)
{
    private const int Portion = 20_000;
    private readonly Buffer _text = new(128);
    private readonly List<byte[]> _documents = [];
    private readonly List<string> _owning = [];
    private readonly List<string> _related = [];
    private byte[][] _gone = [];
    private bool _emptied;

    /// <summary>Takes a batch.</summary>
    public void Encode(CollectionChanges changes)
    {
        Clear();
        foreach (var document in changes.Upserts)
        {
            Take(document);
        }
        // What links nothing any more is gone like what was deleted.
        _gone = [.. changes.Deletes.Concat(changes.Upserts).Select(d => IdOf(d))];
        _emptied = changes.Emptied;
    }

    /// <summary>Applies it, in the batch's transaction.</summary>
    public async Task ApplyAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        var quoted = "app." + Sql.Quote(relation);
        List<string> owning = [], related = [];
        await using (var forget = new NpgsqlCommand($"delete from catalog.follow_links where relation = $1 and ($2 or document = any($3)) returning owning_id, related_id", connection))
        {
            forget.Parameters.Add(new NpgsqlParameter { Value = relation });
            forget.Parameters.Add(new NpgsqlParameter { Value = _emptied });
            forget.Parameters.Add(new NpgsqlParameter { Value = _gone });
            await using var reader = await forget.ExecuteReaderAsync(stop);
            while (await reader.ReadAsync(stop))
            {
                owning.Add(reader.GetString(0));
                related.Add(reader.GetString(1));
            }
        }
        await InsertLinksAsync(connection, stop);
        await ClassFollower.ExecuteAsync(connection, """
            insert into catalog.follow_changes (origin, id) select distinct $1, encode(d, 'hex') from unnest($2::bytea[]) d
            on conflict (origin, id) do update set changed_at = excluded.changed_at
            """, stop, name, _gone);
        if (owning.Count > 0)
        {
            await ClassFollower.ExecuteAsync(connection, $"""
                delete from {quoted} j using unnest($2::text[], $3::text[]) as g (owning_id, related_id)
                where j.owning_id = g.owning_id and j.related_id = g.related_id
                and not exists (select from catalog.follow_links l where l.relation = $1 and l.owning_id = g.owning_id and l.related_id = g.related_id)
                """, stop, relation, owning.ToArray(), related.ToArray());
        }
        if (_documents.Count > 0)
        {
            await ClassFollower.ExecuteAsync(connection, $"""
                insert into {quoted} (owning_id, related_id) select n.owning_id, n.related_id from unnest($1::text[], $2::text[]) with ordinality as n (owning_id, related_id, n) where n.owning_id <> '' order by n.n
                on conflict do nothing
                """, stop, _owning.ToArray(), _related.ToArray());
        }
    }

    /// <summary>
    /// Reads the whole collection as it is now, and makes the table hold its pairs. Done once, before the first change: documents that have come or gone since
    /// the import come or go again with their changes.
    /// </summary>
    public async Task FillAsync(NpgsqlConnection connection, IAsyncEnumerable<ReadOnlyMemory<byte>> documents, CancellationToken stop)
    {
        var quoted = "app." + Sql.Quote(relation);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        await ClassFollower.ExecuteAsync(connection, "delete from catalog.follow_links where relation = $1", stop, relation);
        await ClassFollower.ExecuteAsync(connection, "create temp table if not exists follow_pairs (owning_id text collate \"C\", related_id text collate \"C\", n bigint generated always as identity) on commit delete rows", stop);
        Clear();
        await foreach (var document in documents.WithCancellation(stop))
        {
            Take(document.Span);
            if (_documents.Count == Portion)
            {
                await FlushAsync(connection, stop);
            }
        }
        await FlushAsync(connection, stop);
        await ClassFollower.ExecuteAsync(connection, $"""
            delete from {quoted} j where not exists (select from catalog.follow_links l where l.relation = $1 and l.owning_id = j.owning_id and l.related_id = j.related_id)
            """, stop, relation);
        await ClassFollower.ExecuteAsync(connection, $"""
            insert into {quoted} (owning_id, related_id) select p.owning_id, p.related_id from pg_temp.follow_pairs p
            where not exists (select from {quoted} j where j.owning_id = p.owning_id and j.related_id = p.related_id) order by p.n
            on conflict do nothing
            """, stop);
        await transaction.CommitAsync(stop);
    }

    /// <summary>The ids of the documents that were taken.</summary>
    public IReadOnlyList<byte[]> Keys => _documents;

    /// <summary>Says of the documents that were taken, and of ids of which there are none any more, what is otherwise here.</summary>
    public async Task<IReadOnlyList<string>> MissingAsync(NpgsqlConnection connection, byte[][] gone, CancellationToken stop)
    {
        var found = new List<string>();
        await using var command = new NpgsqlCommand($"""
            select format('%s to %s is not linked here', n.o, n.r) from unnest($2::bytea[], $3::text[], $4::text[]) n (d, o, r)
            where not exists (select from catalog.follow_links l where l.relation = $1 and l.document = n.d and l.owning_id = n.o and l.related_id = n.r)
                or (n.o <> '' and not exists (select from app.{Sql.Quote(relation)} j where j.owning_id = n.o and j.related_id = n.r))
            union all
            select format('%s to %s is linked here, and not in the source', l.owning_id, l.related_id) from catalog.follow_links l where l.relation = $1 and l.document = any($5)
            """, connection);
        foreach (object value in new object[] { relation, _documents.ToArray(), _owning.ToArray(), _related.ToArray(), gone })
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            found.Add(reader.GetString(0));
        }
        return found;
    }

    private async Task FlushAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await InsertLinksAsync(connection, stop);
        await ClassFollower.ExecuteAsync(connection, "insert into pg_temp.follow_pairs (owning_id, related_id) select o, r from unnest($1::text[], $2::text[]) with ordinality as n (o, r, n) where o <> '' order by n",
            stop, _owning.ToArray(), _related.ToArray());
        Clear();
    }

    private async Task InsertLinksAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        if (_documents.Count > 0)
        {
            await ClassFollower.ExecuteAsync(connection, """
                insert into catalog.follow_links (relation, document, owning_id, related_id) select $1, * from unnest($2::bytea[], $3::text[], $4::text[])
                on conflict (relation, document) do update set owning_id = excluded.owning_id, related_id = excluded.related_id
                """, stop, relation, _documents.ToArray(), _owning.ToArray(), _related.ToArray());
        }
    }

    private void Clear()
    {
        _documents.Clear();
        _owning.Clear();
        _related.Clear();
    }

    /// <summary>Takes a document. What cannot be decoded, or lacks an end, links nothing, as in the import; it is kept as a pair of empty ids.</summary>
    public void Take(ReadOnlySpan<byte> document)
    {
        BsonValue owning = default, related = default, id = default;
        var reader = new BsonReader(document);
        try
        {
            while (reader.Read())
            {
                if (reader.Name.SequenceEqual("owningId"u8))
                {
                    owning = reader.Value;
                }
                else if (reader.Name.SequenceEqual("relatedId"u8))
                {
                    related = reader.Value;
                }
                else if (reader.Name.SequenceEqual("_id"u8))
                {
                    id = reader.Value;
                }
            }
        }
        catch (BsonFormatException)
        {
            return;
        }
        if (id.Type != BsonType.None)
        {
            var (owner, member) = (TryText(owning), TryText(related));
            _documents.Add(KeyOf(id));
            _owning.Add(owner is null || member is null ? "" : owner);
            _related.Add(owner is null || member is null ? "" : member);
        }
    }

    private string? TryText(BsonValue id)
    {
        _text.Clear();
        return JoinEncoder.TryWriteId(id, _text) ? Encoding.UTF8.GetString(_text.Written[4..]) : null;
    }

    /// <summary>A join document's id, as it is kept.</summary>
    public static byte[] IdOf(ReadOnlySpan<byte> document) => new BsonValue(BsonType.Document, document).TryFind("_id"u8, out var id) ? KeyOf(id) : [];

    // An id as text and the same bytes as something else are two ids.
    private static byte[] KeyOf(BsonValue id) => [(byte)id.Type, .. id.Raw];
}
