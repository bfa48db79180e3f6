using Npgsql;

namespace Backend.Data.Catalog;

/// <summary>
/// Closes a database to writes and opens it again (docs/decisions/019-write-switch.md). Closed, every row that is written by anybody but a follower is refused
/// with <see cref="RefusalKind.WritesClosed"/>, and so is every change of the catalog; reads go on, and jobs pause.
/// </summary>
/// <param name="database">Connections without time limit on commands.</param>
/// <param name="catalog">The catalog of that database, of a follower (<see cref="LiveCatalog.Follows"/>).</param>
public sealed class WriteSwitch(NpgsqlDataSource database, LiveCatalog catalog)
{
    /// <summary>How long a trigger that is not needed any more may wait for readers; it does nothing, and goes another time.</summary>
    private const int DropMilliseconds = 200;

    /// <summary>The SQLSTATE of a write that was refused: catalog.refuse_write().</summary>
    public const string RefusedState = "B0C01";

    /// <summary>What a session says at its start that may write all the same, for the option <c>Options</c> of a connection string.</summary>
    public const string FollowerOption = "-c backend.follows=on";

    /// <summary>A refusal as the dialects get it.</summary>
    public static Refusal Refused(string? table = null) => new(RefusalKind.WritesClosed, "Writes are closed for a while; reads go on.", table);

    /// <summary>
    /// Closes. When it returns, no process accepts a write any more, and none that was accepted is still under way. Closed already, it makes sure
    /// of that.
    /// </summary>
    public async Task CloseAsync(CancellationToken cancellation = default)
    {
        // First the switch: no table is made from then on without its trigger, and no process begins what it cannot end.
        await SetAsync("update catalog.state set writes_closed_at = now() where writes_closed_at is null", cancellation);
        // One transaction each: it waits for whoever is writing to this relation, and holds no other meanwhile.
        foreach (var relation in await RelationsAsync(cancellation))
            await ExecuteAsync("select catalog.close_writes($1)", relation, cancellation);
    }

    /// <summary>Opens: when it returns, every process accepts writes.</summary>
    public async Task OpenAsync(CancellationToken cancellation = default)
    {
        var relations = await RelationsAsync(cancellation);
        foreach (var relation in relations)
            await ExecuteAsync("select catalog.open_writes($1)", relation, cancellation);
        await SetAsync("update catalog.state set writes_closed_at = null where writes_closed_at is not null", cancellation);
        foreach (var relation in relations)
            await TryDropAsync(relation, cancellation);
    }

    private Task SetAsync(string sql, CancellationToken cancellation) => catalog.ChangeFollowedAsync(async connection =>
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteNonQueryAsync(CancellationToken.None) > 0;
    }, cancellation);

    private async Task<List<string>> RelationsAsync(CancellationToken cancellation)
    {
        var relations = new List<string>();
        await using var command = database.CreateCommand("select relation from catalog.row_relations order by 1");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            relations.Add(reader.GetString(0));
        return relations;
    }

    private async Task ExecuteAsync(string sql, string relation, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = relation });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    // To drop it takes the lock that readers hold, and readers come behind who waits for it.
    private async Task TryDropAsync(string relation, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        try
        {
            await using var command = new NpgsqlCommand($"set local lock_timeout = {DropMilliseconds}; drop trigger if exists writes_closed on app.{Sql.Quote(relation)}", connection);
            await command.ExecuteNonQueryAsync(cancellation);
            await transaction.CommitAsync(cancellation);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            // It stays, disabled.
        }
    }
}
