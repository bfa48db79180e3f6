using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Npgsql;

namespace Backend.Data.Rows;

/// <content>Inserts of several rows.</content>
public sealed partial class RowStore
{
    /// <summary>
    /// Inserts rows of one table, all or none: neighbours whose values are known beforehand in one statement, others one by one. In the order of
    /// creation they stand as they are given. The table must not be intercepted (<see cref="IsIntercepted"/>).
    /// </summary>
    /// <param name="table">The table.</param>
    /// <param name="rows">The rows. Defaults are added to their changes.</param>
    /// <param name="caller">On whose behalf.</param>
    /// <param name="transaction">Writes inside this transaction, for which <see cref="PrepareAsync"/> has been called; null: in one of its own.</param>
    /// <param name="cancellation">Cancels before the first statement is sent.</param>
    /// <returns>What was written, row by row.</returns>
    /// <exception cref="Refusal">Not allowed, a required field is missing, a unique value is taken. In a transaction of the caller's it is broken then.</exception>
    public async Task<IReadOnlyList<WriteResult>> InsertManyAsync(Table table, IReadOnlyList<NewRow> rows, Caller caller, RowTransaction? transaction = null,
        CancellationToken cancellation = default)
    {
        if (IsIntercepted(table))
            throw new InvalidOperationException($"Rows of {table.Name} are inserted one by one.");
        AccessRules.Require(table, Operation.Create, caller);
        if (transaction is null)
        {
            foreach (var row in rows)
                await PrepareAsync(table, row.Changes, cancellation);
        }

        var pieces = Pieces(table, rows, caller);
        await using var own = transaction is null && pieces.Count > 1 ? await BeginAsync(cancellation) : null;
        var results = new List<WriteResult>(rows.Count);
        foreach (var piece in pieces)
        {
            if (piece.List is { } list)
                results.AddRange(await ExecuteAsync(list, piece.Listed, table, transaction ?? own, cancellation));
            else
                results.Add(await InsertAsync(table, piece.Single!.Changes, caller, piece.Single.Id, transaction ?? own, cancellation));
        }

        if (own is not null)
            await own.CommitAsync(CancellationToken.None);
        return results;
    }

    // Rows of different requests in one statement.
    private async Task<IReadOnlyList<Outcome<WriteResult>>> InsertGatheredAsync(InsertShape shape, IReadOnlyList<GatheredInsert> rows)
    {
        var list = new InsertList();
        foreach (var row in rows)
            list.Add(row.Id, row.Changes, row.Acl);
        return [.. await ExecuteAsync(list, rows, shape.Table, null, CancellationToken.None)];
    }

    private List<Piece> Pieces(Table table, IReadOnlyList<NewRow> rows, Caller caller)
    {
        // Rows of one statement share their instant, and the order of creation goes on by the id: new ids rise within a list.
        var ids = new Queue<string>(rows.Where(r => r.Id is null).Select(_ => NewId()).Order(StringComparer.Ordinal));
        var pieces = new List<Piece>();
        Piece? open = null;
        foreach (var row in rows)
        {
            var named = row.Id is null ? row with { Id = ids.Dequeue() } : row;
            if (row.Changes.CreatedAt is null && InsertList.Takes(row.Changes))
            {
                if (open is null)
                    pieces.Add(open = new Piece(new InsertList()));
                var defaults = AddDefaults(table, row.Changes);
                var (acl, ownAcl) = AclOf(table, row.Changes, caller);
                open.List!.Add(named.Id!, row.Changes.Changes, acl);
                open.Listed.Add(new GatheredInsert(named.Id!, row.Changes.Changes, acl, defaults, ownAcl));
            }
            else
            {
                open = null;
                pieces.Add(new Piece(null) { Single = named });
            }
        }

        return pieces;
    }

    private Task<List<WriteResult>> ExecuteAsync(InsertList list, IReadOnlyList<GatheredInsert> rows, Table table, RowTransaction? transaction, CancellationToken cancellation)
    {
        var sql = new Statement();
        list.Print(sql, table, Now);
        return OnConnectionAsync(table, transaction, WriteAsync, cancellation);

        async Task<List<WriteResult>> WriteAsync(NpgsqlConnection connection)
        {
            await using var command = sql.ToCommand(connection, transaction?.Transaction);
            await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
            var results = new List<WriteResult>(list.Count);
            while (await reader.ReadAsync(CancellationToken.None))
            {
                var row = rows[results.Count];
                var now = reader.GetDateTime(0);
                results.Add(new WriteResult(row.Id, now, now, row.Defaults, row.OwnAcl, reader.GetFieldValue<uint>(1)));
            }

            return results;
        }
    }

    /// <summary>Rows that one statement inserts; without a list: one row that is inserted by itself.</summary>
    private sealed record Piece(InsertList? List)
    {
        public List<GatheredInsert> Listed { get; } = [];

        public NewRow? Single { get; init; }
    }
}
