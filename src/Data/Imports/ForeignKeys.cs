using Npgsql;

namespace Backend.Data.Imports;

/// <summary>A foreign key that was taken off while a table it leads from or to is exchanged.</summary>
/// <param name="Child">The referencing relation, for SQL.</param>
/// <param name="Name">The constraint's name.</param>
/// <param name="Definition">As PostgreSQL prints it.</param>
/// <param name="Orphans">The statement that does to rows without a parent what a delete of the parent would have done.</param>
internal sealed record ForeignKey(string Child, string Name, string Definition, string Orphans);

internal static class ForeignKeys
{
    public static async Task<List<ForeignKey>> TakeOffAsync(NpgsqlConnection connection, string[] relations)
    {
        const string sql = """
            select format('app.%I', child.relname), k.conname::text, pg_get_constraintdef(k.oid),
                format('delete from app.%I c where c.%I is not null and not exists (select from app.%I p where p.%I = c.%2$I)',
                    child.relname, childcolumn.attname, parent.relname, parentcolumn.attname)
            from pg_constraint k
            join pg_class child on child.oid = k.conrelid
            join pg_class parent on parent.oid = k.confrelid
            join pg_attribute childcolumn on childcolumn.attrelid = child.oid and childcolumn.attnum = k.conkey[1]
            join pg_attribute parentcolumn on parentcolumn.attrelid = parent.oid and parentcolumn.attnum = k.confkey[1]
            where k.contype = 'f' and child.relnamespace = 'app'::regnamespace and parent.relnamespace = 'app'::regnamespace
            and (child.relname = any($1) or parent.relname = any($1))
            order by k.oid
            """;
        var keys = new List<ForeignKey>();
        await using (var command = new NpgsqlCommand(sql, connection))
        {
            command.Parameters.Add(new NpgsqlParameter { Value = relations });
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
                keys.Add(new ForeignKey(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
        }

        foreach (var key in keys)
            await ExecuteAsync(connection, $"alter table {key.Child} drop constraint {Sql.Quote(key.Name)}");
        return keys;
    }

    public static async Task PutBackAsync(NpgsqlConnection connection, List<ForeignKey> keys)
    {
        foreach (var key in keys)
        {
            await ExecuteAsync(connection, key.Orphans);
            await ExecuteAsync(connection, $"alter table {key.Child} add constraint {Sql.Quote(key.Name)} {key.Definition}");
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }
}
