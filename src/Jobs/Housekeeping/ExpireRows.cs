using Backend.Data;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Backend.Jobs.Housekeeping;

/// <summary>Asks for <see cref="ExpireRows"/>.</summary>
internal sealed record ExpiredRows;

/// <summary>
/// Deletes the rows that table <c>jobs.expirations</c> says have had their time. Like the database it takes after, it knows no access rules and
/// calls no interceptor.
/// </summary>
internal sealed class ExpireRows(NpgsqlDataSource database, ILogger<ExpireRows> logger) : IJob<ExpiredRows>
{
    // Names as pg_catalog has them, so nothing but a table and a column that exist gets into a statement.
    private const string Expirations = """
        select e.relation as Relation, e.column_name as ColumnName, e.seconds as Seconds, c.relname::text as RelationFound, a.attname::text as ColumnFound,
               a.atttypid = 'timestamptz'::regtype as IsTime
        from jobs.expirations e
        left join pg_class c on c.relname = e.relation and c.relkind in ('r', 'p') and c.relnamespace = 'app'::regnamespace
        left join pg_attribute a on a.attrelid = c.oid and a.attname = e.column_name and a.attnum > 0 and not a.attisdropped
        order by 1, 2
        """;

    public async Task RunAsync(ExpiredRows arguments, JobRun run, CancellationToken cancellation)
    {
        var failures = 0;
        foreach (var expiration in await ReadAsync(cancellation))
        {
            if (expiration is not { RelationFound: { } relation, ColumnFound: { } column, IsTime: true })
            {
                Log.CannotExpire(logger, expiration.Relation, expiration.ColumnName, expiration.Mistake);
                continue;
            }

            try
            {
                await DeleteAsync($"app.{Sql.Quote(relation)}", Sql.Quote(column), expiration.Seconds, cancellation);
            }
            catch (PostgresException e)
            {
                // One table's trouble (a lock, a trigger) is not the others'.
                Log.ExpirationFailed(logger, relation, e);
                failures++;
            }
        }

        if (failures > 0)
            throw new InvalidOperationException($"{failures} tables could not be relieved of expired rows; the log names them.");
    }

    private Task<long> DeleteAsync(string table, string column, long seconds, CancellationToken cancellation) => Batches.DeleteAsync(database, $"""
        delete from {table} where ctid = any(array(
            select ctid from {table} where {column} <= now() - make_interval(secs => $1) limit {Batches.Size} for update skip locked))
        """, [(double)seconds], cancellation);

    private async Task<List<Expiration>> ReadAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<Expiration>(new CommandDefinition(Expirations, cancellationToken: cancellation))];
    }

    private sealed record Expiration(string Relation, string ColumnName, long Seconds, string? RelationFound, string? ColumnFound, bool? IsTime)
    {
        public string Mistake => RelationFound is null ? "there is no such table." : ColumnFound is null ? "there is no such column." : "it is not a timestamp.";
    }
}
