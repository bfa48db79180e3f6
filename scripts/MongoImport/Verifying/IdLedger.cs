using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Loading;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Sources;
using Npgsql;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Verifying;

/// <summary>
/// Finds rows that no document belongs to, and ids that come twice. The sums of the ids' hashes on both sides tell that there are none, at the cost of
/// reading the ids; only when they differ are the source's ids gathered, in a table that goes with its connection: memory stays bounded.
/// </summary>
internal sealed class IdLedger(NpgsqlDataSource database, Table table, ClassPlan plan)
{
    /// <summary>Of each id that comes twice: the number of the document that is the row.</summary>
    public Dictionary<string, long> Duplicates { get; } = new(StringComparer.Ordinal);

    /// <summary>How many documents are no row, because another has the same id.</summary>
    public long Repeated { get; private set; }

    /// <summary>Compares the ids.</summary>
    public async Task CompareAsync(ClassVerification found, CancellationToken stop)
    {
        var (count, sum) = await RowsAsync(stop);
        found.TableRows = count;
        if (count == found.Rows.Ids && sum == found.Rows.IdSum)
        {
            return;
        }
        await using var connection = await database.OpenConnectionAsync(stop);
        await GatherAsync(connection, stop);
        await using (var command = new NpgsqlCommand($"select t.id from {table.Quoted} t where not exists (select from source_ids s where s.id = t.id) order by t.id", connection))
        await using (var reader = await command.ExecuteReaderAsync(stop))
        {
            while (await reader.ReadAsync(stop))
            {
                found.NoDocument++;
                found.Differences.Add(new Difference(DifferenceKind.NoDocument, table.Origin, reader.GetString(0), null, null, null));
            }
        }
        await using (var command = new NpgsqlCommand($"select id, {(plan.Rule.FirstWins ? "min" : "max")}(number), count(*) from source_ids group by id having count(*) > 1", connection))
        await using (var reader = await command.ExecuteReaderAsync(stop))
        {
            while (await reader.ReadAsync(stop))
            {
                Duplicates.Add(reader.GetString(0), reader.GetInt64(1));
                Repeated += reader.GetInt64(2) - 1;
            }
        }
        await using var drop = new NpgsqlCommand("drop table source_ids", connection);
        await drop.ExecuteNonQueryAsync(stop);
    }

    private async Task<(long Count, UInt128 Sum)> RowsAsync(CancellationToken stop)
    {
        await using var command = database.CreateCommand($"select id from {table.Quoted}");
        await using var reader = await command.ExecuteReaderAsync(stop);
        var count = 0L;
        UInt128 sum = 0;
        while (await reader.ReadAsync(stop))
        {
            count++;
            sum += Hash128.Of(reader.GetFieldValue<ReadOnlyMemory<byte>>(0).Span, 0);
        }
        return (count, sum);
    }

    private async Task GatherAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        await using (var create = new NpgsqlCommand("create temporary table source_ids (id text collate \"C\" not null, number bigint not null)", connection))
        {
            await create.ExecuteNonQueryAsync(stop);
        }
        if (plan.Collection is { } collection)
        {
            await BinaryCopy.RunAsync(connection, "copy source_ids from stdin (format binary)", stream => WriteAsync(collection, new CopyRows(stream)), stop);
        }
        await using var analyze = new NpgsqlCommand("analyze source_ids", connection);
        await analyze.ExecuteNonQueryAsync(stop);

        async Task WriteAsync(SourceCollection collection, CopyRows rows)
        {
            var document = new CanonicalDocument(new CanonicalFields(table, plan.IsExport));
            var id = new Buffer(64);
            using var reader = collection.Open();
            while (reader.Read() is { } block)
            {
                using (block)
                {
                    var at = 0;
                    var number = block.FirstNumber;
                    while (block.TryTake(ref at, out var bytes))
                    {
                        Add(document, bytes, number++, id, rows);
                    }
                }
                await rows.FlushAsync(stop);
            }
            await rows.EndAsync(stop);
        }
    }

    private static void Add(CanonicalDocument document, ReadOnlySpan<byte> bytes, long number, Buffer id, CopyRows rows)
    {
        try
        {
            document.Read(bytes, number, new RuleCounts(), id);
        }
        catch (BsonFormatException)
        {
            // Counted when the documents were compared.
            return;
        }
        rows.Buffer.Int16(2);
        rows.Buffer.Int32(id.Length);
        rows.Buffer.Bytes(id.Written);
        rows.Buffer.Int32(8);
        rows.Buffer.Int64(number);
    }
}
