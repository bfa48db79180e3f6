using System.Text.Json;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Npgsql;

namespace Backend.Data.Catalog.Promotion;

/// <summary>
/// One pass over a table that moves a field's values from <c>rest</c> to its column: in short transactions of few rows, by id, so that writers wait
/// for moments only. Values that the column cannot hold stay where they are.
/// </summary>
internal sealed class ValueMove(NpgsqlDataSource database, Table table, Field field)
{
    private const int BatchSize = 200;
    private const int LockMilliseconds = 1000;
    private const int Attempts = 10;

    /// <summary>Runs the pass.</summary>
    /// <returns>How many values were moved, and how many stay.</returns>
    /// <exception cref="PostgresException">A row was locked for too long, again and again: the pass is to be repeated.</exception>
    public async Task<(long Moved, long Left)> RunAsync(CancellationToken cancellation)
    {
        var (last, moved, left) = ("", 0L, 0L);
        for (var attempt = 1; ;)
        {
            try
            {
                if (await MoveBatchAsync(last, cancellation) is not { } batch)
                    return (moved, left);
                (last, moved, left, attempt) = (batch.Last, moved + batch.Moved, left + batch.Left, 1);
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected && attempt < Attempts)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50 * attempt++), cancellation);
            }
        }
    }

    private async Task<(string Last, int Moved, int Left)?> MoveBatchAsync(string after, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using (var limit = new NpgsqlCommand($"set local lock_timeout = {LockMilliseconds}; set local statement_timeout = 0", connection, transaction))
            await limit.ExecuteNonQueryAsync(cancellation);

        var rows = await ReadAsync(connection, transaction, after, cancellation);
        if (rows.Count == 0)
            return null;
        var fitting = rows.FindAll(r => Storage.FitsColumn(field, r.Value));
        if (fitting.Count > 0)
        {
            await using var update = Update(fitting).ToCommand(connection, transaction);
            await update.ExecuteNonQueryAsync(cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return (rows[^1].Id, fitting.Count, rows.Count - fitting.Count);
    }

    private async Task<List<(string Id, Value Value)>> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string after, CancellationToken cancellation)
    {
        var sql = new Statement();
        var name = sql.Fragment(s => s.Text(field.Name));
        sql.Sql("select t.id, t.rest -> ").Sql(name).Sql(" from ").Sql(table.Quoted).Sql(" t where t.id > ").Text(after).Sql(" and t.rest ? ").Sql(name)
            .Sql(" order by t.id limit ").Integer(BatchSize).Sql(" for update");
        var rows = new List<(string, Value)>(BatchSize);
        await using var command = sql.ToCommand(connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            using var json = JsonDocument.Parse(reader.GetFieldValue<ReadOnlyMemory<byte>>(1), new JsonDocumentOptions { MaxDepth = NestedJson.MaxDepth + 10 });
            rows.Add((reader.GetString(0), RestJson.Read(json.RootElement)));
        }

        return rows;
    }

    private Statement Update(List<(string Id, Value Value)> rows)
    {
        var sql = new Statement();
        sql.Sql("update ").Sql(table.Quoted).Sql(" t set ").Sql(field.QuotedColumn).Sql(" = v.value").Sql(InsertList.CastOf(field.Kind))
            .Sql(", rest = nullif(t.rest - ").Text(field.Name).Sql(", '{}') from unnest(").Texts([.. rows.Select(r => r.Id)]).Sql(", ");
        InsertList.PrintColumn(sql, field.Kind, [.. rows.Select((r, i) => KeyValuePair.Create(i, r.Value))], rows.Count);
        return sql.Sql(") as v(id, value) where t.id = v.id");
    }
}
