using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Following;
using Backend.MongoImport.Loading;
using Backend.MongoImport.Planning;
using Npgsql;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Verifying;

/// <summary>Compares a relation's join collection with its join table: the pairs, not their ids. As with <see cref="IdLedger"/>, sums first.</summary>
internal sealed class JoinVerifier(NpgsqlDataSource database, Table table, JoinPlan join)
{
    private const int HeadOfRow = 2;
    private const int SequenceOfRow = 12;

    private readonly Field? _field = table.Find(join.Field);

    /// <summary>Compares.</summary>
    public async Task RunAsync(ClassVerification found, CancellationToken stop)
    {
        if (_field is not { Kind: FieldKind.Relation, Column: { } relation })
        {
            found.Differences.Add(new Difference(DifferenceKind.Schema, table.Origin, join.Field, join.Field, "relation", _field?.Kind.ToString()));
            return;
        }
        var quoted = "app." + Data.Sql.Quote(relation);
        var source = await SourceAsync(null, found, stop);
        var rows = await RowsAsync(quoted, stop);
        found.Pairs += source.Count;
        found.PairRows += rows.Count;
        if (source == rows)
        {
            return;
        }
        await using var connection = await database.OpenConnectionAsync(stop);
        await ExecuteAsync("create temporary table source_pairs (owning_id text collate \"C\" not null, related_id text collate \"C\" not null, document bytea not null)", connection, stop);
        await BinaryCopy.RunAsync(connection, "copy source_pairs from stdin (format binary)", stream => SourceAsync(new CopyRows(stream), null, stop), stop);
        await ExecuteAsync("analyze source_pairs", connection, stop);
        await using (var count = new NpgsqlCommand("select count(*) - (select count(*) from (select distinct owning_id, related_id from source_pairs) d) from source_pairs", connection))
        {
            found.Rules.Add(Rule.JoinDuplicate, (long)(await count.ExecuteScalarAsync(stop))!);
        }
        await DifferAsync($"select owning_id, related_id, array_agg(encode(document, 'hex')) from source_pairs s where not exists (select from {quoted} j where j.owning_id = s.owning_id and j.related_id = s.related_id) group by 1, 2",
            DifferenceKind.NoLink, found, connection, stop);
        await DifferAsync($"select owning_id, related_id, '{{}}'::text[] from {quoted} j where not exists (select from source_pairs s where j.owning_id = s.owning_id and j.related_id = s.related_id)",
            DifferenceKind.NoPair, found, connection, stop);
        await ExecuteAsync("drop table source_pairs", connection, stop);
    }

    // Either counts and sums, or also writes.
    private async Task<(long Count, UInt128 Sum)> SourceAsync(CopyRows? rows, ClassVerification? found, CancellationToken stop)
    {
        var count = 0L;
        UInt128 sum = 0;
        var buffer = rows?.Buffer ?? new Buffer(256);
        using var reader = join.Collection.Open();
        reader.Rejected = _ => found?.Rules.Count(Rule.Rejected);
        while (reader.Read() is { } block)
        {
            using (block)
            {
                var at = 0;
                while (block.TryTake(ref at, out var document))
                {
                    var start = buffer.Length;
                    switch (TryEncode(document, buffer))
                    {
                        case true:
                            count++;
                            sum += Hash128.Of(buffer.Written[(start + HeadOfRow)..^SequenceOfRow], 0);
                            if (rows is not null)
                            {
                                // Which document it was, in the place of its number.
                                buffer.CutBack(buffer.Length - SequenceOfRow);
                                var id = buffer.BeginSized();
                                buffer.Bytes(LinkFollower.IdOf(document));
                                buffer.EndSized(id);
                            }
                            break;
                        case false:
                            found?.Rules.Count(Rule.JoinIncomplete);
                            break;
                        default:
                            found?.Rules.Count(Rule.Rejected);
                            break;
                    }
                    if (rows is null)
                    {
                        buffer.Clear();
                    }
                }
            }
            if (rows is not null)
            {
                await rows.FlushAsync(stop);
            }
            stop.ThrowIfCancellationRequested();
        }
        if (rows is not null)
        {
            await rows.EndAsync(stop);
        }
        return (count, sum);
    }

    private static bool? TryEncode(ReadOnlySpan<byte> document, Buffer to)
    {
        try
        {
            return JoinEncoder.TryEncode(document, 0, to);
        }
        catch (BsonFormatException)
        {
            return null;
        }
    }

    private async Task<(long Count, UInt128 Sum)> RowsAsync(string quoted, CancellationToken stop)
    {
        await using var command = database.CreateCommand($"select owning_id, related_id from {quoted}");
        await using var reader = await command.ExecuteReaderAsync(stop);
        var count = 0L;
        UInt128 sum = 0;
        var row = new Buffer(256);
        while (await reader.ReadAsync(stop))
        {
            row.Clear();
            for (var i = 0; i < 2; i++)
            {
                var start = row.BeginSized();
                row.Bytes(reader.GetFieldValue<ReadOnlyMemory<byte>>(i).Span);
                row.EndSized(start);
            }
            count++;
            sum += Hash128.Of(row.Written, 0);
        }
        return (count, sum);
    }

    private async Task DifferAsync(string sql, DifferenceKind kind, ClassVerification found, NpgsqlConnection connection, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            var (owning, related) = (reader.GetString(0), reader.GetString(1));
            found.Differences.Add(new Difference(kind, table.Origin, $"{owning} -> {related}", join.Field, null, null)
            {
                Link = new LinkDifference(_field!.Column!, owning, related, reader.GetFieldValue<string[]>(2)),
            });
        }
    }

    private static async Task ExecuteAsync(string sql, NpgsqlConnection connection, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(stop);
    }
}
