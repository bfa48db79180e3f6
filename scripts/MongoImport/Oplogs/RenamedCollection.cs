using System.Runtime.CompilerServices;
using System.Text;
using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Following;
using Backend.MongoImport.Restoring;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Oplogs;

/// <summary>
/// A collection that got another name. Its documents are those of its rows, when it is followed; those of a collection that is not (what an aggregate's <c>$out</c> writes before it takes the place
/// of another) are the oplog's own, if that shows how it was made.
/// </summary>
/// <param name="From">Its name before; null: it came from another database.</param>
/// <param name="To">Its name since; null: it went to another database.</param>
internal sealed record RenamedCollection(string? From, string? To)
{
    private const int Portion = 1_000;

    /// <summary>The oplog that tells of it.</summary>
    public SourceCollection? Oplog { get; init; }

    /// <summary>The database.</summary>
    public string Database { get; init; } = "";

    /// <summary>Whoever follows.</summary>
    public Follower? Follower { get; init; }

    /// <summary>When it happened.</summary>
    public OplogTime Time { get; init; }

    /// <summary>What an entry renames; null: nothing, or nothing of the database.</summary>
    public static RenamedCollection? Of(OplogEntry entry, string database)
    {
        if (entry.Operation != "c" || entry.Command() != "renameCollection" || !entry.Find("renameCollection"u8, out var from) || !entry.Find("to"u8, out var to))
        {
            return null;
        }
        var renamed = new RenamedCollection(Here(from.Text), Here(to.Text));
        return renamed is { From: null, To: null } ? null : renamed;

        string? Here(ReadOnlySpan<byte> name) =>
            Encoding.UTF8.GetString(name) is var full && full.StartsWith(database + ".", StringComparison.Ordinal) ? full[(database.Length + 1)..] : null;
    }

    /// <summary>Its documents at that time.</summary>
    /// <exception cref="SourceException">The oplog does not show all of them.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        var follower = Follower!;
        if (follower.NameOf(From!) is { } name && (await follower.Catalog.GetAsync(stop)).FindByOrigin(name) is { } table)
        {
            await foreach (var document in RowsAsync(table, stop))
            {
                yield return document;
            }
            yield break;
        }
        foreach (var document in Written())
        {
            stop.ThrowIfCancellationRequested();
            yield return document;
        }
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> RowsAsync(Table table, [EnumeratorCancellation] CancellationToken stop)
    {
        var follower = Follower!;
        var rewriter = RuledSource.RewriterOf(follower.State.Prefix + table.Origin, follower.State.Prefix, follower.Rules.Reversed());
        var restorer = new RowRestorer(table);
        await using var connection = await follower.Database.OpenConnectionAsync(stop);
        for (var last = ""; ;)
        {
            var ids = new List<string>();
            await using (var command = new Npgsql.NpgsqlCommand($"select id from {table.Quoted} where id > $1 order by id limit {Portion}", connection) { Parameters = { new() { Value = last } } })
            await using (var reader = await command.ExecuteReaderAsync(stop))
            {
                while (await reader.ReadAsync(stop))
                {
                    ids.Add(reader.GetString(0));
                }
            }
            if (ids.Count == 0)
            {
                yield break;
            }
            var documents = new List<byte[]>();
            await restorer.ReadAsync(connection, [.. ids], (_, document) => documents.Add((rewriter is null ? document : rewriter.Rewrite(document)).ToArray()), stop);
            foreach (var document in documents)
            {
                yield return document;
            }
            last = ids[^1];
        }
    }

    // What an aggregate has written: it makes the collection, inserts, and renames it. Of several of one name the last counts.
    private IEnumerable<byte[]> Written()
    {
        OplogTime? made = null;
        var complete = true;
        foreach (var (entry, operation) in Operations(after: default))
        {
            if (operation.Operation == "c")
            {
                if (operation.Command() == "create")
                {
                    (made, complete) = (entry.Time, true);
                }
            }
            else
            {
                complete &= operation.Operation == "i" && (entry.Transaction is null || entry.IsRetried);
            }
        }
        if (made is not { } from || !complete)
        {
            throw new SourceException($"{Oplog!.Path}: {From} was renamed to {To} at {Time}, and this oplog does not show what it held. Import a dump from after that.");
        }
        return Operations(after: from).Where(o => o.Operation.Operation == "i").Select(o => o.Operation.Content);
    }

    // What happened to the collection until it was renamed.
    private IEnumerable<(OplogEntry Entry, OplogEntry Operation)> Operations(OplogTime after)
    {
        using var reader = new OplogReader(Oplog!);
        while (reader.Next() is { } entry && entry.Time < Time)
        {
            foreach (var operation in entry.Time < after ? [] : Flat(entry).Where(o => o.Database == Database))
            {
                var name = operation.Operation != "c" ? operation.Collection
                    : operation.Find("create"u8, out var created) && created.Type == BsonType.Text ? Encoding.UTF8.GetString(created.Text) : "";
                if (name == From)
                {
                    yield return (entry, operation);
                }
            }
        }
    }

    private static IEnumerable<OplogEntry> Flat(OplogEntry entry) => entry.Operation == "c" && entry.Command() == "applyOps" ? entry.Inner().SelectMany(Flat) : [entry];
}
