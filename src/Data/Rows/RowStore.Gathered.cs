using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Npgsql;

namespace Backend.Data.Rows;

/// <content>Reads and changes of single rows for several requests in one statement (docs/decisions/029-gathered-statements.md).</content>
public sealed partial class RowStore
{
    /// <summary>A read of one row as the list has it.</summary>
    private sealed record GatheredRead(Statement Statement, ReadShape Shape, Caller Caller);

    /// <summary>A change of one row as the list has it.</summary>
    private sealed record GatheredChange(Statement Statement, ChangeCompiler Compiler, Table Table, string Id);

    private bool CanGather(RowQuery query) =>
        query is { Joins.IsEmpty: true, WithScore: null } && !(query.MayLag && _replica.IsConfigured) && (query.IsForWrite || !IsIntercepted(query.Table));

    // Requests that differ in their values only: the text names the table, the columns and the rules.
    private Task<Row?> ReadGatheredAsync(RowQuery query, string id, Caller caller, CancellationToken cancellation)
    {
        var sql = new Statement();
        var read = new GatheredRead(sql, ReadCompiler.PrintListedRow(sql, query, id, caller), caller);
        var text = sql.ToString();
        return _reads.RunAsync(text, read, async () => (await ExecuteReadsAsync(text, [read], cancellation))[0].Result);
    }

    private Task<IReadOnlyList<Outcome<Row?>>> ExecuteReadsAsync(string text, IReadOnlyList<GatheredRead> reads, CancellationToken cancellation)
    {
        return OnConnectionAsync(reads[0].Shape.Table, null, ReadAsync, cancellation);

        async Task<IReadOnlyList<Outcome<Row?>>> ReadAsync(NpgsqlConnection connection)
        {
            await using var command = Statement.ToCommand(connection, text, [.. reads.Select(r => r.Statement)]);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            var rows = new Outcome<Row?>[reads.Count];
            while (await reader.ReadAsync(cancellation))
            {
                var n = (int)reader.GetInt64(0) - 1;
                rows[n] = new ListedRow(reader, reads[n].Shape, reads[n].Caller).Keep();
            }

            return rows;
        }
    }

    /// <summary>The change as a list has it; null: it has to be a statement of its own.</summary>
    private static GatheredChange? TryGather(Table table, string id, ChangeSet changes, Caller caller)
    {
        if (changes.Guard is not null || changes.Acl is not null)
            return null;
        var sql = new Statement().ListValues();
        var compiler = new ChangeCompiler(sql, changes.Changes, isInsert: false);
        if (compiler.Links.Count > 0 || compiler.Unlinks.Count > 0)
            return null;
        sql.Sql("update ").Sql(table.Quoted).Sql(" t set ");
        PrintAssignments(sql, compiler, changes);

        // Nobody waits here for a row, so that two statements cannot wait for each other: whose row is taken goes by itself.
        sql.Sql(" from (select v.*, l.id from ").ListHere().Sql(" join ").Sql(table.Quoted).Sql(" l on l.id = ").Text(FilterCompiler.Clean(id))
            .Sql(" for no key update of l skip locked) v where t.id = v.id and ");
        AccessRules.PrintWritable(sql, table, Operation.Update, caller, "t", changes.AddsFields);
        sql.Sql(" returning t.id, t.created_at, t.updated_at, t.xmin");
        PrintReturned(sql, compiler);
        sql.Sql(", v.n");
        return sql.EndList() ? new GatheredChange(sql, compiler, table, id) : null;
    }

    private Task<IReadOnlyList<Outcome<WriteResult>>> ExecuteChangesAsync(string text, IReadOnlyList<GatheredChange> changes)
    {
        // A row is changed once by a statement: its second change goes by itself.
        var outcomes = new Outcome<WriteResult>[changes.Count];
        Array.Fill(outcomes, Outcome<WriteResult>.Refused);
        var places = new List<int>(changes.Count);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < changes.Count; i++)
        {
            if (ids.Add(changes[i].Id))
                places.Add(i);
        }

        return OnConnectionAsync(changes[0].Table, null, ChangeAsync, CancellationToken.None);

        async Task<IReadOnlyList<Outcome<WriteResult>>> ChangeAsync(NpgsqlConnection connection)
        {
            await using var command = Statement.ToCommand(connection, text, [.. places.Select(p => changes[p].Statement)]);
            await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
            var last = reader.FieldCount - 1;
            while (await reader.ReadAsync(CancellationToken.None))
            {
                var place = places[(int)reader.GetInt64(last) - 1];
                outcomes[place] = ReadResult(reader, changes[place].Compiler);
            }

            return outcomes;
        }
    }
}
