using System.Globalization;
using Backend.Data.Access;
using Backend.Data.Query;
using Npgsql;

namespace Backend.Data.Rows;

/// <content>Writes of all rows that fulfil a condition, in one statement (docs/decisions/030-writes-by-condition.md).</content>
public sealed partial class RowStore
{
    /// <summary>
    /// Changes the rows that fulfil a query's filter and that the caller may both read and change, all or none. A row that another write changed meanwhile is
    /// looked at again as it is then. The table must not be intercepted (<see cref="IsIntercepted"/>).
    /// </summary>
    /// <param name="query">Which rows: its table, filter and operation count.</param>
    /// <param name="changes">What changes in each, without links; <see cref="PrepareAsync"/> is called for it.</param>
    /// <param name="caller">On whose behalf.</param>
    /// <param name="bounds">How many rows it may be.</param>
    /// <param name="cancellation">Cancels before the statement is sent.</param>
    /// <exception cref="Refusal">Not allowed, a required field of one of the rows would be unset, a unique value is taken, a limit of time.</exception>
    public async Task<MatchingWrite> ChangeMatchingAsync(RowQuery query, ChangeSet changes, Caller caller, RowBounds bounds, CancellationToken cancellation = default)
    {
        RequireSetBased(query, changes);
        AccessRules.Require(query.Table, Operation.Update, caller);
        await PrepareAsync(query.Table, changes, cancellation);

        // Without any row there is nothing to refuse: so it is asked for them, and none is written.
        var missing = MissingField(query.Table, changes);
        var sql = new Statement();
        PrintLocked(sql, query, Operation.Update, caller, changes.AddsFields);
        var compiler = new ChangeCompiler(sql, changes.Changes, isInsert: false);
        sql.Sql(", w as (update ").Sql(query.Table.Quoted).Sql(" t set ");
        PrintAssignments(sql, compiler, changes);
        sql.Sql(" from l where t.id = l.id");
        PrintBounds(sql, missing is null ? bounds : new RowBounds(0, 0));
        sql.Sql(" returning t.id, t.created_at) select (select count(*) from l), w.id from (select) o left join w on true order by w.created_at, w.id");

        var ids = new List<string>();
        var found = await WriteMatchingAsync(query, sql, reader => ids.Add(reader.GetString(1)), cancellation);
        return missing is not null && found > 0 ? throw missing : new MatchingWrite(found, ids, []);
    }

    /// <summary>Deletes such rows; as <see cref="ChangeMatchingAsync"/>. References and links to them stay.</summary>
    /// <param name="query">Which rows: its table, filter and operation count; for the rows that are given back its fields and access list too.</param>
    /// <param name="withRows">Whether the rows are given back.</param>
    /// <param name="caller">On whose behalf.</param>
    /// <param name="bounds">How many rows it may be.</param>
    /// <param name="cancellation">Cancels before the statement is sent.</param>
    /// <exception cref="Refusal">Not allowed, a limit of time.</exception>
    public async Task<MatchingWrite> DeleteMatchingAsync(RowQuery query, bool withRows, Caller caller, RowBounds bounds, CancellationToken cancellation = default)
    {
        RequireSetBased(query, null);
        AccessRules.Require(query.Table, Operation.Delete, caller);
        var sql = new Statement();
        PrintLocked(sql, query, Operation.Delete, caller);
        sql.Sql(", t as (delete from ").Sql(query.Table.Quoted).Sql(" t using l where t.id = l.id");
        PrintBounds(sql, bounds);
        sql.Sql(withRows ? " returning t.*" : " returning t.id, t.created_at").Sql(") select (select count(*) from l), ");
        var shape = withRows ? ReadCompiler.PrintColumnsOf(sql, query, caller, 1) : null;
        sql.Sql(withRows ? "" : "t.id").Sql(" from (select) o left join t on true order by t.created_at, t.id");

        var ids = new List<string>();
        var rows = new List<Row>();
        var found = await WriteMatchingAsync(query, sql, reader =>
        {
            ids.Add(reader.GetString(1));
            if (shape is not null)
                rows.Add(new ListedRow(reader, shape, caller).Keep());
        }, cancellation);
        return new MatchingWrite(found, ids, rows);
    }

