using Dapper;
using Npgsql;

namespace Backend.Jobs.Outbox;

/// <summary>A row of <c>jobs.recurring</c>.</summary>
internal sealed record RecurringRow(string Name, string Cron);

/// <summary>Table <c>jobs.recurring</c>.</summary>
internal sealed class RecurringTable(NpgsqlDataSource database)
{
    // Longer than a roll-out, in which old and new programs run side by side and restart in any order.
    private static readonly TimeSpan Undeclared = TimeSpan.FromMinutes(30);

    public async Task SetAsync(string name, string job, string arguments, string cron, bool declared, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition("""
            insert into jobs.recurring (name, job, arguments, cron, declared_at)
            values (@name, @job, @arguments, @cron, case when @declared then now() end)
            on conflict (name) do update
            set job = excluded.job, arguments = excluded.arguments, cron = excluded.cron, declared_at = excluded.declared_at
            """, new { name, job, arguments, cron, declared }, cancellationToken: cancellation));
    }

    public async Task RemoveAsync(string name, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition("""
            delete from jobs.recurring where name = @name
            """, new { name }, cancellationToken: cancellation));
    }

    /// <summary>Drops what no program has contained for a while and returns the rest.</summary>
    public async Task<IReadOnlyList<RecurringRow>> AllAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return [.. await connection.QueryAsync<RecurringRow>(new CommandDefinition("""
            delete from jobs.recurring where declared_at < now() - @Undeclared;
            select name, cron from jobs.recurring order by name
            """, new { Undeclared }, cancellationToken: cancellation))];
    }
}
