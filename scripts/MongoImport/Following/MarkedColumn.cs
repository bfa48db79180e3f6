using Npgsql;

namespace Backend.MongoImport.Following;

/// <summary>
/// A column whose value only one row may have without a mark (design section 3). While a batch is applied every row of a value that several have is
/// marked, whoever is first; at its end one of them keeps the value, as after an import.
/// </summary>
/// <param name="table">The table for SQL.</param>
/// <param name="column">The column.</param>
/// <param name="mark">The column of the mark.</param>
/// <param name="order">The order among the rows <c>t</c> of one value; parameter 2 is the list of ids that come first.</param>
/// <param name="first">The ids that come first.</param>
internal sealed class MarkedColumn(string table, string column, string mark, string order, IReadOnlyList<string> first)
{
    private string[] _values = [];

    /// <summary>The mark of a new row, over its temporary table.</summary>
    /// <param name="parameter">The number of the parameter.</param>
    public (string Column, string Expression, object Value) Mark(int parameter) => (mark, $"coalesce({column} = any(${parameter}), false)", _values);

    /// <summary>Finds the values that several rows have before, while or after the batch is applied, and marks their rows.</summary>
    /// <param name="connection">In the batch's transaction.</param>
    /// <param name="staging">The temporary table.</param>
    /// <param name="deleted">The ids of the rows that go.</param>
    /// <param name="stop">Cancels.</param>
    public async Task BeginAsync(NpgsqlConnection connection, string staging, string[] deleted, CancellationToken stop)
    {
        await using (var find = new NpgsqlCommand($"""
            select coalesce(array_agg(distinct v), '{"{}"}') from (
                select s.{column} as v from {staging} s where s.{column} is not null
                    and (exists (select from {table} u where u.{column} = s.{column} and u.id <> s.id) or exists (select from {staging} o where o.{column} = s.{column} and o.id <> s.id))
                union all
                select u.{column} from {table} u join {staging} s on s.id = u.id
                where u.{column} is distinct from s.{column} and exists (select from {table} o where o.{column} = u.{column} and o.id <> u.id)
                union all
                select u.{column} from {table} u where u.id = any($1) and exists (select from {table} o where o.{column} = u.{column} and o.id <> u.id)
            ) q where v is not null
            """, connection))
        {
            find.Parameters.Add(new NpgsqlParameter { Value = deleted });
            _values = (string[])(await find.ExecuteScalarAsync(stop))!;
        }
        if (_values.Length > 0)
        {
            // A value that changes takes its mark along (a trigger clears it), so it goes first and comes back marked.
            await ClassFollower.ExecuteAsync(connection, $"update {table} u set {column} = null from {staging} s where s.id = u.id and u.{column} is distinct from s.{column}", stop);
            await ClassFollower.ExecuteAsync(connection, $"update {table} set {mark} = true where {column} = any($1) and not {mark}", stop, (object)_values);
        }
    }

    /// <summary>What the order goes by has changed of these rows: where another one comes first now, it gets the value.</summary>
    public async Task TouchAsync(NpgsqlConnection connection, string[] ids, CancellationToken stop)
    {
        string[] values;
        await using (var find = new NpgsqlCommand($"""
            select coalesce(array_agg(v), '{"{}"}') from (
                select t.{column} as v, t.{mark} as marked, row_number() over (partition by t.{column} order by {order}) as n
                from {table} t where t.{column} in (
                    select u.{column} from {table} u where u.id = any($1) and exists (select from {table} o where o.{column} = u.{column} and o.id <> u.id)) and $2::text[] is not null
            ) q where n = 1 and marked and not v = any($3)
            """, connection))
        {
            find.Parameters.Add(new NpgsqlParameter { Value = ids });
            find.Parameters.Add(new NpgsqlParameter { Value = first.ToArray() });
            find.Parameters.Add(new NpgsqlParameter { Value = _values });
            values = (string[])(await find.ExecuteScalarAsync(stop))!;
        }
        if (values.Length > 0)
        {
            await ClassFollower.ExecuteAsync(connection, $"update {table} set {mark} = true where {column} = any($1) and not {mark}", stop, (object)values);
            _values = [.. _values, .. values];
        }
    }

    /// <summary>Gives each value to one row.</summary>
    public async Task EndAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        if (_values.Length > 0)
        {
            await ClassFollower.ExecuteAsync(connection, $"""
                update {table} u set {mark} = false
                from (select t.id, row_number() over (partition by t.{column} order by {order}) as n from {table} t where t.{column} = any($1) and $2::text[] is not null) d
                where d.id = u.id and d.n = 1 and u.{mark}
                """, stop, _values, first.ToArray());
        }
    }
}
