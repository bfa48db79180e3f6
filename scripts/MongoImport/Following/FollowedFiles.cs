using Backend.MongoImport.Bson;
using Backend.MongoImport.Files;
using Backend.MongoImport.Live;
using Npgsql;
using NpgsqlTypes;

namespace Backend.MongoImport.Following;

/// <summary>What <c>catalog.follow_files</c> and <c>catalog.follow_chunks</c> know of the source's files.</summary>
/// <param name="database">Connections.</param>
internal sealed class FollowedFiles(NpgsqlDataSource database)
{
    private const int Portion = 5_000;
    private const int MostChunkBytes = 8 * 1024 * 1024;

    /// <summary>The bytes that stand for an id: its type, and its value.</summary>
    public static byte[] IdOf(BsonValue id) => [(byte)id.Type, .. id.Raw];

    /// <summary>Notes what a batch changed, in its transaction.</summary>
    /// <param name="connection">With the batch's transaction.</param>
    /// <param name="entries">Changes of entries, in their order.</param>
    /// <param name="chunks">Changes of chunks; none when the source can be asked for them later.</param>
    /// <param name="stop">Cancels.</param>
    /// <returns>Entries that are none: without an id, a name or a length.</returns>
    public static async Task<IReadOnlyList<ChangeEvent>> NoteAsync(NpgsqlConnection connection, IReadOnlyList<ChangeEvent> entries, IReadOnlyList<ChangeEvent> chunks, CancellationToken stop)
    {
        var broken = new List<ChangeEvent>();
        foreach (var collection in entries.GroupBy(e => e.Collection))
        {
            var last = new Dictionary<byte[], ChangeEvent>(BytesComparer.Instance);
            foreach (var change in collection)
            {
                if (change.Kind is ChangeKind.Drop or ChangeKind.Rename)
                {
                    // What was dropped with its collection stays in the store: whoever wants it gone can see it in a verify.
                    last.Clear();
                    await ClassFollower.ExecuteAsync(connection, "delete from catalog.follow_files where collection = $1", stop, collection.Key);
                }
                else if (change.Kind == ChangeKind.Delete || change.Document is not null)
                {
                    last[change.Id!] = change;
                }
            }
            var here = new List<(byte[] Id, GridFile File)>();
            foreach (var change in last.Values.Where(c => c.Document is not null))
            {
                if (Read(change.Document!) is { } file)
                {
                    here.Add((IdOf(change.Id!), file));
                }
                else
                {
                    broken.Add(change);
                }
            }
            await PutAsync(connection, collection.Key, here, pending: _ => true, begun: false, stop);
            await ClassFollower.ExecuteAsync(connection, "update catalog.follow_files set gone = true, pending = true, trouble = null, changed_at = clock_timestamp() where collection = $1 and id = any($2)", stop,
                collection.Key, last.Values.Where(c => c.Document is null).Select(c => IdOf(c.Id!)).ToArray());
        }
        foreach (var portion in chunks.Where(c => c.Kind is ChangeKind.Upsert && c.Document is not null).Chunk(Portion))
        {
            await KeepAsync(connection, [.. portion.Select(c => c.Document!)], stop);
        }
        await ClassFollower.ExecuteAsync(connection, "delete from catalog.follow_chunks where id = any($1)", stop, (object)chunks.Where(c => c.Kind == ChangeKind.Delete).Select(c => IdOf(c.Id!)).ToArray());
        return broken;
    }

    /// <summary>
    /// Reads all entries once, when following begins: a removal is told by the id alone. What the store has not is to be brought; changes that came since come once more.
    /// </summary>
    /// <param name="collection">The collection of entries.</param>
    /// <param name="entries">Its documents.</param>
    /// <param name="isMissing">Whether the store lacks a file.</param>
    /// <param name="stop">Cancels.</param>
    public async Task FillAsync(string collection, IAsyncEnumerable<ReadOnlyMemory<byte>> entries, Func<GridFile, bool> isMissing, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        var portion = new List<(byte[] Id, GridFile File)>();
        await foreach (var document in entries.WithCancellation(stop))
        {
            if (Read(document.Span) is { } file)
            {
                new BsonValue(BsonType.Document, file.Entry).TryFind("_id"u8, out var id);
                portion.Add((IdOf(id), file));
            }
            if (portion.Count == Portion)
            {
                await PutAsync(connection, collection, portion, isMissing, begun: true, stop);
                portion.Clear();
            }
        }
        await PutAsync(connection, collection, portion, isMissing, begun: true, stop);
    }