    /// <summary>Reads such rows, with their versions, where they have to be written one by one because the table is intercepted.</summary>
    /// <param name="query">Which rows: its table, filter and operation count, and its fields and access list.</param>
    /// <param name="operation">What is to be done with them.</param>
    /// <param name="caller">On whose behalf.</param>
    /// <param name="limit">At most so many are read.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    /// <exception cref="Refusal">Not allowed, a limit of time.</exception>
    public async Task<IReadOnlyList<Row>> ReadMatchingAsync(RowQuery query, Operation operation, Caller caller, int limit, CancellationToken cancellation = default)
    {
        var sql = new Statement().Sql("select ");
        var shape = ReadCompiler.PrintColumnsOf(sql, query with { WithVersion = true }, caller, 0);
        sql.Sql(" from ");
        PrintWritableMatching(sql, query, operation, caller);
        sql.Sql(" order by t.created_at, t.id limit ").Integer(limit);
        var rows = new List<Row>();
        await using var cursor = await RowCursor.OpenAsync(await OpenConnectionAsync(cancellation), true, null, null, sql, shape, query.Table, caller, cancellation);
        while (await cursor.ReadAsync(cancellation))
            rows.Add(cursor.Keep());
        return rows;
    }

    private void RequireSetBased(RowQuery query, ChangeSet? changes)
    {
        if (IsIntercepted(query.Table))
            throw new InvalidOperationException($"Rows of {query.Table.Name} are written one by one.");
        if (changes is { Guard: not null } || changes?.Changes.Exists(c => c is Change.Link or Change.Unlink) is true)
            throw new InvalidOperationException("Links and guarded changes are written row by row.");
    }

    /// <summary>
    /// Prints the rows that will be written. They are locked in the order of their ids, so that two such statements cannot wait for each other; where one waited,
    /// PostgreSQL checks the conditions again on the row as it is then. The expression in the order keeps the planner from walking the whole table by its key.
    /// </summary>
    private void PrintLocked(Statement sql, RowQuery query, Operation operation, Caller caller, bool addsFields = false)
    {
        sql.Sql("with l as materialized (select t.id from ");
        PrintWritableMatching(sql, query, operation, caller, addsFields);
        sql.Sql(" order by t.id || '' limit ").Sql((_maxChanged + 1).ToString(CultureInfo.InvariantCulture))
            .Sql(operation == Operation.Delete ? " for update of t)" : " for no key update of t)");
    }

    private static void PrintWritableMatching(Statement sql, RowQuery query, Operation operation, Caller caller, bool addsFields = false)
    {
        ReadCompiler.PrintMatching(sql, query, caller);
        sql.Sql(" and ");
        AccessRules.PrintWritable(sql, query.Table, operation, caller, "t", addsFields);
    }

    private void PrintBounds(Statement sql, RowBounds bounds) =>
        sql.Sql(" and (select count(*) from l) between ").Integer(bounds.Least).Sql(" and ").Integer(Math.Min(bounds.Most, _maxChanged));

    private Task<int> WriteMatchingAsync(RowQuery query, Statement sql, Action<NpgsqlDataReader> take, CancellationToken cancellation)
    {
        return OnConnectionAsync(query.Table, null, WriteAsync, cancellation);

        async Task<int> WriteAsync(NpgsqlConnection connection)
        {
            await using var command = sql.ToCommand(connection);
            // Once it is sent its outcome counts: a client that goes away does not cancel it half way.
            await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
            var found = 0L;
            while (await reader.ReadAsync(CancellationToken.None))
            {
                found = reader.GetInt64(0);
                if (!reader.IsDBNull(1))
                    take(reader);
            }

            return (int)found;
        }
    }
}
