using System.Buffers;
using System.Globalization;
using System.Text;
using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Restoring;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;
using Backend.MongoImport.Verifying;
using Npgsql;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Following;

/// <summary>Compares single documents of the source, by their ids, with what is here.</summary>
internal sealed class ChangedComparer(Follower follower, FollowedSource source, Action<string> differ)
{
    private const int Portion = 1_000;

    /// <summary>Compares rows of a class.</summary>
    /// <returns>How many ids it was about.</returns>
    public async Task<long> ClassAsync(string origin, IReadOnlyList<string> ids, CancellationToken stop)
    {
        if ((await follower.Catalog.GetAsync(stop)).FindByOrigin(origin) is not { } table)
        {
            return 0;
        }
        var comparer = new RowComparer(table, new CanonicalFields(table, isExport: false), new RowRestorer(table));
        var collection = follower.CollectionOf(origin);
        var rewriter = RuledSource.RewriterOf(collection, follower.State.Prefix, follower.Rules);
        await using var connection = await follower.Database.OpenConnectionAsync(stop);
        foreach (var portion in ids.Chunk(Portion))
        {
            var bytes = new ArrayBufferWriter<byte>();
            var found = new HashSet<string>(StringComparer.Ordinal);
            var count = 0;
            await foreach (var document in source.ReadAsync(collection, Filter(portion), stop))
            {
                found.Add(IdOf(document.Span));
                bytes.Write(rewriter is null ? document.Span : rewriter.Rewrite(document.Span));
                count++;
            }
            if (count > 0)
            {
                var rented = ArrayPool<byte>.Shared.Rent(bytes.WrittenCount);
                bytes.WrittenSpan.CopyTo(rented);
                using var block = new DocumentBlock(rented, 0, bytes.WrittenCount, collection, 0, 1, count);
                await comparer.CompareAsync(connection, block, d => differ($"{origin} {d.Id}{(d.Field is null ? "" : $", {d.Field}")}: {(d.Kind == DifferenceKind.NoRow ? "has no row" : $"{d.Source ?? "nothing"} in the source, {d.Row ?? "nothing"} here")}."), stop);
            }
            await using var rows = new NpgsqlCommand($"select id from {table.Quoted} where id = any($1) and id <> all($2)", connection);
            rows.Parameters.Add(new NpgsqlParameter { Value = portion });
            rows.Parameters.Add(new NpgsqlParameter { Value = found.ToArray() });
            await using var reader = await rows.ExecuteReaderAsync(stop);
            while (await reader.ReadAsync(stop))
            {
                differ($"{origin} {reader.GetString(0)}: is a row, but no document of the source.");
            }
        }
        return ids.Count;
    }

    /// <summary>Compares join documents, by the ids under which they are kept.</summary>
    /// <returns>How many ids it was about.</returns>
    public async Task<long> LinksAsync(string name, IReadOnlyList<string> ids, CancellationToken stop)
    {
        if (name.Split(':', 3) is not [_, var fieldName, var className]
            || (await follower.Catalog.GetAsync(stop)).FindByOrigin(className)?.Find(fieldName) is not { Kind: FieldKind.Relation, Column: { } relation })
        {
            return 0;
        }
        foreach (var portion in ids.Chunk(Portion))
        {
            var wanted = portion.ToHashSet(StringComparer.Ordinal);
            var links = new LinkFollower(name, relation);
            await foreach (var document in source.ReadAsync(follower.CollectionOf(name), Filter(portion.Select(Convert.FromHexString)), stop))
            {
                links.Take(document.Span);
            }
            foreach (var id in links.Keys)
            {
                wanted.Remove(Convert.ToHexStringLower(id));
            }
            await using var connection = await follower.Database.OpenConnectionAsync(stop);
            foreach (var missing in await links.MissingAsync(connection, [.. wanted.Select(Convert.FromHexString)], stop))
            {
                differ($"{name}: {missing}");
            }
        }
        return ids.Count;
    }

    private static string IdOf(ReadOnlySpan<byte> document)
    {
        var id = new Buffer(64);
        if (new BsonValue(BsonType.Document, document).TryFind("_id"u8, out var value))
        {
            Loading.RowIds.Write(value, id);
        }
        return Encoding.UTF8.GetString(id.Written);
    }

    // An id that is no text in the source is one here: each may have been several things there.
    private static byte[] Filter(IEnumerable<string> ids) => Filter(ids.SelectMany(Forms));

    private static IEnumerable<byte[]> Forms(string id)
    {
        var utf8 = Encoding.UTF8.GetBytes(id);
        yield return [(byte)BsonType.Text, .. BitConverter.GetBytes(utf8.Length + 1), .. utf8, 0];
        if (id.Length == 24 && id.All(char.IsAsciiHexDigitLower))
        {
            yield return [(byte)BsonType.ObjectId, .. Convert.FromHexString(id)];
        }
        if (double.TryParse(id, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            // Numbers of all types are one to MongoDB.
            yield return [(byte)BsonType.Double, .. BitConverter.GetBytes(number)];
        }
    }

    private static byte[] Filter(IEnumerable<byte[]> values)
    {
        var filter = new BsonWriter();
        filter.Begin();
        filter.Element(BsonType.Document, "_id"u8);
        filter.Begin();
        filter.Element(BsonType.Array, "$in"u8);
        filter.Begin();
        foreach (var (n, value) in values.Index())
        {
            filter.Element((BsonType)value[0], Encoding.ASCII.GetBytes(n.ToString(CultureInfo.InvariantCulture)));
            filter.Bytes(value.AsSpan(1));
        }
        filter.End();
        filter.End();
        filter.End();
        return filter.Written.ToArray();
    }
}