    /// <summary>Keeps the chunks of a dump that belong to a file which the store lacks, or to none that is known yet.</summary>
    public async Task KeepAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> chunks, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        var complete = new HashSet<byte[]>(BytesComparer.Instance);
        await using (var command = new NpgsqlCommand("select id from catalog.follow_files where not pending", connection))
        await using (var reader = await command.ExecuteReaderAsync(stop))
        {
            while (await reader.ReadAsync(stop))
            {
                complete.Add(reader.GetFieldValue<byte[]>(0));
            }
        }
        var portion = new List<byte[]>();
        var bytes = 0;
        await foreach (var chunk in chunks.WithCancellation(stop))
        {
            if (new BsonValue(BsonType.Document, chunk.Span).TryFind("files_id"u8, out var file) && !complete.Contains(IdOf(file)))
            {
                portion.Add(chunk.ToArray());
                bytes += chunk.Length;
            }
            if (bytes > MostChunkBytes)
            {
                await KeepAsync(connection, portion, stop);
                portion.Clear();
                bytes = 0;
            }
        }
        await KeepAsync(connection, portion, stop);
    }

    /// <summary>Names that are to go into the store or out of it, with the upload that counts; a bounded number of them.</summary>
    /// <param name="most">At most so many names.</param>
    /// <param name="stop">Cancels.</param>
    public async Task<IReadOnlyList<PendingFile>> PendingAsync(int most, CancellationToken stop)
    {
        var found = new List<PendingFile>();
        await using var command = database.CreateCommand("""
            select name, collection, id, entry, gone, changed_at from catalog.follow_files
            where name in (select distinct name from catalog.follow_files where pending and trouble is null limit $1)
            order by name, gone, uploaded desc, changed_at desc
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = most });
        await using var reader = await command.ExecuteReaderAsync(stop);
        PendingFile? file = null;
        while (await reader.ReadAsync(stop))
        {
            var name = reader.GetString(0);
            var gone = reader.GetBoolean(4);
            var id = reader.GetFieldValue<byte[]>(2);
            if (file?.Name != name)
            {
                found.Add(file = new PendingFile(name, reader.GetString(1), id, gone ? null : reader.GetFieldValue<byte[]>(3), []));
            }
            file.Rows.Add((reader.GetString(1), id, reader.GetDateTime(5)));
        }
        return found;
    }

    /// <summary>The chunks of files that were kept.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ChunksAsync(byte[][] files, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        await using var command = database.CreateCommand("select document from catalog.follow_chunks where file = any($1)");
        command.Parameters.Add(new NpgsqlParameter { Value = files });
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            yield return reader.GetFieldValue<byte[]>(0);
        }
    }

    /// <summary>Notes what became of a name, unless it has changed once more since it was looked at.</summary>
    public async Task SettleAsync(PendingFile file, string? trouble, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        object[] rows = [file.Rows.Select(r => r.Collection).ToArray(), file.Rows.Select(r => r.Id).ToArray(), file.Rows.Select(r => r.ChangedAt).ToArray()];
        const string of = "from unnest($1::text[], $2::bytea[], $3::timestamptz[]) n (collection, id, changed_at) where f.collection = n.collection and f.id = n.id and f.changed_at = n.changed_at";
        await using (var settle = new NpgsqlCommand($"update catalog.follow_files f set pending = $4 is not null, trouble = $4 {of}", connection))
        {
            settle.Parameters.AddRange(rows.Select(r => new NpgsqlParameter { Value = r }).ToArray());
            settle.Parameters.Add(new NpgsqlParameter { Value = (object?)trouble ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
            await settle.ExecuteNonQueryAsync(stop);
        }
        if (trouble is null)
        {
            await ClassFollower.ExecuteAsync(connection, $"delete from catalog.follow_files f using unnest($1::text[], $2::bytea[], $3::timestamptz[]) n (collection, id, changed_at) where f.gone and f.collection = n.collection and f.id = n.id and f.changed_at = n.changed_at", stop, rows);
            await ClassFollower.ExecuteAsync(connection, "delete from catalog.follow_chunks where file = any($1)", stop, rows[1]);
        }
        await transaction.CommitAsync(stop);
    }

    /// <summary>Which of some names have changed since a time, or are on their way.</summary>
    public async Task<HashSet<string>> ChangedAsync(string[] names, DateTimeOffset since, CancellationToken stop)
    {
        var changed = new HashSet<string>(StringComparer.Ordinal);
        // What cannot be put together is not on its way.
        await using var command = database.CreateCommand("select name from catalog.follow_files where name = any($1) and (changed_at > $2 or (pending and trouble is null))");
        command.Parameters.Add(new NpgsqlParameter { Value = names });
        command.Parameters.Add(new NpgsqlParameter { Value = since.UtcDateTime });
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            changed.Add(reader.GetString(0));
        }
        return changed;
    }

    /// <summary>Has files brought once more: the store lacks them.</summary>
    public async Task AgainAsync(IReadOnlyCollection<string> names, CancellationToken stop)
    {
        await using var command = database.CreateCommand("update catalog.follow_files set pending = true, trouble = null where name = any($1)");
        command.Parameters.Add(new NpgsqlParameter { Value = names.ToArray() });
        await command.ExecuteNonQueryAsync(stop);
    }

    /// <summary>Files that wait, and those of them that cannot be put together, with the reason.</summary>
    public async Task<(long Waiting, IReadOnlyList<(string Name, string Trouble)> Troubled)> LeftAsync(CancellationToken stop)
    {
        var waiting = 0L;
        var troubled = new List<(string, string)>();
        await using var command = database.CreateCommand("select name, min(trouble) from catalog.follow_files where pending group by name order by name");
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            if (reader.IsDBNull(1))
            {
                waiting++;
            }
            else
            {
                troubled.Add((reader.GetString(0), reader.GetString(1)));
            }
        }
        return (waiting, troubled);
    }

    /// <summary>The entries of files that have come since following began: the upload that counts of each name.</summary>
    public async IAsyncEnumerable<GridFile> ChangedAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        await using var command = database.CreateCommand("""
            select distinct on (name) entry from catalog.follow_files where not gone and not pending and name in (select name from catalog.follow_files where changed_at > 'epoch')
            order by name, uploaded desc, changed_at desc
            """);
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            if (Read(reader.GetFieldValue<byte[]>(0)) is { } file)
            {
                yield return file;
            }
        }
    }

    /// <summary>An entry; null: it is none.</summary>
    public static GridFile? Read(ReadOnlySpan<byte> document)
    {
        try
        {
            // A name with U+0000 is none that PostgreSQL or a disk could hold.
            return GridFile.Read(document, 0) is { } file && !file.Name.Contains('\0', StringComparison.Ordinal) ? file : null;
        }
        catch (BsonFormatException)
        {
            // Like an entry that lacks something.
            return null;
        }
    }

    private static byte[] IdOf(byte[] only) => new BsonValue(BsonType.Document, only).TryFind("_id"u8, out var id) ? IdOf(id) : [];

    private static Task PutAsync(NpgsqlConnection connection, string collection, List<(byte[] Id, GridFile File)> files, Func<GridFile, bool> pending, bool begun, CancellationToken stop) =>
        files.Count == 0 ? Task.CompletedTask : ClassFollower.ExecuteAsync(connection, $"""
            insert into catalog.follow_files as f (collection, id, name, uploaded, entry, pending, changed_at)
            select distinct on (n.id) $1, n.id, n.name, n.uploaded, n.entry, n.pending, {(begun ? "'epoch'" : "clock_timestamp()")}
            from unnest($2::bytea[], $3::text[], $4::bigint[], $5::bytea[], $6::boolean[]) n (id, name, uploaded, entry, pending)
            on conflict (collection, id) do {(begun ? "nothing" : "update set name = excluded.name, uploaded = excluded.uploaded, entry = excluded.entry, gone = false, pending = true, trouble = null, changed_at = excluded.changed_at")}
            """, stop, collection, files.Select(f => f.Id).ToArray(), files.Select(f => f.File.Name).ToArray(), files.Select(f => f.File.Uploaded).ToArray(), files.Select(f => f.File.Entry).ToArray(),
            files.Select(f => pending(f.File)).ToArray());

    private static async Task KeepAsync(NpgsqlConnection connection, IReadOnlyList<byte[]> chunks, CancellationToken stop)
    {
        List<byte[]> ids = [], files = [], documents = [];
        foreach (var chunk in chunks)
        {
            var value = new BsonValue(BsonType.Document, chunk);
            if (value.TryFind("_id"u8, out var id) && value.TryFind("files_id"u8, out var file))
            {
                ids.Add(IdOf(id));
                files.Add(IdOf(file));
                documents.Add(chunk);
            }
        }
        if (ids.Count > 0)
        {
            await ClassFollower.ExecuteAsync(connection, """
                insert into catalog.follow_chunks (id, file, document) select distinct on (n.id) n.id, n.file, n.document from unnest($1::bytea[], $2::bytea[], $3::bytea[]) n (id, file, document)
                on conflict (id) do update set file = excluded.file, document = excluded.document
                """, stop, ids.ToArray(), files.ToArray(), documents.ToArray());
        }
    }
}

/// <summary>A name that is to go into the store, or out of it.</summary>
/// <param name="Name">The name.</param>
/// <param name="Collection">The collection of the entry that counts.</param>
/// <param name="Id">Its id.</param>
/// <param name="Entry">The entry; null: none is left, so the file goes.</param>
/// <param name="Rows">All entries of the name as they were looked at.</param>
internal sealed record PendingFile(string Name, string Collection, byte[] Id, byte[]? Entry, List<(string Collection, byte[] Id, DateTime ChangedAt)> Rows);
