using Backend.Data.Access;
using Backend.Data.Catalog;
using Npgsql;

namespace Backend.Data.Imports;

/// <summary>Puts filled tables into the places of those in <c>app</c>: drop, move, catalog entry, in one transaction.</summary>
internal sealed class Publication(LiveCatalog catalog, ImportState state, string source, RunRecord record)
{
    public async Task<string?> RunAsync(IReadOnlyList<StagedTable> tables, bool replace, CancellationToken cancellation)
    {
        string? refused = null;
        await catalog.ChangeAsync(async change =>
        {
            refused = await WhyNotAsync(change, tables, replace, cancellation);
            if (refused is not null)
                return false;
            var replaced = tables.Where(t => t.Existing is not null).SelectMany(t => ImportState.Relations(t.Existing!)).ToArray();
            var keys = await ForeignKeys.TakeOffAsync(change.Connection, replaced);
            var triggers = await TriggersAsync(change.Connection, replaced);
            var grants = await GrantsAsync(change.Connection, replaced);
            var numbers = new List<int>();
            foreach (var table in tables)
                numbers.Add(await SwapAsync(change, table));
            foreach (var statement in triggers.Concat(grants))
                await change.ExecuteAsync(statement);
            await ForeignKeys.PutBackAsync(change.Connection, keys);
            foreach (var number in numbers)
            {
                // Who listens hears from now on of every row, and must read those that came now.
                await change.KeepFeedAsync(number, fresh: true);
                await change.NoteTableAsync(number, 'r');
            }

            foreach (var table in tables)
                await record.NoteAsync(change.Connection, table, ImportStage.Published, CancellationToken.None);
            return true;
        }, cancellation);
        return refused;
    }

    // Under the tables' locks: what was looked at before the rows were read may have changed since.
    private async Task<string?> WhyNotAsync(CatalogChange change, IReadOnlyList<StagedTable> tables, bool replace, CancellationToken cancellation)
    {
        foreach (var table in tables)
        {
            var now = change.Snapshot.FindByOrigin(table.Spec.Origin);
            if (now?.Number != table.Existing?.Number)
                return $"{table.Spec.Origin} was made or dropped by something else during the import";
            if (now is null)
                continue;
            foreach (var relation in ImportState.Relations(now))
                await change.ExecuteAsync($"lock table app.{Sql.Quote(relation)} in access exclusive mode");
            if (!replace && await state.WhyTouchedAsync(change.Connection, now, cancellation) is { } why)
                return why;
        }

        return null;
    }

    /// <returns>The table's number from now on.</returns>
    private async Task<int> SwapAsync(CatalogChange change, StagedTable table)
    {
        if (table.Existing is { } existing)
        {
            if (existing.System)
            {
                // Emptying tells whoever caches rows of these tables: the triggers of truncate do.
                foreach (var relation in ImportState.Relations(existing))
                    await change.ExecuteAsync($"truncate app.{Sql.Quote(relation)}");
                foreach (var relation in ImportState.Relations(existing))
                    await change.ExecuteAsync($"drop table app.{Sql.Quote(relation)}");
            }
            else
            {
                await change.DropTableAsync(existing);
            }
        }

        foreach (var relation in table.Relations)
            await change.ExecuteAsync($"alter table {ImportRun.Quote(relation)} set schema app");
        var permissions = table.Spec.Permissions ?? (table.Existing is { HasPermissions: true } declared ? declared.Permissions : null);
        var number = table.Existing is { System: true } system
            ? await KeepEntryAsync(change, table, system)
            : await change.InsertTableAsync(table.Spec.Origin, table.Relation, permissions);
        await change.ExecuteAsync("update catalog.tables set untyped = $2 where number = $1", number, table.Untyped.ToArray());
        foreach (var field in table.Fields)
            await change.InsertFieldAsync(number, field with { HasRest = field.Column is null || table.FieldsInRest.Contains(field.Name) });
        foreach (var index in table.Indexes)
        {
            await change.ExecuteAsync("""
                insert into catalog.indexes (table_number, name, relation, definition) values ($1, $2, $3, $4::json) on conflict (table_number, name) do nothing
                """, number, index.Name, index.Relation, index.DefinitionJson);
        }

        await change.ExecuteAsync("delete from jobs.expirations where relation = $1", table.Relation);
        foreach (var (column, seconds) in table.Expirations)
            await change.ExecuteAsync("insert into jobs.expirations (relation, column_name, seconds) values ($1, $2, $3)", table.Relation, column, seconds);
        foreach (var relation in table.Relations)
            await ImportState.NoteAsync(change.Connection, number, relation, table.Rows[relation], source, table.Spec.Rules);
        return number;
    }

    private static async Task<int> KeepEntryAsync(CatalogChange change, StagedTable table, Table system)
    {
        await change.ExecuteAsync("delete from catalog.fields where table_number = $1", system.Number);
        await change.ExecuteAsync("delete from catalog.indexes where table_number = $1", system.Number);
        if (table.Spec.Permissions is { } permissions)
            await change.ExecuteAsync("update catalog.tables set permissions = $2::jsonb where number = $1", system.Number, PermissionsJson.Write(permissions));
        return system.Number;
    }

    // Those of the change feed name the table's number, which may be another now.
    private static async Task<List<string>> TriggersAsync(NpgsqlConnection connection, string[] relations) => await TextsAsync(connection, """
        select pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where t.tgname not like 'feed\_%' and c.relnamespace = 'app'::regnamespace and c.relname = any($1) and not t.tgisinternal order by t.oid
        """, relations);

    private static async Task<List<string>> GrantsAsync(NpgsqlConnection connection, string[] relations) => await TextsAsync(connection, """
        select format('grant %s on app.%I to %s', a.privilege_type, c.relname, case when a.grantee = 0 then 'public' else a.grantee::regrole::text end)
        from pg_class c cross join aclexplode(c.relacl) a
        where c.relnamespace = 'app'::regnamespace and c.relname = any($1) and a.grantee <> c.relowner
        """, relations);

    private static async Task<List<string>> TextsAsync(NpgsqlConnection connection, string sql, string[] relations)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = relations });
        var texts = new List<string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            texts.Add(reader.GetString(0));
        return texts;
    }
}
